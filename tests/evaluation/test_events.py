"""How answers of a stream are matched to what was made."""

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handloom.errors import ConfigurationError
from handloom.evaluation.events import GRACE, Answer, Interval, LocatedAnswer, match_events, shrec_measures

LABELS = st.sampled_from(["wave", "grab"])
TIMES = st.integers(0, 240).map(lambda quarter: quarter / 4)
INTERVALS = st.lists(
    st.builds(lambda label, start, length: Interval(label, start, start + length), LABELS, TIMES, TIMES), max_size=8
)


ANSWERS = st.lists(st.builds(Answer, LABELS, TIMES), max_size=8)


def made(*times: tuple[str, float, float]) -> list[Interval]:
    return [Interval(*one) for one in times]


def test_each_kind_of_answer() -> None:
    gestures = made(("wave", 10, 12), ("wave", 20, 22), ("grab", 30, 31))
    # Where they lie by the recogniser's estimate does not count, and HandloomKit does not say it.
    *answers, last = [Answer("wave", time) for time in (11.5, 12 + GRACE, 25, 30.5)]
    answers.append(LocatedAnswer("wave", last.time, 20, 22))
    events = match_events(gestures, answers, 3600)
    assert [one.made for one in events.found] == gestures[:1]
    assert list(events.doubled) == answers[1:2]
    assert list(events.false) == answers[2:]
    assert list(events.missed) == gestures[1:]
    assert events.metrics() == {
        "gestures": 3,
        "false_events_per_hour": 2,
        "doubled_events_per_hour": 1,
        "events_found": pytest.approx(1 / 3),
        "false_events_per_gesture": 1,
        "delay_from_start": 1.5,
        "delay_from_end": -0.5,
    }


@given(INTERVALS, ANSWERS)
def test_nothing_is_lost_and_nothing_counts_twice(gestures: list[Interval], answers: list[Answer]) -> None:
    events = match_events(gestures, answers, 60)
    of_made = [one.made for one in events.found] + list(events.missed)
    assert sorted(map(repr, of_made)) == sorted(map(repr, gestures))
    assert len(events.found) + len(events.doubled) + len(events.false) == len(answers)


@given(INTERVALS, ANSWERS, st.randoms())
def test_the_order_of_lists_does_not_matter(gestures: list[Interval], answers: list[Answer], luck: Random) -> None:
    expected = match_events(gestures, answers, 60)
    luck.shuffle(gestures)
    luck.shuffle(answers)
    found = match_events(gestures, answers, 60)
    assert (found.metrics(), len(found.false)) == (expected.metrics(), len(expected.false))


@given(INTERVALS)
def test_right_answers_find_everything(gestures: list[Interval]) -> None:
    events = match_events(gestures, [Answer(one.label, one.start) for one in gestures], 60)
    assert len(events.found) == len(gestures) and not events.false and not events.doubled


@given(INTERVALS, ANSWERS, st.integers(1, 100))
def test_the_time_of_day_does_not_matter(gestures: list[Interval], answers: list[Answer], later: int) -> None:
    of_made = [replace(one, start=one.start + later, end=one.end + later) for one in gestures]
    of_answers = [replace(one, time=one.time + later) for one in answers]
    assert match_events(of_made, of_answers, 60).metrics() == match_events(gestures, answers, 60).metrics()


def test_measures_of_shrec() -> None:
    gestures = made(("wave", 0, 2), ("wave", 10, 12), ("grab", 20, 22))
    answers = made(("wave", 1, 3), ("wave", 11.5, 13), ("grab", 18, 23))
    # The second wave overlaps by a quarter, and the grab is 2.5 times as long: both count as false.
    found = shrec_measures([(gestures, answers)])
    assert (found.detection_rate, found.false_positive_rate) == (0.25, 0.75)
    assert found.jaccard_index == pytest.approx((1 / 3 + 0) / 2)
    with pytest.raises(ConfigurationError, match="no gesture"):
        shrec_measures([([], answers)])


def test_an_interval_does_not_end_before_it_starts() -> None:
    with pytest.raises(ConfigurationError, match="wave"):
        Interval("wave", 2, 1)
