"""Rows of a table of joints as clips of evenly spaced frames: hands told apart, gaps filled, times resampled."""

from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from handloom.media.sampling import FRAME_RATE_TOLERANCE, TICK_TOLERANCE, is_slower, sampled, usual_frame_rate
from handloom.media.timeline import LONGEST_GAP
from handloom.sources.clip import UnusableError
from handloom.sources.clock import Clock

# Frames without a row that are filled in: so many a row, and so many more. A wrong number must not fill the memory.
_MOST_FRAMES_A_ROW = 50
_MOST_FRAMES = 100_000
# A clip of fewer rows may be regular by chance.
_REGULAR = 5
# From so few steps no regular one can be told.
_STEPS = 2
# Times in tables are rounded to this, seconds.
_ROUNDING = 0.001

Hand = Literal["each", "left", "right"]
Indices = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass
class Rows:
    """Rows of a table that can be used, sorted by clip and within it by frame or time.

    Attributes:
        row: ``[R]``, the index of each in the table.
        place: ``[R]``, the same, but equal for two hands that one row holds.
        unit: ``[R]``, its clip.
        side: ``[R]``, 1 left, 2 right, 0 unknown.
        seen: ``[R]``, whether it has a hand.
        frames: ``[R]``, its number, None where the table has none.
        times: ``[R]``, seconds, None where the table has none.
        blank: ``[R]``, whether it stands for a frame without a hand, whatever its row says.
    """

    row: Indices
    place: Indices
    unit: Indices
    side: Indices
    seen: Flags
    frames: NDArray[np.float64] | None
    times: NDArray[np.float64] | None
    blank: Flags

    def taken(self, kept: Indices | Flags) -> "Rows":
        """Some of them."""
        return Rows(
            self.row[kept],
            self.place[kept],
            self.unit[kept],
            self.side[kept],
            self.seen[kept],
            None if self.frames is None else self.frames[kept],
            None if self.times is None else self.times[kept],
            self.blank[kept],
        )

    @property
    def order(self) -> NDArray[np.float64] | Indices:
        """Equal for rows of one frame, rising within a clip."""
        if self.frames is not None:
            return self.frames
        return self.place if self.times is None else self.times

    def repeats(self) -> Flags:
        """``[R]``, whether a row is of the same frame as the row before."""
        same = np.zeros(len(self.row), bool)
        same[1:] = (np.diff(self.unit) == 0) & (np.diff(self.order) == 0)
        return same

    @property
    def inside(self) -> Flags:
        """``[R - 1]``, whether a row and the next one are of one clip."""
        return np.equal(self.unit[1:], self.unit[:-1])


@dataclass
class Frames:
    """Clips frame by frame.

    Attributes:
        row: ``[F]``, the table's row; for a frame without a row the row before.
        clip: ``[F]``, the clip, rising.
        number: ``[F]``, 0, 1, ... within it.
        blank: ``[F]``, see `Rows`.
        refused: the table's row (the first of a clip) to why the clip cannot be used.
        notes: one line each, without the table's name.
    """

    row: Indices
    clip: Indices
    number: Indices
    blank: Flags
    refused: dict[int, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def sorted_rows(kept: Indices, place: Indices, unit: Indices, side: Indices, seen: Flags, clock: Clock) -> Rows:
    """Rows by clip and time; those of one time in the order of the table.

    Args:
        kept: ``[R]``, the table's rows that can be used.
        place: see `Rows`, of all rows of the table, as the next three.
        unit: the clip.
        side: left, right or unknown.
        seen: whether there is a hand.
        clock: of the table.
    """
    frames = None if clock.frames is None else clock.frames[kept]
    times = None if clock.times is None else clock.times[kept]
    keys = [kept, *(key for key in (times, frames) if key is not None), unit[kept]]
    rows = Rows(kept, place[kept], unit[kept], side[kept], seen[kept], frames, times, np.zeros(len(kept), bool))
    return rows.taken(np.lexsort(keys))


def in_frames(rows: Rows, rate: float, target: float, accept_slow: bool, hand: Hand = "each") -> Frames:
    """Lay rows out frame by frame at a frame rate.

    A number that is missing between two frames is a frame without a hand. Times are resampled as those of videos are.
    Two rows of one frame are two hands: each a clip, or only the one of `hand`.

    Args:
        rows: as `sorted_rows` gives them.
        rate: frames/s of the rows, where times do not tell another one.
        target: frames/s that are wanted.
        accept_slow: whether clips of a lower rate are taken, frames repeated.
        hand: which hands are taken.

    Raises:
        UnusableError: there are far more frames than rows.
    """
    found = Frames(rows.row[:0], rows.unit[:0], rows.unit[:0], rows.seen[:0])
    rows = _of_one_side(rows, hand, found) if hand != "each" else rows
    rows = _hands_apart(rows, found)
    if rows.frames is not None:
        rows = _filled(_with_even_steps(rows, rate, found), found)
    if rows.times is None or (rate >= target * (1 - FRAME_RATE_TOLERANCE) and _agree(rows, rate)):
        _resample_evenly(rows, rate, target, found)
    else:
        _resample_times(_with_rising_times(rows, found), rate, target, accept_slow, found)
    return found


def resampled(counts: Indices, rate: float, target: float) -> tuple[Indices, Indices]:
    """Which rows stand for the samples when sessions of evenly spaced rows are brought to another frame rate.

    Sample k is the newest row that is not later than k / `target` seconds, as in `handloom.media.sampling`, for all
    sessions at once.

    Args:
        counts: ``[sessions]``, rows of each session; the rows of all sessions lie one after another.
        rate: frames/s of the rows.
        target: frames/s that are wanted.

    Returns:
        the row and the number within its session (k) of each sample of all sessions, ``[samples]`` both.
    """
    samples = np.floor((counts - 1) / rate * target + TICK_TOLERANCE).astype(np.int64) + 1
    number = within(samples)
    row = np.floor((number + TICK_TOLERANCE) / target * rate + 1e-9).astype(np.int64)
    row = np.minimum(row, np.repeat(counts - 1, samples))
    return row + np.repeat(np.cumsum(counts) - counts, samples), number


def within(counts: Indices) -> Indices:
    """0, 1, ... for each of several stretches of these lengths, one after another."""
    return np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)


