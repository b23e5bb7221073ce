"""Windows over a stream of ticks are those that evaluation cuts from a whole clip."""

from collections.abc import Iterator

import numpy as np
import pytest
from fake_model import FakeModel
from hypothesis import given, settings
from hypothesis import strategies as st

from handloom.config import Kind
from handloom.dataset.windows import Windows
from handloom.errors import ConfigurationError
from handloom.models.model import ModelSpec
from handloom.prediction.predictor import Predictor
from handloom.prediction.windows import NO_HAND, Tick, predict_ticks, usual_stride


def counting(window: int, kind: Kind = "action") -> Predictor:
    """A model whose first class has the probability that stands in the window's first frame."""

    def ask(windows: np.ndarray) -> np.ndarray:
        return np.stack([windows[:, 0, 0, 0], 1 - windows[:, 0, 0, 0]], axis=1).astype(float)

    return Predictor(FakeModel(ModelSpec(kind, ["a", "b"], window, 30.0), ask))


def ticks_of(hands: list[bool]) -> list[Tick]:
    """Two source frames a tick; the joints hold the tick's number."""
    return [
        Tick(
            np.full((3, 21), (number + 1) / 1000, np.float32) if hand else NO_HAND,
            "",
            range(2 * number, 2 * number + 2),
            number / 30,
        )
        for number, hand in enumerate(hands)
    ]


@settings(max_examples=200, deadline=None)
@given(
    hands=st.lists(st.booleans(), min_size=1, max_size=40),
    window=st.integers(1, 12),
    stride=st.integers(1, 15),
    block=st.integers(1, 40),
)
def test_the_windows_are_those_of_evaluation(hands: list[bool], window: int, stride: int, block: int) -> None:
    ticks = ticks_of(hands)
    blocks = (ticks[first : first + block] for first in range(0, len(ticks), block))
    found = list(predict_ticks(counting(window), blocks, stride))

    frames = np.stack([tick.poses for tick in ticks])
    cut = Windows.over(np.array([0]), np.array([len(ticks)]), window, stride)
    with_hand = [number for number, poses in enumerate(cut.cut(frames)) if poses.any()]
    assert [one.poses.tolist() for one in found] == cut.cut(frames)[with_hand].tolist()
    ranges = [range(2 * cut.first[one], 2 * (cut.first[one] + cut.filled[one])) for one in with_hand]
    assert [one.frame_range for one in found] == ranges
    for one in found:
        assert (one.start, one.end) == pytest.approx((one.frame_range.start / 60, one.frame_range.stop / 60))
        assert dict(one.results)["a"] == pytest.approx(one.poses[0, 0, 0])


def test_predictions_come_while_the_stream_goes_on() -> None:
    def endless() -> Iterator[list[Tick]]:
        while True:
            yield from ([tick] for tick in ticks_of([True] * 100))

    found = predict_ticks(counting(5), endless(), 5)
    assert [next(found).frame_range for _ in range(3)] == [range(0, 10), range(10, 20), range(20, 30)]


def test_a_window_is_of_the_side_of_most_of_its_frames() -> None:
    sides = ["left", "", "right", "left", "right", "right", "", ""]
    ticks = [tick._replace(chirality=side) for tick, side in zip(ticks_of([True] * 8), sides, strict=True)]
    assert [one.chirality for one in predict_ticks(counting(2), [ticks], 2)] == ["left", "", "right", ""]


def test_the_stride_is_a_third_of_the_window_unless_told() -> None:
    assert [usual_stride(counting(window), None) for window in (1, 2, 45)] == [1, 1, 15]
    assert usual_stride(counting(45), 7) == 7
    with pytest.raises(ConfigurationError, match="stride: must be at least 1 frame, got 0"):
        usual_stride(counting(45), 0)
