"""What Python's half of HandloomKit's rules answers to an example of `vectors.json`, in the words of that file."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from fake_model import FakeModel

from handloom.hand import Poses
from handloom.landmarks.choice import ChosenHand, choose
from handloom.landmarks.landmarker import FoundHand
from handloom.models.model import ModelSpec
from handloom.prediction.frame_clock import Arrival, FrameClock
from handloom.prediction.predictor import Predictor
from handloom.prediction.recognizer import Recognizer
from handloom.prediction.smoothing import Exponential, Mean, Probabilities, Smoother, Smoothing
from handloom.prediction.window_queue import MissingHand, NoWindow, WindowQueue

MISSING_HAND: dict[str, MissingHand] = {"appendZeros": "append_zeros", "skip": "skip"}
# The key of what an example of each rule has to give.
ANSWERS = {
    "frameClock": "arrivals",
    "windowQueue": "steps",
    "smoothing": "outputs",
    "recognizer": "events",
    "handChoice": "chosen",
    "handFollower": "chosen",
}
# The joints of a hand whose box is 16 wide and high, y up; also in `Vectors.swift`.
_X = (8, 4, 2, 1, 0, 5, 5, 4, 4, 8, 8, 8, 8, 10, 11, 11, 12, 12, 14, 15, 16)
_Y = (0, 2, 4, 6, 7, 8, 11, 13, 14, 9, 12, 14, 16, 8, 11, 13, 15, 7, 8, 9, 2)
SHAPE = np.stack([_X, _Y], axis=1)


def answers(rule: str, example: dict[str, Any]) -> Any:
    """What the rule gives for the example, whatever the example says that it has to give."""
    if rule == "handChoice":
        hands = [found_hand(*one) for one in example["hands"]]
        return place(choose(hands, example["choice"]), hands)
    by_rule = {
        "frameClock": _arrivals,
        "windowQueue": _steps,
        "smoothing": _averages,
        "recognizer": _events,
        "handFollower": _followed,
    }
    return list(by_rule[rule](example))


def found_hand(x: float, y: float, width: float, height: float, side: str) -> FoundHand:
    """A hand of `SHAPE`: its lower left corner and its size, as shares of the picture, y up."""
    points = (np.array([x, y]) + np.array([width, height]) * SHAPE / 16).astype(np.float32).astype(float)
    return FoundHand(np.stack([points[:, 0], 1 - points[:, 1]], axis=1), 1.0, side)


def place(hand: FoundHand | None, hands: Sequence[FoundHand]) -> int:
    """Where the hand is among those, -1 without one."""
    return next((number for number, one in enumerate(hands) if one is hand), -1)


def _followed(example: dict[str, Any]) -> Iterator[int]:
    chosen = ChosenHand(example["choice"])
    for found, time in zip(example["hands"], example["times"], strict=True):
        hands = [found_hand(*one) for one in found]
        yield place(chosen.next(hands, time), hands)


def _arrivals(example: dict[str, Any]) -> Iterator[str]:
    clock = FrameClock(example["frameRate"], example["longestGap"])
    for time in example["times"]:
        yield _arrival_words(clock.arrive(time))


def _arrival_words(said: Arrival) -> str:
    previous = [f"{said.previous_ticks} previous"] * (said.previous_ticks > 0)
    return " ".join(["restarted"] * said.restarted + previous + ["taken"] * said.taken)


def _steps(example: dict[str, Any]) -> Iterator[str]:
    missing = MISSING_HAND[example["missingHand"]]
    queue = WindowQueue[int](example["window"], example["stride"], missing, example["minimumPresence"])
    for hand in example["hands"]:
        step = queue.append(hand, hand=hand > 0)
        yield step.value if isinstance(step, NoWindow) else " ".join(map(str, step))


def smoothing_of(example: dict[str, Any]) -> Smoothing:
    if "weight" in example:
        return Exponential(example["weight"])
    return Mean(example["count"]) if "count" in example else None


def _averages(example: dict[str, Any]) -> Iterator[Probabilities | None]:
    smoother = Smoother(smoothing_of(example))
    for probabilities in example["inputs"]:
        if probabilities is None:
            smoother.forget()
        yield None if probabilities is None else smoother.add(probabilities)


def joints(x: float) -> Poses:
    """``[1, 3, 21]``, a hand that was seen, all of it at the same x."""
    poses = np.ones((1, 3, 21), np.float32)
    poses[:, 0] = x
    return poses


def _events(example: dict[str, Any]) -> Iterator[list[str]]:
    """By a pose model that answers each frame with the probabilities that the example has for it."""
    inputs, default = example["inputs"], example["defaultThreshold"]
    labels = sorted({label for probabilities in inputs for label in probabilities or {}}) or ["none"]

    def ask(windows: np.ndarray) -> np.ndarray:
        said = [inputs[int(window[0, 0, 0])] for window in windows]
        return np.array([[probabilities.get(label, 0) for label in labels] for probabilities in said], float)

    thresholds = {label: example["thresholds"].get(label, default) for label in labels}
    predictor = Predictor(FakeModel(ModelSpec("pose", labels, 1, 30.0, example["backgroundLabel"]), ask, thresholds))
    recognizer = Recognizer(
        predictor,
        smoothing=smoothing_of(example),
        hold_time=example["holdTime"],
        cooldown=example["cooldown"],
        longest_gap=example.get("longestGap", 1.0),
    )
    for index, (probabilities, time) in enumerate(zip(inputs, example["times"], strict=True)):
        events = recognizer.add_joints(None if probabilities is None else joints(index), time)
        yield [f"{event.kind} {event.label}" for event in events]
