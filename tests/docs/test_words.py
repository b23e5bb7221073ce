"""What users read has the field's words, and README stays short.

Checked are README, docs, CONTRIBUTING, conf/, help texts, error messages and log lines.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from conftest import REPOSITORY

from handloom.cli.commands import command_line
from handloom.config.explain import explained

# What not to write, and what the field says.
PRIVATE_WORDS = {
    r"beside\b": "next to, in addition to",
    r"anew\b": "again",
    r"mend(s|ed)?\b": "correct, fix",
    r"learnt\b": "learned, trained on",
    r"for ever\b": "forever",
    r"nobody\b": "no one, no person",
    r"aslant\b": "oblique",
    r"afresh\b": "from the beginning",
    r"whoever\b": "",
    r"take (it|them) out\b": "remove",
    r"(test|training|validation) part\b": "test set, training set, validation set",
    r"taken for (a gesture|one)\b": "false activation",
    r"look(s|ed)? again\b": "test-time augmentation, retry",
    r"make room\b": "free disk space",
    r"gets? none\b": "",
}
FORBIDDEN = re.compile("|".join(rf"\b{word}" for word in PRIVATE_WORDS), re.IGNORECASE)
PAGES = [
    *(REPOSITORY / name for name in ("README.md", "CONTRIBUTING.md", "dvc.yaml", "Makefile")),
    *sorted((REPOSITORY / "docs").rglob("*.md")),
    *sorted((REPOSITORY / "conf").rglob("*.yaml")),
]
SOURCES = sorted((REPOSITORY / "src" / "handloom").rglob("*.py"))


def private_words(text: str) -> list[str]:
    return [match[0] for match in FORBIDDEN.finditer(text)]


def texts_for_people(tree: ast.Module) -> Iterator[str]:
    """Every text in the code of more than one word that is no docstring: messages, log lines, parts of help."""
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    texts = [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in docstrings]
    yield from (node.value for node in texts if isinstance(node.value, str) and " " in node.value)


def helps(command: click.Command) -> Iterator[str]:
    yield from (command.help or "", command.short_help or "", command.epilog or "")
    yield from (option.help or "" for option in command.params if isinstance(option, click.Option))
    if isinstance(command, click.Group):
        for verb in command.commands.values():
            yield from helps(verb)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(REPOSITORY).as_posix())
def test_pages_have_the_words_of_the_field(page: Path) -> None:
    assert private_words(page.read_text(encoding="utf-8")) == []


def test_messages_have_the_words_of_the_field() -> None:
    found = {
        f"{path.relative_to(REPOSITORY)}: {text}"
        for path in SOURCES
        for text in texts_for_people(ast.parse(path.read_text(encoding="utf-8")))
        if private_words(text)
    }
    assert not found


def test_help_and_parameters_have_the_words_of_the_field() -> None:
    meanings = [text for group in explained() for text in (group.meaning, *(row.meaning for row in group.parameters))]
    texts = [*helps(command_line), *meanings]
    assert len(texts) > 150
    assert [text for text in texts if private_words(text)] == []


def test_readme_is_short() -> None:
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    prose = re.sub(r"`[^`\n]*`", "", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
    assert len(text.splitlines()) <= 200
    assert len(text.encode()) <= 12_000
    assert prose.count(";") <= 5
