"""Random examples of HandloomKit's rules and random camera streams, the same ones from the same seed.

Numbers lie where rounding, ties and limits decide: times on and next to the ticks, equal probabilities and those
on thresholds, gaps of just the longest length, clocks that go back.
"""

import random
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any
from unittest.mock import patch

import numpy as np
from fake_model import FakeModel
from gesture_vectors import ANSWERS, MISSING_HAND, SHAPE, answers, found_hand, smoothing_of
from numpy.typing import NDArray

from handloom.config import HAND_CHOICES
from handloom.hand import Poses
from handloom.landmarks.choice import ChosenHand
from handloom.landmarks.looks import Looked
from handloom.models.model import ModelSpec, StreamSettings
from handloom.prediction import recognizer as prediction
from handloom.prediction.predictor import Predictor
from handloom.prediction.recognizer import Recognizer

# Some sort differently by Unicode scalars, by UTF-16 and with accents as letters of their own; none equals another.
LABELS = ("background", "fist", "five", "A", "e\u0301", "z", "\u00e4", "\ufb01", "\U0001f44d", "\u624b")
FRAMES = 20  # of an example, at most


def random_vectors(number: int, seed: int) -> dict[str, list[dict[str, Any]]]:
    """`number` examples of each rule, with what Python's half answers, in the form of `vectors.json`."""
    chance = random.Random(seed)
    drawn = {"frameClock": _clock, "windowQueue": _queue, "smoothing": _smoothing, "recognizer": _recognizer}
    drawn |= {"handChoice": _hand_choice, "handFollower": _hand_follower}
    vectors: dict[str, list[dict[str, Any]]] = {}
    for rule, draw in drawn.items():
        vectors[rule] = [{"name": f"random {index} of {rule}, seed {seed}"} | draw(chance) for index in range(number)]
        for example in vectors[rule]:
            example[ANSWERS[rule]] = answers(rule, example)
    return vectors


def _times(chance: random.Random, frames: int, rate: float, longest_gap: float) -> list[float]:
    """Of a camera that may stutter, jump over a gap, or be set back."""
    camera = rate * chance.choice([0.2, 0.5, 0.8, 1, 1, 1, 1.2, 2, 2.5, 4, 7])
    digits = chance.choice([2, 3, 3, 4, 6, 15])
    jitter = chance.choice([0, 0, 0.01, 0.1, 0.3])
    now, times = chance.choice([0, 1, 12.5, 86_400.125, 1e6 / 3]), []
    for _ in range(frames):
        times.append(round(now, digits))
        now += (1 + chance.uniform(-jitter, jitter)) / camera
        if chance.random() < 0.04:
            now += chance.choice([-5, -0.5, 0, longest_gap, longest_gap, longest_gap * 1.01, longest_gap * 3])
    return times


def _clock(chance: random.Random) -> dict[str, Any]:
    rate, gap = chance.choice([2, 5, 10, 15, 24, 25, 29.97, 30, 50, 60]), chance.choice([0.25, 0.5, 1, 2])
    times = _times(chance, chance.randint(1, FRAMES), rate, gap)
    return {"frameRate": rate, "longestGap": gap, "times": times}


def _queue(chance: random.Random) -> dict[str, Any]:
    window, seen = chance.randint(1, 12), chance.choice([0.2, 0.5, 0.6, 0.9])
    frames = range(1, chance.randint(1, FRAMES) + 1)
    return {
        "window": window,
        "stride": chance.randint(1, 7),
        "missingHand": chance.choice(list(MISSING_HAND)),
        "minimumPresence": chance.choice([0, 0.25, 1 / 3, 0.5, 0.6, 2 / 3, 0.7, 0.8, 1, chance.random()]),
        "hands": [frame if chance.random() < seen else 0 for frame in frames],
    }


def _probabilities(chance: random.Random, classes: int) -> list[float]:
    coarse = chance.random() < 0.6
    parts = [chance.randint(0, 3) if coarse else chance.random() ** 4 for _ in range(classes)]
    return [part / sum(parts) for part in parts] if any(parts) else [1 / classes] * classes


def _inputs(chance: random.Random, labels: list[str]) -> list[dict[str, float] | None]:
    """For each frame the probabilities, mostly near the last ones; None where there is no hand."""
    held: list[float] = _probabilities(chance, len(labels))
    inputs: list[dict[str, float] | None] = []
    for _ in range(chance.randint(1, FRAMES)):
        if chance.random() < 0.35:
            held = _probabilities(chance, len(labels))
        inputs.append(dict(zip(labels, held, strict=True)) if chance.random() < 0.9 else None)
    return inputs


