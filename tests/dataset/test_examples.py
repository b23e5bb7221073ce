"""Examples: the keypoint table and the split joined again."""

import numpy as np
import pyarrow as pa
import pytest

from handloom import keypoint_table
from handloom.config import Split
from handloom.dataset.examples import Example, read_examples
from handloom.dataset.split import read_split, split_table
from handloom.errors import DataError

PARTS = ("train", "test", "validation")
COUNT = 12  # clips, of two classes by turns, each a person's own


def rows_of(session_id, order):
    """A clip of three frames whose every number is session_id + frame / 10, its rows in the given order."""
    columns = {
        "session_id": [session_id] * 3,
        "label": ["wave" if session_id % 2 else "grab"] * 3,
        "group": [f"person_{session_id}"] * 3,
        "part": [""] * 3,
        "path": [f"{session_id}.mp4"] * 3,
        "frame": order,
        "time": [frame / 30 for frame in order],
        "keypoints": [[session_id + frame / 10] * 63 for frame in order],
        "chirality": ["left"] * 3,
        "score": [1.0] * 3,
        "width": [64] * 3,
        "height": [48] * 3,
        "rotation": [0] * 3,
    }
    return pa.table(columns, schema=keypoint_table.SCHEMA)


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "table.parquet"
    keypoint_table.write(path, [rows_of(session, [2, 0, 1]) for session in reversed(range(COUNT))], {})
    return path


@pytest.fixture
def split(tmp_path, table):
    split_table(table, Split(test_ratio=0.3), out=tmp_path / "split.parquet")
    return tmp_path / "split.parquet"


def test_every_clip_is_in_its_part_once(table, split):
    parts = read_split(split)
    for part in PARTS:
        names = [example.name for example in read_examples(table, split, part)]
        assert names == [f"{session}.mp4" for session in range(COUNT) if parts[session] == part]


def test_examples_keep_label_group_and_the_order_of_frames(table, split):
    for example in (example for part in PARTS for example in read_examples(table, split, part)):
        session = int(example.name.removesuffix(".mp4"))
        assert example.label == ("wave" if session % 2 else "grab")
        assert example.group == f"person_{session}"
        assert example.poses.shape == (3, 3, 21)
        expected = np.float32([session, session + 0.1, session + 0.2])
        np.testing.assert_array_equal(example.poses, np.broadcast_to(expected[:, None, None], (3, 3, 21)))


def test_a_hand_is_found_when_any_frame_has_one():
    poses = np.zeros((3, 3, 21), np.float32)
    assert not Example(poses, "wave", "1.mp4", "ann").hand_found
    poses[2, 2, 7] = 0.5
    assert Example(poses, "wave", "1.mp4", "ann").hand_found


@pytest.mark.parametrize("sessions", [range(COUNT - 1), range(COUNT + 1), range(1, COUNT + 1)])
def test_a_split_of_another_table_is_refused(tmp_path, split, sessions):
    other = tmp_path / "other.parquet"
    keypoint_table.write(other, [rows_of(session, [0, 1, 2]) for session in sessions], {})
    with pytest.raises(DataError) as caught:
        read_examples(other, split, "train")
    text = str(caught.value)
    assert "\n" not in text
    assert "split.parquet" in text
    assert "other.parquet" in text
    assert "run the stage split again" in text


def test_a_missing_split_is_named(tmp_path, table):
    with pytest.raises(DataError, match=r"nowhere\.parquet: no such file"):
        read_examples(table, tmp_path / "nowhere.parquet", "train")
