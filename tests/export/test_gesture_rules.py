"""The rules of HandloomKit (its RULES.md), stated in Python, on the examples that the Swift tests read too."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from handloom.export import swift_package
from handloom.media.sampling import sampled

VECTORS: dict[str, list[dict[str, Any]]] = json.loads(
    (Path(swift_package.__file__).parent / "swift/HandloomKit/Tests/HandloomKitTests/vectors.json").read_text("utf-8")
)

Probabilities = Mapping[str, float]


def arrivals(times: Sequence[float], frame_rate: float, longest_gap: float) -> Iterator[tuple[bool, int, bool]]:
    """For each frame: whether it starts anew, how many ticks the one before gets, whether it gets the next."""
    tolerance = 0.1 / frame_rate
    start = latest = None
    tick = 0
    for time in times:
        if start is None or latest is None or not 0 <= time - latest <= longest_gap:
            yield start is not None, 0, True
            start, latest, tick = time, time, 1
            continue
        latest, since, previous = time, time - start, 0
        while tick / frame_rate + tolerance < since:
            previous, tick = previous + 1, tick + 1
        taken = tick / frame_rate <= since + tolerance
        tick += taken
        yield False, previous, taken


def steps(
    hands: Sequence[int], window: int, stride: int, missing_hand: str, required_share: float
) -> Iterator[str | list[int]]:
    """For each tick: what to do, or the frames to predict on; 0 is no hand."""
    frames: list[int] = []
    for index in range(len(hands)):
        noted = hands[max(0, index + 1 - window) : index + 1]
        if hands[index] or missing_hand == "appendZeros":
            frames = [*frames, hands[index]][-window:]
        if missing_hand == "skip" and not any(noted):
            frames = []
        since_full = index + 1 - window
        if since_full < 0 or since_full % stride:
            yield "wait"
        elif len(frames) < window or sum(hand > 0 for hand in noted) / window < required_share:
            yield "tooFewHands"
        else:
            yield frames


def smoothed(
    inputs: Sequence[Probabilities | None], weight: float | None, count: int | None
) -> Iterator[Probabilities | None]:
    """The averages, exponential with `weight` or over the last `count`; None, no hand, forgets."""
    recent: list[Probabilities] = []
    for probabilities in inputs:
        if probabilities is None:
            recent = []
            yield None
            continue
        if weight is not None and recent:
            probabilities = {
                label: weight * new + (1 - weight) * recent[-1][label] for label, new in probabilities.items()
            }
        recent = [*recent, probabilities][-(count or 1) :]
        yield {label: sum(one[label] for one in recent) / len(recent) for label in probabilities}


def events(
    inputs: Sequence[Probabilities | None], times: Sequence[float], settings: Mapping[str, Any]
) -> Iterator[list[str]]:
    """For each smoothed input: the gestures that end and begin."""
    active: str | None = None
    candidate: str | None = None
    candidate_since, last_end = 0.0, float("-inf")
    for probabilities, time in zip(inputs, times, strict=True):
        happened = []
        believed = None if probabilities is None else _believed(probabilities, settings)
        if believed != candidate:
            candidate, candidate_since = believed, time
        if active is not None and active != believed:
            happened.append(f"ended {active}")
            active, last_end = None, time
        held = time - candidate_since + 1e-6 >= settings["holdTime"]
        cooled = time - last_end + 1e-6 >= settings["cooldown"]
        if believed is not None and active is None and held and cooled:
            happened.append(f"began {believed}")
            active = believed
        yield happened


def _believed(probabilities: Probabilities, settings: Mapping[str, Any]) -> str | None:
    label, probability = min(probabilities.items(), key=lambda item: (-item[1], item[0]))
    reached = probability >= settings["thresholds"].get(label, settings["defaultThreshold"])
    return label if reached and label != settings["backgroundLabel"] else None


def examples(rule: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("example", VECTORS[rule], ids=lambda example: example["name"])


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
    said = steps(
        example["hands"], example["window"], example["stride"], example["missingHand"], example["requiredShare"]
    )
    assert [step if isinstance(step, str) else " ".join(map(str, step)) for step in said] == example["steps"]


@examples("smoothing")
def test_smoothing_vectors(example: dict[str, Any]) -> None:
    said = smoothed(example["inputs"], example.get("weight"), example.get("count"))
    assert list(said) == example["outputs"]


@examples("recognizer")
def test_recognizer_vectors(example: dict[str, Any]) -> None:
    averages = smoothed(example["inputs"], example.get("weight"), example.get("count"))
    assert list(events(list(averages), example["times"], example)) == example["events"]
