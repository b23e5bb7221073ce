"""Which hand a row of a table is: left, right or unknown, as the table's own column says it."""

from collections.abc import Sequence
from typing import Any

from handloom.config import LabeledKeypointsDataFrame
from handloom.errors import DataError, printable
from handloom.sources.clip import UnusableError
from handloom.sources.labels import as_text
from handloom.sources.tables import Table

# Letters of the names of columns and of their values, in small.
_COLUMNS = ("chirality", "handedness", "hand", "side", "handside")
_FLAGS = {"isrighthand": "right", "isright": "right", "islefthand": "left", "isleft": "left"}
_VALUES = {
    **dict.fromkeys(("left", "l", "lefthand", "lhand", "lh"), "left"),
    **dict.fromkeys(("right", "r", "righthand", "rhand", "rh"), "right"),
    **dict.fromkeys(("", "unknown", "none", "nan", "null", "na"), ""),
}
_TRUE, _FALSE = ("true", "1", "yes"), ("false", "0", "no")
# Keys of MediaPipe's categories, in Python and in JavaScript.
_KEYS = ("category_name", "categoryName", "label", "display_name", "displayName")


def side_columns(table: Table, member: LabeledKeypointsDataFrame, used: Sequence[str], key: str) -> list[str]:
    """The columns that say which hand a row is.

    Raises:
        DataError: the declared one does not exist.
    """
    if member.side_column:
        table.require(member.side_column, f"{key}.side_column")
        return [member.side_column]
    names = {name: _letters(name) for name in table.columns if name not in used}
    return [name for name, letters in names.items() if letters in _COLUMNS or letters in _FLAGS]


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
        if _letters(column) == "handedness" and any(found):
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
    side = _FLAGS.get(_letters(column))
    if side:
        other = "left" if side == "right" else "right"
        return dict.fromkeys(_TRUE, side) | dict.fromkeys(_FALSE, other) | {"": ""}
    return _VALUES


def _value(value: Any) -> str:
    """A cell as text; of MediaPipe's lists of categories the name of the first."""
    for _ in range(4):
        if isinstance(value, list | tuple) and len(value) < 2:
            value = value[0] if value else ""
        elif isinstance(value, dict):
            value = next((value[name] for name in _KEYS if value.get(name)), str(sorted(map(str, value))))
    try:
        text = as_text(value)
    except UnusableError:
        return type(value).__name__
    return text.removesuffix(".0")  # a flag among decimals


def _letters(text: str) -> str:
    return "".join(character for character in text.lower() if character.isalnum())
