"""Which column of a table of joints numbers the frames of a clip, which one says when they were taken."""

import math
import re
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

# Letters of the names of columns, in small; of a time a unit may follow.
_FRAME = re.compile(r"f|fn|(video|sequence|seq|clip|current)?frames?(id|idx|index|ix|no|nr|num|number|count|counter)?")
UNITS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
_UNIT_WORDS = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), "s"),
    **dict.fromkeys(("ms", "msec", "millis", "milliseconds"), "ms"),
    **dict.fromkeys(("us", "usec", "micros", "microseconds"), "us"),
    **dict.fromkeys(("ns", "nsec", "nanos", "nanoseconds"), "ns"),
}
_TIME = re.compile(
    rf"(?:(?:video|pts|frame|elapsed)?time(?:stamp)?|ts|t|pts|elapsed|datetime|timecode)?({'|'.join(_UNIT_WORDS)})?"
)
# Seconds from one row to the next that a camera or a script leaves: 5 to 500 frames/s.
_SHORTEST, _LONGEST = 1 / 500, 1 / 5
# Doubles count up to here without gaps; of times in nanoseconds since 1970 they miss some hundred nanoseconds.
_LARGEST, _LARGEST_TIME = 2.0**53, 2.0**63
_AMOUNT = re.compile(r"\s*(\d+(?:[.,]\d*)?)\s*([a-z]*)\s*")  # 33 ms
_DAYS = re.compile(r"\s*(\d{1,6}) days?,? (.*)")  # as pandas writes a length of time

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


def clock_columns(
    table: Table, member: LabeledKeypointsDataFrame, used: Sequence[str], key: str, by_session: bool
) -> tuple[str, str]:
    """The columns of the frames' numbers and of their times, each empty where there is none.

    Raises:
        DataError: a declared one does not exist, or several columns of clips may be meant.
    """
    found = []
    for parameter, declared, matches, usual in (
        ("frame_column", member.frame_column, _FRAME.fullmatch, "frame"),
        ("time_column", member.time_column, _names_time, "time"),
    ):
        if declared:
            table.require(declared, f"{key}.{parameter}")
        else:
            candidates = [name for name in table.columns if name not in used and matches(_letters(name))]
            exact = [name for name in candidates if name == usual]
            if len(candidates) > 1 and not exact and by_session:
                shown = ", ".join(map(printable, candidates))
                raise DataError(f"{table.name}: its columns {shown} may all be meant; set {key}.{parameter} to one")
            declared = (exact or candidates or [""])[0]
        found.append(declared)
    return found[0], found[1]


def _names_time(letters: str) -> bool:
    return letters not in ("", "s") and _TIME.fullmatch(letters) is not None


def read_clock(
    table: Table, member: LabeledKeypointsDataFrame, frame: str, time: str, units: NDArray[np.int64], key: str
) -> Clock:
    """Read the columns that `clock_columns` found.

    Args:
        table: the table.
        member: the section.
        frame: the column of the frames' numbers, or empty.
        time: that of their times, or empty.
        units: ``[rows]``, the clip that each belongs to.
        key: of the section.

    Raises:
        DataError: a declared one has no numbers or times, or another one has texts that are not understood.
    """
    problems: dict[int, str] = {}
    notes: list[str] = []
    frames = times = unit = None
    if frame:
        frames = table.decimals([frame])[:, 0]
        if not np.isfinite(frames).any():
            frames = np.array([_last_number(text) for text in table.texts(frame)], np.float64)
        frames = _checked(table, frame, frames, _LARGEST, problems, notes)
        if frames is None and member.frame_column:
            raise DataError(f"{table.name}: the column '{printable(frame)}' numbers no frames; set {key}.frame_column")
    if time:
        unit = _unit(time, member)
        times = table.decimals([time])[:, 0]
        if not np.isfinite(times).any():
            unit, times = 1.0, np.array([_second(value) for value in table.values(time)], np.float64)
            _refuse_strange_times(table, time, times, units, key)
        times = _checked(table, time, times, _LARGEST_TIME, problems, notes)
        if times is None and member.time_column:
            raise DataError(f"{table.name}: the column '{printable(time)}' has no times; set {key}.time_column")
    return Clock(frames, times, unit, tuple(filter(None, (frame, time))), problems, tuple(notes))


