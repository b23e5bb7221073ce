"""Pages of the docs site that are made when it is built: the verbs' help, and files from the top of the repository.

MkDocs calls the functions (`hooks` in mkdocs.yml). A link out of docs/ becomes plain text.
"""

import argparse
import re
from pathlib import Path, PurePosixPath
from typing import Any

from mkdocs.structure.files import File, Files

from handloom.cli import _parser

REPOSITORY = Path(__file__).parents[1]
TOP = {"CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changelog.md"}
_LINK = re.compile(r"\[([^\]]+)\]\((?!https?:)([\w./-]+\.\w+|(?:\.\./)[\w./-]*)\)")


def on_files(files: Files, config: Any) -> Files:
    """Add the pages that are not in docs/."""
    files.append(File.generated(config, "reference/verbs.md", content=verbs()))
    for name, page in TOP.items():
        files.append(File.generated(config, page, content=(REPOSITORY / name).read_text(encoding="utf-8")))
    return files


def on_page_markdown(markdown: str, page: Any, files: Files, **_: Any) -> str:
    """Make text of links that lead out of docs/."""
    source = "" if page.file.src_uri in TOP.values() else "docs/"
    folder = PurePosixPath(source + page.file.src_uri).parent

    def leads(found: re.Match[str]) -> str:
        target = PurePosixPath(str((REPOSITORY / folder / found[2]).resolve().relative_to(REPOSITORY)))
        within = target.relative_to("docs").as_posix() if target.parts[:1] == ("docs",) else TOP.get(str(target), "")
        if files.get_file_from_path(within) is None:
            return f"{found[1]} (`{target}`)" if found[1] != str(target) else f"`{target}`"
        up = "../" * page.file.src_uri.count("/")
        return f"[{found[1]}]({up}{within})"

    return _LINK.sub(leads, markdown)


def verbs() -> str:
    """A page with the help of `handloom` and of each verb."""
    top = _parser()
    (choices,) = (action.choices for action in top._actions if isinstance(action, argparse._SubParsersAction))
    helps = {"handloom": top, **{f"handloom {name}": verb for name, verb in choices.items()}}
    return "# The verbs\n" + "".join(f"\n## {name}\n\n```text\n{one.format_help()}```\n" for name, one in helps.items())
