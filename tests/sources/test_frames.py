"""Rows of clips frame by frame: gaps, times, two hands of a frame, and numbers that cannot be right."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from places import Place, keypoints_of, keypoints_section, make_place

from handloom.errors import DataError
from handloom.keypoint_table import poses_of
from handloom.media.sampling import sampled
from handloom.sources import Gathered, gather
from handloom.sources.frames import resampled

place = pytest.fixture(make_place)


def frame_of(count: int, **columns: Any) -> pd.DataFrame:
    """A clip of so many rows; x of its wrist says which row it is."""
    poses = np.full((count, 3, 21), 0.5, np.float32)
    poses[:, 0, 0] = np.arange(1, count + 1) / 1000
    return pd.DataFrame({"session_id": "s", "label": "a", "keypoints": list(poses), **columns})


def rows_of(gathered: Gathered, clip: int = 0) -> list[int | None]:
    """The row, from 0 on, of each frame of a clip; None: no hand."""
    mine = np.array(keypoints_of(gathered).column("session_id").to_pylist()) == clip
    poses = poses_of(keypoints_of(gathered))[mine]
    assert keypoints_of(gathered).column("frame").to_numpy()[mine].tolist() == list(range(len(poses)))
    return [round(float(pose[0, 0]) * 1000) - 1 if pose.any() else None for pose in poses]


@pytest.mark.parametrize(
    "column", ["frame", "Frame", "frame_id", "frameIndex", "frame_number", "video_frame", "frame_count", "f", "where"]
)
def test_a_missing_number_is_a_frame_without_a_hand(place: Place, column: str) -> None:
    frame = frame_of(4, **{column: [8, 7, 11, 12]}, score=0.5, width=640, chirality="left")
    gathered = place.joints(frame, frame_column="where" if column == "where" else "")
    assert rows_of(gathered) == [1, 0, None, None, 2, 3]
    assert keypoints_of(gathered).column("score").to_pylist() == [0.5, 0.5, 0, 0, 0.5, 0.5]
    assert keypoints_of(gathered).column("chirality").to_pylist() == ["left", "left", "", "", "left", "left"]
    assert keypoints_of(gathered).column("width").to_pylist() == [640] * 6
    assert gathered.notes == ["joints: 2 frames without a row in 1 clips: frames without a hand"]


def test_numbers_of_a_regular_step_are_frame_after_frame_and_told(place: Place) -> None:
    gathered = place.joints(frame_of(5, frame=[0, 2, 4, 8, 10]))
    assert rows_of(gathered) == [0, 1, 2, None, 3, 4]
    assert gathered.notes[0] == (
        "joints: frame numbers go up by 2: taken as frame after frame at 30 frames/s (frame_rate)"
    )


def test_gaps_are_counted_before_frames_are_resampled(place: Place) -> None:
    gathered = place.joints(frame_of(4, frame=[0, 1, 4, 5]), frame_rate=60.0)
    assert rows_of(gathered) == [0, None, 2]


WRONG = {
    "far": ([0, 1, 10**9], "frame numbers go from 1 to 1000000000, more than 10 s"),
    "two rows": (
        [0, 1, 1],
        "two rows of frame 1, and no column tells which hand they are: give each hand, or each take, a session id",
    ),
    "in between": ([0, 1, 1.5, 2.25], "frame numbers that are not 0.5 apart"),
}


@pytest.mark.parametrize(("numbers", "text"), WRONG.values(), ids=WRONG)
def test_a_clip_whose_numbers_cannot_be_right_is_skipped(
    place: Place, numbers: list[float] | list[int], text: str
) -> None:
    frame = pd.concat([frame_of(len(numbers), frame=numbers), frame_of(2, frame=[0, 1]).assign(session_id="good")])
    gathered = place.joints(frame)
    assert keypoints_of(gathered).column("path").unique().to_pylist() == ["joints/good"]
    (skipped,) = gathered.skipped
    assert skipped.reason.startswith("joints session s: ")
    assert text in skipped.reason


def test_a_clip_with_a_step_of_its_own_is_skipped(place: Place) -> None:
    frame = pd.concat([frame_of(6, frame=range(0, 12, 2)), frame_of(3, frame=range(3)).assign(session_id="t")])
    assert "go up by 2, those of other clips by 1" in place.joints(frame).skipped[0].reason


def test_more_frames_than_memory_are_refused(place: Place) -> None:
    count = 3000
    frame = frame_of(count, frame=np.arange(count) * 299 + (np.arange(count) == 5))
    with pytest.raises(DataError, match=r"joints: 3000 rows would make \d{6} frames; the frame numbers"):
        place.joints(frame)


def test_a_row_without_a_number_is_skipped_and_leaves_a_gap(place: Place) -> None:
    gathered = place.joints(frame_of(3, frame=[0, None, 2]))
    assert rows_of(gathered) == [0, None, 2]
    assert "joints row 1: column frame is missing or not a usable number" in gathered.skipped[0].reason


def test_columns_that_number_nothing_are_passed_over_and_told(place: Place) -> None:
    gathered = place.joints(frame_of(3, frame=["x", "y", "z"], time=0))
    assert rows_of(gathered) == [0, 1, 2]
    assert gathered.notes == [
        "joints: its column 'frame' has no numbers and is passed over",
        "joints: its column 'time' has the same value in every row and is passed over",
    ]
    with pytest.raises(DataError, match=r"the column 'frame' numbers no frames; set data\.action\.frame_column"):
        place.joints(frame_of(3, frame=["x", "y", "z"]), frame_column="frame")


UNITS = [
    ("time", 1, {}),
    ("time", 1e3, {}),
    ("timestamp", 1e9, {}),
    ("timestamp_ms", 1e3, {}),
    ("time_us", 1e6, {}),
    ("ts", 1, {}),
    ("ts_ms", 1e3, {}),
    ("t", 1, {}),
    ("seconds", 1, {}),
    ("elapsed_ms", 1e3, {}),
    ("timestamp_ns", 1e9, {}),
    ("t", 1e3, {"time_column": "t", "time_unit": "ms"}),
]


@pytest.mark.parametrize(("column", "factor", "settings"), UNITS)
def test_times_are_resampled(place: Place, column: str, factor: float, settings: dict[str, Any]) -> None:
    """60 frames/s by their times, whatever `frame_rate` says."""
    frame = frame_of(7, **{column: 1.7e3 * factor + np.arange(7) / 60 * factor})
    gathered = place.joints(frame.sample(frac=1, random_state=1), **settings)
    assert rows_of(gathered) == [0, 2, 4, 6]
    assert "joints: times give 60 frames/s; frame_rate (30) is not used" in gathered.notes


@pytest.mark.parametrize(
    "write",
    ["0:{:06.3f}", "2026-11-27T10:00:{:06.3f}", "0:00:{:06.3f}", "{:.3f}s", "{:.3f} sec", "0 days 00:00:{:09.6f}"],
)
def test_times_may_be_written_as_times(place: Place, write: str) -> None:
    frame = frame_of(7, time=[write.format(number / 60) for number in range(7)])
    assert rows_of(place.joints(frame)) == [0, 2, 4, 6]


@given(st.lists(st.integers(1, 60), min_size=1, max_size=30))
def test_times_are_resampled_as_those_of_videos(steps: list[int]) -> None:
    times = np.cumsum([0, *steps]) / 1000
    frame = frame_of(len(times), time_s=times).rename(columns={"time_s": "time"})
    section = keypoints_section(time_unit="s")
    gathered = gather(section, "action", "data.action", frame, 30.0, accept_slow=True)
    if np.allclose(times, np.arange(len(times)) / 30, atol=0.1 / 30):
        return
    assert rows_of(gathered) == [item for _, item in sampled(zip(times.tolist(), range(len(times)), strict=True), 30.0)]


@given(st.lists(st.integers(1, 40), min_size=1, max_size=4), st.sampled_from([(60, 30), (30, 25), (50, 20), (30, 30)]))
def test_even_rows_are_resampled_as_videos_are(counts: list[int], rates: tuple[int, int]) -> None:
    rate, target = rates
    rows, _ = resampled(np.array(counts), rate, target)
    expected, start = [], 0
    for count in counts:
        expected += [start + item for _, item in sampled(((row / rate, row) for row in range(count)), target)]
        start += count
    assert rows.tolist() == expected


def test_slow_times_are_refused_or_repeated(place: Place) -> None:
    frame = frame_of(4, time=np.arange(4) / 15, frame=range(4))
    (skipped,) = place.joints(frame).skipped
    assert (
        "joints session s: 15 frames/s by its times, fewer than extract_keypoints.target_frame_rate" in skipped.reason
    )
    gathered = gather(keypoints_section(), "action", "data.action", frame, 30.0, accept_slow=True)
    assert rows_of(gathered) == [0, 0, 1, 1, 2, 2, 3]
    assert "joints: 1 clips of fewer than 30 frames/s: frames are repeated" in gathered.notes


def test_times_and_numbers_together(place: Place) -> None:
    """A gap in the numbers has no hand, though its frames have a time."""
    frame = frame_of(6, frame=[0, 1, 2, 5, 6, 7], time=np.array([0, 1, 2, 5, 6, 7]) / 60)
    assert rows_of(place.joints(frame)) == [0, 2, None, 4]


TIMES = {
    "unit unknown": (
        [0, 1, 2],
        {},
        "are 1 apart; set data.action.time_unit to s, ms, us or ns, or .*frame_column to it",
    ),
    "time code": (
        [f"00:00:00:{number}" for number in (10, 11, 12)],
        {},
        "joints row 0: '00:00:00:10' in the column 'time' is no time that can be read; write seconds",
    ),
    "American": (["05/01/2026 10:00:00", "05/01/2026 10:00:01", ""], {}, "is no time that can be read"),
    "no times": (
        ["a", "b", "c"],
        {"time_column": "time"},
        "the column 'time' has no times; set data.action.time_column",
    ),
}


@pytest.mark.parametrize(("times", "settings", "text"), TIMES.values(), ids=TIMES)
def test_times_that_are_not_certain_are_refused(
    place: Place, times: list[int] | list[str], settings: dict[str, Any], text: str
) -> None:
    with pytest.raises(DataError, match=text):
        place.joints(frame_of(3, time=times), **settings)


@pytest.mark.parametrize(
    ("times", "text"),
    [
        ([0, 0.03, 100], "times go too far from 0.03 s to 100 s"),
        ([0, 0.03, 0.01], "times go back from 0.03 s to 0.01 s"),
    ],
)
def test_a_clip_whose_times_are_no_clock_is_skipped(place: Place, times: list[float], text: str) -> None:
    gathered = place.joints(frame_of(3, frame=range(3), time=times), time_unit="s")
    assert text in gathered.skipped[0].reason


def two_rows_a_frame() -> pd.DataFrame:
    frame = frame_of(6, frame=[0, 0, 1, 1, 2, 3], handedness=["Right", "Left", "Right", "Left", "Right", "Right"])
    return frame.iloc[[3, 0, 5, 2, 1, 4]]


def test_two_rows_of_a_frame_are_a_clip_each(place: Place) -> None:
    gathered = place.joints(two_rows_a_frame())
    assert rows_of(gathered, 0) == [1, 3]
    assert rows_of(gathered, 1) == [0, 2, 4, 5]
    assert keypoints_of(gathered).column("chirality").to_pylist() == ["left"] * 2 + ["right"] * 4
    assert keypoints_of(gathered).column("group").unique().to_pylist() == ["joints/s"]
    assert any("two hands in a frame in 1 clips: each hand is a clip of its own" in note for note in gathered.notes)


def test_one_hand_of_two_may_be_taken(place: Place) -> None:
    other = frame_of(2, frame=[0, 1], handedness="Right").assign(session_id="t")
    gathered = place.joints(pd.concat([two_rows_a_frame(), other]), hand="left")
    assert rows_of(gathered) == [1, 3, None, None]
    assert "joints: left hands only: 6 rows of other hands left out, and 1 clips without a left hand" in gathered.notes


def test_hands_in_turns_without_frame_numbers_are_skipped(place: Place) -> None:
    (skipped,) = place.joints(frame_of(4, hand=["L", "R", "L", "R"])).skipped
    assert "rows are of a left and a right hand in turns; add a column frame" in skipped.reason
    assert rows_of(place.joints(frame_of(4, hand=["L", "L", "R", "L"]))) == [0, 1, 2, 3]  # one hand, misjudged once


def test_a_row_without_any_number_is_a_frame_without_a_hand(place: Place) -> None:
    cells = ",".join(f"n{number}" for number in range(63))
    rows = [f"s,a,{','.join(['0.5'] * 63)}", f"s,a{',' * 63}", f"s,a,{','.join(['0.25'] * 63)}"]
    gathered = place.joints(place.write("a.csv", "\n".join([f"session_id,label,{cells}", *rows])), feature_column="n*")
    assert gathered.skipped == []
    assert (poses_of(keypoints_of(gathered)) != 0).any(axis=(1, 2)).tolist() == [True, False, True]
    lists = frame_of(2)
    lists["keypoints"] = [lists["keypoints"][0], None]
    assert rows_of(place.joints(lists)) == [0, None]


def test_frames_may_be_called_by_their_files(place: Place) -> None:
    frame = frame_of(3, frame=["clip7/frame_0012.mp4", "clip7/frame_0010.mp4", "clip7/frame_0013.mp4"])
    assert rows_of(place.joints(frame)) == [1, None, 0, 2]


def test_a_column_that_counts_up_with_gaps_is_told(place: Place) -> None:
    gathered = place.joints(frame_of(4, row_number=[3, 4, 9, 10]))
    (note,) = gathered.notes
    assert "its column 'row_number' counts up in each clip, with gaps, and is not used; set data.action.frame_c" in note
    assert place.joints(frame_of(4, row_number=range(4), age=30)).notes == []


def test_a_column_fps_that_contradicts_is_refused(place: Place) -> None:
    with pytest.raises(
        DataError, match=r"its column 'fps' says 60 frames/s, data\.action\.frame_rate 30; set .* to it"
    ):
        place.joints(frame_of(4, fps=60))
    with pytest.raises(DataError, match=r"says 30, 60 frames/s, .*; write a column time, or a table each"):
        place.joints(frame_of(4, fps=[30, 30, 60, 60]))
    assert rows_of(place.joints(frame_of(4, fps=60), frame_rate=60.0)) == [0, 2]
    assert rows_of(place.joints(frame_of(4, fps=30, time=np.arange(4) / 60))) == [0, 2]


def test_rows_of_two_hands_in_turns_are_skipped_though_nothing_says_so(place: Place) -> None:
    frame = frame_of(10)
    frame["keypoints"] = [pose + np.float32(0.3 * (row % 2)) for row, pose in enumerate(frame["keypoints"])]
    (skipped,) = place.joints(frame).skipped
    assert "joints session s: its rows alternate like those of two hands; add a column frame" in skipped.reason
    assert len(rows_of(place.joints(frame.assign(frame=range(10))))) == 10


def test_a_row_of_minus_one_is_a_frame_without_a_hand(place: Place) -> None:
    frame = frame_of(3)
    frame["keypoints"] = [frame["keypoints"][0], np.full((3, 21), -1.0), frame["keypoints"][2]]
    gathered = place.joints(frame)
    assert rows_of(gathered) == [0, None, 2]
    assert gathered.notes == ["joints: 1 rows of nothing but -1: frames without a hand"]
