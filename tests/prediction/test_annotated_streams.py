"""Continuous recordings: files of annotated parts, and the time between the parts."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from handloom import keypoint_table
from handloom.errors import DataError
from handloom.evaluation.events import Interval
from handloom.keypoint_table import SCHEMA, poses_to_column
from handloom.prediction.annotated_streams import GESTURES, gestures_text, read_streams
from handloom.prediction.stream_extraction import whole_files
from handloom.sources.clip import Clip, Gathered


def part(file: str, label: str, start: float | None, end: float | None) -> Clip:
    return Clip(Path("videos"), file, label, "anna", "test", start, end)


PARTS = [
    part("b.mp4", "wave", 1.0, 2.0),
    part("a.mp4", "pinch", 3.0, None),
    part("b.mp4", "pinch", 4.0, 5.0),
    part("c.mp4", "background", None, None),
]


def test_parts_of_a_file_become_one_stream() -> None:
    files, made = whole_files(Gathered(PARTS), "background")
    assert [(clip.file, clip.start, clip.end) for clip in files.clips] == [
        ("b.mp4", None, None),
        ("a.mp4", None, None),
        ("c.mp4", None, None),
    ]
    assert made["b.mp4"] == (Interval("wave", 1.0, 2.0), Interval("pinch", 4.0, 5.0))
    assert made["c.mp4"] == ()


def test_a_source_without_files_is_refused() -> None:
    with pytest.raises(DataError, match="start and end"):
        whole_files(Gathered([]), "background")


def test_streams_end_with_their_file_and_keep_the_side_of_the_hand(tmp_path: Path) -> None:
    lengths = {"b.mp4": 60, "a.mp4": 50}
    names = np.repeat(list(lengths), list(lengths.values())).tolist()
    count, empty = len(names), pa.array([""] * len(names))
    poses = np.ones((count, 3, 21), np.float32)
    poses[:, 0] = np.arange(count)[:, None] / count
    columns = {
        "session_id": pa.array(np.repeat([0, 1], list(lengths.values()))),
        **dict.fromkeys(("label", "group", "part"), empty),
        "path": pa.array(names),
        "chirality": pa.array(["left"] * count),
        "frame": pa.array(np.arange(count), pa.int32()),
        "time": pa.array(np.arange(count) / 10.0),
        "keypoints": poses_to_column(poses),
        "score": pa.array(np.ones(count, np.float32)),
        **{name: pa.nulls(count, pa.int32()) for name in ("width", "height", "rotation")},
    }
    table = tmp_path / "keypoints.parquet"
    _, made = whole_files(Gathered(PARTS), "background")
    metadata = {"frame_rate": "10", GESTURES: gestures_text(made)}
    keypoint_table.write(table, [pa.table({name: columns[name] for name in SCHEMA.names})], metadata)
    first, second = read_streams(table)
    assert (first.poses == poses[:60]).all() and (second.poses == poses[60:]).all()
    assert first.made == made["b.mp4"]
    assert second.made == (Interval("pinch", 3.0, 5.0),)
    assert first.votes is not None and (first.votes == 1).all()
