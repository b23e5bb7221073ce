"""Examples: the keypoint table and the split joined again."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pytest

from handloom import keypoint_table
from handloom.config import Split
from handloom.dataset.examples import Example, Examples, read_examples
from handloom.dataset.split import read_split, split_table
from handloom.errors import DataError
from handloom.hand import mirror

PARTS: tuple[Literal["train", "validation", "test"], ...] = ("train", "test", "validation")
COUNT = 12  # clips, of two classes by turns, each a person's own


def rows_of(
    session_id: int,
    frames: Sequence[int] = (0, 1, 2),
    chirality: list[str | None] | None = None,
    keypoints: list[Any] | None = None,
) -> pa.Table:
    """A clip whose every number is session_id + frame / 10, with the rows of these frames."""
    count = len(frames)
    columns = {
        "session_id": [session_id] * count,
        "label": ["wave" if session_id % 2 else "grab"] * count,
        "group": [f"person_{session_id}"] * count,
        "part": [""] * count,
        "path": [f"{session_id}.mp4"] * count,
        "frame": pa.array(frames, pa.int32()),
        "time": [frame / 30 for frame in frames],
        "keypoints": [[session_id + frame / 10] * 63 for frame in frames] if keypoints is None else keypoints,
        "chirality": pa.array(chirality or ["left"] * count, pa.string()),
        "score": [1.0] * count,
        "width": [64] * count,
        "height": [48] * count,
        "rotation": [0] * count,
    }
    return pa.table(columns, schema=keypoint_table.SCHEMA)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "table.parquet"
    keypoint_table.write(path, [rows_of(session) for session in range(COUNT)], {})
    return path


@pytest.fixture
def split(tmp_path: Path, table: Path) -> Path:
    split_table(table, Split(test_ratio=0.3), out=tmp_path / "split.parquet")
    return tmp_path / "split.parquet"


def written(tmp_path: Path, tables: list[pa.Table]) -> tuple[Path, Path]:
    """A table of these rows, all of it for training."""
    path = tmp_path / "own.parquet"
    keypoint_table.write(path, tables, {})
    split_table(path, Split(test_ratio=0.0), out=tmp_path / "own_split.parquet")
    return path, tmp_path / "own_split.parquet"


def test_every_clip_is_in_its_part_once(table: Path, split: Path) -> None:
    parts = read_split(split)
    for part in PARTS:
        names = [example.name for example in read_examples(table, split, part)]
        assert names == [f"{session}.mp4" for session in range(COUNT) if parts[session] == part]


def test_examples_keep_label_group_and_the_order_of_frames(table: Path, split: Path) -> None:
    for example in (example for part in PARTS for example in read_examples(table, split, part)):
        session = int(example.name.removesuffix(".mp4"))
        assert example.label == ("wave" if session % 2 else "grab")
        assert example.group == f"person_{session}"
        assert example.poses.shape == (3, 3, 21)
        expected = np.array([session, session + 0.1, session + 0.2], np.float32)
        np.testing.assert_array_equal(example.poses, np.broadcast_to(expected[:, None, None], (3, 3, 21)))


def test_clips_of_any_length_are_read_whole_however_the_file_is_cut(tmp_path: Path) -> None:
    lengths = [1, 40_000, 7, 30_000, 1, 2]  # more rows than are read at once
    random = np.random.default_rng(0)
    clips = [random.random((length, 3, 21), dtype=np.float32) for length in lengths]
    frames = [
        rows_of(number, range(len(clip)), None, clip.reshape(-1, 63).tolist()) for number, clip in enumerate(clips)
    ]
    examples = read_examples(*written(tmp_path, frames), "train")
    assert examples.lengths.tolist() == lengths
    for example, clip in zip(examples, clips, strict=True):
        np.testing.assert_array_equal(example.poses, clip)


def test_what_is_too_much_for_memory_is_read_from_a_file_that_leaves_nothing(
    tmp_path: Path, table: Path, split: Path
) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    inside = read_examples(table, split, "train", left_hands="mirrored")
    outside = read_examples(table, split, "train", in_memory=0.0, left_hands="mirrored", folder=folder)
    assert isinstance(outside.frames, np.memmap) and not isinstance(inside.frames, np.memmap)
    np.testing.assert_array_equal(outside.frames, inside.frames)
    del outside
    assert list(folder.iterdir()) == []


def test_a_folder_that_cannot_take_the_file_is_named(tmp_path: Path, table: Path, split: Path) -> None:
    with pytest.raises(DataError, match=r"nowhere: 0\.0 GiB of joints could not be written [^\n]*$"):
        read_examples(table, split, "train", in_memory=0.0, folder=tmp_path / "nowhere")


def test_left_hands_are_mirrored_by_the_clip(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    seen: dict[str, list[str | None]] = {
        "left": ["left", "right", "left"],
        "right": ["right", "right", "left"],
        "unknown": ["", None, ""],
        "as often": ["left", "right", ""],
        # What is said of frames without a hand does not count.
        "lost": ["right", "right", "left"],
        "no hand": ["left", "left", "left"],
    }
    clips = [random.random((3, 3, 21), dtype=np.float32) for _ in seen]
    clips[4][:2], clips[5][:] = 0, 0
    clips[0][1, :, 7] = 0
    tables = [
        rows_of(number, chirality=chirality, keypoints=clip.reshape(3, 63).tolist())
        for number, (clip, chirality) in enumerate(zip(clips, seen.values(), strict=True))
    ]
    files = written(tmp_path, tables)
    for how, example in zip(seen, read_examples(*files, "train", left_hands="mirrored"), strict=True):
        clip = clips[list(seen).index(how)]
        np.testing.assert_array_equal(example.poses, mirror(clip) if how in ("left", "lost") else clip, err_msg=how)
    for example, clip in zip(read_examples(*files, "train"), clips, strict=True):
        np.testing.assert_array_equal(example.poses, clip)


def test_a_hand_is_found_when_any_frame_has_one(tmp_path: Path) -> None:
    poses = np.zeros((3, 3, 21), np.float32)
    assert not Example(poses, "wave", "1.mp4", "ann").hand_found
    with_hand = poses.copy()
    with_hand[2, 2, 7] = 0.5
    assert Example(with_hand, "wave", "1.mp4", "ann").hand_found
    tables = [rows_of(number, keypoints=clip.reshape(3, 63).tolist()) for number, clip in enumerate([poses, with_hand])]
    examples = read_examples(*written(tmp_path, [*tables, rows_of(2), rows_of(3)]), "train")
    assert examples.hand_found.tolist() == [example.hand_found for example in examples] == [False, True, True, True]
    assert [example.name for example in examples.with_hand()] == ["1.mp4", "2.mp4", "3.mp4"]


def test_an_empty_part_has_no_examples(tmp_path: Path, table: Path) -> None:
    files = written(tmp_path, [rows_of(session) for session in range(4)])
    for in_memory in (0.0, 1.0):
        examples = read_examples(*files, "test", in_memory)
        assert list(examples) == list(examples.with_hand()) == []
        assert examples.targets(["grab", "wave"]).tolist() == []


def test_examples_are_a_sequence() -> None:
    random = np.random.default_rng(0)
    made = [Example(random.random((n + 1, 3, 21), dtype=np.float32), "ab"[n % 2], f"{n}", "ann") for n in range(5)]
    examples = Examples.of(made)
    assert len(examples) == 5
    assert [example.name for example in examples] == ["0", "1", "2", "3", "4"]
    assert [example.name for example in examples[-2:]] == ["3", "4"]
    assert [example.name for example in examples[::-2]] == ["4", "2", "0"]
    assert examples[1:][0].label == "b"
    np.testing.assert_array_equal(examples[-1].poses, made[-1].poses)
    np.testing.assert_array_equal(examples[1:][1].poses, made[2].poses)
    with pytest.raises(IndexError):
        examples[5]


def test_targets_are_places_among_the_classes() -> None:
    examples = Examples.of([Example(np.ones((1, 3, 21), np.float32), label, "", "") for label in "bcab"])
    assert examples.targets(["a", "b", "c"]).tolist() == [1, 2, 0, 1]
    assert examples[2:].targets(["a", "b"]).tolist() == [0, 1]
    with pytest.raises(ValueError, match=r"^c: none of the classes"):
        examples.targets(["a", "b"])


@pytest.mark.parametrize("sessions", [range(COUNT - 1), range(COUNT + 1), range(1, COUNT + 1)])
def test_a_split_of_another_table_is_refused(tmp_path: Path, split: Path, sessions: range) -> None:
    other = tmp_path / "other.parquet"
    keypoint_table.write(other, [rows_of(session) for session in sessions], {})
    with pytest.raises(DataError) as caught:
        read_examples(other, split, "train")
    text = str(caught.value)
    assert "\n" not in text
    assert "split.parquet" in text
    assert "other.parquet" in text
    assert "run the stage split again" in text


@pytest.mark.parametrize(
    "tables",
    [
        [rows_of(0), rows_of(1, [0, 2, 1])],
        [rows_of(0), rows_of(1, [0, 1, 1])],
        [rows_of(1), rows_of(0)],
        [rows_of(0, [0, 1]), rows_of(1), rows_of(0, [2])],
    ],
)
def test_rows_that_are_not_in_order_are_refused(tmp_path: Path, tables: list[pa.Table]) -> None:
    with pytest.raises(DataError, match=r"own\.parquet: its rows are not in the order of session_id and frame[^\n]*$"):
        read_examples(*written(tmp_path, tables), "train")


def test_a_missing_split_is_named(tmp_path: Path, table: Path) -> None:
    with pytest.raises(DataError, match=r"nowhere\.parquet: no such file"):
        read_examples(table, tmp_path / "nowhere.parquet", "train")
