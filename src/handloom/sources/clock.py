"""Which column of a table of joints numbers the frames of a clip, which one says when they were taken."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handloom.config import LabeledKeypointsDataFrame
from handloom.errors import DataError, printable
from handloom.sources.clip import UnusableError
from handloom.sources.labels import as_text
from handloom.sources.tables import Table
from handloom.sources.times import seconds_of

# Letters of the names of columns, in small.
_FRAMES = ("frame", *(f"frame{word}" for word in ("id", "idx", "index", "no", "nr", "num", "number")))
_TIMES = ("time", "timestamp")
UNITS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
_UNIT_WORDS = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), "s"),
    **dict.fromkeys(("ms", "msec", "millis", "milliseconds"), "ms"),
    **dict.fromkeys(("us", "usec", "micros", "microseconds"), "us"),
    **dict.fromkeys(("ns", "nsec", "nanos", "nanoseconds"), "ns"),
}
# Seconds from one row to the next that a camera or a script leaves: 5 to 500 frames/s.
_SHORTEST, _LONGEST = 1 / 500, 1 / 5
# Doubles count up to here without gaps.
_LARGEST = 2.0**53

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Clock:
    """When the rows of a table were taken.

    Attributes:
        frames: ``[rows]``, numbers of frames, None where no column numbers them.
        times: ``[rows]``, in `unit`, None where no column has times.
        unit: seconds of one step of `times`, None where neither the parameter nor the column's name tells it.
        columns: the columns that were read.
        problems: row to what is wrong with its number or time.
        notes: one line each.
    """

    frames: Numbers | None = None
    times: Numbers | None = None
    unit: float | None = None
    columns: tuple[str, ...] = ()
    problems: dict[int, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def clock_columns(table: Table, member: LabeledKeypointsDataFrame, used: Sequence[str], key: str) -> tuple[str, str]:
    """The columns of the frames' numbers and of their times, each empty where there is none.

    Raises:
        DataError: a declared one does not exist, or several columns may be meant.
    """
    found = []
    for parameter, declared, names in (
        ("frame_column", member.frame_column, _FRAMES),
        ("time_column", member.time_column, tuple(name + unit for name in _TIMES for unit in ("", *_UNIT_WORDS))),
    ):
        if declared:
            table.require(declared, f"{key}.{parameter}")
        else:
            candidates = [name for name in table.columns if name not in used and _letters(name) in names]
            exact = [name for name in candidates if name == names[0]]
            if len(candidates) > 1 and not exact:
                shown = ", ".join(map(printable, candidates))
                raise DataError(f"{table.name}: its columns {shown} may all be meant; set {key}.{parameter} to one")
            declared = (exact or candidates or [""])[0]
        found.append(declared)
    return found[0], found[1]


def read_clock(table: Table, member: LabeledKeypointsDataFrame, frame: str, time: str, key: str) -> Clock:
    """Read the columns that `clock_columns` found.

    Raises:
        DataError: a declared one has no numbers or times.
    """
    problems: dict[int, str] = {}
    notes: list[str] = []
    frames = times = unit = None
    if frame:
        frames = _checked(table, frame, table.decimals([frame])[:, 0], problems, notes)
        if frames is None and member.frame_column:
            raise DataError(f"{table.name}: the column '{printable(frame)}' numbers no frames; set {key}.frame_column")
    if time:
        unit = _unit(time, member)
        times = table.decimals([time])[:, 0]
        if not np.isfinite(times).any():
            unit, times = 1.0, np.array([_second(value) for value in table.values(time)], np.float64)
        times = _checked(table, time, times, problems, notes)
        if times is None and member.time_column:
            raise DataError(f"{table.name}: the column '{printable(time)}' has no times; set {key}.time_column")
    return Clock(frames, times, unit, tuple(filter(None, (frame, time))), problems, tuple(notes))


def _checked(table: Table, column: str, values: Numbers, problems: dict[int, str], notes: list[str]) -> Numbers | None:
    """The values of a column, None where they say nothing of the order of rows."""
    usable = np.abs(values) <= _LARGEST  # not where it is not a number
    if not usable.any() or (len(values) > 1 and usable.all() and np.ptp(values) == 0):
        what = "the same value in every row" if usable.any() else "no numbers"
        notes.append(f"{table.name}: its column '{printable(column)}' has {what} and is passed over")
        return None
    for row in np.flatnonzero(~usable).tolist():
        problems.setdefault(row, f"column {printable(column)} is missing or not a usable number; mend it")
    return values


def in_seconds(clock: Clock, units: NDArray[np.int64], member: LabeledKeypointsDataFrame, name: str, key: str) -> Clock:
    """The clock with `times` in seconds.

    Args:
        clock: as it was read.
        units: ``[rows]``, the clip that each belongs to.
        member: the section.
        name: of the table.
        key: of the section.

    Raises:
        DataError: the unit is not certain.
    """
    if clock.times is None:
        return clock
    unit = clock.unit
    if unit is None:
        order = np.lexsort((clock.times, units))
        steps = np.diff(clock.times[order])[np.diff(units[order]) == 0]
        steps = steps[(steps > 0) & np.isfinite(steps)]
        step = float(np.median(steps)) if len(steps) else 1 / member.frame_rate
        declared = [one for one in UNITS.values() if math.isclose(step * one, 1 / member.frame_rate, rel_tol=0.02)]
        likely = [one for one in UNITS.values() if _SHORTEST <= step * one <= _LONGEST]
        if len(declared or likely) != 1:
            raise DataError(
                f"{name}: times of the column '{printable(clock.columns[-1])}' are {step:g} apart; set"
                f" {key}.time_unit to s, ms, us or ns"
            )
        unit = (declared or likely)[0]
    return Clock(clock.frames, clock.times * unit, 1.0, clock.columns, clock.problems, clock.notes)


def _unit(column: str, member: LabeledKeypointsDataFrame) -> float | None:
    if member.time_unit:
        return UNITS[member.time_unit]
    letters = _letters(column)
    for name in _TIMES:
        if letters.startswith(name) and letters[len(name) :] in _UNIT_WORDS:
            return UNITS[_UNIT_WORDS[letters[len(name) :]]]
    return None


def _second(value: Any) -> float:
    """A time that is no plain number (1:02.5, 2026-11-27T10:00:00.033) in seconds, NaN where it is none."""
    try:
        if not isinstance(value, datetime) and isinstance(value, str) and "-" in value:
            value = datetime.fromisoformat(as_text(value))
        if isinstance(value, datetime):
            return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()
        found = seconds_of(value)
    except (UnusableError, ValueError, OverflowError, OSError):
        return math.nan
    return math.nan if found is None else found


def _letters(text: str) -> str:
    return "".join(character for character in text.lower() if character.isalnum())
