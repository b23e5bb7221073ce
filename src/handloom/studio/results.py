"""What the pipeline says of a kind: its report, what `handloom check` lists, its exported files and their proof."""

import csv
import io
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

from handloom.config import Kind
from handloom.errors import DataError, HandloomError, printable
from handloom.models.files import REPORT_PAGE, VERIFICATION_FILE
from handloom.studio.project import StudioProject
from handloom.support.files import path_of_cell

# What the stages write for a kind, by name; the page shows or offers no other file.
METRICS, CHECK = "metrics.json", "check.csv"


def report_file(project: StudioProject, kind: Kind) -> Path:
    """The report of a kind.

    Raises:
        DataError: there is none yet.
    """
    if (path := _report(project, kind)).is_file():
        return path
    raise DataError(f"{path.name}: not there yet; train first")


def report_time(project: StudioProject, kind: Kind) -> float | None:
    """When the report was written, seconds since 1970; None before the first one."""
    try:
        return _report(project, kind).stat().st_mtime
    except OSError:
        return None  # a stage that begins removes its files


def metrics(project: StudioProject, kind: Kind) -> dict[str, Any]:
    """The metrics on the test set; empty before the first training."""
    content = _json(project.layout(kind).report / METRICS)
    return content if isinstance(content, dict) else {}


def findings(project: StudioProject, kind: Kind) -> list[dict[str, str]] | None:
    """The rows of the newest list of `handloom check`; None if there is none."""
    try:
        text = (project.layout(kind).report / CHECK).read_bytes().decode()
    except FileNotFoundError:
        return None
    rows = csv.DictReader(io.StringIO(text, newline=""), restval="")  # of an older version, or changed by hand
    return [row | {name: path_of_cell(row.get(name, "")) for name in ("path", "other")} for row in rows]


def check(project: StudioProject, kind: Kind) -> list[dict[str, str]]:
    """Run `handloom check` on a kind.

    Returns:
        its list.

    Raises:
        HandloomError: what the command says.
    """
    _handloom(project, "check", kind)
    return findings(project, kind) or []


def exported(project: StudioProject, kind: Kind) -> list[dict[str, Any]]:
    """The files for apps: name, bytes, and of a model the rows of its proof."""
    folder = project.layout(kind).exports
    content = _json(folder / VERIFICATION_FILE)
    proofs = {one["file"]: one for one in content["files"]} if isinstance(content, dict) else {}
    rows = []
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        if not path.name.startswith(".") and path.name != VERIFICATION_FILE:
            size = sum(one.stat().st_size for one in (path.rglob("*") if path.is_dir() else [path]) if one.is_file())
            rows.append({"name": path.name, "bytes": size, "proof": proofs.get(path.name)})
    return rows


def download(project: StudioProject, kind: Kind, name: str) -> tuple[str, bytes]:
    """A file for an app; a folder, such as an .mlpackage, as a ZIP archive.

    Returns:
        the name to save it under, and its bytes.

    Raises:
        DataError: there is no such file.
    """
    folder = project.layout(kind).exports
    names = [path.name for path in folder.iterdir()] if folder.is_dir() else []
    if name not in names:
        raise DataError(f"{printable(name)[:100]}: no exported file of this name; train first")
    path = folder / name
    if path.is_file():
        return name, path.read_bytes()
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for one in sorted(path.rglob("*")):
            if one.is_file():
                archive.write(one, one.relative_to(folder).as_posix())
    return f"{name}.zip", out.getvalue()


def _report(project: StudioProject, kind: Kind) -> Path:
    return project.layout(kind).report / REPORT_PAGE


def _handloom(project: StudioProject, *words: str) -> None:
    command = [sys.executable, "-m", "handloom", *words]
    done = subprocess.run(command, cwd=project.root, capture_output=True, text=True, check=False, env=dict(os.environ))
    if done.returncode:
        lines = done.stderr.strip().splitlines()
        raise HandloomError(lines[-1] if lines else f"handloom {' '.join(words)} was killed; try again")


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
