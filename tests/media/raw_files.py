"""Raw photos as cameras write them: the first picture is a thumbnail, the second is what the sensor saw."""

import struct
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_FORMATS = {1: "B", 2: "B", 3: "H", 4: "I", 5: "II", 10: "ii"}  # bytes, text, shorts, longs, fractions


def write_dng(path: Path, picture: NDArray[np.uint8], orientation: int = 1, dng: bool = True) -> Path:
    """A DNG of a picture seen through a Bayer filter.

    Args:
        path: where to.
        picture: uint8 ``[height, width, 3]``, RGB.
        orientation: of EXIF.
        dng: whether it says that it is a DNG; other cameras' files do not, but have the same form.
    """
    height, width = picture.shape[:2]
    sensor = np.zeros((height, width), np.uint16)  # red and green, below them green and blue
    for row, column, channel in ((0, 0, 0), (0, 1, 1), (1, 0, 1), (1, 1, 2)):
        linear = (picture[row::2, column::2, channel] / 255.0) ** 2.2
        sensor[row::2, column::2] = np.round(linear * 60_000)
    content = bytearray(b"II*\x00\0\0\0\0")
    thumbnail = _place(content, np.full((32, 48, 3), 128, np.uint8).tobytes())
    data = _place(content, sensor.astype("<u2").tobytes())
    inside = _directory(
        content,
        [
            *[(254, 4, [0]), (256, 4, [width]), (257, 4, [height]), (258, 3, [16]), (259, 3, [1]), (262, 3, [32803])],
            *[(273, 4, [data]), (277, 3, [1]), (278, 4, [height]), (279, 4, [2 * width * height])],
            *[(33421, 3, [2, 2]), (33422, 1, [0, 1, 1, 2]), (50714, 3, [0]), (50717, 4, [60_000])],
        ],
    )
    first = _directory(
        content,
        [
            *[(254, 4, [1]), (256, 4, [48]), (257, 4, [32]), (258, 3, [8, 8, 8]), (259, 3, [1]), (262, 3, [2])],
            *[(271, 2, b"Maker\0"), (272, 2, b"Camera\0"), (273, 4, [thumbnail]), (274, 3, [orientation])],
            *[(277, 3, [3]), (278, 4, [32]), (279, 4, [48 * 32 * 3]), (330, 4, [inside])],
            *([(50706, 1, [1, 4, 0, 0]), (50708, 2, b"Maker Camera\0")] if dng else []),
            (50721, 10, [one for part in np.eye(3).ravel() for one in (int(part), 1)]),
            (50728, 5, [1, 1, 1, 1, 1, 1]),
        ],
    )
    struct.pack_into("<I", content, 4, first)
    path.write_bytes(content)
    return path


def _place(content: bytearray, data: bytes) -> int:
    content += b"\0" * (len(content) % 2)
    content += data
    return len(content) - len(data)


def _directory(content: bytearray, tags: Sequence[tuple[int, int, Sequence[int]]]) -> int:
    entries = b""
    for tag, kind, values in tags:
        packed = struct.pack(f"<{len(values)}{_FORMATS[kind][0]}", *values)
        if len(packed) > 4:
            packed = struct.pack("<I", _place(content, packed))
        entries += struct.pack("<HHI", tag, kind, len(values) // len(_FORMATS[kind])) + packed.ljust(4, b"\0")
    return _place(content, struct.pack("<H", len(tags)) + entries + struct.pack("<I", 0))
