"""The page of the command line is what the parsers say."""

import runpy

from conftest import REPOSITORY


def test_the_page_of_the_command_line_is_up_to_date() -> None:
    writer = runpy.run_path(str(REPOSITORY / "docs" / "write_reference.py"))
    assert writer["PAGE"].read_text(encoding="utf-8") == writer["page"](), "run: python docs/write_reference.py"
