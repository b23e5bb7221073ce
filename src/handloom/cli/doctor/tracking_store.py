"""Whether the MLflow store can be used, found out without making or changing one."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from handloom.cli.doctor.machine import Finding
from handloom.errors import first_line, printable

if TYPE_CHECKING:
    from handloom.tracking.address import Address

_ITEM = "MLflow store"
_SECONDS = 5
_UNSET = "type: unset MLFLOW_TRACKING_URI"


def check_store() -> Iterator[Finding]:
    """The store that trainings would use now."""
    from handloom.support.workspace import Workspace
    from handloom.tracking.address import store_address

    address = store_address(Workspace.here())
    if address.problem:
        yield Finding(_ITEM, "MISSING", f"{address.shown} is no address of a store ({address.problem})", _UNSET)
    elif address.file:
        yield _local(address.file)
    elif address.is_server:
        yield _server(address)
    else:
        yield Finding(_ITEM, "note", f"{address.shown}; stores of this kind are not checked")


def _local(path: Path) -> Finding:
    if not path.exists():
        if path.parent.is_dir() and os.access(path.parent, os.W_OK):
            return Finding(_ITEM, "ok", f"{path}, which the first training makes")
        advice = f"make {path.parent} writable" if path.parent.exists() else f"type: mkdir -p {path.parent}"
        return Finding(_ITEM, "MISSING", f"{path} cannot be made", advice)
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as database:
            runs = database.execute("SELECT count(*) FROM runs").fetchone()[0]
    except sqlite3.Error as error:
        move = f"type: mv {path} {path}.damaged"
        return Finding(_ITEM, "MISSING", f"{path} is no MLflow store ({first_line(error)})", move)
    if not os.access(path, os.W_OK):
        return Finding(_ITEM, "MISSING", f"{path} cannot be written", f"type: chmod u+w {path}")
    return Finding(_ITEM, "ok", f"{path}, {runs} runs")


def _server(address: "Address") -> Finding:
    import requests  # as MLflow does: a redirect to another machine does not get the login

    advice = f"start the server, or {_UNSET}"
    try:
        answer = requests.get(f"{address.uri.rstrip('/')}/health", auth=address.login, timeout=_SECONDS)
        answer.raise_for_status()
    except requests.RequestException as error:
        text = printable(address.hide(first_line(error)))
        return Finding(_ITEM, "MISSING", f"{address.shown} does not answer ({text})", advice)
    if answer.text.strip() != "OK":  # what MLflow says there
        return Finding(_ITEM, "MISSING", f"{address.shown} answers, but is no MLflow server", advice)
    return Finding(_ITEM, "ok", address.shown)
