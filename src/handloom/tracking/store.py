"""The MLflow store: its address, and a client for it."""

import logging
import os
import sqlite3
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from handloom.files import creating
from handloom.repository import main_repository

if TYPE_CHECKING:
    from mlflow import MlflowClient

SETTINGS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",  # MLflow 3 tells its makers of each use unless it is told not to
    # MLflow's own defaults try for minutes; what cannot be sent is kept, so a short try is enough.
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
}
# They print tracebacks and each retry; what happened is said in one line of ours.
LOUD = ("mlflow.store", "mlflow.tracking", "urllib3.connectionpool", "alembic")

# Here, because MLflow reads some when it is imported, and whatever of ours imports it needs this module before.
for _name, _value in SETTINGS.items():
    os.environ.setdefault(_name, _value)
for _name in LOUD:
    logging.getLogger(_name).setLevel(logging.CRITICAL)


class WrongAddressError(ValueError):
    """`MLFLOW_TRACKING_URI` is no address."""


def tracking_uri() -> str:
    """The MLflow store: `MLFLOW_TRACKING_URI`, else one sqlite file at the root of the main repository."""
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{local_store()}"


def local_store() -> Path:
    """The file that is the store where no address is given."""
    return main_repository() / "mlflow.db"


def is_local() -> bool:
    """Whether the store is the main repository's own."""
    return not os.environ.get("MLFLOW_TRACKING_URI")


def shown_address() -> str:
    """The store's address as it may be shown and kept: without user, password and options."""
    if is_local():
        return str(local_store())
    scheme, separator, rest = tracking_uri().partition("?")[0].partition("://")
    machine, slash, path = rest.partition("/")
    return f"{scheme}{separator}{machine.rpartition('@')[2]}{slash}{path}"


def store_file() -> Path | None:
    """The sqlite file that is the store; None for a server, and for an address with options."""
    path = tracking_uri().removeprefix("sqlite:///")
    return None if path == tracking_uri() or path.startswith("file:") or "?" in path else Path(path)


def artifact_folder(file: Path) -> Path:
    """Where runs of a store that is a file keep theirs. MLflow would take the working folder, which may be a copy."""
    return file.absolute().parent / "mlruns"


def missing_store() -> Path | None:
    """The file of a store that is one and not there; MLflow would make an empty one when it reads."""
    file = store_file()
    return None if file is None or file.exists() else file


def client() -> "MlflowClient":
    """A client of the store, which is made where it is a file and missing.

    Raises:
        Exception: whatever MLflow and sqlite raise; `trouble.trouble_of` says what it means.
    """
    if missing := missing_store():
        _make_store(missing)
    uri = tracking_uri()
    _check_address(uri)
    _check_sqlite(uri)
    return client_of(uri)


@cache
def client_of(uri: str) -> "MlflowClient":
    """A client of the store at an address, which is not looked at."""
    from mlflow import MlflowClient

    return MlflowClient(uri, uri)


def _check_address(uri: str) -> None:
    try:
        parts = urlsplit(uri)
        if parts.scheme in ("http", "https") and not (parts.hostname and parts.port != 0):
            raise ValueError
    except ValueError:
        raise WrongAddressError("it names no machine") from None


def _check_sqlite(uri: str) -> None:
    """See that a sqlite file can be written. MLflow would try for two minutes before it says that it cannot."""
    path = uri.removeprefix("sqlite:///")
    if path == uri or not (path.startswith("file:") or Path(path).exists()):
        return
    connection = sqlite3.connect(path, timeout=5, isolation_level=None, uri=path.startswith("file:"))
    try:
        connection.execute("BEGIN IMMEDIATE")
        (mark,) = connection.execute("PRAGMA application_id").fetchone()
        connection.execute(f"PRAGMA application_id = {mark}")  # a write, although it changes nothing
        connection.execute("ROLLBACK")
    finally:
        connection.close()


def _make_store(path: Path) -> None:
    """Make an empty store. MLflow cannot open one whose making was killed, so it is made beside its place.

    (And two processes that make one at once disturb each other; the store of the first may have a run in it.)
    """
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    with creating(path) as beside:
        with beside.open("wb"):
            pass  # a folder that cannot be written says so at once
        SqlAlchemyStore(f"sqlite:///{beside}", artifact_folder(path).as_uri())