def _of_one_side(rows: Rows, hand: Hand, found: Frames) -> Rows:
    """With the hands of the other side taken out: their frames are frames without a hand."""
    wanted = rows.seen & (rows.side == (1 if hand == "left" else 2))
    others = int((rows.seen & ~wanted).sum())
    units = np.isin(rows.unit, np.unique(rows.unit[wanted]))
    without = len(np.unique(rows.unit[~units]))
    if others or without:
        clips = f", and {without} clips without a {hand} hand" if without else ""
        found.notes.append(f"{hand} hands only: {others} rows of other hands left out{clips}")
    rows = replace(rows, seen=wanted, blank=rows.seen & ~wanted)
    same = rows.repeats()
    # Of several rows of one frame: the wanted hands, or else the first.
    frame = np.cumsum(~same)
    has_wanted = np.isin(frame, np.unique(frame[wanted]))
    return rows.taken(units & (wanted | (~has_wanted & ~same)))


def _refuse(rows: Rows, reasons: dict[int, str], found: Frames) -> Rows:
    """Without the clips (unit to reason) that cannot be used."""
    if not reasons:
        return rows
    units, first = np.unique(rows.unit, return_index=True)
    for unit, row in zip(units.tolist(), rows.row[first].tolist(), strict=True):
        if unit in reasons:
            found.refused[row] = reasons[unit]
    return rows.taken(~np.isin(rows.unit, list(reasons)))


def _first_of_units(rows: Rows, wrong: Flags) -> list[tuple[int, int]]:
    """(unit, row) of the first row of each clip for which something is wrong, ``[R]`` or ``[R - 1]``."""
    units, first = np.unique(rows.unit[: len(wrong)][wrong], return_index=True)
    return list(zip(units.tolist(), np.flatnonzero(wrong)[first].tolist(), strict=True))


