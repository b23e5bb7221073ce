"""HandloomKit's rules (its RULES.md): what `handloom.prediction` does passes the examples that the Swift tests read."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from gesture_vectors import ANSWERS, answers, joints

from handloom.dataset.left_hands import mirror_left_hands, votes
from handloom.export import swift_kit
from handloom.media.sampling import sampled
from handloom.prediction.frame_clock import FrameClock

VECTORS: dict[str, list[dict[str, Any]]] = json.loads(
    (Path(swift_kit.__file__).parent / "swift/HandloomKit/Tests/HandloomKitTests/vectors.json").read_text("utf-8")
)


@pytest.mark.parametrize(
    ("rule", "example"),
    [pytest.param(rule, example, id=example["name"]) for rule in ANSWERS for example in VECTORS[rule]],
)
def test_vectors(rule: str, example: dict[str, Any]) -> None:
    assert answers(rule, example) == example[ANSWERS[rule]]


@pytest.mark.parametrize("example", VECTORS["leftHands"], ids=lambda example: example["name"])
def test_left_hands_vectors(example: dict[str, Any]) -> None:
    window = np.concatenate([joints(0.25)] * len(example["sides"]))
    mirror_left_hands(window, np.array([0]), np.array([len(window)]), votes(pa.array(example["sides"])))
    assert (window[:, 0] == (0.75 if example["mirrored"] else 0.25)).all()


# Up to five times the model's rate, or two frames lie within the tolerance of a tick.
@pytest.mark.parametrize("camera", [7.0, 15.0, 24.0, 29.97, 30.0, 50.0, 60.0, 120.0])
@pytest.mark.parametrize("rate", [24.0, 30.0])
def test_the_frame_clock_takes_the_frames_that_training_takes(camera: float, rate: float) -> None:
    times = [3 + round(index / camera, 3) for index in range(100)]
    expected = [frame for _, frame in sampled(zip(times, range(100), strict=True), rate)]
    assert list(taken_frames(times, rate)) == expected


def taken_frames(times: Sequence[float], rate: float) -> Iterator[int]:
    clock = FrameClock(rate, longest_gap=1)
    for frame, (_, previous, taken) in enumerate(map(clock.arrive, times)):
        yield from [frame - 1] * previous + [frame] * taken
