"""HandloomKit's rules (its RULES.md): what `handloom.prediction` does passes the examples that the Swift tests read."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from handloom.export import swift_package
from handloom.media.sampling import sampled
from handloom.prediction.decision import DecisionSettings, GestureDecision
from handloom.prediction.frame_clock import Arrival, FrameClock
from handloom.prediction.smoothing import Exponential, Mean, Probabilities, Smoother, Smoothing
from handloom.prediction.window_queue import MissingHand, NoWindow, WindowQueue

VECTORS: dict[str, list[dict[str, Any]]] = json.loads(
    (Path(swift_package.__file__).parent / "swift/HandloomKit/Tests/HandloomKitTests/vectors.json").read_text("utf-8")
)
MISSING_HAND: dict[str, MissingHand] = {"appendZeros": "append_zeros", "skip": "skip"}


def examples(rule: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("example", VECTORS[rule], ids=lambda example: example["name"])


def arrivals(times: Sequence[float], frame_rate: float, longest_gap: float) -> list[Arrival]:
    clock = FrameClock(frame_rate, longest_gap)
    return [clock.arrive(time) for time in times]


@examples("frameClock")
def test_frame_clock_vectors(example: dict[str, Any]) -> None:
    said = arrivals(example["times"], example["frameRate"], example["longestGap"])
    assert [arrival_words(*arrival) for arrival in said] == example["arrivals"]


def arrival_words(restarted: bool, previous: int, taken: bool) -> str:
    return " ".join(["restarted"] * restarted + [f"{previous} previous"] * (previous > 0) + ["taken"] * taken)


# Up to five times the model's rate, or two frames lie within the tolerance of a tick.
@pytest.mark.parametrize("camera", [7.0, 15.0, 24.0, 29.97, 30.0, 50.0, 60.0, 120.0])
@pytest.mark.parametrize("rate", [24.0, 30.0])
def test_the_frame_clock_takes_the_frames_that_training_takes(camera: float, rate: float) -> None:
    times = [3 + round(index / camera, 3) for index in range(100)]
    expected = [frame for _, frame in sampled(zip(times, range(100), strict=True), rate)]
    assert list(taken_frames(times, rate)) == expected


def taken_frames(times: Sequence[float], rate: float) -> Iterator[int]:
    for frame, (_, previous, taken) in enumerate(arrivals(times, rate, longest_gap=1)):
        yield from [frame - 1] * previous + [frame] * taken


@examples("windowQueue")
def test_window_queue_vectors(example: dict[str, Any]) -> None:
    missing = MISSING_HAND[example["missingHand"]]
    queue = WindowQueue[int](example["window"], example["stride"], missing, example["requiredShare"])
    steps = [queue.append(hand, hand=hand > 0) for hand in example["hands"]]
    words = [step.value if isinstance(step, NoWindow) else " ".join(map(str, step)) for step in steps]
    assert words == example["steps"]


def smoothing_of(example: dict[str, Any]) -> Smoothing:
    if "weight" in example:
        return Exponential(example["weight"])
    return Mean(example["count"]) if "count" in example else None


def averages(example: dict[str, Any]) -> Iterator[Probabilities | None]:
    smoother = Smoother(smoothing_of(example))
    for probabilities in example["inputs"]:
        if probabilities is None:
            smoother.forget()
        yield None if probabilities is None else smoother.add(probabilities)


@examples("smoothing")
def test_smoothing_vectors(example: dict[str, Any]) -> None:
    assert list(averages(example)) == example["outputs"]


@examples("recognizer")
def test_recognizer_vectors(example: dict[str, Any]) -> None:
    decision = GestureDecision(
        DecisionSettings(
            example["thresholds"],
            example["defaultThreshold"],
            example["holdTime"],
            example["cooldown"],
            example["backgroundLabel"],
        )
    )
    said = [decision.update(*one) for one in zip(averages(example), example["times"], strict=True)]
    assert [[f"{event.kind} {event.label}" for event in events] for events in said] == example["events"]
