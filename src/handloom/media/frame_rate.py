"""How many frames a second a clip has, by its frames' times: the average may mislead, and so may a header."""

from collections.abc import Sequence
from itertools import pairwise
from statistics import median

# A clip may be this much slower than the target frame rate and still count as having it (29.97 for 30).
FRAME_RATE_TOLERANCE = 0.01
# An interval longer than this many usual ones is a pause: frames were dropped there.
_PAUSE = 1.5
# Pauses are left out of the reckoning while they are no more than this share of the time.
_MOST_PAUSES = 0.25


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
