"""The docs site: built without a warning, and with nothing from another server."""

import re
from pathlib import Path

from conftest import REPOSITORY
from mkdocs.commands.build import build
from mkdocs.config import load_config


def test_the_site_is_built_without_a_warning_and_asks_no_other_server(tmp_path: Path) -> None:
    build(load_config(str(REPOSITORY / "mkdocs.yml"), site_dir=str(tmp_path), strict=True))  # a broken link is an error
    pages = {page: page.read_text(encoding="utf-8") for page in tmp_path.rglob("*.html")}
    assert len(pages) > 15
    for page, text in pages.items():
        loaded = re.findall(r"<(?:script|img|iframe)[^>]*src=\"([^\"]+)\"", text)
        loaded += re.findall(r"<link[^>]*rel=\"(?:stylesheet|icon|preload)\"[^>]*href=\"([^\"]+)\"", text)
        assert not [address for address in loaded if address.startswith(("http", "//"))], page
    reference = pages[tmp_path / "reference/python/index.html"]
    assert "handloom.HandPoseClassifier.train" in reference and "Parameters:" in reference  # from the docstrings
    assert "handloom predict" in pages[tmp_path / "reference/command_line/index.html"]
