"""An SFrame, the table that Turi Create and Create ML write: a folder of an index and segments. Nothing is unpickled.

`*.frame_idx` names the columns; each lies in an index of its own (`*.sidx`), which names the segment files and how many
values each has. A segment (`*.0000`) ends with a footer that says where the blocks of each column are, and with the
footer's length.
"""

import configparser
import json
import stat
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from handloom.errors import DataError, first_line, printable
from handloom.sources.sframe_values import DamagedError, read_block

_COMPRESSED = 1  # bit of a block's flags
_LENGTH = struct.Struct("<Q")
_BLOCK = struct.Struct("<6Q")  # place, stored length, length, number of values, flags, type
_RATIO = 256  # LZ4 compresses no better
_LARGEST_INDEX = 16_000_000  # bytes of a text
_LARGEST = 1 << 30  # bytes of a block; Turi Create's have some ten thousand


@dataclass(frozen=True)
class _Block:
    place: int
    stored: int
    length: int
    count: int
    flags: int


def require_file(path: Path) -> None:
    """Raise `OSError` unless a path leads to a file: a pipe or a device would be waited for, or never end."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError("a folder, a pipe or a device, not a file")


def index_text(path: Path) -> str:
    """The text of a file that says where others lie.

    Raises:
        OSError: it is missing, no file, or larger than `_LARGEST_INDEX`.
        UnicodeDecodeError: it is no text.
    """
    require_file(path)
    if path.stat().st_size > _LARGEST_INDEX:
        raise OSError(f"larger than {_LARGEST_INDEX // 1_000_000} MB")
    return path.read_text(encoding="utf-8")


def read_sframe(folder: Path, columns: Sequence[str]) -> dict[str, list[Any]]:
    """Some columns of an SFrame, all of one length: texts, numbers and float64 arrays; None where a value is missing.

    Args:
        folder: where it was saved.
        columns: their names.

    Raises:
        DataError: it is not there, is damaged, or lacks a column.
    """
    indexes = sorted(folder.glob("*.frame_idx"))
    if len(indexes) != 1:
        raise DataError(f"{printable(str(folder))}: {len(indexes)} files *.frame_idx, a table has one; copy it again")
    index = indexes[0]
    try:
        parser = configparser.ConfigParser(interpolation=None, strict=True)
        parser.read_string(index_text(index))
        rows = parser.getint("sframe", "nrows")
        places = {name: parser["column_files"][key] for key, name in parser["column_names"].items()}
    except (configparser.Error, ValueError, KeyError, OSError) as error:
        raise _damaged(index, first_line(error)) from None
    missing = [name for name in columns if name not in places]
    if missing:
        listed = ", ".join(printable(name) for name in places)
        raise DataError(f"{printable(str(index))}: no column '{missing[0]}'; it has {listed}")
    segments: dict[Path, list[list[_Block]]] = {}
    found = {name: _column(index, places[name], segments) for name in columns}
    for name, values in found.items():
        if len(values) != rows:
            raise _damaged(index, f"{rows} rows, but {len(values)} values in its column {name}")
    return found


def _column(index: Path, place: str, segments: dict[Path, list[list[_Block]]]) -> list[Any]:
    """All values of a column, by its index file and its number there, such as `m_1.sidx:2`."""
    name, _, number = place.rpartition(":")
    column_index = _next_to(index, name)
    try:
        content = json.loads(index_text(column_index))
        files = content["segment_files"]
        sizes = {key: int(size) for key, size in content["columns"][int(number)]["segment_sizes"].items()}
        names = [(str(files[key]), sizes[key]) for key in sorted(sizes) if sizes[key]]
    except (ValueError, LookupError, TypeError, AttributeError, OSError, RecursionError) as error:
        raise _damaged(column_index, first_line(error)) from None
    values: list[Any] = []
    for segment, size in names:
        path = _next_to(index, segment)
        try:
            require_file(path)
            with path.open("rb") as file:
                total = path.stat().st_size
                if path not in segments:
                    segments[path] = _footer(file, total)
                found = [value for block in segments[path][int(number)] for value in _block_values(file, block, total)]
        except (DamagedError, IndexError, OSError) as error:
            raise _damaged(path, first_line(error)) from None
        if len(found) != size:
            raise _damaged(path, f"{size} values were expected, not {len(found)}")
        values += found
    return values


def _footer(file: Any, total: int) -> list[list[_Block]]:
    """Where the blocks of each column are."""
    file.seek(max(0, total - _LENGTH.size))
    length = _whole(file.read(_LENGTH.size))
    if length > total - _LENGTH.size:
        raise DamagedError("its footer is longer than the file")
    file.seek(total - _LENGTH.size - length)
    footer = file.read(length)
    columns: list[list[_Block]] = []
    place = _LENGTH.size
    for _ in range(_whole(footer[:place])):
        count = _whole(footer[place : place + _LENGTH.size])
        place += _LENGTH.size
        end = place + count * _BLOCK.size
        if end > length:
            raise DamagedError("its footer is cut off")
        columns.append([_Block(*fields[:5]) for fields in _BLOCK.iter_unpack(footer[place:end])])
        place = end
    return columns


def _whole(content: bytes) -> int:
    if len(content) != _LENGTH.size:
        raise DamagedError("its footer is cut off")
    return int(_LENGTH.unpack(content)[0])


def _block_values(file: Any, block: _Block, total: int) -> list[Any]:
    if block.place + block.stored > total or block.length > min(_LARGEST, _RATIO * block.stored):
        raise DamagedError("a block is outside the file")
    if block.count > 128 * max(1, block.length):
        raise DamagedError("a block has fewer values than it says")
    file.seek(block.place)
    content = file.read(block.stored)
    if block.flags & _COMPRESSED:
        try:
            content = pa.decompress(content, block.length, codec="lz4_raw", asbytes=True)
        except (pa.ArrowException, OSError, ValueError):
            raise DamagedError("a block cannot be decompressed") from None
    return read_block(content[: block.length], block.count, block.flags)


def _next_to(index: Path, name: str) -> Path:
    """A file of the same folder.

    Raises:
        DataError: the name leads elsewhere.
    """
    if not name or Path(name).name != name:
        raise _damaged(index, f"it names {name!r}, which is no file of its folder")
    return index.with_name(name)


def _damaged(path: Path, reason: str) -> DataError:
    return DataError(f"{printable(str(path))}: damaged ({printable(reason)}); copy the project again")
