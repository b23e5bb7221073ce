"""The MLflow store: where it keeps its files, and a client for it."""

import logging
import os
import sqlite3
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from handloom.support.files import creating
from handloom.support.repository import main_repository
from handloom.support.sqlite_address import sqlite_address
from handloom.tracking.address import local_store as local_store
from handloom.tracking.address import store_address

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

LOGIN = ("MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD")

# Here, because MLflow reads some when it is imported, and whatever of ours imports it needs this module before.
for _name, _value in SETTINGS.items():
    os.environ.setdefault(_name, _value)
for _name in LOUD:
    logging.getLogger(_name).setLevel(logging.CRITICAL)


NONSENSE = "what answers there is no MLflow server"


class WrongAddressError(ValueError):
    """`MLFLOW_TRACKING_URI` is no address that can be used; the text says why."""


def tracking_uri() -> str:
    """The address of the MLflow store as MLflow takes it (`address.py`)."""
    return store_address().uri


def artifact_folder() -> Path | None:
    """Where a store keeps the files of runs, where no server does: beside the database, if that is a file.

    MLflow would take the working folder, which may be one of DVC's temporary copies.
    """
    address = store_address()
    if address.file:
        return address.file.parent / "mlruns"
    return main_repository() / "mlruns" if address.is_database else None


def missing_store() -> Path | None:
    """The file of a store that is one and not there; MLflow would make an empty one when it reads."""
    address = store_address()
    return None if address.file is None or address.options or address.file.exists() else address.file


def client() -> "MlflowClient":
    """A client of the store, which is made where it is a file and missing.

    Raises:
        Exception: whatever MLflow and sqlite raise; `trouble.trouble_of` says what it means.
    """
    if missing := missing_store():
        _make_store(missing)
    return _client(to_write=True)


def reading_client() -> "MlflowClient":
    """A client of the store, which is there; it may be one that cannot be written.

    Raises:
        Exception: as `client`.
    """
    return _client(to_write=False)


def _client(to_write: bool) -> "MlflowClient":
    address = store_address()
    if address.problem:
        raise WrongAddressError(address.problem)
    if address.file:
        _check_sqlite(address.file, address.options, to_write)
    elif address.is_database:
        _check_database(address.uri)
    _log_in(address.login)
    return _client_of(address.uri)


@cache
def _client_of(uri: str) -> "MlflowClient":
    from mlflow import MlflowClient

    return MlflowClient(uri, uri)


def _log_in(login: tuple[str, str] | None) -> None:
    """Give MLflow a server's login by its variables: what stands in the address it prints with it.

    An address without a login gets back what the variables said before.
    """
    for name, value in zip(LOGIN, login or (None, None), strict=True):
        if value is not None:
            _before.setdefault(name, os.environ.get(name))
            os.environ[name] = value
        elif name in _before:
            before = _before.pop(name)
            os.environ.pop(name, None)
            if before is not None:
                os.environ[name] = before


_before: dict[str, str | None] = {}


@cache
def _check_database(uri: str) -> None:
    """See that a database can be reached. MLflow would try for two minutes before it says that it cannot."""
    from sqlalchemy import create_engine
    from sqlalchemy.pool import NullPool

    with create_engine(uri, poolclass=NullPool).connect():
        pass


def _check_sqlite(file: Path, options: str, to_write: bool) -> None:
    """See that a sqlite file can be used. MLflow would try for two minutes before it says that it cannot."""
    address = f"{file.as_uri()}?{options or 'mode=rw'}"
    connection = sqlite3.connect(address, timeout=5, isolation_level=None, uri=True)
    try:
        if to_write:
            connection.execute("BEGIN IMMEDIATE")
        (mark,) = connection.execute("PRAGMA application_id").fetchone()
        if to_write:
            connection.execute(f"PRAGMA application_id = {mark}")  # a write, although it changes nothing
            connection.execute("ROLLBACK")
    finally:
        connection.close()


def _make_store(path: Path) -> None:
    """Make an empty store. MLflow cannot open one whose making was killed, so it is made beside its place.

    (And two processes that make one at once disturb each other; the store of the first may have a run in it.)

    Raises:
        WrongAddressError: the folder is not there.
    """
    if not path.parent.is_dir():
        raise WrongAddressError(f"there is no folder {path.parent}; make it first")
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    with creating(path) as beside:
        with beside.open("wb"):
            pass  # a folder that cannot be written says so at once
        SqlAlchemyStore(sqlite_address(beside), (path.parent / "mlruns").as_uri())
