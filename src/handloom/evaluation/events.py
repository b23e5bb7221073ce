"""Metrics of a recogniser on streams: gestures found, delays, false answers.

The rule, of one stream:

- An answer is a label and the time at which an app gets it. It belongs to an interval of the same label if its time is
  not before the interval's start and not later than its end by more than `GRACE`.
- Answers are taken in the order of time. Each goes to the earliest interval that it belongs to and that is not found
  yet, which is then found. If all of them are found already, the gesture is doubled. If it belongs to none, it is
  false, also where another gesture was made.
- An interval that is not found is missed.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from handloom.errors import ConfigurationError

GRACE = 1.0  # seconds: a later answer no longer belongs to what the person did
# How SHREC 2022 matches (Emporio et al. 2022; univr-VIPS/Shrec22, evaluation_shrec22fix.m).
LEAST_OVERLAP = 0.5  # of an annotated gesture, by the answer of the same label
LONGEST_ANSWER = 2.0  # times the annotated gesture


@dataclass(frozen=True)
class Interval:
    """A gesture and its time in a stream, annotated or recognised.

    Attributes:
        label: the gesture.
        start, end: seconds.

    Raises:
        ConfigurationError: it ends before it starts.
    """

    label: str
    start: float
    end: float

    def __post_init__(self) -> None:
        if not self.start <= self.end:
            raise ConfigurationError(f"{self.label}: an interval that starts at {self.start:g} s, ends at {self.end:g}")


@dataclass(frozen=True)
class Answer:
    """A gesture that was reported.

    Attributes:
        label: the gesture.
        time: at which it was said to begin, seconds.
    """

    label: str
    time: float


@dataclass(frozen=True)
class LocatedAnswer(Answer):
    """A gesture that was reported, with the interval in which it lies by the recogniser's estimate.

    Attributes:
        start, end: of the interval, seconds.
    """

    start: float
    end: float

    @property
    def interval(self) -> Interval:
        """Where it lies."""
        return Interval(self.label, self.start, self.end)


@dataclass(frozen=True)
class Found:
    """A gesture that was found.

    Attributes:
        made: what the person did.
        time: of the answer, seconds.
    """

    made: Interval
    time: float


@dataclass(frozen=True)
class Events:
    """Matched answers of streams.

    Attributes:
        seconds: length of the streams.
        found, missed: gestures that were made.
        doubled, false: answers, by the module's rule.
    """

    seconds: float
    found: tuple[Found, ...] = ()
    missed: tuple[Interval, ...] = ()
    doubled: tuple[Answer, ...] = ()
    false: tuple[Answer, ...] = ()

    def __add__(self, other: "Events") -> "Events":
        return Events(
            self.seconds + other.seconds,
            self.found + other.found,
            self.missed + other.missed,
            self.doubled + other.doubled,
            self.false + other.false,
        )

    @property
    def made(self) -> int:
        """The number of annotated gestures."""
        return len(self.found) + len(self.missed)

    @property
    def false_per_hour(self) -> float:
        """False and doubled answers an hour: an app acts on both."""
        return (len(self.false) + len(self.doubled)) * 3600 / self.seconds if self.seconds else 0.0

    def metrics(self) -> dict[str, float]:
        """The numbers by name; those that need a gesture are left out where none was made, delays where none was found.

        `events_found`, a share; `false_events_per_hour` and `doubled_events_per_hour`; `false_events_per_gesture`, both
        by the number of gestures; `delay_from_start` and `delay_from_end`, medians in seconds.
        """
        hours = self.seconds / 3600
        numbers: dict[str, float] = {"gestures": self.made}
        if hours:
            numbers["false_events_per_hour"] = len(self.false) / hours
            numbers["doubled_events_per_hour"] = len(self.doubled) / hours
        if self.made:
            numbers["events_found"] = len(self.found) / self.made
            numbers["false_events_per_gesture"] = (len(self.false) + len(self.doubled)) / self.made
        if self.found:
            numbers["delay_from_start"] = float(np.median([one.time - one.made.start for one in self.found]))
            numbers["delay_from_end"] = float(np.median([one.time - one.made.end for one in self.found]))
        return numbers


def match_events(made: Sequence[Interval], answers: Sequence[Answer], seconds: float) -> Events:
    """Match the answers of one stream to the gestures that were made, by the module's rule.

    Args:
        made: gestures, in any order; the class of no gesture is not among them.
        answers: in any order.
        seconds: length of the stream.
    """
    waiting = sorted(made, key=lambda one: (one.start, one.end, one.label))
    of_label: defaultdict[str, list[int]] = defaultdict(list)
    for number, one in enumerate(waiting):
        of_label[one.label].append(number)
    found: dict[int, float] = {}
    doubled: list[Answer] = []
    false: list[Answer] = []
    for answer in sorted(answers, key=lambda one: (one.time, one.label)):
        own = [
            number
            for number in of_label[answer.label]
            if waiting[number].start <= answer.time <= waiting[number].end + GRACE
        ]
        first = next((number for number in own if number not in found), None)
        if first is not None:
            found[first] = answer.time
        else:
            (doubled if own else false).append(answer)
    return Events(
        seconds,
        tuple(Found(waiting[number], time) for number, time in sorted(found.items())),
        tuple(one for number, one in enumerate(waiting) if number not in found),
        tuple(doubled),
        tuple(false),
    )


@dataclass(frozen=True)
class Shrec:
    """The measures of SHREC 2022, means over the classes that occur.

    Attributes:
        detection_rate: correct answers by gestures made.
        false_positive_rate: other answers by gestures made; more than 1 is possible.
        jaccard_index: correct by correct, missed and others together.
    """

    detection_rate: float
    false_positive_rate: float
    jaccard_index: float


def shrec_measures(streams: Iterable[tuple[Sequence[Interval], Sequence[Interval]]]) -> Shrec:
    """The measures of SHREC 2022 for streams, each what was made and where answers say that a gesture lies.

    They count answers that mark at least half of a gesture. They flatter: a false answer counts against the number of
    gestures, so the longer nothing is meant the less it counts; and when an answer came does not count. Answers of a
    class of which no gesture was made are left out, as in the contest's program.

    Raises:
        ConfigurationError: no gesture was made at all.
    """
    counts: dict[str, list[int]] = {}  # made, correct, others
    for made, answers in streams:
        waiting = list(made)
        for one in made:
            counts.setdefault(one.label, [0, 0, 0])[0] += 1
        for answer in answers:
            right = next((one for one in waiting if _overlaps(one, answer)), None)
            if right:
                waiting.remove(right)
            counts.setdefault(answer.label, [0, 0, 0])[1 if right else 2] += 1
    known = [numbers for numbers in counts.values() if numbers[0]]
    if not known:
        raise ConfigurationError("no gesture was made in these streams")
    return Shrec(
        float(np.mean([correct / made for made, correct, _ in known])),
        float(np.mean([others / made for made, _, others in known])),
        float(np.mean([correct / (made + others) for made, correct, others in known])),
    )


def _overlaps(made: Interval, answer: Interval) -> bool:
    length = made.end - made.start
    return (
        made.label == answer.label
        and answer.end - answer.start <= LONGEST_ANSWER * length
        and min(made.end, answer.end) - max(made.start, answer.start) >= LEAST_OVERLAP * length
    )
