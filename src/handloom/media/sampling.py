"""Resampling by time stamp: from items at any times to one item a tick of a constant rate."""

from collections.abc import Iterable, Iterator
from math import ceil
from typing import TypeVar

Item = TypeVar("Item")

# Time stamps are rounded: an item later than its tick by this fraction of the interval still belongs to it.
TICK_TOLERANCE = 0.1


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