def _average(chance: random.Random) -> dict[str, Any]:
    weight = chance.choice([0.1, 0.25, 0.3, 0.5, 0.9, 1])
    return chance.choice([{}, {"weight": weight}, {"count": chance.randint(1, 7)}])


def _smoothing(chance: random.Random) -> dict[str, Any]:
    labels = chance.sample(LABELS, chance.randint(1, 4))
    return _average(chance) | {"inputs": _inputs(chance, labels)}


def _decision(chance: random.Random) -> dict[str, Any]:
    return {
        "holdTime": chance.choice([0, 0, 0.1, 0.2, 0.5, 1]),
        "cooldown": chance.choice([0, 0, 0.1, 0.5, 2]),
    }


def _threshold(chance: random.Random) -> float:
    return chance.choice([0, 0.2, 0.25, 1 / 3, 0.4, 0.5, 0.5, 0.6, 0.75, 1])


def _recognizer(chance: random.Random) -> dict[str, Any]:
    labels = chance.sample(LABELS, chance.randint(1, 5))
    inputs = _inputs(chance, labels)
    gap = chance.choice([0.5, 1])
    return {
        **_average(chance),
        **_decision(chance),
        "thresholds": {label: _threshold(chance) for label in labels if chance.random() < 0.5},
        "defaultThreshold": _threshold(chance),
        "backgroundLabel": chance.choice([labels[0], "background"]),
        "longestGap": gap,
        "times": _times(chance, len(inputs), 10, gap),
        "inputs": inputs,
    }


def _hands(chance: random.Random) -> list[list[Any]]:
    """Up to three hands, some inside another one, of equal size or at equal height."""
    grid = chance.random() < 0.5
    hands: list[list[Any]] = []
    for _ in range(chance.choice([0, 1, 2, 2, 2, 3])):
        numbers = [chance.uniform(0, 0.7), chance.uniform(0, 0.7), chance.uniform(0.1, 0.4), chance.uniform(0.1, 0.4)]
        if grid:
            numbers = [round(number * 16) / 16 for number in numbers]
        if hands and chance.random() < 0.2:
            x, y, width, height, _ = hands[0]
            numbers = [x + width / 8, y + height / 8, width / 2, height / 2]
        if all(numbers != other[:4] for other in hands):
            hands.append([*numbers, chance.choice(["left", "right", ""])])
    return hands


def _hand_choice(chance: random.Random) -> dict[str, Any]:
    return {"choice": chance.choice(HAND_CHOICES), "hands": _hands(chance)}


def _hand_follower(chance: random.Random) -> dict[str, Any]:
    """Two hands that move slowly, come and go, and change places."""
    now = 0.0
    times, frames = [], []
    held = _hands(chance)
    for _ in range(chance.randint(1, FRAMES)):
        times.append(now)
        now += chance.choice([0.1, 0.1, 0.1, 0.15, 0.2, 0.5, 0.6])
        if chance.random() < 0.15:
            held = _hands(chance)
        for hand in held:
            for number in range(2):
                hand[number] += chance.gauss(0, 0.03)
        seen = [list(hand) for hand in held if chance.random() < 0.8]
        frames.append(chance.sample(seen, len(seen)))
    return {"choice": chance.choice(HAND_CHOICES), "times": times, "hands": frames}


def random_streams(number: int, seed: int) -> list[dict[str, Any]]:
    """Camera streams, in the form that `tests/export/play_streams.swift` reads."""
    chance = random.Random(seed)
    return [_stream(chance) for _ in range(number)]


