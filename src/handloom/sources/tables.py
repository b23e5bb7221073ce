"""Tables of labels and joints: CSV, JSON, Parquet, or a data frame in memory, as columns of plain values."""

import codecs
import csv
import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from io import StringIO
from itertools import chain
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from handloom.errors import DataError, first_line, printable
from handloom.sources.clip import Skipped, UnusableError
from handloom.sources.labels import as_text

CSV_SUFFIXES = (".csv", ".tsv", ".txt")
JSON_SUFFIXES = (".json", ".jsonl", ".ndjson")
SUFFIXES = (*CSV_SUFFIXES, *JSON_SUFFIXES, ".parquet")

_ENCODINGS = (  # by the mark at the beginning; the one of UTF-32 begins with the one of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "vertical bars"}
_NAMED_SEPARATOR = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)  # the first line of a spreadsheet's CSV
_DECIMAL_POINT = re.compile(r"\d\.|\.\d")
_DECIMAL_COMMA = re.compile(r"\s*[+-]?\d+,\d+(?:[eE][+-]?\d+)?\s*")
# A table may have so many cells a character of its file, and so many in any case: no small file fills the memory.
_CELLS_A_CHARACTER = 20
_CELLS = 10_000_000

# A column of any length: texts of a CSV, values of JSON, what Arrow or a data frame holds.
Column: TypeAlias = Sequence[Any] | NDArray[Any] | pa.ChunkedArray


@dataclass
class Table:
    """A table, whatever it was read from.

    Attributes:
        name: what messages call it.
        columns: name to values; all have the same length.
        numbers: what a person calls each row: the header of a CSV is row 1, JSON's items count from 1, rows of Parquet
            and data frames from 0, as pandas shows them.
        unit: row or item.
        skipped: rows that cannot be read at all.
        notes: what was unusual.
        decimal_commas: whether numbers may be written as 0,5.
    """

    name: str
    columns: dict[str, Column]
    numbers: Sequence[int]
    unit: str = "row"
    skipped: list[Skipped] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    decimal_commas: bool = False

    def __len__(self) -> int:
        return len(self.numbers)

    def place(self, index: int) -> str:
        """What messages call a row, by its index from 0 on."""
        return f"{self.name} {self.unit} {self.numbers[index]}"

    def skip(self, index: int, reason: str, label: str = "") -> Skipped:
        """A row that cannot be used."""
        return Skipped(self.place(index), f"{self.place(index)}: {reason}", label)

    def require(self, column: str, parameter: str) -> None:
        """Raise `DataError` if there is no such column; the parameter is the one that names it."""
        if column not in self.columns:
            raise DataError(f"{self.name}: no column '{printable(column)}'; it has {self.listed()}: set {parameter}")

    def listed(self) -> str:
        """The names of the columns, for messages."""
        names = [printable(name) for name in self.columns]
        return ", ".join(names[:20]) + (f" and {len(names) - 20} more" if len(names) > 20 else "") or "none"

    def values(self, column: str) -> list[Any]:
        """A column as Python's own values."""
        values = self.columns[column]
        if isinstance(values, pa.ChunkedArray):
            return list(values.to_pylist())
        return values.tolist() if isinstance(values, np.ndarray) else list(values)

    def texts(self, column: str) -> list[str]:
        """A column as texts, empty where there is no value or one that is no text."""
        return [_text_or_empty(value) for value in self.values(column)]

    def decimals(self, columns: Sequence[str]) -> NDArray[np.float64]:
        """Columns as numbers ``[rows, columns]``, NaN where a value is none.

        With `decimal_commas` 0,5 is a half, unless another value of these columns is written with a point.
        """
        values = [self.columns[column] for column in columns]
        if self.decimal_commas and not any(map(_DECIMAL_POINT.search, chain(*values))):
            values = [_with_points(column) for column in values]
        numbers = np.empty((len(self), len(columns)))
        for place, column in enumerate(values):
            numbers[:, place] = _decimals(column)
        return numbers

    def taken(self, rows: NDArray[np.int64], without: Sequence[str] = ()) -> "Table":
        """Some rows, in this order and as often, without some columns."""
        columns = {name: _taken(column, rows) for name, column in self.columns.items() if name not in without}
        return replace(self, columns=columns, numbers=np.asarray(self.numbers)[rows].tolist())


def _text_or_empty(value: object) -> str:
    try:
        return as_text(value)
    except UnusableError:
        return ""


def _taken(column: Column, rows: NDArray[np.int64]) -> Column:
    if isinstance(column, pa.ChunkedArray):
        return column.take(pa.array(rows))
    return column[rows] if isinstance(column, np.ndarray) else [column[row] for row in rows.tolist()]


def _with_points(column: Column) -> Column:
    return [cell.replace(",", ".") if _DECIMAL_COMMA.fullmatch(cell) else cell for cell in column]


