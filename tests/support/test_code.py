"""A version of code follows the modules that work imports, and nothing else."""

import ast
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conftest import REPOSITORY

from handloom.support import code
from handloom.support.code import code_version, entries_of, plain, write_code_versions

ENTRY = "handloom.training.train"
SPLIT = "handloom.stages.run:split"


def forget() -> None:
    for function in (code.code_version, code._source, code._file, code._function):
        function.cache_clear()


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of the package, to be changed."""
    copy = tmp_path / "src/handloom"
    shutil.copytree(REPOSITORY / "src/handloom", copy, ignore=shutil.ignore_patterns("__pycache__", "swift"))
    monkeypatch.setattr(code, "PACKAGE", copy)
    forget()
    yield copy
    forget()


def add(name: str, text: str) -> Callable[[Path], object]:
    def change(package: Path) -> None:
        path = package / name
        path.write_text((path.read_text() if path.exists() else "") + text)

    return change


def in_function(package: Path) -> None:
    """An import within a function of a module that is imported within a function."""
    (package / "new_room").mkdir()
    (package / "new_room/__init__.py").write_text("")
    (package / "new_room/inner.py").write_text("import handloom.sample\n")
    path = package / "dataset/split.py"
    path.write_text(path.read_text() + "\n\ndef later():\n    from handloom.new_room import inner\n")


CHANGES: dict[str, tuple[Callable[[Path], object], bool]] = {
    "a statement": (add("training/train.py", "\nONE = 1\n"), True),
    "far down": (add("hand.py", "\nONE = 1\n"), True),
    "a room's own file": (add("dataset/__init__.py", "\nONE = 1\n"), True),
    "numbers next to it": (add("models/table.json", "[]"), True),
    "an import in a function": (in_function, True),
    "a comment": (add("training/train.py", "\n# a comment, 'quoted'\n\n\n"), False),
    "a room that is neutral": (add("tracking/run.py", "\nONE = 1\n"), False),
    "a room above": (add("export/export.py", "\nONE = 1\n"), False),
    "a file that nothing imports": (add("training/new.py", "ONE = 1\n"), False),
}


@pytest.mark.parametrize(("change", "matters"), CHANGES.values(), ids=CHANGES)
def test_a_version_follows_what_is_imported(package: Path, change: Callable[[Path], object], matters: bool) -> None:
    before = code_version(ENTRY)
    change(package)
    forget()
    assert (code_version(ENTRY) != before) == matters


def test_of_a_module_of_stages_only_the_function_that_is_named_counts(package: Path) -> None:
    split, train = (code_version(f"handloom.stages.run:{name}") for name in ("split", "train"))
    add("training/train.py", "\nONE = 1\n")(package)
    forget()
    assert code_version(SPLIT) == split and code_version("handloom.stages.run:train") != train
    path = package / "stages/run.py"
    path.write_text(path.read_text().replace("def split(", "def split(more: int, ", 1))
    forget()
    assert code_version(SPLIT) != split


def test_the_same_code_in_another_place_is_the_same_version(package: Path) -> None:
    there = code_version(ENTRY)
    code.PACKAGE = REPOSITORY / "src/handloom"
    forget()
    assert code_version(ENTRY) == there


def test_other_entries_are_other_versions() -> None:
    assert len({code_version(ENTRY), code_version(SPLIT), code_version(), code_version("handloom.hand")}) == 4


@pytest.mark.parametrize("name", ["handloom.gone", "handloom.media.gone", "handloom.stages.run:gone"])
def test_what_is_not_there_has_no_version(name: str) -> None:
    with pytest.raises(FileNotFoundError, match="gone"):
        code_version(name)


def test_comments_docstrings_and_blank_lines_do_not_count() -> None:
    text = '''"""A module."""
# A comment.
NAME = "#no comment"  # but this


class Thing:
    """A docstring
    # of two lines.
    """

    text = """with a
# line

and a blank one"""

    def one(self) -> str: return f"{self.text}#{'#'}"  # end

    def two(self) -> None:
        "short"
'''
    said = plain(text)
    assert (
        said.replace("\0", "\n")
        == '''NAME = "#no comment"
class Thing:
    text = """with a
# line

and a blank one"""
    def one(self) -> str: return f"{self.text}#{'#'}"
    def two(self) -> None:'''
    )


@pytest.mark.parametrize("path", sorted((REPOSITORY / "src/handloom").glob("*/*.py"))[::12], ids=str)
def test_what_is_left_says_the_same(path: Path) -> None:
    text = path.read_text()

    def meaning(text: str) -> str:
        tree = ast.parse(text)
        for node in ast.walk(tree):
            if isinstance(node, code._HAS_DOCSTRING) and ast.get_docstring(node) is not None:
                node.body[0] = ast.Pass()
            elif isinstance(node, code._HAS_DOCSTRING) and node.body and isinstance(node.body[0], ast.Pass):
                pass
        return ast.dump(tree).replace("Pass(), ", "").replace("Pass()", "")

    left = plain(text).replace("\0", "\n")
    try:
        ast.parse(left)
    except SyntaxError:  # a class of a docstring alone
        return
    assert meaning(left) == meaning(text)


def test_every_script_has_a_version_that_is_found_soon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    forget()
    read: list[str] = []
    parse = ast.parse

    def noted(text: str) -> ast.Module:
        read.append(text)
        return parse(text)

    monkeypatch.setattr(ast, "parse", noted)
    write_code_versions(REPOSITORY / "pipeline", tmp_path / "versions.yaml")
    scripts = {path.read_text() for path in (REPOSITORY / "pipeline").glob("*.py")}
    modules = [text for text in read if text not in scripts]
    assert len(modules) == len(set(modules)) and len(read) - len(modules) <= 2 * len(scripts)  # each once
    lines = dict(line.split(": ") for line in (tmp_path / "versions.yaml").read_text().splitlines())
    assert set(lines) == {path.stem for path in (REPOSITORY / "pipeline").glob("*.py")} - {"versions"}
    assert entries_of(REPOSITORY / "pipeline/split.py") == [SPLIT]
