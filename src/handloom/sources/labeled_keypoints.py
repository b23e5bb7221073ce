"""A table of joints that were found before, a row a frame (Create ML's `labeledKeypointsDataFrame`)."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from handloom.config import Kind, LabeledKeypointsDataFrame
from handloom.errors import DataError, printable
from handloom.hand import Poses
from handloom.keypoint_table import SCHEMA, poses_to_column
from handloom.media.frame_rate import FRAME_RATE_TOLERANCE
from handloom.media.sampling import TICK_TOLERANCE
from handloom.sources.clip import Gathered, Skipped, UnusableError
from handloom.sources.joints import Problems, feature_columns, read_joints
from handloom.sources.labels import PARTS, checked_label, checked_part, note_on_numbers
from handloom.sources.tables import Table, read_table, table_from_frame

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

    For "pose" each row is an example. For "action" the rows of one session are one, in the order of the column `frame`
    or `time` if there is one, else of the table; they are brought to `frame_rate`. Columns that are called as those of
    `SCHEMA` are taken over.

    Raises:
        DataError: the table cannot be read, lacks a column, has another number of columns of joints than declared, or
            is slower than `frame_rate` and `accept_slow` is false.
    """
    if frame is None:
        table = read_table(member.data_frame, f"{key}.data_frame", member.header)
    else:
        table = table_from_frame(frame, member.data_frame)
    gathered = Gathered(skipped=list(table.skipped), notes=list(table.notes))
    if kind == "action":
        gathered.notes += _check_rate(table, member, key, frame_rate, accept_slow)
    columns = _columns(table, member, key)
    gathered.notes += columns.notes
    poses, problems = read_joints(table, member, columns.features, key)
    rows = _Rows(table, member, columns, by_session=kind == "action" and bool(member.session_id_column))
    kept, skipped = rows.usable(problems)
    gathered.skipped += skipped
    gathered.keypoints = _keypoints(rows, poses, kept, kind, member.frame_rate, frame_rate)
    labels = set(gathered.keypoints.column("label").unique().to_pylist())
    gathered.notes += note_on_numbers(labels, table.name) + _note_on_range(poses[kept], table)
    return gathered


def resampled(counts: Indices, rate: float, target: float) -> tuple[Indices, Indices]:
    """Which rows stand for the samples when sessions of evenly spaced rows are brought to another frame rate.

    Sample k is the newest row that is not later than k / `target` seconds, with `handloom.media.sampling`'s tolerance.

    Args:
        counts: ``[sessions]``, rows of each session; the rows of all sessions lie one after another.
        rate: frames/s of the rows.
        target: frames/s that are wanted.

    Returns:
        the row and the number within its session (k) of each sample of all sessions, ``[samples]`` both.
    """
    samples = np.floor((counts - 1) / rate * target + TICK_TOLERANCE).astype(np.int64) + 1
    number = _within(samples)
    row = np.floor((number + TICK_TOLERANCE) / target * rate + 1e-9).astype(np.int64)
    row = np.minimum(row, np.repeat(counts - 1, samples))
    return row + np.repeat(np.cumsum(counts) - counts, samples), number


@dataclass(frozen=True)
class _Columns:
    features: list[str]
    group: str
    part: str
    order: str
    notes: list[str]


def _columns(table: Table, member: LabeledKeypointsDataFrame, key: str) -> _Columns:
    """What is in which column; those that the section names exist."""
    named = {
        "label_column": member.label_column,
        "session_id_column": member.session_id_column,
        "group_column": member.group_column,
        "part_column": member.part_column,
    }
    for parameter, column in named.items():
        if column:
            empty = " (empty: each row alone)" if parameter == "session_id_column" else ""
            table.require(column, f"{key}.{parameter}{empty}")
    used = {column for column in named.values() if column}
    own = [name for name in SCHEMA.names if name in table.columns and name not in used and name != "keypoints"]
    features = feature_columns(table, member, [*used, *own] if member.feature_column == "*" else list(used), key)
    own = [name for name in own if name not in features]
    notes = []
    group, part = member.group_column, member.part_column
    if not group and "group" in own:
        group = "group"
        notes.append(f"{table.name}: its column 'group' names the groups")
    if not part and "part" in own:
        if set(table.texts("part")) <= {"", *PARTS}:
            part = "part"
            notes.append(f"{table.name}: its column 'part' names the parts")
        else:
            notes.append(f"{table.name}: its column 'part' names no parts of a data set and is passed over")
    order = ""
    for name in ("frame", "time"):
        if not order and name in own and np.isfinite(table.decimals([name])).all():
            order = name
    return _Columns(features, group, part, order, notes)


