"""The values that stand in a saved ML program: in its messages, or in the weight files next to them.

A weight file (Apple's `MILBlob/Blob/StorageFormat.hpp` in coremltools, BSD-3-Clause) is a header of 64 bytes, then for
each value a record of 64 bytes and its data. The program names the place of the record.
"""

import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handloom.export.core_ml_messages import data_type_names
from handloom.export.interpreter.budget import need_elements

_RECORD = struct.Struct("<IIQQQ")  # sentinel, type, bytes of the data, where they begin, unused bits at their end
_SENTINEL = 0xDEADBEEF


@dataclass(frozen=True)
class _ElementType:
    """How an element is stored.

    Attributes:
        dtype: of the array in memory.
        number: of the type in weight files, 0 where they have none.
        bits: of an element in the file, where they are fewer than a byte; the lowest come first.
    """

    dtype: Any
    number: int = 0
    bits: int = 0


_TYPES: Mapping[str, _ElementType] = {
    "BOOL": _ElementType(np.bool_),
    "STRING": _ElementType(np.str_),
    "FLOAT16": _ElementType(np.float16, 1),
    "FLOAT32": _ElementType(np.float32, 2),
    "FLOAT64": _ElementType(np.float64),
    "INT4": _ElementType(np.int8, 8, 4),
    "INT8": _ElementType(np.int8, 4),
    "INT16": _ElementType(np.int16, 6),
    "INT32": _ElementType(np.int32, 14),
    "INT64": _ElementType(np.int64),
    "UINT1": _ElementType(np.uint8, 9, 1),
    "UINT2": _ElementType(np.uint8, 10, 2),
    "UINT3": _ElementType(np.uint8, 12, 3),
    "UINT4": _ElementType(np.uint8, 11, 4),
    "UINT6": _ElementType(np.uint8, 13, 6),
    "UINT8": _ElementType(np.uint8, 3),
    "UINT16": _ElementType(np.uint16, 7),
    "UINT32": _ElementType(np.uint32, 15),
    "UINT64": _ElementType(np.uint64),
}


class StoredValues:
    """Reads the values of one program.

    Args:
        weights: the folder of its weight files.
    """

    def __init__(self, weights: Path) -> None:
        self._weights = weights
        self._files: dict[str, bytes] = {}

    def tensor(self, value: Any) -> Any:
        """The message `Value` of a tensor as an array in its stored type; without axes as a NumPy scalar, or as text.

        Raises:
            ValueError: the type is unknown, or the data do not fit the type and the shape.
            OSError: there is no such weight file.
        """
        tensor = value.type.tensorType
        name = data_type_names()[tensor.dataType]
        if name not in _TYPES:
            raise ValueError(f"a value of type {name}")
        element, shape = _TYPES[name], _shape(tensor)
        need_elements(*shape)
        if value.WhichOneof("value") == "blobFileValue":
            array = self._from_file(value.blobFileValue, element, math.prod(shape))
        else:
            array = _from_message(value.immediateValue.tensor, element, math.prod(shape))
        array = array.reshape(shape)
        if shape:
            return array
        return str(array[()]) if name == "STRING" else array[()]

    def _from_file(self, place: Any, element: _ElementType, count: int) -> NDArray[Any]:
        name = PurePosixPath(place.fileName).name
        if name not in self._files:
            self._files[name] = (self._weights / name).read_bytes()
        content = self._files[name]
        if place.offset + _RECORD.size > len(content):
            raise ValueError("a record behind the end of its weight file")
        sentinel, number, size, start, _ = _RECORD.unpack_from(content, place.offset)
        if sentinel != _SENTINEL or number != element.number or start + size > len(content):
            raise ValueError("a damaged record in its weight file")
        return _elements(content[start : start + size], element, count)


def _shape(tensor: Any) -> tuple[int, ...]:
    known = all(one.WhichOneof("dimension") == "constant" for one in tensor.dimensions)
    if not known or len(tensor.dimensions) != tensor.rank:
        raise ValueError("a value whose size is not known")
    return tuple(one.constant.size for one in tensor.dimensions)


def _from_message(tensor: Any, element: _ElementType, count: int) -> NDArray[Any]:
    field = tensor.WhichOneof("value")
    if field is None:
        raise ValueError("a value without data")
    values = getattr(tensor, field).values
    if field != "bytes":
        return np.array(list(values), element.dtype)
    return _elements(values, element, count)


def _elements(content: bytes, element: _ElementType, count: int) -> NDArray[Any]:
    if not element.bits:
        return np.frombuffer(content, element.dtype).copy()
    bits = np.unpackbits(np.frombuffer(content, np.uint8), bitorder="little")
    if not count * element.bits <= len(bits) < count * element.bits + 8:
        raise ValueError("data of another size than its shape says")
    rows = bits[: count * element.bits].reshape(count, element.bits).astype(np.int16)
    found = rows @ (1 << np.arange(element.bits, dtype=np.int16))
    if np.issubdtype(element.dtype, np.signedinteger):
        found -= (found >> (element.bits - 1)) << element.bits  # two's complement
    return found.astype(element.dtype)
