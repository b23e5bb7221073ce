"""The values in one block of an SFrame column: type-tagged, packed in groups of whole numbers.

An SFrame is the table that Turi Create and Create ML write. Its layout was read off the open sources of Turi Create
(https://github.com/apple/turicreate, src/core/storage/sframe_data). A block never says how many bytes a value takes,
so a reader has to know each packing.
"""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

# Types of values by their number.
INTEGER, FLOAT, STRING, VECTOR, MISSING, ARRAY = 0, 1, 2, 3, 7, 9
# Bits of a block's flags.
TYPED, MIXED, EXTENDED = 2, 4, 8
_GROUP = 128  # whole numbers that are packed together
_CODECS = ("offsets", "steps", "signed steps")

Numbers: TypeAlias = NDArray[np.uint64]


class DamagedError(Exception):
    """Why bytes are no block of values: no more than the reason."""


class _Bytes:
    """The bytes of a block, taken from its beginning on."""

    def __init__(self, content: bytes) -> None:
        self._content, self._place = content, 0

    def take(self, count: int) -> bytes:
        end = self._place + count
        if not 0 <= count <= len(self._content) - self._place:
            raise DamagedError("its values are cut off")
        taken, self._place = self._content[self._place : end], end
        return taken

    def byte(self) -> int:
        return self.take(1)[0]

    def variable(self) -> int:
        """A whole number of 1 to 9 bytes; ones at the low end of the first byte say how many more there are."""
        first = self.byte()
        more = 0
        while more < 7 and first >> more & 1:
            more += 1
        if more == 7:
            return int.from_bytes(self.take(8), "little")
        return int.from_bytes(bytes([first]) + self.take(more), "little") >> (more + 1)

    def integers(self, count: int) -> Numbers:
        """So many whole numbers, in groups of 128."""
        if count > _GROUP * (len(self._content) - self._place):  # a group takes two bytes at least
            raise DamagedError("it has fewer values than it says")
        groups = [self._group(min(_GROUP, count - first)) for first in range(0, count, _GROUP)]
        return np.concatenate(groups) if groups else np.zeros(0, np.uint64)

    def _group(self, count: int) -> Numbers:
        header = self.byte()
        codec, width = header & 3, header >> 2
        if codec >= len(_CODECS) or width > 7:
            raise DamagedError("a group of whole numbers has an unknown form")
        base = np.uint64(self.variable())
        if width == 0:
            return np.full(count, base, np.uint64)
        if _CODECS[codec] == "offsets":
            return base + self._packed(count, 1 << (width - 1))
        steps = self._packed(count - 1, 1 << (width - 1))
        if _CODECS[codec] == "signed steps":  # 0, -1, 1, -2 ... are 0, 1, 2, 3 ...
            steps = (steps >> np.uint64(1)) ^ (np.uint64(0) - (steps & np.uint64(1)))
        return np.cumsum(np.concatenate([[base], steps]), dtype=np.uint64)

    def _packed(self, count: int, bits: int) -> Numbers:
        """Whole numbers of a fixed number of bits, low bits first; what fills the first byte up lies at its low end."""
        content = np.frombuffer(self.take((count * bits + 7) // 8), np.uint8)
        if bits >= 8:
            return content.view(f"<u{bits // 8}").astype(np.uint64)
        shifts = np.arange(0, 8, bits, dtype=np.uint8)
        values = (content[:, None] >> shifts & ((1 << bits) - 1)).reshape(-1)
        return values[len(values) - count :].astype(np.uint64)

    def decimals(self, count: int) -> NDArray[np.float64]:
        """So many decimals: whole ones as whole numbers, others by their bits, the sign's bit last."""
        form = self.byte()
        if form not in (0, 1):
            raise DamagedError("decimals of an unknown form")
        numbers = self.integers(count)
        if form == 1:
            return numbers.view(np.int64).astype(np.float64)
        return ((numbers >> np.uint64(1)) | (numbers << np.uint64(63))).view(np.float64)


def read_block(content: bytes, count: int, flags: int) -> list[Any]:
    """The values of a block: texts, whole numbers, decimals or arrays of decimals; None for one that is missing.

    Args:
        content: its bytes, not compressed any more.
        count: how many values it has.
        flags: what its footer says of it.

    Raises:
        DamagedError: it is no such block, or of a type that no column of joints has.
    """
    given = _Bytes(content)
    if not flags & TYPED or flags & MIXED:
        raise DamagedError("it has values of several types")
    types = given.byte()
    if types == 0:
        return []
    kind = given.byte()
    if kind == MISSING:
        return [None] * count
    missing = np.zeros(count, bool)
    if types == 2:
        words = given.take((count + 63) // 64 * 8)
        missing = np.unpackbits(np.frombuffer(words, np.uint8), bitorder="little")[:count].astype(bool)
    elif types != 1:
        raise DamagedError("it has values of several types")
    there = count - int(missing.sum())
    values = iter(_values(given, kind, there, bool(flags & EXTENDED)))
    return [None if absent else next(values) for absent in missing.tolist()]


def _values(given: _Bytes, kind: int, count: int, extended: bool) -> list[Any]:
    if kind == INTEGER:
        return list(given.integers(count).view(np.int64).tolist())
    if kind == STRING:
        return _texts(given, count)
    if not extended or kind not in (FLOAT, VECTOR, ARRAY):
        raise DamagedError(f"it has values of the type {kind}, which no column of joints has")
    if kind == FLOAT:
        return list(given.decimals(count).tolist())
    if given.byte() != 0:
        raise DamagedError("arrays of an unknown form")
    return _vectors(given, count) if kind == VECTOR else _arrays(given, count)


def _texts(given: _Bytes, count: int) -> list[str]:
    """Few different ones as a list of them and the place of each in it, others with their lengths before them."""
    try:
        if given.byte():
            known = [given.take(given.variable()).decode("utf-8") for _ in range(given.variable())]
            return [known[place] for place in given.integers(count).tolist()]
        return [given.take(length).decode("utf-8") for length in given.integers(count).tolist()]
    except (UnicodeDecodeError, IndexError):
        raise DamagedError("its texts are damaged") from None


def _vectors(given: _Bytes, count: int) -> list[NDArray[np.float64]]:
    lengths = _lengths(given, count)
    return np.split(given.decimals(sum(lengths)), np.cumsum(lengths)[:-1]) if count else []


def _arrays(given: _Bytes, count: int) -> list[NDArray[np.float64]]:
    dimensions, sizes = _lengths(given, count), _lengths(given, count)
    shapes, strides = _lengths(given, sum(dimensions)), _lengths(given, sum(dimensions))
    values = given.decimals(sum(sizes))
    arrays = []
    axis = first = 0
    for number, size in zip(dimensions, sizes, strict=True):
        shape, stride = shapes[axis : axis + number], strides[axis : axis + number]
        arrays.append(_array(values[first : first + size], shape, stride))
        axis, first = axis + number, first + size
    return arrays


def _array(values: NDArray[np.float64], shape: list[int], strides: list[int]) -> NDArray[np.float64]:
    """Values as an array; a stride is the number of values from one element of an axis to the next."""
    if int(np.prod(shape, dtype=object)) != len(values):
        raise DamagedError("an array has more or fewer values than its shape")
    place = np.zeros(shape, np.int64)
    for axis, (length, stride) in enumerate(zip(shape, strides, strict=True)):
        if (length - 1) * stride >= max(len(values), 1):
            raise DamagedError("an array reaches beyond its values")
        place += (np.arange(length) * stride).reshape([-1 if other == axis else 1 for other in range(len(shape))])
    if place.size and place.max() >= len(values):
        raise DamagedError("an array reaches beyond its values")
    return values[place]


def _lengths(given: _Bytes, count: int) -> list[int]:
    return list(given.integers(count).tolist())