def _checked(
    table: Table, column: str, values: Numbers, largest: float, problems: dict[int, str], notes: list[str]
) -> Numbers | None:
    """The values of a column, None where they say nothing of the order of rows."""
    usable = np.abs(values) <= largest  # not where it is not a number
    if not usable.any() or (len(values) > 1 and usable.all() and np.ptp(values) == 0):
        what = "the same value in every row" if usable.any() else "no numbers"
        notes.append(f"{table.name}: its column '{printable(column)}' has {what} and is passed over")
        return None
    for row in np.flatnonzero(~usable).tolist():
        problems.setdefault(row, f"column {printable(column)} is missing or not a usable number; correct it")
    return values


def _refuse_strange_times(table: Table, column: str, times: Numbers, units: NDArray[np.int64], key: str) -> None:
    """Refuse texts with digits that change within a clip, but are no times that can be read."""
    if np.isfinite(times).any():
        return
    texts = table.texts(column)
    row = next((row for row, text in enumerate(texts) if any(map(str.isdigit, text))), None)
    if row is not None and len(set(zip(units.tolist(), texts, strict=True))) > len(np.unique(units)):
        raise DataError(
            f"{table.place(row)}: '{printable(texts[row])[:40]}' in the column '{printable(column)}' is no time that"
            " can be read; write seconds, h:mm:ss or 2026-11-27T10:00:00.033, set"
            f" {key}.time_column to another column, or rename this one"
        )


def note_on_counting(table: Table, columns: Sequence[str], units: NDArray[np.int64], key: str) -> list[str]:
    """A line on columns that nothing uses and that count up in each clip, but with gaps: they may be a clock.

    Args:
        table: the table.
        columns: those that nothing uses.
        units: ``[rows]``, the clip that each row belongs to.
        key: of the section.
    """
    inside = np.diff(units) == 0
    notes = []
    for name in columns:
        steps = np.diff(table.decimals([name])[:, 0])[inside]
        if len(steps) > 1 and (steps > 0).all() and not math.isclose(steps.min(), steps.max()):
            notes.append(
                f"{table.name}: its column '{printable(name)}' counts up in each clip, with gaps, and is not used; set"
                f" {key}.frame_column to it if it numbers frames, {key}.time_column if it has times"
            )
    return notes


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
                f" {key}.time_unit to s, ms, us or ns, or {key}.frame_column to it if it counts frames"
            )
        unit = (declared or likely)[0]
    return Clock(clock.frames, clock.times * unit, 1.0, clock.columns, clock.problems, clock.notes)


def _unit(column: str, member: LabeledKeypointsDataFrame) -> float | None:
    if member.time_unit:
        return UNITS[member.time_unit]
    match = _TIME.fullmatch(_letters(column))
    return UNITS[_UNIT_WORDS[match[1]]] if match and match[1] else None


def _last_number(text: str) -> float:
    """The last number in the name of a frame (frame_0012.png), NaN if there is none."""
    numbers = re.findall(r"\d{1,15}", re.sub(r"\.[a-zA-Z]\w*$", "", text))
    return float(numbers[-1]) if numbers else math.nan


def _second(value: Any) -> float:
    """A time that is no plain number (1:02.5, 33 ms, 2026-11-27T10:00:00.033) in seconds, NaN where it is none."""
    try:
        if isinstance(value, str):
            amount, days = _AMOUNT.fullmatch(value), _DAYS.fullmatch(value)
            if amount and amount[2] in _UNIT_WORDS:
                return float(amount[1].replace(",", ".")) * UNITS[_UNIT_WORDS[amount[2]]]
            if days:
                return 86400 * float(days[1]) + (seconds_of(days[2]) or 0.0)
            if "-" in value:
                value = datetime.fromisoformat(as_text(value))
        if isinstance(value, datetime):
            return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()
        found = seconds_of(value)
    except (UnusableError, ValueError, OverflowError, OSError):
        return math.nan
    return math.nan if found is None else found


def _letters(text: str) -> str:
    return "".join(character for character in text.lower() if character.isalnum())
