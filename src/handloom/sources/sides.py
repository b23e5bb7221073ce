"""Which hand a row of a table is: left, right or unknown, as the table's own column says it."""

import re
from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from handloom.config import LabeledKeypointsDataFrame
from handloom.errors import DataError, printable
from handloom.sources.clip import UnusableError
from handloom.sources.labels import as_text
from handloom.sources.tables import Table

# Letters of the names of columns and of their values, in small.
_COLUMNS = (
    "chirality",
    "handedness",
    "handednesses",
    "multihandedness",
    "hand",
    "side",
    "handside",
    "lr",
    "leftorright",
)
_FLAG = re.compile(r"(is)?(?:hand|handedness|chirality|side)?(left|right)(?:hand)?")
_VALUES = {
    **dict.fromkeys(("left", "l", "lefthand", "lhand", "lh"), "left"),
    **dict.fromkeys(("right", "r", "righthand", "rhand", "rh"), "right"),
    **dict.fromkeys(("", "unknown", "none", "nan", "null", "na"), ""),
}
_TRUE, _FALSE = ("true", "1", "yes"), ("false", "0", "no")
# Keys of MediaPipe's categories, in Python and in JavaScript, alone or inside of others.
_KEYS = ("category_name", "categoryName", "label", "display_name", "displayName", "classification")
_NAME_IN_TEXT = re.compile(r"(?:category_?name|label)['\"]?\s*[:=]\s*['\"](\w+)['\"]", re.IGNORECASE)


def side_columns(
    table: Table, member: LabeledKeypointsDataFrame, used: Sequence[str], key: str
) -> tuple[list[str], list[str]]:
    """The columns that say which hand a row is, and lines on others that may.

    Raises:
        DataError: the declared one does not exist.
    """
    if member.side_column:
        table.require(member.side_column, f"{key}.side_column")
        return [member.side_column], []
    columns, notes = [], []
    for name in table.columns:
        if name in used:
            continue
        letters = _letters(name)
        flag = _FLAG.fullmatch(letters)
        if letters in _COLUMNS or (flag and (flag[1] or _has_only(table, name, (*_TRUE, *_FALSE)))):
            columns.append(name)
        elif not flag and _has_only(table, name, [text for text, side in _VALUES.items() if side]):
            if "hand" in letters and "dominant" not in letters:
                columns.append(name)
            else:
                notes.append(
                    f"{table.name}: its column '{printable(name)}' says left or right and is not used; if that is the"
                    f" side of the hand, set {key}.side_column to {printable(name)}"
                )
    return columns, notes


def _has_only(table: Table, column: str, texts: Sequence[str]) -> bool:
    """Whether a column has values, and no other than these; ends at the first other one, since most are joints."""
    values = table.columns[column]
    if isinstance(values, pa.ChunkedArray):
        if pa.types.is_nested(values.type) or pa.types.is_floating(values.type):
            return False
        values = values.to_pylist()
    found = False
    for value in values:
        try:
            text = _letters(as_text(value))
        except UnusableError:
            return False
        if text and text not in texts:
            return False
        found = found or bool(text)
    return found


def read_sides(
    table: Table, columns: Sequence[str], member: LabeledKeypointsDataFrame, key: str
) -> tuple[list[str], list[str]]:
    """The side of each row ("left", "right" or empty) and lines that are worth knowing.

    Raises:
        DataError: a column has values that are no side, or two columns contradict each other.
    """
    if (member.left_value == "") != (member.right_value == ""):
        raise DataError(f"{key}.left_value and {key}.right_value: set both or none of them")
    sides = [""] * len(table)
    notes = []
    for column in columns:
        found = _sides_of(table, column, member, key)
        for row, (one, other) in enumerate(zip(sides, found, strict=True)):
            if one and other and one != other:
                raise DataError(
                    f"{table.place(row)}: a {one} hand by the column '{printable(columns[0])}', a {other} one by"
                    f" '{printable(column)}'; set {key}.side_column to the right one"
                )
        sides = [one or other for one, other in zip(sides, found, strict=True)]
        if "handedness" in _letters(column) and any(found):
            notes.append(
                f"{table.name}: its column '{printable(column)}' is taken as the side of the hand in a picture that is"
                f" not mirrored; of mirrored pictures, set {key}.left_value to Right and {key}.right_value to Left"
            )
    return sides, notes


def _sides_of(table: Table, column: str, member: LabeledKeypointsDataFrame, key: str) -> list[str]:
    meanings = _meanings(column, member)
    values = [_value(value) for value in table.values(column)]
    unknown = sorted(
        {value for value in values if value.casefold() not in meanings and _letters(value) not in meanings}
    )
    if unknown:
        shown = ", ".join(printable(value)[:20] for value in unknown[:5]) + (" ..." if len(unknown) > 5 else "")
        row = next(row for row, value in enumerate(values) if value == unknown[0])
        raise DataError(
            f"{table.place(row)}: the column '{printable(column)}' should say which hand a row is, but it says {shown}:"
            f" set {key}.left_value and {key}.right_value, or rename the column if it means something else"
        )
    return [meanings.get(value.casefold(), meanings.get(_letters(value), "")) for value in values]


def _meanings(column: str, member: LabeledKeypointsDataFrame) -> dict[str, str]:
    """Value, in small letters, to side."""
    if member.left_value:
        return {"": "", member.left_value.casefold(): "left", member.right_value.casefold(): "right"}
    flag = _FLAG.fullmatch(_letters(column))
    if flag:
        side = flag[2]
        other = "left" if side == "right" else "right"
        return dict.fromkeys(_TRUE, side) | dict.fromkeys(_FALSE, other) | {"": ""}
    return _VALUES


def _value(value: Any) -> str:
    """A cell as text; of MediaPipe's lists of categories the name of the first."""
    for _ in range(6):
        if isinstance(value, list | tuple) and len(value) < 2:
            value = value[0] if value else ""
        elif isinstance(value, dict):
            value = next((value[name] for name in _KEYS if value.get(name)), str(sorted(map(str, value))))
    try:
        text = as_text(value)
    except UnusableError:
        return type(value).__name__
    named = set(_NAME_IN_TEXT.findall(text))
    if len(named) == 1:
        return str(named.pop())
    return text.removesuffix(".0")  # a flag among decimals


def _letters(text: str) -> str:
    return "".join(character for character in text.lower() if character.isalnum())
