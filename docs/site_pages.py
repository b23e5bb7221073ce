"""Pages of the docs site that are made when it is built: parameters, and files from the top of the repository.

MkDocs calls the functions (`hooks` in mkdocs.yml). A link out of docs/ becomes plain text.
"""

import re
from pathlib import Path, PurePosixPath
from typing import Any

from mkdocs.structure.files import File, Files

from handloom.config.explain import explained

REPOSITORY = Path(__file__).parents[1]
TOP = {"CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changelog.md"}
_LINK = re.compile(r"\[([^\]]+)\]\((?!https?:)([\w./-]+\.\w+|(?:\.\./)[\w./-]*)\)")


def on_files(files: Files, config: Any) -> Files:
    """Add the pages that are not in docs/."""
    files.append(File.generated(config, "reference/parameters.md", content=parameters()))
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


def parameters() -> str:
    """A page with every parameter: what it may be, default, unit and meaning."""
    page = [
        "# Parameters",
        "Sections of `params.yaml`, then the kinds of sources. Where two defaults stand, the second is for actions.",
    ]
    for group in explained():
        page += [f"## {group.title}", " ".join(group.meaning.split())]
        rows = [[f"`{row.name}`", row.values, f"`{row.default}`", row.unit, row.meaning] for row in group.parameters]
        cells = [["parameter", "values", "default", "unit", "meaning"], ["---"] * 5, *rows]
        page.append("\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in cells))
    return "\n\n".join(page) + "\n"
