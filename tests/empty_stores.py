"""New MLflow stores whose tables are copied: MLflow makes them by 60 migrations, a second of work for each store."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from mlflow.store.db import utils
from sqlalchemy import Engine, create_engine

MAKE_TABLES: Callable[[Engine], None] = utils._initialize_tables


def make(file: Path) -> None:
    """Make a store without an experiment, as MLflow does."""
    MAKE_TABLES(create_engine(f"sqlite:///{file}"))


def copies_of(file: Callable[[], Path]) -> Callable[[Engine], None]:
    """What takes the place of MLflow's `_initialize_tables`: it copies the tables of the file."""

    def copy(engine: Engine) -> None:
        with closing(sqlite3.connect(file())) as source, closing(engine.raw_connection()) as target:
            assert isinstance(target.driver_connection, sqlite3.Connection)
            source.backup(target.driver_connection)

    return copy
