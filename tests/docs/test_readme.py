"""What README and docs tell to type can be typed: commands, options, files and parameters that exist.

"Your own photos and videos" is run, word for word, by tests/cli/test_init_verb.py.
"""

import ast
import re
import shlex
from itertools import pairwise
from pathlib import Path
from textwrap import dedent

import click
import pytest
import yaml
from conftest import REPOSITORY

import handloom
from handloom.cli.commands import command_line
from handloom.config import parameters_from
from handloom.stages.compose import composed_text
from handloom.stages.multirun import Multirun

PAGES = [
    REPOSITORY / "README.md",
    REPOSITORY / "CONTRIBUTING.md",
    REPOSITORY / "examples/README.md",
    *sorted((REPOSITORY / "docs").rglob("*.md")),
]
TEXTS = {page: page.read_text(encoding="utf-8") for page in PAGES}
TEXT = "\n".join(TEXTS.values())
MAKE_TARGETS = re.findall(r"^([a-z]+):", (REPOSITORY / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)


def commands() -> list[list[str]]:
    """Every command in a block, and those between backticks that begin with a program; each once."""
    blocks = re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL)
    lines = [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    lines += re.findall(r"`((?:make|python|handloom \w+|dvc) [^`\n]+)`", TEXT)
    split = [re.split(r"; | && ", re.sub(r"\s+#.*", "", line)) for line in lines]
    return [shlex.split(part) for part in dict.fromkeys(part for parts in split for part in parts if part.strip())]


def of(program: str) -> list[list[str]]:
    return [words[1:] for words in commands() if words[0] == program]


def ids(words: list[str]) -> str:
    return " ".join(words)


def page_name(page: Path) -> str:
    return page.relative_to(REPOSITORY).as_posix()


def test_the_blocks_are_found() -> None:
    assert len(commands()) > 60
    assert {words[0] for words in commands()} >= {"make", "python", "handloom", "dvc"}


@pytest.mark.parametrize("words", of("make"), ids=ids)
def test_make_has_the_target(words: list[str]) -> None:
    targets = [word for word in words if "=" not in word]
    assert set(targets) <= set(MAKE_TARGETS)


@pytest.mark.parametrize("words", of("python"), ids=ids)
def test_python_has_the_script_and_its_overrides_are_understood(words: list[str]) -> None:
    if words[0].startswith("-"):
        return
    assert any((folder / words[0]).is_file() for folder in (REPOSITORY, REPOSITORY / "examples"))
    if words[0].startswith("pipeline/train") and len(words) > 1 and not any("launcher" in word for word in words):
        multirun = Multirun(REPOSITORY, words[1:])
        assert parameters_from(yaml.safe_load((REPOSITORY / "params.yaml").read_text()))
        assert multirun.composed()


@pytest.mark.parametrize("words", of("handloom"), ids=ids)
def test_handloom_takes_the_words_and_what_comes_with_it_is_there(words: list[str]) -> None:
    verb = command_line.get_command(click.Context(command_line), words[0])
    assert verb, words[0]
    if "--help" not in words:
        redirected = words.index(">") if ">" in words else len(words)
        verb.make_context(words[0], words[1:redirected])
    for word in words:
        assert not word.startswith("data/sample/") or (REPOSITORY / word).exists(), word


@pytest.mark.parametrize("words", [words for words in of("dvc") if "-S" in words], ids=ids)
def test_what_an_experiment_overrides_is_there(words: list[str]) -> None:
    given = [after for before, after in pairwise(words) if before == "-S"]
    first = [re.sub(r"^([^\['\"]*?),.*", r"\1", word) for word in given]  # of what is swept over
    if first in (["train_pose=best"], ["train_pose.optimizer.lr=-1"]):  # made by a search; wrong on purpose
        return
    parameters_from(yaml.safe_load(composed_text(REPOSITORY / "conf", first)))


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_files_that_it_leads_to_are_there(page: Path) -> None:
    for path in re.findall(r"\]\(([\w./-]+)\)", TEXTS[page]):
        assert (page.parent / path).exists(), path


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_python_on_a_page_is_python(page: Path) -> None:
    for block in re.findall(r"```python\n(.*?)```", TEXTS[page], re.DOTALL):
        ast.parse(dedent(block))


def test_the_readme_is_short() -> None:
    readme = TEXTS[REPOSITORY / "README.md"]
    assert readme.count("\n") <= 200
    assert len(readme.encode()) <= 12_000
    assert re.sub(r"```.*?```", "", readme, flags=re.DOTALL).count(";") <= 5


def test_every_public_name_is_in_the_reference_once() -> None:
    shown = re.findall(r"^::: handloom\.(\w+)$", TEXTS[REPOSITORY / "docs/reference/python.md"], re.MULTILINE)
    assert sorted(shown) == sorted(handloom.__all__)
