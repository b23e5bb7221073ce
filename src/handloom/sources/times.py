"""Times in annotation files: seconds, mm:ss or hh:mm:ss, each with or without a fraction."""

import math
import re
from datetime import timedelta

from handloom.errors import printable
from handloom.sources.clip import UnusableError
from handloom.sources.labels import as_text

_TIME = re.compile(r"(?:(?:([0-9]+):)?([0-9]+):)?([0-9]+(?:\.[0-9]*)?|\.[0-9]+)")


def seconds_of(value: object) -> float | None:
    """Seconds as a float; None where the value is missing or empty.

    Args:
        value: text (12, 12.5, 8:3.2, 1:59:5.8), a number or a `timedelta`.

    Raises:
        UnusableError: it is none of these, negative or not finite.
    """
    if isinstance(value, timedelta):
        return _checked(value.total_seconds(), value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return None if value != value else _checked(_float(value), value)  # NaN: a data frame's empty cell
    text = as_text(value)
    if not text:
        return None
    match = _TIME.fullmatch(text)
    if not match:
        return _checked(_negative_or_nan(text), text)
    hours, minutes, seconds = match.groups()
    if (hours and float(minutes) >= 60) or (minutes and float(seconds) >= 60):
        return _checked(math.nan, text)
    return _checked(3600 * _float(hours or 0) + 60 * _float(minutes or 0) + _float(seconds), text)


def _float(number: str | float) -> float:
    try:
        return float(number)
    except OverflowError:
        return math.inf


def _negative_or_nan(text: str) -> float:
    return -1.0 if text.startswith("-") and _TIME.fullmatch(text[1:]) else math.nan


def _checked(seconds: float, value: object) -> float:
    if not math.isfinite(seconds):
        raise UnusableError(f"'{printable(str(value))[:40]}' is no time; write seconds, mm:ss or hh:mm:ss")
    if seconds < 0:
        raise UnusableError(
            f"the time {printable(str(value))[:40]} is negative; times count from the video's beginning"
        )
    return seconds
