"""What came of a file: it survives the cache, and becomes rows of the keypoint table."""

from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from handloom.extraction.extract import rows_of
from handloom.extraction.extraction import FRAME, Extraction
from handloom.keypoint_table import poses_of
from handloom.sources import Clip


def frames_from(keypoints: np.ndarray, chirality: int = 1) -> np.ndarray:
    frames = np.zeros(len(keypoints), FRAME)
    frames["keypoints"], frames["chirality"] = keypoints, chirality
    frames["time"] = np.arange(len(keypoints)) / 30
    return frames


@given(
    keypoints=arrays.arrays(
        np.float32, st.tuples(st.integers(0, 5), st.just(3), st.just(21)), elements=st.floats(-2, 2, width=32)
    ),
    warnings=st.lists(st.text(), max_size=3),
    thumbnail=st.binary(max_size=40),
    counts=st.tuples(*[st.integers(0, 99)] * 6),
)
def test_bytes_and_back(
    keypoints: np.ndarray, warnings: list[str], thumbnail: bytes, counts: tuple[int, int, int, int, int, int]
) -> None:
    before = Extraction(frames_from(keypoints), *counts, tuple(warnings), thumbnail, thumbnail_frame=2)
    after = Extraction.from_bytes(before.to_bytes())
    assert after.frames.tobytes() == before.frames.tobytes()
    assert {**vars(after), "frames": None} == {**vars(before), "frames": None}


def test_rows_follow_the_files_and_count_frames_from_zero() -> None:
    first, second = (np.full((count, 3, 21), value, np.float32) for count, value in ((2, 0.25), (3, 0.75)))
    folder = Path("photos")
    table = rows_of(
        [
            (4, Clip(folder, "one/a.mp4", "one", "anna", "train"), Extraction(frames_from(first))),
            (7, Clip(folder, "b.mp4", "two", "ben", member="studio"), Extraction(frames_from(second, chirality=2))),
        ]
    )
    assert table.column("session_id").to_pylist() == [4, 4, 7, 7, 7]
    assert table.column("frame").to_pylist() == [0, 1, 0, 1, 2]
    assert table.column("path").to_pylist() == ["one/a.mp4"] * 2 + ["studio/b.mp4"] * 3
    assert table.column("label").to_pylist() == ["one"] * 2 + ["two"] * 3
    assert table.column("part").to_pylist() == ["train"] * 2 + [""] * 3
    assert table.column("chirality").to_pylist() == ["left"] * 2 + ["right"] * 3
    np.testing.assert_array_equal(poses_of(table), np.concatenate([first, second]))


def test_a_hand_is_counted_where_there_is_one() -> None:
    frames = frames_from(np.zeros((3, 3, 21), np.float32))
    frames["chirality"] = [0, 1, 2]
    assert Extraction(frames).hands == 2
