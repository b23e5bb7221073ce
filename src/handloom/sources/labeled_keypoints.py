"""A table of joints that were found before, one row per frame (Create ML's `labeledKeypointsDataFrame`)."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from handloom.config import LANDMARKER_NAME, Kind, LabeledKeypointsDataFrame
from handloom.errors import DataError, printable
from handloom.hand import CHIRALITIES, JOINT_COUNT, Poses, present
from handloom.keypoint_table import SCHEMA, poses_to_column
from handloom.media.sampling import FRAME_RATE_TOLERANCE
from handloom.sources.clip import Gathered, Skipped, UnusableError
from handloom.sources.clock import clock_columns, in_seconds, note_on_counting, read_clock
from handloom.sources.frames import Frames, Rows, in_frames, sorted_rows
from handloom.sources.joints import Features, Hands, Problems, feature_columns, read_hands
from handloom.sources.labels import PARTS, checked_label, checked_part, note_on_numbers
from handloom.sources.landmark_lists import side_within
from handloom.sources.sides import read_sides, side_columns
from handloom.sources.tables import Table, read_table, table_from_frame

# A hand that moves is farther from where it was two frames ago than from where it was one ago; never so much nearer.
_JUMP, _FEWEST_IN_TURNS = 3.0, 8
_FRACTION = re.compile(r"-?\d*\.\d+(e-?\d+)?")
LANDMARKER_COLUMN = "landmarker"
FRACTIONS_END = 10.0  # no joint is so far outside its picture; pixels are

Indices = NDArray[np.int64]


def labeled_keypoints(
    member: LabeledKeypointsDataFrame,
    kind: Kind,
    key: str,
    frame: Any = None,
    frame_rate: float = 30.0,
    accept_slow: bool = False,
) -> Gathered:
    """The rows of a table as rows of `handloom.keypoint_table.SCHEMA`.

    For "pose" each row is an example. For "action" the rows of one session are one, by their frame numbers or times if
    there are any (`handloom.sources.frames`), else in the order of the table; they are brought to `frame_rate`. Of two
    hands of one row, or of two rows of one frame, each is an example. Columns that are called as those of `SCHEMA` are
    taken over.

    Raises:
        DataError: the table cannot be read, lacks a column, has columns of joints other than declared or without a
            unique reading, or is slower than `frame_rate` and `accept_slow` is false.
    """
    if frame is None:
        table = read_table(member.data_frame, f"{key}.data_frame", member.header)
    else:
        table = table_from_frame(frame, member.data_frame)
    by_session = kind == "action" and bool(member.session_id_column)
    columns = _columns(table, member, key, by_session)
    table, columns = _with_sides_within(table, columns, member)
    gathered = Gathered(skipped=list(table.skipped))
    if kind == "action" and not (by_session and columns.time):
        gathered.notes += _check_rate(table, member, key, frame_rate, accept_slow)
    hands = read_hands(table, columns.features, key, empty_is_no_hand=by_session)
    if len(hands.row) > len(table):
        table = table.taken(hands.row, [name for some in columns.features.hands.values() for name in some])
    sides, notes = _sides(table, hands, columns, member, key)
    gathered.notes += [*table.notes, *columns.notes, *hands.notes, *notes]
    rows = _Rows(table, member, columns, by_session)
    if by_session:
        clock = read_clock(table, member, columns.frame, columns.time, rows.unit, key)
        clock = in_seconds(clock, rows.unit, member, table.name, key)
        gathered.notes += clock.notes
        if clock.frames is None and clock.times is None:
            turns = _in_turns(hands.poses, rows.unit) if len(columns.features.hands) == 1 else {}
            gathered.notes += note_on_counting(table, columns.unused, rows.unit, key)
        else:
            turns = {}
        kept, skipped = rows.usable(clock.problems | hands.problems, turns)
        ordered = sorted_rows(kept, hands.row, rows.unit, sides, present(hands.poses), clock)
        frames, more = _clips(rows, ordered, member, frame_rate, accept_slow)
        skipped += more
    else:
        kept, skipped = rows.usable(hands.problems, {})
        frames = _alone(kept, hands, sides, member)
    gathered.skipped += skipped
    gathered.notes += [f"{table.name}: {note}" for note in frames.notes]
    gathered.landmarkers, notes = _landmarkers(table, member, kept)
    gathered.notes += notes
    gathered.keypoints = _keypoints(rows, hands.poses, sides, frames, frame_rate if kind == "action" else None)
    labels = set(gathered.keypoints.column("label").unique().to_pylist())
    gathered.notes += note_on_numbers(labels, table.name) + _note_on_range(hands.poses[kept], table)
    return gathered


@dataclass(frozen=True)
class _Columns:
    """What is in which column; empty where nothing is."""

    features: Features
    sides: list[str]
    frame: str
    time: str
    group: str
    part: str
    unused: list[str]
    notes: list[str]


def _columns(table: Table, member: LabeledKeypointsDataFrame, key: str, by_session: bool) -> _Columns:
    """What is in which column; those that the section names exist."""
    named = {
        "label_column": member.label_column,
        "session_id_column": member.session_id_column,
        "group_column": member.group_column,
        "part_column": member.part_column,
    }
    if member.header and sum(_FRACTION.fullmatch(name) is not None for name in table.columns) >= JOINT_COUNT:
        raise DataError(
            f"{table.name}: its first row has numbers, no names of columns; set {key}.header to false and"
            f" {key}.label_column to the number of the label's column, counted from 0"
        )
    for parameter, column in named.items():
        if column:
            empty = " (empty: each row alone)" if parameter == "session_id_column" else ""
            table.require(column, f"{key}.{parameter}{empty}")
    used = [column for column in named.values() if column]
    if member.feature_column in table.columns:
        used.append(member.feature_column)
    sides, notes = side_columns(table, member, used, key)
    frame, time = clock_columns(table, member, used, key, by_session)
    known = (*SCHEMA.names, LANDMARKER_COLUMN)
    own = [name for name in known if name in table.columns and name not in used and name != "keypoints"]
    others = [*used, *sides, *filter(None, (frame, time)), *(own if member.feature_column == "*" else ())]
    features = feature_columns(table, member, others, key)
    taken = {name for some in features.hands.values() for name in some}
    group, part = member.group_column, member.part_column
    if not group and "group" in own and "group" not in taken:
        group = "group"
        notes.append(f"{table.name}: its column 'group' names the groups")
    if not part and "part" in own and "part" not in taken:
        if set(table.texts("part")) <= {"", *PARTS}:
            part = "part"
            notes.append(f"{table.name}: its column 'part' names the parts")
        else:
            notes.append(f"{table.name}: its column 'part' names no parts of a data set and is passed over")
    unused = [name for name in table.columns if name not in taken and name not in (*others, group, part)]
    return _Columns(features, sides, frame, time, group, part, unused, notes)


def _landmarkers(table: Table, member: LabeledKeypointsDataFrame, rows: Indices) -> tuple[list[str], list[str]]:
    """What found the joints of these rows: as declared, else as a column says; and a line where it says no names."""
    if member.landmarker or LANDMARKER_COLUMN not in table.columns:
        return [member.landmarker] if member.landmarker else [], []
    texts = table.texts(LANDMARKER_COLUMN)
    names = sorted({texts[row] for row in rows.tolist()} - {""})
    if all(re.fullmatch(LANDMARKER_NAME, name) for name in names):
        return names, []
    return [], [f"{table.name}: its column '{LANDMARKER_COLUMN}' has no names of landmarkers and is passed over"]


def _with_sides_within(table: Table, columns: _Columns, member: LabeledKeypointsDataFrame) -> tuple[Table, _Columns]:
    """With a column of what the objects around the joints say of the side, where no column says it."""
    feature = columns.features.hands.get("", ("", ""))
    if len(feature) > 1 or columns.sides or member.side_column:
        return table, columns
    values = table.columns[feature[0]]
    if isinstance(values, pa.ChunkedArray):
        values = values.to_pylist() if any(kind in str(values.type) for kind in ("struct", "string")) else ()
    sides = [side_within(value) for value in values]
    if not any(sides):
        return table, columns
    name = f"{feature[0]}.handedness"
    return replace(table, columns={**table.columns, name: sides}), replace(columns, sides=[name])


def _check_rate(
    table: Table, member: LabeledKeypointsDataFrame, key: str, frame_rate: float, accept_slow: bool
) -> list[str]:
    for name in table.columns:
        if "".join(filter(str.isalpha, name.lower())) in ("fps", "framerate"):
            rates = np.unique(table.decimals([name]))
            rates = rates[np.isfinite(rates)]
            if (np.abs(rates - member.frame_rate) > FRAME_RATE_TOLERANCE * member.frame_rate).any():
                shown = ", ".join(f"{rate:g}" for rate in rates[:3])
                advice = f"set {key}.frame_rate to it" if len(rates) == 1 else "write a column time, or a table each"
                raise DataError(
                    f"{table.name}: its column '{printable(name)}' says {shown} frames/s, {key}.frame_rate"
                    f" {member.frame_rate:g}; {advice}"
                )
    if member.frame_rate >= frame_rate * (1 - FRAME_RATE_TOLERANCE):
        return []
    slow = f"{table.name}: {member.frame_rate:g} frames/s ({key}.frame_rate)"
    if not accept_slow:
        raise DataError(
            f"{slow}, fewer than extract_keypoints.target_frame_rate ({frame_rate:g}); lower that, or set"
            " extract_keypoints.accept_slow_clips to true"
        )
    return [f"{slow}: frames repeated up to {frame_rate:g}"]


def _sides(
    table: Table, hands: Hands, columns: _Columns, member: LabeledKeypointsDataFrame, key: str
) -> tuple[Indices, list[str]]:
    """Which side each hand is of, as an index into `CHIRALITIES`, and lines that are worth knowing."""
    by_name = np.array([CHIRALITIES.index(side) for side in hands.side], np.int64)
    told, notes = read_sides(table, columns.sides, member, key)
    by_column = np.array([CHIRALITIES.index(side) for side in told], np.int64)
    if len(columns.features.hands) > 1:
        counts = [int((present(hands.poses) & (by_name == side)).sum()) for side in (1, 2)]
        notes.append(f"{table.name}: columns of two hands: {counts[0]} left and {counts[1]} right ones in its rows")
        sides = by_name
    else:
        sides = np.where(by_column > 0, by_column, by_name)
    if member.hand != "each" and not sides.any():
        raise DataError(f"{table.name}: no column tells which hand a row is; set {key}.hand to each")
    return sides, notes


def _in_turns(poses: Poses, units: Indices) -> dict[int, str]:
    """Clips whose rows jump to and fro between two places: two hands of each frame, but nothing says so."""
    order = np.argsort(units, kind="stable")
    starts = np.flatnonzero(np.diff(units[order], prepend=-1))
    reasons = {}
    for rows in np.split(order, starts[1:]):
        hands = poses[rows][present(poses[rows]), :2]
        if len(hands) >= _FEWEST_IN_TURNS:
            next_one, next_but_one = (
                np.median(np.abs(hands[step:] - hands[:-step]).mean(axis=(1, 2))) for step in (1, 2)
            )
            if next_one > _JUMP * next_but_one:
                reasons[int(units[rows[0]])] = (
                    "its rows alternate like those of two hands; add a column frame, or give each hand a"
                    " session id of its own"
                )
    return reasons


def _clips(
    rows: "_Rows", ordered: Rows, member: LabeledKeypointsDataFrame, frame_rate: float, accept_slow: bool
) -> tuple[Frames, list[Skipped]]:
    """Clips frame by frame, and those that cannot be used."""
    try:
        frames = in_frames(ordered, member.frame_rate, frame_rate, accept_slow, member.hand)
    except UnusableError as error:
        raise DataError(f"{rows.table.name}: {error}") from None
    return frames, [rows.skipped_unit(row, frames.refused[row]) for row in sorted(frames.refused)]


def _alone(kept: Indices, hands: Hands, sides: Indices, member: LabeledKeypointsDataFrame) -> Frames:
    """Each hand as an example of one frame; of a row of two hands those that it has, or one frame without a hand."""
    seen = present(hands.poses)
    use = np.ones(len(seen), bool)
    notes = []
    if member.hand != "each":
        use = ~seen | (sides == CHIRALITIES.index(member.hand))
        others = int((~use[kept]).sum())
        notes += [f"{member.hand} hands only: {others} other hands left out"] if others else []
    filled = np.zeros(len(seen), bool)
    filled[hands.row[seen & use]] = True  # by the table's row
    first = np.append(True, np.diff(hands.row) > 0)[: len(seen)]
    kept = kept[(use & (seen | (first & ~filled[hands.row])))[kept]]
    none = np.zeros(len(kept), np.int64)
    return Frames(kept, np.arange(len(kept)), none, none > 0, notes=notes)


class _Coded:
    """Texts by their codes: equal texts have equal codes, which count up in the order of first appearance."""

    def __init__(self, texts: Iterable[str], count: int) -> None:
        codes: dict[str, int] = {}
        self.codes = np.fromiter((codes.setdefault(text, len(codes)) for text in texts), np.int64, count)
        self.texts = list(codes)


class _Rows:
    """What a table has in addition to the joints.

    Attributes:
        table: the table.
        unit: ``[rows]``, the example that each belongs to, counted in the order of first appearance.
        labels, groups, parts, paths: texts of each row; groups and paths are never empty.
    """

    def __init__(self, table: Table, member: LabeledKeypointsDataFrame, columns: _Columns, by_session: bool) -> None:
        count = len(table)
        self.table, self._by_session = table, by_session
        self._labels = _Coded(table.texts(member.label_column), count)
        file = printable(PurePath(member.data_frame).name)
        if member.session_id_column:
            ids = table.texts(member.session_id_column)
            self._without_id = np.array([not text for text in ids], bool)
            names = [f"{file}/{text}" for text in ids]
        else:
            ids = []
            self._without_id = np.zeros(count, bool)
            names = [f"{file}/{table.unit} {number}" for number in table.numbers]
        session = _Coded(ids, count) if by_session else None
        self._ids = session.texts if session else []
        self.unit = session.codes if session else np.arange(count)
        self._groups = _Coded(_filled(table.texts(columns.group), names) if columns.group else names, count)
        self._parts = _Coded(table.texts(columns.part) if columns.part else [""] * count, count)
        self.paths = _filled(table.texts("path"), names) if "path" in table.columns else names

    def usable(self, problems: Problems, unit_problems: Problems) -> tuple[Indices, list[Skipped]]:
        """The rows that can be used, example by example and each in the table's order, and those that cannot.

        Args:
            problems: what is wrong with the joints of rows.
            unit_problems: the same of all rows of an example.
        """
        good = np.ones(len(self.table), bool)
        skipped: dict[int, Skipped] = {}
        for row in np.flatnonzero(self._without_id).tolist():
            good[row] = False
            skipped[row] = self.table.skip(row, "no session id; give it one", self._label(row))
        units, first = np.unique(self.unit, return_index=True)
        reasons = unit_problems | self._unusable_units(first)
        for unit in sorted(reasons):
            row = int(first[unit])
            if good[row]:
                skipped[row] = self.skipped_unit(row, reasons[unit])
        unusable = np.zeros(len(units), bool)
        unusable[list(reasons)] = True
        good &= ~unusable[self.unit]
        for row in sorted(problems):
            if good[row]:
                good[row] = False
                skipped[row] = self.table.skip(row, problems[row], self._label(row))
        kept = np.flatnonzero(good)
        kept = kept[np.argsort(self.unit[kept], kind="stable")]
        return kept, [skipped[row] for row in sorted(skipped)]

    def skipped_unit(self, row: int, reason: str) -> Skipped:
        """An example that cannot be used, by one of its rows."""
        place = self._place(row)
        return Skipped(place, f"{place}: {reason}", self._label(row))

    def column(self, name: str, rows: Indices) -> pa.Array:
        """The label, group or part of rows."""
        coded = {"label": self._labels, "group": self._groups, "part": self._parts}[name]
        texts = [_label_or_empty(text) for text in coded.texts] if name == "label" else coded.texts
        return pa.array(texts, pa.string()).take(pa.array(coded.codes[rows]))

    def _unusable_units(self, first: Indices) -> dict[int, str]:
        reasons: dict[int, str] = {}
        for name, coded in (("label", self._labels), ("group", self._groups), ("part", self._parts)):
            differs = coded.codes != coded.codes[first[self.unit]]
            for row in np.flatnonzero(differs).tolist():
                unit = int(self.unit[row])
                texts = [printable(coded.texts[coded.codes[place]])[:40] for place in (int(first[unit]), row)]
                reasons.setdefault(
                    unit,
                    f"rows of the {name} {texts[0]!r} and {texts[1]!r} ({self.table.unit} {self.table.numbers[row]});"
                    f" a session has one {name}: give them session ids of their own",
                )
        wrong_labels = _refused(self._labels.texts, checked_label)
        wrong_parts = _refused(self._parts.texts, checked_part)
        for coded, wrong in ((self._labels, wrong_labels), (self._parts, wrong_parts)):
            for unit in np.flatnonzero(np.isin(coded.codes[first], list(wrong))).tolist():
                reasons.setdefault(unit, wrong[int(coded.codes[first[unit]])])
        return reasons

    def _place(self, row: int) -> str:
        if self._by_session:
            return f"{self.table.name} session {printable(self._ids[self.unit[row]])}"
        return self.table.place(row)

    def _label(self, row: int) -> str:
        return _label_or_empty(self._labels.texts[self._labels.codes[row]])


def _refused(texts: list[str], check: Callable[[str], str]) -> dict[int, str]:
    """Which of these texts cannot be used, and why."""
    refused = {}
    for code, text in enumerate(texts):
        try:
            check(text)
        except UnusableError as error:
            refused[code] = str(error)
    return refused


def _filled(texts: list[str], names: list[str]) -> list[str]:
    return [text or name for text, name in zip(texts, names, strict=True)]


def _label_or_empty(text: str) -> str:
    try:
        return checked_label(text)
    except UnusableError:
        return ""


def _keypoints(rows: _Rows, poses: Poses, sides: Indices, frames: Frames, frame_rate: float | None) -> pa.Table:
    """Frames in the form of `SCHEMA`; what the table does not say of the pictures is null."""
    kept, blank = frames.row, frames.blank
    columns: dict[str, Any] = {
        "session_id": pa.array(frames.clip, pa.int64()),
        "label": rows.column("label", kept),
        "group": rows.column("group", kept),
        "part": rows.column("part", kept),
        "path": pa.array(rows.paths, pa.string()).take(pa.array(kept)),
        "frame": pa.array(frames.number, pa.int32()),
        "time": pa.array(frames.number / frame_rate if frame_rate else np.zeros(len(kept)), pa.float64()),
        "keypoints": poses_to_column(np.where(blank[:, None, None], np.float32(0), poses[kept])),
        "chirality": pa.array(CHIRALITIES, pa.string()).take(pa.array(np.where(blank, 0, sides[kept]))),
    }
    for name in ("score", "width", "height", "rotation"):
        columns[name] = _numbers(rows.table, name, kept, blank if name == "score" else np.zeros(len(kept), bool))
    return pa.table(columns, schema=SCHEMA)


def _numbers(table: Table, name: str, kept: Indices, blank: NDArray[np.bool_]) -> pa.Array:
    kind = SCHEMA.field(name).type
    if name not in table.columns:
        return pa.nulls(len(kept), kind)
    numbers = np.where(blank, 0, table.decimals([name])[kept, 0])
    wrong = ~(np.abs(numbers) < 2**31)  # also where not a number
    return pa.array(np.where(wrong, 0, numbers), mask=wrong).cast(kind, safe=False)


def _note_on_range(poses: Poses, table: Table) -> list[str]:
    largest = float(np.abs(poses[:, :2]).max(initial=0.0))
    if largest <= FRACTIONS_END:
        return []
    return [
        f"{table.name}: coordinates up to {largest:g}, fractions of the picture were expected; used as they"
        " are: divide x by the width of the picture and y by its height"
    ]
