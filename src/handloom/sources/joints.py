"""Joints as a table's columns hold them, brought into the array convention of `handloom.hand`."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from itertools import chain
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from handloom.config import LabeledKeypointsDataFrame
from handloom.errors import DataError, printable
from handloom.hand import JOINT_COUNT, PARENTS, Poses, poses_from_picture
from handloom.sources.clip import UnusableError
from handloom.sources.column_names import NamedColumns, named_columns, numbered_columns
from handloom.sources.landmark_lists import Layout, array_of
from handloom.sources.tables import Column, Table

_DEEPEST = 4  # a row, a hand, a channel or joint, a number
_HIGHEST_CONFIDENCE = 1.001  # rounding of whoever wrote the table

_NO_HAND = -1  # what some scripts write for each number of a frame without a hand
# Bones of hands of the sample are 1.5 to 10 times as long if their numbers are read in the wrong order.
_MUCH_LONGER, _FEW_HANDS = 1.25, 5

Numbers = NDArray[np.float64]
Problems = dict[int, str]


@dataclass(frozen=True)
class Features:
    """Where the numbers of a row are.

    Attributes:
        hands: side (left, right, or empty where names tell none) to columns: one of lists, or one a number.
        layout: of the columns in this order.
        notes: one line each.
    """

    hands: dict[str, list[str]]
    layout: Layout
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Hands:
    """The hands of a table, one or two a row.

    Attributes:
        row: ``[H]``, the table's row of each.
        side: ``[H]``, left or right as the columns' names say, or empty.
        poses: float32 ``[H, 3, 21]`` in the convention of `handloom.hand`, anything where there is a problem.
        problems: hand to what is wrong with its joints.
        notes: one line each.
    """

    row: NDArray[np.int64]
    side: list[str]
    poses: Poses
    problems: Problems
    notes: list[str]


def feature_columns(table: Table, member: LabeledKeypointsDataFrame, others: Sequence[str], key: str) -> Features:
    """The columns that hold the numbers: by their names where these have axes and joints, else in the table's order.

    Args:
        table: the table.
        member: the section.
        others: columns that hold something else.
        key: the section's full name.

    Raises:
        DataError: there is no such column, as many as no declared layout has, or names that have no unique reading.
    """
    pattern, layout = member.feature_column, Layout.declared(member)
    if pattern in table.columns:
        return Features({"": [pattern]}, layout)
    if not any(sign in pattern for sign in "*?["):
        table.require(pattern, f"{key}.feature_column")
    columns = [name for name in table.columns if name not in others and fnmatchcase(name, pattern)]
    if len(columns) == 1 and pattern == "*":
        return Features({"": columns}, layout)
    try:
        named = named_columns(columns) if member.header else None
        if named is not None:
            return _by_name(table, member, named, key)
        columns, notes = _without_others(table, columns, layout.count * JOINT_COUNT)
        if len(columns) == layout.count * JOINT_COUNT and member.header:
            ordered = numbered_columns(columns, layout.count, member.axis_order == "joint_channel")
            if ordered not in (None, columns):
                notes.append(f"{table.name}: columns are put in the order of the numbers in their names")
            columns = ordered or columns
    except UnusableError as error:
        raise DataError(
            f"{table.name}: {error}; rename the columns (x0, y0 ... x20, y20), or set {key}.feature_column to a pattern"
            " that matches those of the joints alone"
        ) from None
    expected = layout.count * JOINT_COUNT
    if len(columns) != expected:
        if {"x", "y"} <= {name.lower() for name in columns}:
            raise DataError(
                f"{table.name}: one row per joint (columns x and y); write one row per frame (x0, y0 ... x20, y20)"
            )
        raise DataError(
            f"{table.name}: {len(columns)} columns match '{printable(pattern)}', {JOINT_COUNT} joints of"
            f" {member.channels} are {expected}: set {key}.feature_column or {key}.channels; it has {table.listed()}"
        )
    return Features({"": columns}, layout, notes)


def _without_others(table: Table, columns: list[str], expected: int) -> tuple[list[str], list[str]]:
    """Without columns of texts, or those without a number in their names, if what is left is as many as is declared."""
    if len(columns) > expected:
        numbers = [name for name in columns if not np.isnan(table.decimals([name])).all()]
        numbered = [name for name in numbers if any(map(str.isdecimal, name))]
        for kept in (numbers, numbered):
            if len(kept) == expected:
                return kept, [_left_out(table, [name for name in columns if name not in kept])]
    return columns, []


def _left_out(table: Table, names: Sequence[str]) -> str:
    shown = ", ".join(printable(name) for name in names[:10]) + (" ..." if len(names) > 10 else "")
    return f"{table.name}: columns that are no joints are left out: {shown}"


def _by_name(table: Table, member: LabeledKeypointsDataFrame, named: NamedColumns, key: str) -> Features:
    """The columns of the declared channels, x of all joints first."""
    taken = ["x", "y"]
    notes = [_left_out(table, named.left_out)] if named.left_out else []
    there = {channel for channels in named.by_side.values() for channel in channels}
    if member.channels == "xy_confidence":
        taken.append("confidence" if "confidence" in there else "visibility")
        lacking = [side for side, channels in named.by_side.items() if taken[-1] not in channels]
        if lacking:
            raise DataError(
                f"{table.name}: its columns are {', '.join(sorted(there))} of joints, without a confidence; set"
                f" {key}.channels to {'xyz' if 'z' in there else 'xy'}"
            )
    rest = there - set(taken) - ({"z"} if member.channels == "xyz" else set())
    if rest:
        notes.append(
            f"{table.name}: {', '.join(sorted(rest))} of joints: left out, {key}.channels is {member.channels}"
        )
    layout = Layout(member.origin, "channel_joint", "xy" if len(taken) == 2 else "xy_confidence")
    hands = {
        side: [column for channel in taken for column in channels[channel]] for side, channels in named.by_side.items()
    }
    return Features(hands, layout, notes)


def read_hands(table: Table, features: Features, key: str, empty_is_no_hand: bool = False) -> Hands:
    """Every hand's joints, and what is wrong with those that cannot be used.

    Args:
        table: the table.
        features: where its numbers are.
        key: the section's full name.
        empty_is_no_hand: whether a row without any number is a frame without a hand; else that is a problem.

    Raises:
        DataError: no joint of any row has a confidence, or the numbers follow each other in the other order.
    """
    layout, sides = features.layout, list(features.hands)
    several = len(sides) > 1
    problems: Problems = {}
    if len(features.hands[sides[0]]) == 1:
        numbers, problems = _of_lists(table.columns[features.hands[sides[0]][0]], layout, key, empty_is_no_hand)
    else:
        numbers = np.stack([table.decimals(features.hands[side]) for side in sides], axis=1)
        numbers = numbers.reshape(-1, numbers.shape[-1])
        if several or empty_is_no_hand:
            numbers[np.isnan(numbers).all(axis=1)] = 0
    notes = list(features.notes)
    unseen = (numbers == _NO_HAND).all(axis=1)
    if unseen.any():
        numbers[unseen] = 0
        notes.append(f"{table.name}: {unseen.sum()} rows of nothing but {_NO_HAND}: frames without a hand")
    with np.errstate(over="ignore"):
        finite = np.isfinite(numbers.astype(np.float32))
    for hand in np.flatnonzero(~finite.all(axis=1)).tolist():
        place = int(np.argmin(finite[hand]))
        columns = features.hands[sides[hand % len(sides)]]
        where = f"column {printable(columns[place])}" if len(columns) > 1 else f"number {place + 1}"
        problems.setdefault(hand, f"{where} is missing or not a finite number; correct it or remove the row")
    if layout.channels == "xy_confidence":
        problems = _check_confidence(table, _by_channel(numbers, layout), problems, key)
    numbers[list(problems)] = 0
    _check_order(table, numbers, layout, key)
    return Hands(
        row=np.repeat(np.arange(len(table)), len(sides)),
        side=sides * len(table),
        poses=poses_from_numbers(numbers, layout),
        problems=problems,
        notes=notes,
    )


def _check_order(table: Table, numbers: Numbers, layout: Layout, key: str) -> None:
    """Refuse numbers that make a hand only if they follow each other in the other order."""
    hands = numbers[(numbers != 0).any(axis=1)]
    if len(hands) < _FEW_HANDS:
        return
    other = replace(layout, axis_order="joint_channel" if layout.axis_order == "channel_joint" else "channel_joint")
    declared_length, other_length = (_length_of_bones(_by_channel(hands, one)) for one in (layout, other))
    if float(np.median(declared_length)) > _MUCH_LONGER * float(np.median(other_length)):
        raise DataError(
            f"{table.name}: as {layout.axis_order} its numbers make no hand, as {other.axis_order} they do; set"
            f" {key}.axis_order to {other.axis_order}"
        )


def _length_of_bones(channels: Numbers) -> Numbers:
    """Of all bones together, ``[rows]``, of ``[rows, channels, 21]``."""
    bones = channels[:, :2] - channels[:, :2, PARENTS]
    return np.asarray(np.hypot(bones[:, 0], bones[:, 1]).sum(axis=1))


def _check_confidence(table: Table, channels: Numbers, problems: Problems, key: str) -> Problems:
    confidence = channels[:, 2]
    wrong = ~((confidence >= 0) & (confidence <= _HIGHEST_CONFIDENCE)).all(axis=1)
    for hand in np.flatnonzero(wrong).tolist():
        problems.setdefault(hand, f"a confidence outside 0 to 1; if it is another channel, set {key}.channels")
    good = np.delete(channels, list(problems), axis=0)
    if len(good) and good[:, :2].any() and not good[:, 2].any():
        raise DataError(
            f"{table.name}: the confidence is 0 of every joint in every row; set {key}.channels to xy or xyz"
        )
    return problems


def poses_from_numbers(numbers: Numbers, layout: Layout) -> Poses:
    """Numbers of the declared origin, order and channels as poses.

    Args:
        numbers: ``[T, 42]`` or ``[T, 63]``.
        layout: what they are.

    Returns:
        float32 ``[T, 3, 21]``, origin at the lower left. A row of zeros is a frame without a hand and stays one; so
        does a joint whose x, y and confidence are 0. Without a confidence among the channels joints get 1.
    """
    channels = _by_channel(numbers, layout)
    points = channels[:, :2].transpose(0, 2, 1)
    if layout.origin == "upper_left":
        poses = poses_from_picture(points)
    else:
        poses = np.concatenate([channels[:, :2], np.ones((len(numbers), 1, JOINT_COUNT))], axis=1).astype(np.float32)
    if layout.channels == "xy_confidence":
        poses[:, 2] = np.minimum(channels[:, 2], 1)
        unseen = (channels == 0).all(axis=1)
    else:  # a single joint at 0, 0 may well be seen: many put the origin at the wrist
        unseen = np.repeat((numbers == 0).all(axis=1)[:, None], JOINT_COUNT, axis=1)
    return np.where(unseen[:, None, :], np.float32(0), poses)


def _by_channel(numbers: Numbers, layout: Layout) -> Numbers:
    """``[T, channels, 21]``."""
    count = layout.count
    if layout.axis_order == "channel_joint":
        return numbers.reshape(-1, count, JOINT_COUNT)
    return numbers.reshape(-1, JOINT_COUNT, count).transpose(0, 2, 1)


def _of_lists(column: Column, layout: Layout, key: str, empty_is_no_hand: bool) -> tuple[Numbers, Problems]:
    """A column of lists as ``[rows, numbers of a row]``, NaN where a row has a problem."""
    count = layout.count
    problems: Problems = {}
    at_once = _all_at_once(column)
    if at_once is not None:
        try:
            _check_shape(at_once.shape[1:], layout, key)
            return at_once.reshape(len(at_once), -1), problems
        except UnusableError as error:
            problems = dict.fromkeys(range(len(at_once)), str(error))
            return np.full((len(at_once), count * JOINT_COUNT), np.nan), problems
    values = column.to_pylist() if isinstance(column, pa.ChunkedArray) else column
    numbers = np.full((len(values), count * JOINT_COUNT), np.nan)
    for row, value in enumerate(values):
        if empty_is_no_hand and (value is None or (isinstance(value, str) and not value.strip())):
            numbers[row] = 0
            continue
        try:
            array = array_of(value, layout)
            _check_shape(array.shape, layout, key)
            numbers[row] = array.reshape(-1)
        except UnusableError as error:
            problems[row] = str(error)
    return numbers, problems


def _check_shape(shape: tuple[int, ...], layout: Layout, key: str) -> None:
    count = layout.count
    while len(shape) > 1 and shape[0] == 1:
        shape = shape[1:]
    nested = (count, JOINT_COUNT) if layout.axis_order == "channel_joint" else (JOINT_COUNT, count)
    if shape in (nested, (count * JOINT_COUNT,)):
        return
    if shape == nested[::-1]:
        raise UnusableError(
            f"numbers of shape {list(shape)}, but {layout.axis_order} means {list(nested)}; set {key}.axis_order"
        )
    if len(shape) == 3 and shape[1:] in (nested, nested[::-1]):
        raise UnusableError(f"joints of {shape[0]} hands; write each hand in a row of its own")
    raise UnusableError(
        f"numbers of shape {list(shape)}, but {JOINT_COUNT} joints of {layout.channels} are {list(nested)} or"
        f" {count * JOINT_COUNT} in a row; remove the row, or set {key}.channels"
    )


def _all_at_once(column: Column) -> Numbers | None:
    """The whole column as one array, if all of its rows have one shape and hold nothing but numbers."""
    if isinstance(column, pa.ChunkedArray):
        return _from_arrow(column)
    if not len(column):
        return None
    if all(isinstance(value, np.ndarray) and value.dtype.kind in "iuf" for value in column):
        same = len({value.shape for value in column}) == 1
        return np.asarray(column, np.float64) if same else None
    if not all(isinstance(value, list | tuple) for value in column) or not _holds_numbers(column):
        return None
    try:
        return _from_arrow(pa.chunked_array([pa.array(column)]))
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        return None


def _holds_numbers(values: Iterable[Any]) -> bool:
    """Whether lists in lists, as deep as joints are, hold nothing else; Arrow takes true for 1 among decimals."""
    for _ in range(_DEEPEST):
        values = list(chain.from_iterable(values))
        kinds = set(map(type, values))
        if not kinds <= {list, tuple}:
            return kinds <= {int, float}
    return False


def _from_arrow(array: Any) -> Numbers | None:
    shape = [len(array)]
    if isinstance(array.type, pa.ExtensionType):
        array = pa.chunked_array([chunk.storage for chunk in array.chunks], array.type.storage_type)
    while pa.types.is_list(array.type) or pa.types.is_large_list(array.type) or pa.types.is_fixed_size_list(array.type):
        lengths = pc.unique(pc.list_value_length(array))
        if array.null_count or len(lengths) != 1:
            return None
        shape.append(lengths[0].as_py())
        array = pc.list_flatten(array)
    if not (pa.types.is_floating(array.type) or pa.types.is_integer(array.type)):
        return None
    return np.array(array.cast(pa.float64()).to_numpy(), np.float64).reshape(shape)
