"""When a gesture counts in a stream: the settings are chosen on streams with annotated gestures.

The model is asked once for each stream; every candidate is then replayed on its answers by `GestureDecision`, the rule
that `Recognizer` and HandloomKit follow.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from handloom.evaluation.events import Events, Interval, match_events
from handloom.hand import Poses, present
from handloom.prediction.decision import DecisionSettings, GestureDecision
from handloom.prediction.predictor import Predictor
from handloom.prediction.smoothing import Probabilities
from handloom.prediction.window_queue import NoWindow, WindowQueue

THRESHOLDS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.975, 0.99)
HOLD_TIMES = (0.0, 0.1, 0.2, 0.3, 0.45, 0.6)  # seconds
COOLDOWNS = (0.0, 0.3, 0.6, 1.0)  # seconds


@dataclass(frozen=True)
class Stream:
    """A continuous recording and the gestures in it.

    Attributes:
        poses: float32 ``[T, 3, 21]`` at the model's rate, zeros without a hand.
        made: the gestures, seconds from the first frame; the class of no gesture is not among them.
    """

    poses: Poses
    made: tuple[Interval, ...]


@dataclass(frozen=True)
class Asked:
    """A model's answers for a stream.

    Attributes:
        answers: time in seconds and probabilities of each window, None where there are too few hands.
        made: as of the stream.
        seconds: length of the stream.
    """

    answers: tuple[tuple[float, Probabilities | None], ...]
    made: tuple[Interval, ...]
    seconds: float


def ask(predictor: Predictor, stream: Stream, stride: int) -> Asked:
    """Ask a model for every window of a stream, `stride` frames apart, as `Recognizer` does."""
    queue: WindowQueue[int] = WindowQueue(predictor.window, stride)
    steps: list[tuple[int, list[int] | NoWindow]] = []
    for frame, hand in enumerate(present(stream.poses).tolist()):
        step = queue.append(frame, hand=hand)
        if step is not NoWindow.WAIT:
            steps.append((frame, step))
    rows = [step for _, step in steps if not isinstance(step, NoWindow)]
    windows = stream.poses[np.array(rows, np.int64).reshape(-1, predictor.window)]
    said = iter(predictor.probabilities(windows).tolist())
    return Asked(
        tuple(
            (
                frame / predictor.frame_rate,
                None if isinstance(step, NoWindow) else dict(zip(predictor.classes, next(said), strict=True)),
            )
            for frame, step in steps
        ),
        stream.made,
        len(stream.poses) / predictor.frame_rate,
    )


def replay(asked: Asked, settings: DecisionSettings) -> list[Interval]:
    """The gestures that are reported with these settings, each from its beginning to its end."""
    decision, began, reported = GestureDecision(settings), 0.0, []
    for time, probabilities in asked.answers:
        for event in decision.update(probabilities, time):
            if event.kind == "began":
                began = event.time
            else:
                reported.append(Interval(event.label, began, event.time))
    if decision.active is not None:
        reported.append(Interval(decision.active, began, max(began, asked.seconds)))
    return reported


def events_of(asked: Sequence[Asked], settings: DecisionSettings) -> Events:
    """What comes of streams with these settings."""
    events = Events(0.0)
    for one in asked:
        events += match_events(one.made, replay(one, settings), one.seconds)
    return events


def choose_settings(asked: Sequence[Asked], background_label: str, false_per_hour: float) -> DecisionSettings:
    """One threshold for all gestures, hold time and cooldown: those that find most with at most so many false answers.

    Where several find as many, those with fewer false answers are taken, then those that answer earlier, then the
    higher threshold. Where none keeps the limit, those with the fewest false answers.

    Args:
        asked: validation streams; never those of the test set.
        background_label: the class of no gesture.
        false_per_hour: false and doubled answers an hour, at most.
    """
    base = DecisionSettings(background_label=background_label)
    ranked = []
    for threshold, hold_time, cooldown in product(THRESHOLDS, HOLD_TIMES, COOLDOWNS):
        settings = replace(base, default_threshold=threshold, hold_time=hold_time, cooldown=cooldown)
        events = events_of(asked, settings)
        over = max(0.0, events.false_per_hour - false_per_hour)
        delay = events.metrics().get("delay_from_end", float("inf"))
        order = (over, -len(events.found), events.false_per_hour, delay, -threshold, hold_time, cooldown)
        ranked.append((order, settings))
    return min(ranked, key=lambda one: one[0])[1]
