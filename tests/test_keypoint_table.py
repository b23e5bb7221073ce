"""The keypoint table on disk: what goes in comes out, and what is no keypoint table is refused in one line."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from handloom import keypoint_table
from handloom.errors import DataError
from handloom.hand import Poses

numbers = st.floats(width=32, allow_nan=False, allow_infinity=False)
random_poses = st.integers(1, 5).flatmap(lambda length: arrays(np.float32, (length, 3, 21), elements=numbers))


def table_of(poses: Poses, session_id: int = 0) -> pa.Table:
    count = len(poses)
    columns = {
        "session_id": [session_id] * count,
        "label": ["fist"] * count,
        "group": ["ann"] * count,
        "part": [""] * count,
        "path": ["fist/ä.mp4"] * count,
        "frame": range(count),
        "time": [frame / 30 for frame in range(count)],
        "keypoints": poses.reshape(count, 63).tolist(),
        "chirality": ["left"] * count,
        "score": [0.5] * count,
        "width": [64] * count,
        "height": [48] * count,
        "rotation": [90] * count,
    }
    return pa.table(columns, schema=keypoint_table.SCHEMA)


def one_line_error(path: Path) -> str:
    with pytest.raises(DataError) as caught:
        keypoint_table.read(path)
    text = str(caught.value)
    with pytest.raises(DataError) as caught:
        list(keypoint_table.batches(path, keypoint_table.SCHEMA.names))
    assert "\n" not in str(caught.value)
    assert str(caught.value).partition(" (")[0] == text.partition(" (")[0]  # what pyarrow says stands in brackets
    assert "\n" not in text
    assert path.name in text
    return text


@given(st.lists(random_poses, min_size=1, max_size=3))
@settings(deadline=None, max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_poses_come_back_bit_for_bit(tmp_path: Path, clips: list[Poses]) -> None:
    path = tmp_path / "table.parquet"
    keypoint_table.write(path, (table_of(poses, number) for number, poses in enumerate(clips)), {})
    table = keypoint_table.read(path)
    np.testing.assert_array_equal(keypoint_table.poses_of(table), np.concatenate(clips))
    assert table.column("session_id").to_pylist() == [number for number, poses in enumerate(clips) for _ in poses]


@given(random_poses)
@settings(deadline=None, max_examples=20)
def test_a_row_holds_all_x_then_all_y_then_all_confidences(poses: Poses) -> None:
    rows = keypoint_table.poses_to_column(poses).to_pylist()
    assert rows[0] == [*poses[0, 0].tolist(), *poses[0, 1].tolist(), *poses[0, 2].tolist()]
    assert len(rows) == len(poses)


def test_all_columns_come_back(tmp_path: Path) -> None:
    path, table = tmp_path / "table.parquet", table_of(np.ones((2, 3, 21), np.float32))
    keypoint_table.write(path, [table], {})
    assert keypoint_table.read(path).to_pylist() == table.to_pylist()


def test_some_columns_come_back_some_rows_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "table.parquet"
    poses = np.arange(63 * 50_000, dtype=np.float32).reshape(-1, 3, 21)
    column = keypoint_table.poses_to_column(poses)
    table = table_of(np.zeros((len(poses), 3, 21), np.float32))
    table = table.set_column(table.column_names.index("keypoints"), keypoint_table.SCHEMA.field("keypoints"), column)
    keypoint_table.write(path, [table.slice(0, 20_001), table.slice(20_001)], {})
    batches = list(keypoint_table.batches(path, ["keypoints", "path"]))
    assert len(batches) > 1
    assert all(set(batch.schema.names) == {"keypoints", "path"} for batch in batches)
    assert max(batch.num_rows for batch in batches) <= keypoint_table.ROWS_AT_ONCE
    np.testing.assert_array_equal(np.concatenate([keypoint_table.poses_of(batch) for batch in batches]), poses)


def test_metadata_comes_back(tmp_path: Path) -> None:
    path, metadata = tmp_path / "table.parquet", {"frame_rate": "30", "landmarker": "LiteRT 2.3", "name": "ü"}
    keypoint_table.write(path, [table_of(np.zeros((1, 3, 21), np.float32))], metadata)
    assert keypoint_table.read_metadata(path) == metadata


def test_a_missing_file_is_named_with_the_remedy(tmp_path: Path) -> None:
    assert "dvc repro" in one_line_error(tmp_path / "nowhere.parquet")


@pytest.mark.parametrize("content", [b"", b"session_id,label\n0,fist\n", b"PAR1" + bytes(100) + b"PAR1"])
def test_what_is_not_parquet_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "table.parquet"
    path.write_bytes(content)
    assert "not a Parquet file" in one_line_error(path)


@pytest.mark.parametrize("column", ["session_id", "keypoints", "rotation"])
def test_a_missing_column_is_named(tmp_path: Path, column: str) -> None:
    path = tmp_path / "table.parquet"
    pq.write_table(table_of(np.zeros((1, 3, 21), np.float32)).drop_columns([column]), path)
    assert repr(column) in one_line_error(path)


def test_nothing_is_left_when_the_rows_stop_midway(tmp_path: Path) -> None:
    def interrupted() -> Iterator[pa.Table]:
        yield table_of(np.zeros((1, 3, 21), np.float32))
        raise DataError("stop")

    with pytest.raises(DataError, match="stop"):
        keypoint_table.write(tmp_path / "new" / "table.parquet", interrupted(), {})
    assert list((tmp_path / "new").iterdir()) == []
