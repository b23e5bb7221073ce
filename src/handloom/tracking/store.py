"""The MLflow store: its files and its client.

`Store.opened` is the only way to MLflow: within it MLflow is quiet, has the login that the address gives, and what is
wrong with the store is a `StoreError`. Afterwards the process's environment and logging are as they were.
"""

import logging
import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING

from handloom.errors import HandloomError
from handloom.support.files import creating
from handloom.support.sqlite_address import sqlite_address
from handloom.support.workspace import Workspace
from handloom.tracking.address import VARIABLE, Address, store_address
from handloom.tracking.store_errors import WrongAddressError, store_error

if TYPE_CHECKING:
    from mlflow import MlflowClient

_SETTINGS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",  # MLflow 3 tells its makers of each use unless it is told not to
    # MLflow's own defaults try for minutes; what cannot be sent is kept, so a short try is enough.
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
}
_LOGIN = ("MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD")
# They print tracebacks, retries and advice; what happened is said in one line of ours.
_QUIET = {
    "mlflow.store": logging.CRITICAL,
    "mlflow.tracking": logging.CRITICAL,
    "urllib3.connectionpool": logging.CRITICAL,
    "alembic": logging.CRITICAL,
    "mlflow.models.model": logging.ERROR,
    "mlflow.pyfunc": logging.ERROR,
    "mlflow.utils.requirements_utils": logging.ERROR,
}
_one_at_a_time = RLock()  # the environment and the logging belong to all threads


@dataclass(frozen=True)
class Store:
    """The current MLflow store of a workspace.

    Attributes:
        workspace: whose own store it is where no address is given.
    """

    workspace: Workspace

    @property
    def address(self) -> Address:
        """Where it is."""
        return store_address(self.workspace)

    def missing(self) -> Path | None:
        """The file of a store that is one and not there; MLflow would make an empty one when it reads."""
        address = self.address
        return None if address.file is None or address.options or address.file.exists() else address.file

    def artifact_folder(self) -> Path | None:
        """Where it keeps the files of runs, where no server does: next to the database, if that is a file.

        MLflow would take the working folder, which may be one of DVC's temporary copies.
        """
        address = self.address
        if address.file:
            return address.file.parent / "mlruns"
        return self.workspace.artifacts if address.is_database else None

    @contextmanager
    def opened(self, to_write: bool = True) -> Iterator["MlflowClient"]:
        """A client of the store.

        Args:
            to_write: make the store where it is a file and missing. Else it may be one that cannot be written.

        Raises:
            StoreError: the store cannot be used, now or at all; also for what is asked within.
            HandloomError: it is to be read, and is a file that is not there.
        """
        address, missing = self.address, self.missing()
        if missing and not to_write:
            raise HandloomError(f"there is no MLflow store at {missing}; train a model first, or set {VARIABLE}")
        with mlflow_settings(address.login):
            try:
                if missing:
                    _make_store(missing)
                _check(address, to_write)
                yield _client_of(address.uri)
            except Exception as error:
                known = store_error(error, address)
                if known is None:
                    raise
                raise known from None


@contextmanager
def mlflow_settings(login: tuple[str, str] | None = None) -> Iterator[None]:
    """Apply handloom's MLflow settings inside the block.

    Args:
        login: user and password of a server, which MLflow takes from the environment alone. What stands in the address
            it would print with it.
    """
    wanted = {name: value for name, value in _SETTINGS.items() if name not in os.environ}
    wanted |= dict(zip(_LOGIN, login, strict=True)) if login else {}
    with _one_at_a_time, _environment(wanted):
        levels = {name: logging.getLogger(name).level for name in _QUIET}
        for name, level in _QUIET.items():
            logging.getLogger(name).setLevel(level)
        try:
            yield
        finally:
            for name, level in levels.items():
                logging.getLogger(name).setLevel(level)


@contextmanager
def _environment(wanted: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@cache
def _client_of(uri: str) -> "MlflowClient":
    from mlflow import MlflowClient

    return MlflowClient(uri, uri)


def _check(address: Address, to_write: bool) -> None:
    if address.problem:
        raise WrongAddressError(address.problem)
    if address.file:
        _check_sqlite(address.file, address.options, to_write)
    elif address.is_database:
        _check_database(address.uri)


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
    """Make an empty store. MLflow cannot open one whose making was killed, so it is made under another name first.

    (And two processes that make one at once disturb each other; the store of the first may have a run in it.)

    Raises:
        WrongAddressError: the folder is not there.
    """
    if not path.parent.is_dir():
        raise WrongAddressError(f"there is no folder {path.parent}; make it first")
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    with creating(path) as temporary:
        with temporary.open("wb"):
            pass  # a folder that cannot be written says so at once
        SqlAlchemyStore(sqlite_address(temporary), (path.parent / "mlruns").as_uri())
