"""Work is used again only where what decides it is the same."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import REPOSITORY

from handloom.support.fingerprint import code_version, fingerprint

NAMES = ("hand.py", "media")
PRINT = "import sys; from handloom.support.fingerprint import code_version; print(code_version(*sys.argv[1:]))"


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A copy of the package, to be changed."""
    source = REPOSITORY / "src/handloom"
    return Path(shutil.copytree(source, tmp_path / "src/handloom", ignore=shutil.ignore_patterns("__pycache__")))


def version_of(package: Path, *names: str) -> str:
    """What a process says that imports this copy."""
    command = [sys.executable, "-c", PRINT, *names]
    environment = {"PYTHONPATH": str(package.parent)}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.strip()


def test_content_of_the_same_values_has_the_same_fingerprint() -> None:
    assert fingerprint({"a": 1, "b": [1, 2]}) == fingerprint({"b": [1, 2], "a": 1})
    others = [{"a": 1, "b": [2, 1]}, {"a": "1", "b": [1, 2]}, {"a": 1}, {"a": 1, "b": [1, 2], "c": None}, [], None, ""]
    assert len({fingerprint(content) for content in [*others, {"a": 1, "b": [1, 2]}]}) == len(others) + 1


def test_the_same_code_in_another_place_is_the_same_version(package: Path) -> None:
    assert version_of(package, *NAMES) == code_version(*NAMES)


def lengthen(path: Path) -> None:
    path.write_text(path.read_text() + "#\n")


CHANGES = {
    "one more character": (lambda package: lengthen(package / "hand.py"), True),
    "a change in a folder": (lambda package: lengthen(package / "media/frame.py"), True),
    "a new file in a folder": (lambda package: (package / "media/new.py").touch(), True),
    "a file gone": (lambda package: (package / "media/frame.py").unlink(), True),
    "another name": (lambda package: (package / "media/plain_rgb.py").rename(package / "media/plain_rgbs.py"), True),
    "a file that is not named": (lambda package: lengthen(package / "errors.py"), False),
    "no code": (lambda package: (package / "media/notes.txt").touch(), False),
    "new numbers": (lambda package: (package / "media/table.json").touch(), True),
    "another time": (lambda package: (package / "hand.py").touch(), False),
}


@pytest.mark.parametrize(("change", "matters"), CHANGES.values(), ids=CHANGES)
def test_the_version_of_code_follows_its_content(package: Path, change, matters: bool) -> None:
    change(package)
    assert (version_of(package, *NAMES) != code_version(*NAMES)) == matters


def test_other_names_are_another_version() -> None:
    assert len({code_version("hand.py"), code_version("media"), code_version(*NAMES), code_version()}) == 4


@pytest.mark.parametrize("name", ["gone.py", "gone", "media/gone.py"])
def test_a_name_that_nobody_has_is_no_version(name: str) -> None:
    with pytest.raises(FileNotFoundError, match=name):
        code_version("hand.py", name)
