"""Frame rates by time stamps: which one a clip has, and resampling to a constant one.

The average rate of a clip may mislead, and so may what its header says.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from math import ceil
from statistics import median
from typing import TypeVar

Item = TypeVar("Item")

# Time stamps are rounded: an item later than its tick by this fraction of the interval still belongs to it.
TICK_TOLERANCE = 0.1
# A clip may be this much slower than the target frame rate and still count as having it (29.97 for 30).
FRAME_RATE_TOLERANCE = 0.01
# An interval longer than this many usual ones is a pause: frames were dropped there.
_PAUSE = 1.5
# Pauses are left out of the reckoning while they are no more than this share of the time.
_MOST_PAUSES = 0.25


def sampled(
    items: Iterable[tuple[float, Item]], frame_rate: float, start: float | None = None, end: float | None = None
) -> Iterator[tuple[float, Item]]:
    """Yield (seconds since `start`, item): at each tick of `frame_rate` the newest item that is not later than it.

    No more items are taken than are needed, and no more than two are held.

    Args:
        items: (seconds, item), in the order of their times.
        frame_rate: ticks a second.
        start: the time of the first tick, seconds; the first item's time if None. Ticks before the first item are
            left out.
        end: the time before which ticks lie, seconds; if None, or beyond the last item, they end with the last item.
    """
    tolerance = TICK_TOLERANCE / frame_rate
    length = float("inf")
    tick = 0
    current: tuple[float, Item] | None = None
    for time, item in items:
        if start is None:
            start = time
        if end is not None:
            length = max(end - start - tolerance, tolerance)  # the first tick always is within
        since = time - start
        if current is None:
            tick = max(0, ceil((since - tolerance) * frame_rate))
        else:
            while tick / frame_rate + tolerance < since:
                if tick / frame_rate >= length:
                    return
                yield tick / frame_rate, current[1]
                tick += 1
        if tick / frame_rate >= length:
            return
        current = (since, item)
    if current is not None and tick / frame_rate <= current[0] + tolerance and tick / frame_rate < length:
        yield tick / frame_rate, current[1]


def usual_frame_rate(times: Sequence[float]) -> float | None:
    """Frames a second between the pauses, of rising times in seconds; None for less than two.

    A clip of 30 frames/s from which some frames were dropped still has 30. One that changes between 30 and 15 does not:
    its long intervals are too large a share of it to be pauses.
    """
    intervals = [after - before for before, after in pairwise(times) if after > before]
    if not intervals:
        return None
    longest = _PAUSE * median(intervals)
    steady = [interval for interval in intervals if interval <= longest]
    if sum(steady) < (1 - _MOST_PAUSES) * sum(intervals):
        steady = intervals
    return len(steady) / sum(steady)


def is_slower(times: Sequence[float], frame_rate: float, rounding: float = 0.0) -> bool:
    """True if frames at these times are too slow for `frame_rate`; `rounding` is how far off a time may be, seconds."""
    rate = usual_frame_rate(times)
    if rate is None:
        return False
    # Over the whole of a short clip the rounding of its first and last time stamps matters.
    mildest = rate * (1 + rounding / (times[-1] - times[0]))
    return mildest < frame_rate * (1 - FRAME_RATE_TOLERANCE)
