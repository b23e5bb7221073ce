"""Live: gestures begin and end, in any stream."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fake_model import FakeModel
from PIL import Image

from handloom.config import ExtractKeypoints, Kind
from handloom.errors import ConfigurationError
from handloom.models.model import ModelSpec
from handloom.prediction.decision import Event
from handloom.prediction.predictor import Predictor
from handloom.prediction.recognizer import Recognizer
from handloom.prediction.smoothing import Exponential, Mean

SETTINGS = ExtractKeypoints(workers=1)


def sided(kind: Kind = "pose", window: int = 1, **changes: Any) -> Predictor:
    """A model that is sure, by where the middle of the hand is: to the left "a", to the right "b"."""

    def ask(windows: np.ndarray) -> np.ndarray:
        right = windows[:, :, 0].mean(axis=(1, 2)).astype(float)
        return np.stack([0 * right, 1 - right, right], axis=1)

    values: dict[str, Any] = {"background_label": "none", "frame_rate": 30.0} | changes
    thresholds = values.pop("thresholds", {})
    return Predictor(FakeModel(ModelSpec(kind, ["none", "a", "b"], window, **values), ask, thresholds))


def joints(x: float) -> np.ndarray:
    poses = np.full((1, 3, 21), x, np.float32)
    poses[:, 2] = 1
    return poses


def run(recognizer: Recognizer, places: Sequence[float | None], rate: float = 30.0, start: float = 0.0) -> list[str]:
    said = []
    for number, place in enumerate(places):
        poses = None if place is None else joints(place)
        said += [
            f"{number} {event.kind} {event.label}" for event in recognizer.add_joints(poses, start + number / rate)
        ]
    return said


def test_a_gesture_begins_and_ends() -> None:
    recognizer = Recognizer(sided())
    assert run(recognizer, [None, 0.1, 0.1, 0.9, 0.5, None]) == ["1 began a", "3 ended a", "3 began b", "4 ended b"]
    assert (recognizer.prediction, recognizer.results, recognizer.active) == (None, [], None)
    event = Recognizer(sided()).add_joints(joints(0.125), 7.0)
    assert event == [Event("began", "a", 0.875, 7.0)]


def test_the_answer_and_the_smoothed_answer() -> None:
    recognizer = Recognizer(sided(), smoothing=Mean(2), threshold=0.7)
    assert run(recognizer, [1.0, 0.0, 0.0]) == ["0 began b", "1 ended b", "2 began a"]
    recognizer = Recognizer(sided(), smoothing=Exponential(0.25))
    run(recognizer, [1.0, 0.0])
    assert recognizer.prediction is not None and recognizer.prediction.label == "a"
    assert recognizer.results == [("b", 0.75), ("a", 0.25), ("none", 0.0)]
    np.testing.assert_array_equal(recognizer.poses, joints(0.0))


@pytest.mark.parametrize(("threshold", "begins"), [(None, ["1 began a"]), (0.9, []), (0.6, ["0 began a"])])
def test_thresholds_are_the_models_unless_told(threshold: float | None, begins: list[str]) -> None:
    assert run(Recognizer(sided(thresholds={"a": 0.7}), threshold=threshold), [0.35, 0.25]) == begins


def test_hold_time_and_cooldown() -> None:
    held = Recognizer(sided(), hold_time=0.1, cooldown=0.2)
    assert run(held, [0.1] * 5 + [None] + [0.1] * 9) == ["3 began a", "5 ended a", "11 began a"]


def test_an_action_is_asked_at_its_own_rate_whatever_the_cameras() -> None:
    places = [0.1] * 60 + [0.9] * 60
    said = {}
    for rate in (15, 30, 60):
        recognizer = Recognizer(sided("action", window=10), stride=5, threshold=0.75)
        frames = [places[round(number * 60 / rate)] for number in range(120 * rate // 60)]
        events = run(recognizer, frames, rate)
        said[rate] = [text.partition(" ")[2] for text in events]
        times = [int(text.split()[0]) / rate for text in events]
        assert times == pytest.approx([0.3, 1.1, 1.3], abs=0.1)
    assert said[15] == said[30] == said[60] == ["began a", "ended a", "began b"]


def test_of_a_slow_cameras_frame_the_newest_tick_counts() -> None:
    recognizer = Recognizer(sided("action", window=2), stride=1)
    run(recognizer, [0.125, 0.875], rate=10)  # the first frame gets three ticks
    assert recognizer.prediction is not None and recognizer.prediction.poses[:, 0, 0].tolist() == [0.125, 0.875]
    assert recognizer.prediction.frame_range == range(0, 2)


def test_too_few_hands_are_no_answer() -> None:
    places = [0.1, 0.1, None, None, None] * 2
    assert run(Recognizer(sided("action", window=5), stride=1, threshold=0.1), places) == []
    assert run(Recognizer(sided("action", window=5), stride=1, threshold=0.1, minimum_presence=0.4), places) == [
        "4 began a"
    ]


@pytest.mark.parametrize("kind", ["pose", "action"])
@pytest.mark.parametrize("again", [0.0, 9.0])
def test_a_gap_and_a_clock_set_back_reset_the_stream(kind: Kind, again: float) -> None:
    recognizer = Recognizer(sided(kind, window=1 if kind == "pose" else 3), stride=1, cooldown=0.5)
    assert run(recognizer, [0.1] * 10, start=5.0)[0].endswith("began a")
    events = [event for number in range(40) for event in recognizer.add_joints(joints(0.1), again + number / 30)]
    assert [(event.kind, event.label) for event in events] == [("ended", "a"), ("began", "a")]
    assert events[0].time == again
    assert events[0].start is not None and events[0].end is not None  # it lies before the break, about 5 to 5.3
    assert 4.9 < events[0].start < events[0].end < 5.4
    cooled = 0.5 if again == 9.0 else 0.0  # a clock that was set back cannot tell how long ago the end was
    full = 0.0 if kind == "pose" else 2 / 30
    assert events[1].time - again == pytest.approx(max(cooled, full), abs=0.04)


def test_left_hands_are_mirrored_where_the_model_wants_it() -> None:
    recognizer = Recognizer(sided(left_hands="mirrored"))
    assert [one.label for one in recognizer.add_joints(joints(0.1), 0.0, "left")] == ["b"]
    assert recognizer.prediction is not None and recognizer.prediction.chirality == "left"
    assert recognizer.prediction.poses[0, 0, 0] == np.float32(0.1)
    assert [one.label for one in recognizer.add_joints(joints(0.1), 0.1, "right")] == ["b", "a"]


def test_what_is_active_ends_with_the_stream_and_a_new_one_can_begin() -> None:
    recognizer = Recognizer(sided())
    run(recognizer, [0.1, 0.1])
    (event,) = recognizer.close()
    assert (event.kind, event.label) == ("ended", "a") and event.time == pytest.approx(1 / 30)
    assert recognizer.close() == []
    assert run(recognizer, [0.1]) == ["0 began a"]


def test_gestures_in_pictures(drawn: Path) -> None:
    with Image.open(min((drawn / "photos/five").glob("*.jpg"))) as photo:
        hand = np.asarray(photo.convert("RGB"))
    side = hand.shape[1] // 2
    ground = np.full_like(hand, hand[2, 2])
    left, right = (np.hstack([hand, ground[:, :side]]), np.hstack([ground[:, :side], hand]))
    nothing = np.full_like(left, 90)
    buffer = np.empty_like(left)  # one memory for all frames, as some cameras give them
    said = []
    predictor = sided("action", window=4)
    with Recognizer(predictor, stride=1, threshold=0.5, minimum_presence=1.0, settings=SETTINGS) as recognizer:
        frames = [nothing] * 5 + [left] * 12 + [nothing] * 12 + [right] * 12
        for number, frame in enumerate(frames):
            buffer[:] = frame
            said += [(event.kind, event.label, number) for event in recognizer.add_frame(buffer, 3 + number / 50)]
            buffer[:] = 0
        assert recognizer.active == "b" and recognizer.poses.shape == (1, 3, 21)
    assert [event[:2] for event in said] == [("began", "a"), ("ended", "a"), ("began", "b")]
    first, second, third = (number for *_, number in said)
    assert 5 < first < 17 < second < 29 < third


def test_what_is_no_frame_and_no_joints_is_a_mistake_of_the_program() -> None:
    recognizer = Recognizer(sided())
    with pytest.raises(ValueError, match=r"rgb: expected uint8 \[height, width, 3\], got float64 \[4, 4, 3\]"):
        recognizer.add_frame(np.zeros((4, 4, 3)), 0.0)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"poses: expected shape \[1, 3, 21\], got \[2, 3, 21\]"):
        recognizer.add_joints(np.zeros((2, 3, 21), np.float32), 0.0)
    with pytest.raises(ValueError, match="chirality: expected 'left', 'right' or '', got 'Left'"):
        recognizer.add_joints(np.zeros((1, 3, 21), np.float32), 0.0, "Left")
    with pytest.raises(
        ConfigurationError, match=r"rgb: ndarray expected \(got None, .*pass uint8 \[height, width, 3\]"
    ):
        recognizer.add_frame(None, 0.0)  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match=r"poses: ndarray expected .*pass float32 \[1, 3, 21\], or None"):
        recognizer.add_joints([[0.0]], 0.0)  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match=r"time: Real expected \(got None, .*pass seconds"):
        recognizer.add_joints(None, None)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="time: expected a finite number of seconds, got nan"):
        recognizer.add_joints(None, float("nan"))


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"hold_time": -1.0}, "hold_time: must be 0 seconds or more, got -1"),
        ({"cooldown": float("nan")}, "cooldown: must be 0 seconds or more, got nan"),
        ({"threshold": 80.0}, "threshold: must be from 0 to 1, got 80"),
        ({"stride": 0}, "stride: must be at least 1 frame, got 0"),
    ],
)
def test_values_out_of_range_are_one_line(wrong: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigurationError, match=says):
        Recognizer(sided(), **wrong)
    with pytest.raises(ConfigurationError, match="smoothing: the weight must be above 0 and at most 1, got 0"):
        Exponential(0.0)
    with pytest.raises(ConfigurationError, match="smoothing: the count must be at least 1, got 0"):
        Mean(0)
