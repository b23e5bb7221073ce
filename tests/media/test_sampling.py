"""Sampling by time stamp: each tick shows the newest item that is not later than it."""

from collections.abc import Iterable, Iterator
from itertools import count, islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handloom.media.sampling import TICK_TOLERANCE, sampled

RATES = st.sampled_from([10.0, 24.0, 25.0, 29.97, 30.0, 59.94, 60.0])
GAPS = st.lists(st.floats(0.0, 0.4), max_size=60)
OFFSETS = st.floats(-100.0, 1000.0)


def numbered(times: Iterable[float]) -> list[tuple[float, int]]:
    return [(time, number) for number, time in enumerate(times)]


def cumulated(first: float, gaps: list[float]) -> list[float]:
    times = [first]
    for gap in gaps:
        times.append(times[-1] + gap)
    return times


@given(OFFSETS, GAPS, RATES)
def test_each_tick_shows_the_newest_item_that_is_not_later(first: float, gaps: list[float], rate: float) -> None:
    times = cumulated(first, gaps)
    samples = list(sampled(numbered(times), rate))
    slack = TICK_TOLERANCE / rate + 1e-9
    for tick, (time, number) in enumerate(samples):
        assert time == tick / rate
        assert times[number] - first <= time + slack
        assert all(later - first > time + slack - 2e-9 for later in times[number + 1 :])
    last = times[-1] - first
    assert len(samples) == pytest.approx(last * rate + 1, abs=1)


@given(OFFSETS, st.integers(1, 200), RATES, st.floats(-0.05, 0.05))
def test_items_at_the_rate_pass_unchanged_even_with_rounded_times(
    first: float, length: int, rate: float, jitter: float
) -> None:
    items = [(first + (number + (jitter if number % 2 else 0)) / rate, number) for number in range(length)]
    samples = list(sampled(items, rate))
    assert [number for _, number in samples] == list(range(length))
    assert [time for time, _ in samples] == [number / rate for number in range(length)]


@given(GAPS, RATES, st.floats(0.0, 3.0), st.floats(0.01, 3.0))
def test_a_stretch_has_as_many_ticks_as_fit_before_its_end(
    gaps: list[float], rate: float, start: float, length: float
) -> None:
    times = cumulated(0.0, [*gaps, 10.0])
    samples = list(sampled(numbered(times), rate, start, start + length))
    assert [time for time, _ in samples] == [tick / rate for tick in range(len(samples))]
    assert (len(samples) - 1) / rate < length
    assert len(samples) / rate >= length - TICK_TOLERANCE / rate - 1e-9
    for time, number in samples:
        assert times[number] <= start + time + TICK_TOLERANCE / rate + 1e-9


def test_the_end_is_not_included_and_stretches_follow_each_other_without_gap_or_overlap() -> None:
    items = numbered(number / 30 for number in range(31))
    parts = [sampled(items, 30.0, start, start + 0.2) for start in (0.0, 0.2, 0.4)]
    assert [number for part in parts for _, number in part] == list(range(18))


def test_a_slower_source_repeats_its_items() -> None:
    assert [number for _, number in sampled(numbered([0.0, 0.1, 0.2]), 30.0)] == [0, 0, 0, 1, 1, 1, 2]


def test_the_item_before_the_start_is_shown_at_the_start() -> None:
    assert list(sampled(numbered([0.0, 1.0, 2.0]), 2.0, start=0.75)) == [(0.0, 0), (0.5, 1), (1.0, 1)]


def test_ticks_before_the_first_item_are_left_out() -> None:
    assert list(sampled(numbered([1.0, 2.0]), 2.0, start=0.1, end=1.9)) == [(1.0, 0), (1.5, 0)]


def test_a_start_after_the_last_item_gives_nothing() -> None:
    assert list(sampled(numbered([0.0, 1.0]), 10.0, start=1.5)) == []
    assert list(sampled([], 10.0)) == []


def test_of_items_at_one_time_the_last_is_shown() -> None:
    assert list(sampled(numbered([0.0, 0.0, 0.1]), 10.0)) == [(0.0, 1), (0.1, 2)]


def test_no_more_items_are_taken_than_the_stretch_needs() -> None:
    taken = []

    def endless() -> Iterator[tuple[float, int]]:
        for number in count():
            taken.append(number)
            yield number / 30, number

    assert len(list(sampled(endless(), 30.0, 1.0, 2.0))) == 30
    assert max(taken) <= 61
    assert len(list(islice(sampled(endless(), 30.0), 5))) == 5