def _hands_apart(rows: Rows, found: Frames) -> Rows:
    """With each hand of a clip of two hands as a clip of its own."""
    same = rows.repeats()
    if not same.any():
        return _refuse(rows, _alternating(rows), found)
    double = np.isin(rows.unit, np.unique(rows.unit[same]))
    keep = ~double | rows.seen | (rows.side > 0)  # a frame without any hand says nothing of either
    rows, double = rows.taken(keep), double[keep]
    unknown = set(rows.unit[double & (rows.side == 0)].tolist())
    reasons: dict[int, str] = {}
    for unit, row in _first_of_units(rows, rows.repeats()):
        if unit in unknown:
            count = int((rows.order[rows.unit == unit] == rows.order[row]).sum())
            reason = (
                f"{'two' if count == 2 else count} rows of {_when(rows, row)}, and no column tells which hand they are"
            )
            reasons |= dict.fromkeys(
                (2 * unit, 2 * unit + 1), f"{reason}: give each hand, or each take, a session id of its own"
            )
    clips = len(set(rows.unit[double].tolist()) - {unit // 2 for unit in reasons})
    if clips:
        found.notes.append(
            f"two hands in a frame in {clips} clips: each hand is a clip of its own (hand: left or right takes one of"
            " them)"
        )
    split = replace(rows, unit=2 * rows.unit + (double & (rows.side == 2)))
    order = np.lexsort((split.order, split.unit))
    split, double = split.taken(order), double[order]
    seen = np.isin(split.unit, np.unique(split.unit[split.seen]))
    other_seen = np.isin(split.unit ^ 1, np.unique(split.unit[split.seen]))
    split = split.taken(~double | seen | ~other_seen)
    for unit, row in _first_of_units(split, split.repeats()):
        reasons.setdefault(unit, f"two rows of {_when(split, row)} of one hand; keep one of the two")
    return _refuse(split, reasons, found)


def _when(rows: Rows, row: int) -> str:
    if rows.frames is not None:
        return f"frame {rows.frames[row]:g}"
    return "one frame" if rows.times is None else f"the time {rows.times[row]:g} s"


def _alternating(rows: Rows) -> dict[int, str]:
    """Clips whose rows are a left hand, a right hand, a left hand ... and nothing says of which frame."""
    if rows.frames is not None or rows.times is not None:
        return {}
    differs = rows.inside & (rows.side[1:] != rows.side[:-1]) & (rows.side[1:] > 0) & (rows.side[:-1] > 0)
    units, counts = np.unique(rows.unit, return_counts=True)
    changing, changes = np.unique(rows.unit[1:][differs], return_counts=True)
    steps = dict(zip(units.tolist(), (counts - 1).tolist(), strict=True))
    return {
        unit: "its rows are of a left and a right hand in turns; add a column frame, or give each hand a session id of"
        " its own"
        for unit, count in zip(changing.tolist(), changes.tolist(), strict=True)
        if count == steps[unit] >= 3
    }


def _with_even_steps(rows: Rows, rate: float, found: Frames) -> Rows:
    """With `frames` counting 1 for each frame; clips whose numbers cannot be right are refused."""
    numbers = rows.frames if rows.frames is not None else np.arange(len(rows.row), dtype=np.float64)
    steps = np.diff(numbers)
    inside = steps[rows.inside]
    if not len(inside):
        return rows
    whole = bool((inside % 1 == 0).all())
    step = float(np.gcd.reduce(inside.astype(np.int64))) if whole else float(inside.min())
    if step > rate or len(inside) < _STEPS:  # gaps, no regular step
        step = 1.0
    if step != 1:
        found.notes.append(
            f"frame numbers go up by {step:g}: taken as frame after frame at {rate:g} frames/s (frame_rate)"
        )
    frames = numbers / step
    counts = np.diff(frames)
    uneven = rows.inside & (np.abs(counts - np.round(counts)) > TICK_TOLERANCE)
    far = rows.inside & (counts - 1 > LONGEST_GAP * rate)
    reasons = {}
    for wrong, why in ((uneven, f"frame numbers that are not {step:g} apart"), (far, f"more than {LONGEST_GAP:g} s")):
        for unit, row in _first_of_units(rows, wrong):
            reasons[unit] = (
                f"frame numbers go from {numbers[row]:.15g} to {numbers[row + 1]:.15g}, {why}; correct them, or give"
                " the rest a session id of its own"
            )
    for unit, count in _regular(rows, counts).items():
        reasons.setdefault(
            unit,
            f"frame numbers go up by {count * step:g}, those of other clips by {step:g}; number all frame by frame",
        )
    return _refuse(replace(rows, frames=frames), reasons, found)


def _regular(rows: Rows, counts: NDArray[np.float64]) -> dict[int, float]:
    """Clips whose frame numbers go up by one and the same number above 1."""
    units, start, lengths = np.unique(rows.unit, return_index=True, return_counts=True)
    regular = {}
    for unit, first, length in zip(units.tolist(), start.tolist(), lengths.tolist(), strict=True):
        if length >= _REGULAR and counts[first] > 1.5 and np.ptp(np.round(counts[first : first + length - 1])) == 0:
            regular[unit] = float(np.round(counts[first]))
    return regular


def _filled(rows: Rows, found: Frames) -> Rows:
    """With a frame without a hand for each number that is missing between two frames."""
    if rows.frames is None or not len(rows.row):
        return rows
    missing = np.zeros(len(rows.row), np.int64)
    missing[:-1] = np.where(rows.inside, np.round(np.diff(rows.frames)) - 1, 0)
    if not missing.any():
        return rows
    _check_size(len(rows.row), float(missing.sum()))
    counts = missing + 1
    index, offset = np.repeat(np.arange(len(counts)), counts), within(counts)
    filled = rows.taken(index)
    share = offset / counts[index]
    times = filled.times
    if times is not None and rows.times is not None:
        times = times + share * (np.append(rows.times[1:], 0)[index] - times)
    clips = len(np.unique(rows.unit[missing > 0]))
    found.notes.append(f"{missing.sum()} frames without a row in {clips} clips: frames without a hand")
    return replace(filled, seen=filled.seen & (offset == 0), times=times, blank=filled.blank | (offset > 0))


def _check_size(rows: int, frames: float) -> None:
    if frames > _MOST_FRAMES_A_ROW * rows + _MOST_FRAMES:
        raise UnusableError(
            f"{rows} rows would make {frames:.0f} frames; the frame numbers, times or the frame rate must be wrong"
        )


def _stretches(rows: Rows) -> tuple[Indices, Indices]:
    """Where each clip starts, and how many rows it has."""
    _, starts, counts = np.unique(rows.unit, return_index=True, return_counts=True)
    return starts, counts


def _agree(rows: Rows, rate: float) -> bool:
    """Whether times are those of frames at this rate, so that nothing has to be done about them."""
    starts, counts = _stretches(rows)
    if rows.times is None:
        return True
    expected = np.repeat(rows.times[starts], counts) + within(counts) / rate
    return bool((np.abs(rows.times - expected) <= TICK_TOLERANCE / rate).all())


def _with_rising_times(rows: Rows, found: Frames) -> Rows:
    if rows.times is None:
        return rows
    steps = np.diff(rows.times)
    reasons = {}
    for wrong, why in ((rows.inside & (steps < 0), "back"), (rows.inside & (steps > LONGEST_GAP), "too far")):
        for unit, row in _first_of_units(rows, wrong):
            reasons[unit] = (
                f"times go {why} from {rows.times[row]:.15g} s to {rows.times[row + 1]:.15g} s; correct them, or give"
                " the rest a session id of its own"
            )
    return _refuse(rows, reasons, found)


def _resample_evenly(rows: Rows, rate: float, target: float, found: Frames) -> None:
    _, counts = _stretches(rows)
    _check_size(len(rows.row), float(counts.sum() / rate * target))
    if rate != target:
        index, number = resampled(counts, rate, target)
    else:
        index, number = np.arange(len(rows.row)), within(counts)
    _put(rows, index, number, found)


def _resample_times(rows: Rows, rate: float, target: float, accept_slow: bool, found: Frames) -> None:
    """By times, as `handloom.media.clips` does with videos."""
    assert rows.times is not None
    starts, counts = _stretches(rows)
    ends = starts + counts - 1
    _check_size(len(rows.row), float(((rows.times[ends] - rows.times[starts]) * target).sum()))
    index: list[int] = []
    number: list[int] = []
    reasons: dict[int, str] = {}
    rates: list[float] = []
    slow = pauses = 0
    for start, count in zip(starts.tolist(), counts.tolist(), strict=True):
        times = (rows.times[start : start + count] - rows.times[start]).tolist()
        usual = usual_frame_rate(times)
        if usual is not None:
            rates.append(usual)
            pauses += sum(after - before > 2.5 / usual for before, after in pairwise(times))
        if is_slower(times, target, _ROUNDING):
            slow += 1
            if not accept_slow:
                reasons[int(rows.unit[start])] = (
                    f"{round(usual or 0, 2):g} frames/s by its times, fewer than extract_keypoints.target_frame_rate"
                    f" ({target:g}); lower that, or set extract_keypoints.accept_slow_clips to true"
                )
                continue
        for time, item in sampled(zip(times, range(start, start + count), strict=True), target):
            index.append(item)
            number.append(round(time * target))
    _refuse(rows, reasons, found)
    if rates:
        low, high = (f"{round(one, 1):g}" for one in (min(rates), max(rates)))
        found.notes.append(
            f"times give {low if low == high else f'{low} to {high}'} frames/s; frame_rate ({rate:g}) is not used"
        )
    if slow and accept_slow:
        found.notes.append(f"{slow} clips of fewer than {target:g} frames/s: frames are repeated")
    if pauses and rows.frames is None:
        found.notes.append(
            f"{pauses} pauses between times: the row before is held, as in videos; a column frame would tell frames"
            " without a hand"
        )
    _put(rows, np.array(index, np.int64), np.array(number, np.int64), found)


def _put(rows: Rows, index: Indices, number: Indices, found: Frames) -> None:
    found.row, found.number, found.blank = rows.row[index], number, rows.blank[index]
    found.clip = np.unique(rows.unit[index], return_inverse=True)[1].reshape(-1)
