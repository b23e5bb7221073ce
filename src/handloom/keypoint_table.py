"""The keypoint table: Parquet, one row per frame, the form in which joints travel between stages.

Columns: `session_id` (one photo or one labelled stretch of a clip), `label`, `group` (who is to be kept on one side of
a split), `part` (train, validation or test where the source says so, else empty), `path`, `frame` (0, 1, ...),
`time` (s), `keypoints` (63 numbers: ``[3, 21]`` row by row, see `handloom.hand`), `chirality` (left, right or empty),
`score` (of the landmarker, 0 to 1) and what decoding saw: `width`, `height` (of the upright picture, pixels) and
`rotation` (degrees applied, clockwise). Rows without a hand stay in, with zeros.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from handloom.errors import DataError, first_line
from handloom.hand import CHANNELS, JOINT_COUNT, Poses
from handloom.support.files import replacing

KEYPOINT_NUMBERS = len(CHANNELS) * JOINT_COUNT

# Rows that are read at once: some MB of joints.
ROWS_AT_ONCE = 32_768

SCHEMA = pa.schema(
    [
        ("session_id", pa.int64()),
        ("label", pa.string()),
        ("group", pa.string()),
        ("part", pa.string()),
        ("path", pa.string()),
        ("frame", pa.int32()),
        ("time", pa.float64()),
        ("keypoints", pa.list_(pa.float32(), KEYPOINT_NUMBERS)),
        ("chirality", pa.string()),
        ("score", pa.float32()),
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("rotation", pa.int32()),
    ]
)


# Metadata of a table: which landmarkers made its joints, names with commas between them; those not known are left out.
LANDMARKERS = "landmarkers"
MEDIAPIPE, CREATE_ML, VISION = "mediapipe-hand-full", "create_ml", "vision"

# With this begin the groups of joints that were made up from descriptions, which no camera has seen.
MADE_UP = "described "


def is_made_up(group: str) -> bool:
    """Whether joints of this group were made up from descriptions."""
    return group.startswith(MADE_UP)


def poses_to_column(poses: Poses) -> pa.FixedSizeListArray:
    """``[T, 3, 21]`` as the `keypoints` column of T rows."""
    return pa.FixedSizeListArray.from_arrays(pa.array(poses.reshape(-1), pa.float32()), KEYPOINT_NUMBERS)


def poses_of(rows: pa.Table | pa.RecordBatch) -> Poses:
    """The `keypoints` column of T rows as float32 ``[T, 3, 21]``."""
    column = rows.column("keypoints")
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    return np.asarray(column.flatten(), dtype=np.float32).reshape(-1, len(CHANNELS), JOINT_COUNT)


@contextmanager
def writing(path: Path, metadata: Mapping[str, str]) -> Iterator[Callable[[pa.Table], None]]:
    """Yield a function that appends rows of `SCHEMA` to a Parquet file, which appears when the block ends well.

    `metadata` goes into the file's schema; read it back with `read_metadata`.
    """
    schema = SCHEMA.with_metadata({key: value.encode() for key, value in metadata.items()})
    with replacing(path) as temporary, pq.ParquetWriter(temporary, schema, compression="zstd") as writer:
        yield lambda rows: writer.write_table(rows.cast(SCHEMA).replace_schema_metadata(schema.metadata))


def write(path: Path, tables: Iterable[pa.Table], metadata: Mapping[str, str]) -> None:
    """Write tables to one file as `writing` does, with one table in memory at a time."""
    with writing(path, metadata) as add:
        for table in tables:
            add(table)


def read(path: Path) -> pa.Table:
    """Read a whole keypoint table.

    Raises:
        DataError: the file is missing, is not Parquet, or lacks a column.
    """
    with _readable(path):
        table = pq.read_table(path)
    _require(SCHEMA.names, table.column_names, path)
    return table


def batches(path: Path, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """Some columns of a keypoint table, at most `ROWS_AT_ONCE` rows at a time and never more in memory.

    Raises:
        DataError: see `read`.
    """
    with _readable(path), pq.ParquetFile(path) as file:
        _require(columns, file.schema_arrow.names, path)
        yield from file.iter_batches(ROWS_AT_ONCE, columns=columns)


def read_metadata(path: Path) -> dict[str, str]:
    """The metadata of a table: the landmark model's sha256, its runtime, the frame rate."""
    stored = pq.read_schema(path).metadata or {}
    return {key.decode(): value.decode() for key, value in stored.items() if not key.startswith(b"ARROW")}


def landmarkers_of(path: Path) -> list[str]:
    """The known landmarkers of a table's joints, sorted."""
    return [name for name in read_metadata(path).get(LANDMARKERS, "").split(",") if name]


def note_on_landmarkers(path: Path) -> list[str]:
    """A warning if a table mixes joints of several landmarkers."""
    names = landmarkers_of(path)
    if len(names) < 2:
        return []
    return [
        f"joints of several landmarkers ({', '.join(names)}), which place joints differently; train on the app's"
        " landmarker, or keep the others out of the test set"
    ]


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise DataError(f"{path}: no such keypoint table; run the stage that writes it (dvc repro)") from None
    except (pa.ArrowInvalid, OSError) as error:
        raise DataError(f"{path}: not a Parquet file ({first_line(error)})") from None


def _require(columns: Iterable[str], present: Sequence[str], path: Path) -> None:
    missing = [name for name in columns if name not in present]
    if missing:
        raise DataError(f"{path}: not a keypoint table, column {missing[0]!r} is missing")