def _check_rate(
    table: Table, member: LabeledKeypointsDataFrame, key: str, frame_rate: float, accept_slow: bool
) -> list[str]:
    if member.frame_rate >= frame_rate * (1 - FRAME_RATE_TOLERANCE):
        return []
    slow = f"{table.name}: {member.frame_rate:g} frames/s ({key}.frame_rate)"
    if not accept_slow:
        raise DataError(
            f"{slow}, fewer than extract_keypoints.target_frame_rate ({frame_rate:g}); lower that, or set"
            " extract_keypoints.accept_slow_clips to true"
        )
    return [f"{slow}: frames repeated up to {frame_rate:g}"]


class _Coded:
    """Texts by their codes: equal texts have equal codes, which count up in the order of first appearance."""

    def __init__(self, texts: Iterable[str], count: int) -> None:
        codes: dict[str, int] = {}
        self.codes = np.fromiter((codes.setdefault(text, len(codes)) for text in texts), np.int64, count)
        self.texts = list(codes)


class _Rows:
    """What a table says of its rows, beside the joints.

    Attributes:
        table: the table.
        unit: ``[rows]``, the example that each belongs to, counted in the order of first appearance.
        labels, groups, parts, paths: texts of each row; groups and paths are never empty.
        order: ``[rows]``, by which the rows of one example are put in order.
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
        self.order = table.decimals([columns.order])[:, 0] if columns.order else np.arange(count, dtype=np.float64)

    def usable(self, problems: Problems) -> tuple[Indices, list[Skipped]]:
        """The rows that can be used, example by example and each example in order, and those that cannot.

        Args:
            problems: what is wrong with the joints of rows.
        """
        good = np.ones(len(self.table), bool)
        skipped: dict[int, Skipped] = {}
        for row in np.flatnonzero(self._without_id).tolist():
            good[row] = False
            skipped[row] = self.table.skip(row, "no session id; give it one", self._label(row))
        units, first = np.unique(self.unit, return_index=True)
        reasons = self._unusable_units(first)
        for unit in sorted(reasons):
            row = int(first[unit])
            if good[row]:
                place = self._place(row)
                skipped[row] = Skipped(place, f"{place}: {reasons[unit]}", self._label(row))
        unusable = np.zeros(len(units), bool)
        unusable[list(reasons)] = True
        good &= ~unusable[self.unit]
        for row in sorted(problems):
            if good[row]:
                good[row] = False
                skipped[row] = self.table.skip(row, problems[row], self._label(row))
        kept = np.flatnonzero(good)
        kept = kept[np.lexsort((kept, self.order[kept], self.unit[kept]))]
        return kept, [skipped[row] for row in sorted(skipped)]

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


def _keypoints(rows: _Rows, poses: Poses, kept: Indices, kind: Kind, rate: float, target: float) -> pa.Table:
    """The kept rows in the form of `SCHEMA`; what the table does not say of the pictures is null."""
    _, session, counts = np.unique(rows.unit[kept], return_inverse=True, return_counts=True)
    if kind == "action" and rate != target:
        source, number = resampled(counts, rate, target)
        kept, session = kept[source], session[source]
    else:
        number = _within(counts)
    columns: dict[str, Any] = {
        "session_id": pa.array(session, pa.int64()),
        "label": rows.column("label", kept),
        "group": rows.column("group", kept),
        "part": rows.column("part", kept),
        "path": pa.array(rows.paths, pa.string()).take(pa.array(kept)),
        "frame": pa.array(number, pa.int32()),
        "time": pa.array(number / target if kind == "action" else np.zeros(len(kept)), pa.float64()),
        "keypoints": poses_to_column(poses[kept]),
        "chirality": pa.array(_chirality(rows.table), pa.string()).take(pa.array(kept)),
    }
    for name in ("score", "width", "height", "rotation"):
        columns[name] = _numbers(rows.table, name, kept)
    return pa.table(columns, schema=SCHEMA)


def _chirality(table: Table) -> list[str]:
    texts = table.texts("chirality") if "chirality" in table.columns else [""] * len(table)
    return [text if text in ("left", "right") else "" for text in texts]


def _numbers(table: Table, name: str, kept: Indices) -> pa.Array:
    kind = SCHEMA.field(name).type
    if name not in table.columns:
        return pa.nulls(len(kept), kind)
    numbers = table.decimals([name])[kept, 0]
    wrong = ~(np.abs(numbers) < 2**31)  # also where not a number
    return pa.array(np.where(wrong, 0, numbers), mask=wrong).cast(kind, safe=False)


def _within(counts: Indices) -> Indices:
    """0, 1, ... for each of several stretches of these lengths, one after another."""
    return np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)


def _note_on_range(poses: Poses, table: Table) -> list[str]:
    largest = float(np.abs(poses[:, :2]).max(initial=0.0))
    if largest <= FRACTIONS_END:
        return []
    return [f"{table.name}: coordinates up to {largest:g}, fractions of the picture were expected; used as they are"]