def _decimals(column: Column) -> NDArray[np.float64]:
    if isinstance(column, np.ndarray) and column.dtype.kind in "iuf":
        return column.astype(np.float64)
    try:
        array = column if isinstance(column, pa.ChunkedArray) else pa.array(column)
        if pa.types.is_boolean(array.type):
            return np.full(len(array), np.nan)
        if isinstance(column, list) and not pa.types.is_string(array.type) and bool in set(map(type, column)):
            raise TypeError  # Arrow takes true for 1 among decimals
        return np.asarray(array.cast(pa.float64()).to_numpy(), np.float64)
    except (pa.ArrowException, TypeError, ValueError, OverflowError):  # one value is no number: find out which
        values = column.to_pylist() if isinstance(column, pa.ChunkedArray) else column
        return np.array([_decimal(value) for value in values], np.float64)


def _decimal(value: object) -> float:
    try:
        text = as_text(value)
        return float("nan" if "_" in text else text)  # Python takes 1_000 for a number
    except (UnusableError, ValueError):
        return float("nan")


def read_table(path: str, parameter: str, header: bool = True, may_be_empty: bool = False) -> Table:
    """Read a table by its suffix.

    Args:
        path: the file.
        parameter: the full name of the parameter that names it.
        header: whether a CSV's first row names the columns; else they are called 0, 1, 2 ...
        may_be_empty: whether it may have no rows.

    Raises:
        DataError: it is missing, of another kind, not UTF-8, broken or empty.
    """
    shown, suffix = printable(path), Path(path).suffix.lower()
    if suffix not in SUFFIXES:
        raise DataError(f"{shown}: a table has to be {', '.join(SUFFIXES)}; save it as one of them and set {parameter}")
    try:
        if suffix == ".parquet":
            table = _from_arrow(pq.read_table(path), shown)
        else:
            content = Path(path).read_bytes()
            encoding = next((name for mark, name in _ENCODINGS if content.startswith(mark)), "utf-8-sig")
            if encoding == "utf-8-sig" and b"\0" in content[:2]:
                raise DataError(f"{shown}: not UTF-8, most likely UTF-16 without a mark; save it as UTF-8")
            text = content.decode(encoding)
            if suffix in JSON_SUFFIXES:
                table = _from_json(text, shown, lines=suffix != ".json")
            else:
                table = _from_csv(text, shown, suffix, header)
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        raise DataError(f"{shown}: no such file; {parameter} names the table") from None
    except UnicodeDecodeError as error:
        raise DataError(
            f"{shown}: not {printable(error.encoding).upper()} ({error.reason}, byte {error.start}); save it as UTF-8"
        ) from None
    except (pa.ArrowException, OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise DataError(f"{shown}: cannot be read ({printable(first_line(error))}); {parameter} names it") from None
    if not len(table) and not table.skipped and not may_be_empty:
        raise DataError(f"{shown}: no rows in it; add some, or set {parameter}")
    return table


def table_from_frame(frame: Any, name: str) -> Table:
    """A pandas data frame or a pyarrow table in memory.

    Raises:
        DataError: it is neither, has no rows, or two columns of one name.
    """
    shown = printable(name)
    if isinstance(frame, pa.Table):
        table = _from_arrow(frame, shown)
    elif hasattr(frame, "columns") and hasattr(frame, "iloc"):
        _check_names([str(column) for column in frame.columns], shown)
        columns = {str(column): _from_series(frame[column]) for column in frame.columns}
        table = Table(shown, columns, range(len(frame)))
    else:
        raise DataError(f"{shown}: a pandas data frame or a pyarrow table was expected, not {type(frame).__name__}")
    if not len(table):
        raise DataError(f"{shown}: no rows in it; add some")
    return table


def _from_series(series: Any) -> Column:
    if getattr(series.dtype, "kind", "O") in "iufb" and isinstance(series.dtype, np.dtype):
        return np.asarray(series)
    values = series.astype(object)
    return list(values.where(series.notna(), None))


def _from_arrow(arrow: pa.Table, shown: str) -> Table:
    _check_names(arrow.column_names, shown)
    return Table(shown, {name: arrow.column(name) for name in arrow.column_names}, range(arrow.num_rows))


def _check_names(names: Sequence[str], shown: str) -> None:
    for name, count in Counter(names).items():
        if count > 1:
            raise DataError(f"{shown}: {count} columns are called '{printable(name)}'; rename all but one")


def _check_size(rows: int, columns: int, text: str, shown: str, why: str) -> None:
    if rows * columns > max(_CELLS, _CELLS_A_CHARACTER * len(text)):
        raise DataError(f"{shown}: {rows} rows and {columns} columns, but {why}; correct the table")


def _from_json(text: str, shown: str, lines: bool) -> Table:
    """An array of objects, or one object per line."""
    numbers: Sequence[int]
    try:
        items = None if lines else json.loads(text)
    except (ValueError, RecursionError) as error:
        rows = [line for line in text.split("\n", 3) if line.strip()][:2]
        if not all(row.lstrip().startswith("{") and row.rstrip().endswith("}") for row in rows):
            raise DataError(f"{shown}: not JSON ({_json_problem(error)}); write an array of objects") from None
        items = None
    if items is None:
        items, numbers, unit = *_json_lines(text, shown), "line"
    elif isinstance(items, list):
        numbers, unit = range(1, len(items) + 1), "item"
    else:
        raise DataError(
            f"{shown}: an array of objects was expected, not {type(items).__name__}; write [{{...}}, ...],"
            " as pandas does with to_json(orient='records')"
        )
    names: dict[str, None] = {}
    for number, item in zip(numbers, items, strict=True):
        if not isinstance(item, dict):
            raise DataError(
                f"{shown} {unit} {number}: an object was expected, not {type(item).__name__}; write {{...}}"
            )
        names.update(dict.fromkeys(item))
    stripped = {name: name.strip() for name in names}
    _check_names(list(stripped.values()), shown)
    _check_size(len(items), len(names), text, shown, "each row has few of them")
    columns: dict[str, Column] = {stripped[name]: [item.get(name) for item in items] for name in names}
    return Table(shown, columns, numbers, unit)


def _json_problem(error: Exception) -> str:
    """What is wrong with a JSON text, without the advice that is for those who write Python."""
    if isinstance(error, RecursionError):
        return "nested too deep"
    return first_line(error).partition("; use sys.")[0]


def _json_lines(text: str, shown: str) -> tuple[list[Any], list[int]]:
    """What the lines hold, and their numbers."""
    items, numbers = [], []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            items.append(json.loads(line))
        except (ValueError, RecursionError) as error:
            raise DataError(
                f"{shown} line {number}: not JSON ({_json_problem(error)}); write one object per line"
            ) from None
        numbers.append(number)
    return items, numbers


def _from_csv(text: str, shown: str, suffix: str, header: bool) -> Table:
    first = next((line for line in text.splitlines() if line.strip()), "")
    named = _NAMED_SEPARATOR.fullmatch(first)
    separator, notes = (named[1], []) if named else _separator(first, suffix, shown)
    reader = csv.reader(StringIO(text, newline=""), delimiter=separator, skipinitialspace=True, strict=True)
    try:
        rows = [(number, cells) for number, cells in enumerate(reader, 1) if any(map(str.strip, cells))]
    except csv.Error as error:
        raise DataError(f"{shown} line {reader.line_num}: not a CSV ({error}); correct the line") from None
    rows = rows[1:] if named else rows
    if not rows:
        return Table(shown, {}, [], notes=notes)
    names = [cell.strip() for cell in rows[0][1]]
    if header:
        while names and not names[-1]:  # a comma at the end of every row
            names.pop()
        rows = _without_headers(rows[1:], names, shown, notes)
    else:
        names = [str(place) for place in range(len(names))]
    _check_names([name for name in names if name], shown)
    width = len(names)
    _check_size(len(rows), width, text, shown, "most rows have fewer cells")
    skipped, kept, numbers = [], [], []
    for number, cells in rows:
        if any(map(str.strip, cells[width:])):
            place = f"{shown} row {number}"
            reason = f"{len(cells)} cells, but {width} columns; put quotes around texts with {separator!r} in them"
            skipped.append(Skipped(place, f"{place}: {reason}"))
            continue
        kept.append(cells[:width] + [""] * (width - len(cells)))
        numbers.append(number)
    columns: dict[str, Column] = dict(zip(names, zip(*kept, strict=True), strict=True)) if kept else {}
    columns = columns or dict.fromkeys(names, ())
    unnamed = columns.pop("", None)
    if names.count("") > 1 or (unnamed and not _counts_rows(unnamed)):
        notes.append(f"{shown}: columns without a name are left out: {names.count('')}")
    return Table(shown, columns, numbers, skipped=skipped, notes=notes, decimal_commas=separator != ",")


def _without_headers(
    rows: list[tuple[int, list[str]]], names: list[str], shown: str, notes: list[str]
) -> list[tuple[int, list[str]]]:
    """Without the header that runs that append to a file write again."""
    kept, repeated = [], []
    known = set(names)
    for number, cells in rows:
        if cells[0].strip() not in known or {cell.strip() for cell in cells} - {""} != known - {""}:
            kept.append((number, cells))
        elif [cell.strip() for cell in cells[: len(names)]] == names:
            repeated.append(number)
        else:
            raise DataError(
                f"{shown} row {number}: a header again, with its columns in another order; write the rows below it to a"
                " file of their own"
            )
    if repeated:
        shown_rows = ", ".join(map(str, repeated[:3])) + (" ..." if len(repeated) > 3 else "")
        notes.append(f"{shown}: the header again in row {shown_rows}: left out")
    return kept


def _counts_rows(cells: Column) -> bool:
    """Whether a column is the running number that pandas writes before the others."""
    first = cells[0]
    if first not in ("0", "1"):
        return False
    return all(cell == str(number) for number, cell in enumerate(cells, int(first)))


def _separator(line: str, suffix: str, shown: str) -> tuple[str, list[str]]:
    if suffix == ".tsv":
        return "\t", []
    for separator, name in _SEPARATORS.items():
        cells = line.split(separator)
        if len(cells) > 1 and all("," not in cell or _DECIMAL_COMMA.fullmatch(cell) for cell in cells):
            return separator, [f"{shown}: columns are separated by {name}"]
    return ",", []
