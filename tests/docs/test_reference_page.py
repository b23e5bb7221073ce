"""docs/reference.md is what docs/write_reference.py writes."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

import handloom

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def writer() -> ModuleType:
    spec = importlib.util.spec_from_file_location("write_reference", REPOSITORY / "docs/write_reference.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_what_the_script_writes(writer: ModuleType) -> None:
    written = writer.PAGE.read_text(encoding="utf-8")
    # Not the two pages side by side: they are long.
    assert written == writer.page() or pytest.fail("docs/reference.md is old: python docs/write_reference.py")


def test_every_public_name_has_a_section(writer: ModuleType) -> None:
    headings = re.findall(r"^### (\w+)$", writer.page(), re.MULTILINE)
    assert set(handloom.__all__) <= set(headings)
    assert len(headings) == len(set(headings))


def test_the_page_knows_no_place_on_this_machine(writer: ModuleType) -> None:
    page = writer.page()
    assert str(REPOSITORY) not in page and str(Path.home()) not in page and " object at 0x" not in page


def test_links_lead_somewhere(writer: ModuleType) -> None:
    for page in (writer.PAGE, writer.PAGE.with_name("create_ml.md")):
        links = re.findall(r"\]\((?!http)([^)#]+)\)", page.read_text(encoding="utf-8"))
        assert links and all((page.parent / link).exists() for link in links)


@pytest.mark.parametrize(
    ("docstring", "markdown"),
    [
        ("One line.", ["One line."]),
        ("Two\n    lines, ``code``.", ["Two lines, `code`."]),
        (
            "What it does.\n\n    Args:\n        first, second: shapes,\n            units.\n        third: more.\n",
            ["What it does.", "**Args**\n\n- `first`, `second`: shapes, units.\n- `third`: more."],
        ),
        ("A.\n\n    Returns:\n        The file.\n", ["A.", "**Returns**\n\n- The file."]),
        (None, []),
    ],
)
def test_docstrings_become_markdown(writer: ModuleType, docstring: str | None, markdown: list[str]) -> None:
    assert list(writer._text(docstring)) == markdown