def _stream(chance: random.Random) -> dict[str, Any]:
    kind = chance.choice(["pose", "action"])
    labels = chance.sample(LABELS, chance.randint(1, 4))
    rate = chance.choice([5, 10, 15, 29.97, 30])
    frames = chance.randint(1, FRAMES)
    seen, left = chance.choice([0.8, 0.95, 1]), chance.choice([0, 0.3, 0.5, 0.9])
    choice, at_once = chance.choice(["", *HAND_CHOICES]), chance.choice([1, 1, 2])
    held = [_hand(chance, left) for _ in range(at_once)]
    shown = []
    for _ in range(frames):
        if chance.random() < 0.2:
            held = [_hand(chance, left) for _ in range(at_once)]
        for hand in held:
            for axis in range(2):
                hand[axis] = abs(hand[axis] + chance.randint(-3, 3) / 64)
        seen_now = [list(hand) for hand in held if chance.random() < seen]
        shown.append(chance.sample(seen_now, len(seen_now)))
    return {
        "kind": kind,
        "window": 1 if kind == "pose" else chance.randint(1, 5),
        "stride": 1 if kind == "pose" else chance.randint(1, 3),
        "missingHand": chance.choice(list(MISSING_HAND)),
        "minimumPresence": chance.choice([0, 0.5, 0.6, 1]) if kind == "action" else 0.6,
        "frameRate": rate,
        "leftHands": chance.choice(["mirrored", "as_they_are"]),
        "backgroundLabel": chance.choice([labels[0], "background"]),
        "thresholds": {label: _threshold(chance) for label in labels if chance.random() < 0.8},
        **_average(chance),
        **_decision(chance),
        "times": _times(chance, frames, rate, 1),
        "hand": choice,
        "settings": _settings(chance, labels),
        "given": chance.random() < 0.5,
        "shape": SHAPE.tolist(),
        "hands": shown,
        "labels": labels,
        "answers": [_probabilities(chance, len(labels)) for _ in range(chance.choice([1, 2, 3, 5]))],
    }


def _settings(chance: random.Random, labels: list[str]) -> dict[str, Any] | None:
    """What the model's file says of streams; mostly something."""
    if chance.random() < 0.3:
        return None
    settings = StreamSettings(
        _threshold(chance),
        chance.choice([0.0, 0.1, 0.5]),
        chance.choice([0.0, 0.1, 0.5]),
        chance.randint(1, 3),
        chance.randint(1, 3),
        {label: _threshold(chance) for label in labels if chance.random() < 0.5},
        1.0,
    )
    return asdict(settings)


def _hand(chance: random.Random, left: float) -> list[Any]:
    """A hand as `found_hand` takes it, in multiples that float32 holds."""
    width, height = (chance.choice([8, 12, 16]) / 64 for _ in range(2))
    corner = [chance.randint(8, 40) / 64 for _ in range(2)]
    return [*corner, width, height, "left" if chance.random() < left else "right"]


class _Reader:
    """In place of the hand reader: finds in the picture of a frame the hands that the stream has for it."""

    def __init__(self, stream: dict[str, Any]) -> None:
        self._stream = stream

    def follow(self) -> "_Reader":
        self._chosen = ChosenHand(self._stream["hand"] or "followed")
        return self

    def find(self, picture: np.ndarray, time: float) -> Looked:
        hands = [found_hand(*one) for one in self._stream["hands"][int(picture[0, 0, 0])]]
        return Looked(self._chosen.next(hands, time) if self._stream["hand"] else next(iter(hands), None))

    def close(self) -> None:
        """There is nothing to free."""


def ask_of(stream: dict[str, Any]) -> Callable[[Poses], NDArray[np.float64]]:
    """The model of a stream: each window has an answer of its own, by the places of its hands."""
    said = np.array(stream["answers"])
    later_counts_more = np.arange(1, stream["window"] + 1)
    return lambda windows: said[(windows[:, :, 0, 0] * 64).astype(int) @ later_counts_more % len(said)]


def stream_events(stream: dict[str, Any]) -> list[list[str]]:
    """What handloom's own recogniser says of each frame."""
    spec = ModelSpec(
        *(stream[name] for name in ("kind", "labels", "window", "frameRate", "backgroundLabel", "leftHands"))
    )
    settings = stream["settings"]
    spec = replace(spec, stream=StreamSettings(**settings) if settings else None)
    predictor = Predictor(FakeModel(spec, ask_of(stream), stream["thresholds"]))
    given = stream["given"]
    recognizer = Recognizer(
        predictor,
        smoothing=smoothing_of(stream) if given else "model",
        hold_time=stream["holdTime"] if given else None,
        cooldown=stream["cooldown"] if given else None,
        stride=stream["stride"] if given or spec.kind == "pose" else None,
        minimum_presence=stream["minimumPresence"],
        missing_hand=MISSING_HAND[stream["missingHand"]],
    )
    events = []
    for number, time in enumerate(stream["times"]):
        picture = np.full((1, 1, 3), number, np.uint8)
        with patch.object(prediction, "HandReader", lambda *_: _Reader(stream)):
            said_now = recognizer.add_frame(picture, time)
        events.append([f"{event.kind} {event.label}" for event in said_now])
    return events
