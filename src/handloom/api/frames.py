"""Save tables in memory as files of a session's folder."""

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from handloom.config import JoinedAction, JoinedPose
from handloom.data_source import DataSource
from handloom.errors import DataError, printable
from handloom.support.files import replacing

FRAMES = "frames"  # a folder of the session


def write_frames(source: DataSource, folder: Path) -> None:
    """Write the tables of a source into the session's folder."""
    for name, frame in source.frames.items():
        path = _place(folder, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as temporary:
            pq.write_table(_as_arrow(frame), temporary)


def on_disk(source: DataSource, folder: Path) -> tuple[Any, dict[str, str]]:
    """The section of a source with its tables in memory saved to the session's folder, and their hashes."""
    if not source.frames:
        return source.section, {}
    hashes = {name: hash_of_table(_as_arrow(frame)) for name, frame in source.frames.items()}
    paths = {name: str(_place(folder, name)) for name in source.frames}
    section: Any = source.section
    if isinstance(section, JoinedPose | JoinedAction):
        members: dict[str, Any] = dict(section.sources)
        members |= {name: replace(members[name], data_frame=path) for name, path in paths.items()}
        return type(section)(sources=members), hashes
    return replace(section, data_frame=paths[""]), hashes


def _place(folder: Path, name: str) -> Path:
    return folder / FRAMES / f"{name or 'frame'}.parquet"


def _as_arrow(frame: pd.DataFrame | pa.Table) -> pa.Table:
    """A table in memory as Arrow: arrays in cells become lists."""
    if isinstance(frame, pa.Table):
        return frame
    columns = {}
    for name in frame.columns:
        values = frame[name]
        plain = (
            [one.tolist() if isinstance(one, np.ndarray) else one for one in values]
            if values.dtype == object
            else values
        )
        try:
            columns[str(name)] = pa.array(plain, from_pandas=True)
        except (pa.ArrowException, TypeError):
            raise DataError(f"training_data: column '{printable(str(name))}' holds values of several kinds") from None
    return pa.table(columns)


def hash_of_table(table: pa.Table) -> str:
    """A hash of a table's content."""
    buffer = pa.BufferOutputStream()
    pq.write_table(table, buffer)
    return hashlib.sha256(buffer.getvalue()).hexdigest()
