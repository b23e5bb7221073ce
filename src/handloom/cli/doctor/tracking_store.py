"""Whether the MLflow store can be used, found out without making or changing one."""

import os
import sqlite3
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from handloom.cli.doctor.finding import Finding
from handloom.errors import first_line

_ITEM = "MLflow store"
_LOCAL = "sqlite:///"
_SECONDS = 5


def tracking_store() -> Iterator[Finding]:
    """The store that trainings would use now."""
    from handloom.tracking import tracking_uri

    address = tracking_uri()
    if address.startswith(_LOCAL):
        yield _local(Path(address.removeprefix(_LOCAL)))
    elif address.startswith(("http://", "https://")):
        yield _server(address)
    else:
        yield Finding(_ITEM, "note", f"{_without_password(address)}; stores of this kind are not looked into")


def _local(path: Path) -> Finding:
    if not path.exists():
        if path.parent.is_dir() and os.access(path.parent, os.W_OK):
            return Finding(_ITEM, "ok", f"{path}, which the first training makes")
        return Finding(_ITEM, "MISSING", f"{path} cannot be made", f"make {path.parent} writable")
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as database:
            runs = database.execute("SELECT count(*) FROM runs").fetchone()[0]
    except sqlite3.Error as error:
        move = f"type: mv {path} {path}.damaged"
        return Finding(_ITEM, "MISSING", f"{path} is no MLflow store ({first_line(error)})", move)
    if not os.access(path, os.W_OK):
        return Finding(_ITEM, "MISSING", f"{path} cannot be written", f"type: chmod u+w {path}")
    return Finding(_ITEM, "ok", f"{path}, {runs} runs")


def _server(address: str) -> Finding:
    shown = _without_password(address)
    try:
        # Only http and https come here.
        with urllib.request.urlopen(f"{address.rstrip('/')}/health", timeout=_SECONDS):  # noqa: S310
            return Finding(_ITEM, "ok", shown)
    except (urllib.error.URLError, OSError, ValueError) as error:
        advice = "start the server, or type: unset MLFLOW_TRACKING_URI"
        return Finding(_ITEM, "MISSING", f"{shown} does not answer ({first_line(error)})", advice)


def _without_password(address: str) -> str:
    scheme, separator, rest = address.partition("://")
    return f"{scheme}{separator}{rest.rpartition('@')[2]}"
