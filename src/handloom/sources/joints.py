"""Joints as a table's columns hold them, brought into the array convention of `handloom.hand`."""

import json
from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from handloom.config import LabeledKeypointsDataFrame
from handloom.errors import DataError, printable
from handloom.hand import JOINT_COUNT, Poses, poses_from_picture
from handloom.sources.clip import UnusableError
from handloom.sources.tables import Column, Table

CHANNEL_COUNTS = {"xy": 2, "xyz": 3, "xy_confidence": 3}
_HIGHEST_CONFIDENCE = 1.001  # rounding of whoever wrote the table

Numbers = NDArray[np.float64]
Problems = dict[int, str]


def feature_columns(table: Table, member: LabeledKeypointsDataFrame, others: Sequence[str], key: str) -> list[str]:
    """The columns that hold the numbers: one of lists, or one a number, in the order of the table.

    Args:
        table: the table.
        member: the section.
        others: columns that hold something else.
        key: the section's full name.

    Raises:
        DataError: there is no such column, or as many as no declared layout has.
    """
    pattern = member.feature_column
    if pattern in table.columns:
        return [pattern]
    if not any(sign in pattern for sign in "*?["):
        table.require(pattern, f"{key}.feature_column")
    columns = [name for name in table.columns if name not in others and fnmatchcase(name, pattern)]
    expected = CHANNEL_COUNTS[member.channels] * JOINT_COUNT
    if len(columns) != expected:
        raise DataError(
            f"{table.name}: {len(columns)} columns match '{printable(pattern)}', {JOINT_COUNT} joints of"
            f" {member.channels} are {expected}: set {key}.feature_column or {key}.channels; it has {table.listed()}"
        )
    return columns


def read_joints(
    table: Table, member: LabeledKeypointsDataFrame, columns: Sequence[str], key: str
) -> tuple[Poses, Problems]:
    """Every row's joints, and what is wrong with those rows whose joints cannot be used.

    Returns:
        float32 ``[rows, 3, 21]`` in the convention of `handloom.hand`, anything in rows with a problem; row to problem.
    """
    if len(columns) == 1:
        numbers, problems = _of_lists(table.columns[columns[0]], member, key)
    else:
        numbers, problems = table.decimals(columns), {}
    with np.errstate(over="ignore"):
        finite = np.isfinite(numbers.astype(np.float32))
    for row in np.flatnonzero(~finite.all(axis=1)).tolist():
        place = int(np.argmin(finite[row]))
        where = f"column {printable(columns[place])}" if len(columns) > 1 else f"number {place + 1}"
        problems.setdefault(row, f"{where} is missing or not a finite number; mend it or remove the row")
    if member.channels == "xy_confidence":
        confidence = _by_channel(numbers, member)[:, 2]
        wrong = ~((confidence >= 0) & (confidence <= _HIGHEST_CONFIDENCE)).all(axis=1)
        for row in np.flatnonzero(wrong).tolist():
            problems.setdefault(row, f"a confidence outside 0 to 1; if it is another channel, set {key}.channels")
    numbers[list(problems)] = 0
    return poses_from_numbers(numbers, member), problems


def poses_from_numbers(numbers: Numbers, member: LabeledKeypointsDataFrame) -> Poses:
    """Numbers of the declared origin, order and channels as poses.

    Args:
        numbers: ``[T, 42]`` or ``[T, 63]``.
        member: the section that declares what they are.

    Returns:
        float32 ``[T, 3, 21]``, origin at the lower left. A row of zeros is a frame without a hand and stays one; so
        does a joint whose x, y and confidence are 0. Without a confidence among the channels joints get 1.
    """
    channels = _by_channel(numbers, member)
    points = channels[:, :2].transpose(0, 2, 1)
    if member.origin == "upper_left":
        poses = poses_from_picture(points)
    else:
        poses = np.concatenate([channels[:, :2], np.ones((len(numbers), 1, JOINT_COUNT))], axis=1).astype(np.float32)
    if member.channels == "xy_confidence":
        poses[:, 2] = np.minimum(channels[:, 2], 1)
        unseen = (channels == 0).all(axis=1)
    else:  # a single joint at 0, 0 may well be seen: many put the origin at the wrist
        unseen = np.repeat((numbers == 0).all(axis=1)[:, None], JOINT_COUNT, axis=1)
    return np.where(unseen[:, None, :], np.float32(0), poses)


def _by_channel(numbers: Numbers, member: LabeledKeypointsDataFrame) -> Numbers:
    """``[T, channels, 21]``."""
    count = CHANNEL_COUNTS[member.channels]
    if member.axis_order == "channel_joint":
        return numbers.reshape(-1, count, JOINT_COUNT)
    return numbers.reshape(-1, JOINT_COUNT, count).transpose(0, 2, 1)


def _of_lists(column: Column, member: LabeledKeypointsDataFrame, key: str) -> tuple[Numbers, Problems]:
    """A column of lists as ``[rows, numbers of a row]``, NaN where a row has a problem."""
    count = CHANNEL_COUNTS[member.channels]
    problems: Problems = {}
    at_once = _all_at_once(column)
    if at_once is not None:
        try:
            _check_shape(at_once.shape[1:], member, key)
            return at_once.reshape(len(at_once), -1), problems
        except UnusableError as error:
            problems = dict.fromkeys(range(len(at_once)), str(error))
            return np.full((len(at_once), count * JOINT_COUNT), np.nan), problems
    values = column.to_pylist() if isinstance(column, pa.ChunkedArray) else column
    numbers = np.full((len(values), count * JOINT_COUNT), np.nan)
    for row, value in enumerate(values):
        try:
            array = _array_of(value)
            _check_shape(array.shape, member, key)
            numbers[row] = array.reshape(-1)
        except UnusableError as error:
            problems[row] = str(error)
    return numbers, problems


def _check_shape(shape: tuple[int, ...], member: LabeledKeypointsDataFrame, key: str) -> None:
    count = CHANNEL_COUNTS[member.channels]
    while len(shape) > 1 and shape[0] == 1:
        shape = shape[1:]
    nested = (count, JOINT_COUNT) if member.axis_order == "channel_joint" else (JOINT_COUNT, count)
    if shape in (nested, (count * JOINT_COUNT,)):
        return
    if shape == nested[::-1]:
        raise UnusableError(
            f"numbers of shape {list(shape)}, but {member.axis_order} means {list(nested)}; set {key}.axis_order"
        )
    raise UnusableError(
        f"numbers of shape {list(shape)}, but {JOINT_COUNT} joints of {member.channels} are {list(nested)} or"
        f" {count * JOINT_COUNT} in a row; remove the row, or set {key}.channels"
    )


def _all_at_once(column: Column) -> Numbers | None:
    """The whole column as one array, if all of its rows have one shape and hold nothing but numbers."""
    if isinstance(column, pa.ChunkedArray):
        return _from_arrow(column)
    if len(column) and isinstance(column[0], str):
        return None
    try:
        return np.asarray(column, np.float64)
    except (ValueError, TypeError):
        return None


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


def _array_of(value: object) -> Numbers:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            raise UnusableError("its joints are no list of numbers; write [[x, ...], [y, ...], ...]") from None
    try:
        return np.asarray(_plain(value), np.float64)
    except (ValueError, TypeError, OverflowError):
        raise UnusableError("its joints are no list of numbers, or lists of different lengths; mend the row") from None


def _plain(value: Any) -> Any:
    """Arrays of arrays, as pandas gives nested lists of Parquet, as lists."""
    if isinstance(value, np.ndarray) and value.dtype == object:
        return [_plain(item) for item in value]
    return value
