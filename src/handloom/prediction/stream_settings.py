"""When a gesture counts in a stream: the settings are chosen on streams with annotated gestures.

The model is asked once for each stream; every candidate is then replayed on its answers by `GestureDecision`, the rule
that `Recognizer` and HandloomKit follow.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from handloom.config import LONGEST_TIME
from handloom.evaluation.events import Events, Interval, LocatedAnswer, match_events
from handloom.hand import Poses, present
from handloom.models.model import GestureTimes, StreamSettings
from handloom.prediction.decision import DecisionSettings, GestureDecision, usual_decision
from handloom.prediction.ready_model import ReadyModel
from handloom.prediction.smoothing import Mean, Probabilities, Smoother
from handloom.prediction.window_queue import NoWindow, WindowQueue

THRESHOLDS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.975, 0.99)
HOLD_TIMES = (0.0, 0.1, 0.2, 0.3, 0.6, 0.9, 1.2)  # seconds
COOLDOWNS = (0.0, 0.3, 0.6, 1.0)  # seconds
MEANS = (1, 2, 3, 5)  # predictions that are averaged
SURE = 0.9  # with so much confidence the rate of false answers is below the limit
FEWEST_MEASURED = 5  # found gestures that say where gestures lie
FEWEST_FOUND = 0.5  # of what the usual settings find; in recordings too short to show the rate


@dataclass(frozen=True)
class Stream:
    """A continuous recording and the gestures in it.

    Attributes:
        poses: float32 ``[T, 3, 21]`` at the model's rate, zeros without a hand.
        made: the gestures, seconds from the first frame; the class of no gesture is not among them.
        votes: ``[T]``, the chirality of each frame as `ReadyModel.answers` takes it; None where nothing is known.
    """

    poses: Poses
    made: tuple[Interval, ...]
    votes: NDArray[np.int8] | None = None


@dataclass(frozen=True)
class Asked:
    """A model's answers for a stream.

    Attributes:
        answers: time in seconds and probabilities of each window, None where there are too few hands.
        made: as of the stream.
        seconds: length of the stream.
        window: seconds that a prediction sees; 0 for a pose.
    """

    answers: tuple[tuple[float, Probabilities | None], ...]
    made: tuple[Interval, ...]
    seconds: float
    window: float


def ask(predictor: ReadyModel, stream: Stream, stride: int) -> Asked:
    """Ask a model for every window of a stream, `stride` frames apart, as `Recognizer` does."""
    queue: WindowQueue[int] = WindowQueue(predictor.window, stride)
    steps: list[tuple[int, list[int] | NoWindow]] = []
    for frame, hand in enumerate(present(stream.poses).tolist()):
        step = queue.append(frame, hand=hand)
        if step is not NoWindow.WAIT:
            steps.append((frame, step))
    rows = [step for _, step in steps if not isinstance(step, NoWindow)]
    places = np.array(rows, np.int64).reshape(-1, predictor.window)
    votes = np.zeros(len(stream.poses), np.int8) if stream.votes is None else stream.votes
    said = iter(predictor.answers(stream.poses[places], votes[places]))
    return Asked(
        tuple(
            (
                frame / predictor.frame_rate,
                None if isinstance(step, NoWindow) else dict(next(said)),
            )
            for frame, step in steps
        ),
        stream.made,
        len(stream.poses) / predictor.frame_rate,
        predictor.window_seconds,
    )


def stride_to_choose_with(window: int) -> int:
    """Frames between two predictions where settings are chosen: a fifteenth of the window, 10 a second by default.

    Hold times of tenths of a second need that; `benchmarks/streams.py` measured it.
    """
    return max(1, window // 15)


def replay(asked: Asked, settings: StreamSettings, background_label: str) -> list[LocatedAnswer]:
    """The gestures that are reported with these settings."""
    return _reported(_likeliest(asked, settings.mean), usual_decision(settings, {}, background_label, asked.window))


def events_of(asked: Sequence[Asked], settings: StreamSettings, background_label: str) -> Events:
    """What comes of streams with these settings."""
    events = Events(0.0)
    for one in asked:
        events += match_events(one.made, replay(one, settings, background_label), one.seconds)
    return events


def highest_likely_rate(count: int, hours: float) -> float:
    """The rate an hour that is above the true one with the confidence `SURE`, where `count` were seen.

    The exact upper limit of a Poisson rate (Garwood 1936, https://doi.org/10.1093/biomet/28.3-4.437).
    """
    from scipy.special import chdtri  # a model that only predicts does without it

    return float(chdtri(2 * count + 2, 1 - SURE)) / 2 / hours


def can_show(false_per_hour: float, hours: float) -> bool:
    """Whether recordings without any false answer show that the true rate is below a limit (`highest_likely_rate`)."""
    return highest_likely_rate(0, hours) <= false_per_hour


def choose_settings(
    asked: Sequence[Asked],
    background_label: str,
    false_per_hour: float,
    stride: int,
    thresholds: Mapping[str, float] = MappingProxyType({}),
) -> StreamSettings:
    """Threshold, hold time, cooldown and mean: those that find most with at most so many false answers.

    The limit holds for `highest_likely_rate`: a short time without a false answer shows no low rate. In recordings too
    short for that (`can_show`) it holds for the rate that was seen, and only settings count that find at least
    `FEWEST_FOUND` of what the usual settings find: one false answer would outweigh all gestures. First one threshold
    for all classes. Where several settings find as many, those with fewer false answers are taken, then those that
    answer earlier, then the smaller mean, the shorter hold time, the shorter cooldown, the higher threshold. Where none
    keeps the limit, those with the fewest false answers. Then the threshold of each class in turn, with the rest as it
    is, by the same order. Then `measured_times` says where a gesture lies.

    Args:
        asked: validation streams; never those of the test set.
        background_label: the class of no gesture.
        false_per_hour: false and doubled answers an hour, at most.
        stride: of the answers, frames.
        thresholds: that the model recommends; the usual settings have them.
    """
    aim = _Aim.of(asked, background_label, false_per_hour, StreamSettings(stride=stride, thresholds=dict(thresholds)))
    best: tuple[_Order, StreamSettings] | None = None
    for mean in MEANS:
        likeliest = [_likeliest(one, mean) for one in asked]
        for threshold, hold_time, cooldown in product(THRESHOLDS, HOLD_TIMES, COOLDOWNS):
            settings = StreamSettings(threshold, hold_time, cooldown, stride, mean, {}, false_per_hour)
            best = _better(best, settings, asked, likeliest, aim)
    assert best is not None
    likeliest = [_likeliest(one, best[1].mean) for one in asked]
    for label in sorted({made.label for one in asked for made in one.made}):
        before = best[1]
        for threshold in THRESHOLDS:
            settings = replace(before, thresholds={**before.thresholds, label: threshold})
            best = _better(best, settings, asked, likeliest, aim)
    return replace(best[1], times=measured_times(asked, best[1], background_label))


def measured_times(asked: Sequence[Asked], settings: StreamSettings, background_label: str) -> GestureTimes | None:
    """Where a gesture lies by its answers, in the gestures that are found; None where there are too few.

    The delay and the length are medians, the growth is that of least squares, held between 0 and 1. All are held to
    what `GestureTimes` takes: an annotated part may last for minutes.

    Args:
        asked: validation streams; never those of the test set.
        settings: when a gesture counts.
        background_label: the class of no gesture.
    """
    settings = replace(settings, times=GestureTimes())  # an interval is then that of the answers
    pairs: list[tuple[Interval, Interval]] = []
    for one in asked:
        answers = replay(one, settings, background_label)
        by_answer = {(found.made.label, found.time): found.made for found in match_events(one.made, answers, 1.0).found}
        own = [(answer.interval, by_answer.get((answer.label, answer.time))) for answer in answers]
        pairs += [(interval, made) for interval, made in own if made is not None]
    if len(pairs) < FEWEST_MEASURED:
        return None
    answered, made = np.array([[(one.start, one.end) for one in pair] for pair in pairs]).transpose(1, 0, 2)
    lasting, lengths = (np.diff(times, axis=1)[:, 0] for times in (answered, made))
    varying, together = np.cov(lasting, lengths)[0]
    growth = np.clip(together / varying, 0, 1) if varying > 0 else 0.0
    delay = np.clip(np.median(answered.mean(axis=1) - made.mean(axis=1)), -LONGEST_TIME, LONGEST_TIME)
    length = np.clip(np.median(lengths - growth * lasting), 0, LONGEST_TIME)
    return GestureTimes(*(round(float(number), 3) for number in (delay, length, growth)))


# What is better comes first: enough gestures found, false answers over the limit, gestures found, false answers, delay,
# and the settings.
_Order = tuple[float, ...]


@dataclass(frozen=True)
class _Aim:
    """What settings are held to.

    Attributes:
        background_label: the class of no gesture.
        shown: whether the recordings are long enough to show the rate.
        fewest: gestures that have to be found.
    """

    background_label: str
    shown: bool
    fewest: float

    @classmethod
    def of(cls, asked: Sequence[Asked], background_label: str, false_per_hour: float, usual: StreamSettings) -> "_Aim":
        shown = can_show(false_per_hour, sum(one.seconds for one in asked) / 3600)
        found = 0 if shown else len(events_of(asked, usual, background_label).found)
        return cls(background_label, shown, FEWEST_FOUND * found)


def _better(
    best: tuple[_Order, StreamSettings] | None,
    settings: StreamSettings,
    asked: Sequence[Asked],
    likeliest: "Sequence[_Likeliest]",
    aim: _Aim,
) -> tuple[_Order, StreamSettings]:
    decision, events = usual_decision(settings, {}, aim.background_label, 0.0), Events(0.0)  # the window decides none
    for one, answers in zip(asked, likeliest, strict=True):
        events += match_events(one.made, _reported(answers, decision), one.seconds)
    false = len(events.false) + len(events.doubled)
    hours = events.seconds / 3600
    rate = highest_likely_rate(false, hours) if aim.shown else false / hours
    over = max(0.0, rate - (settings.false_per_hour or 0.0))
    delay = events.metrics().get("delay_from_end", float("inf"))
    thresholds = (-settings.threshold, *(-settings.thresholds[label] for label in sorted(settings.thresholds)))
    found = (over, -len(events.found), false, delay)
    order = (
        float(len(events.found) < aim.fewest),
        *found,
        float(settings.mean),
        settings.hold_time,
        settings.cooldown,
        *thresholds,
    )
    return (order, settings) if best is None or order < best[0] else best


@dataclass(frozen=True)
class _Likeliest:
    """The likeliest class of each answer of a stream, averaged as `Recognizer` does; nothing else decides.

    Attributes:
        seconds: length of the stream.
        times: ``[N]``, seconds.
        names: classes; empty: too few hands.
        classes: ``[N]``, indices of `names`.
        probabilities: ``[N]``.
    """

    seconds: float
    times: Sequence[float]
    names: Sequence[str]
    classes: NDArray[np.int64]
    probabilities: NDArray[np.float64]


def _likeliest(asked: Asked, mean: int) -> _Likeliest:
    smoother = Smoother(Mean(mean) if mean > 1 else None)
    index: dict[str, int] = {}
    found: list[tuple[int, float]] = []
    for _, probabilities in asked.answers:
        label, probability = "", 0.0
        if probabilities is None:
            smoother.forget()
        else:
            smoothed = smoother.add(probabilities)
            label = min(smoothed, key=lambda one: (-smoothed[one], one))
            probability = smoothed[label]
        found.append((index.setdefault(label, len(index)), probability))
    classes, numbers = np.array([one for one, _ in found], np.int64), np.array([number for _, number in found])
    return _Likeliest(asked.seconds, [time for time, _ in asked.answers], list(index), classes, numbers)


def _reported(answers: _Likeliest, settings: DecisionSettings) -> list[LocatedAnswer]:
    """What `GestureDecision` reports. It is asked only where it may change: there are many answers and settings."""
    none = ("", settings.background_label)
    limits = [
        np.inf if label in none else settings.thresholds.get(label, settings.default_threshold)
        for label in answers.names
    ]
    reached = answers.probabilities >= np.array(limits)[answers.classes]
    decision, began, reported = GestureDecision(settings), 0.0, []
    for number in np.flatnonzero(reached | np.append(False, reached[:-1])).tolist():
        label, time = answers.names[answers.classes[number]], answers.times[number]
        if reached[number] and label == decision.active:
            continue
        said = {label: float(answers.probabilities[number])} if reached[number] else None
        for event in decision.update(said, time):
            if event.start is None or event.end is None:
                began = event.time
            else:
                reported.append(LocatedAnswer(event.label, began, event.start, event.end))
    if decision.active is not None:
        reported.append(LocatedAnswer(decision.active, began, *decision.lies(max(began, answers.seconds))))
    return reported
