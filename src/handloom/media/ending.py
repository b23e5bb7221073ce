"""Whether a clip's file ends before its format says that it does: some formats tell nothing else of what is missing."""

import mmap
import struct
from collections.abc import Callable
from pathlib import Path

_TRANSPORT_PACKETS = (188, 192, 204)  # bytes: plain, with a time stamp before each (M2TS), with a checksum after it
_LOOKED_AT = 5  # packets
_LONGEST_OGG_PAGE = 65_307  # bytes
_MATROSKA, _SEGMENT, _CLUSTER = b"\x1a\x45\xdf\xa3", b"\x18\x53\x80\x67", b"\x1f\x43\xb6\x75"
_LONGEST_PACK = 1_000_000  # bytes of MPEG between two pack headers, more than any program writes


def ends_early(path: Path, formats: set[str]) -> bool:
    """True if the end of a file is missing; false if it is there, or the format has no sign of it.

    Args:
        path: a file that could be opened.
        formats: FFmpeg's names of its format.
    """
    check = next((check for name, check in _CHECKS.items() if name in formats), None)
    if check is None:
        return False
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        try:
            return check(content)
        except (IndexError, struct.error):  # there is less than the file says
            return True


def _gif(content: mmap.mmap) -> bool:
    """Blocks one after another, until the trailer."""
    place = 13 + _colours(content[10])
    while place < len(content):
        kind = content[place]
        if kind == 0x3B:
            return False
        if kind == 0x2C:
            place += 11 + _colours(content[place + 9])  # descriptor, its colours, the size of the codes
        elif kind == 0x21:
            place += 2
        else:  # not a block: that is damage, and no end
            return False
        while length := content[place]:
            place += 1 + length
        place += 1
    return True


def _colours(flags: int) -> int:
    return 3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else 0


def _transport(content: mmap.mmap) -> bool:
    """A whole number of packets."""
    for size in _TRANSPORT_PACKETS:
        for first in (0, 4) if size == 192 else (0,):
            signs = content[first : first + _LOOKED_AT * size : size]
            if signs and set(signs) == {0x47}:
                return len(content) % size > 0
    return False


def _ogg(content: mmap.mmap) -> bool:
    """A last page that says so, and is there as a whole."""
    place = content.rfind(b"OggS", max(0, len(content) - _LONGEST_OGG_PAGE))
    if place < 0:
        return True
    segments = content[place + 26]
    sizes = content[place + 27 : place + 27 + segments]
    whole = len(sizes) == segments and place + 27 + segments + sum(sizes) <= len(content)
    return not (whole and content[place + 5] & 4)


def _flash(content: mmap.mmap) -> bool:
    """The size of the last tag, after it."""
    (size,) = struct.unpack_from(">I", content, len(content) - 4)
    if size > len(content) - 4 or size < 11:
        return True
    tag = len(content) - 4 - size
    return bool(int.from_bytes(content[tag + 1 : tag + 4], "big") + 11 != size)


def _matroska(content: mmap.mmap) -> bool:
    """A segment as long as it says; where a live recording does not say it, whole elements in it."""
    if content[:4] != _MATROSKA:
        return False
    place = 0
    while place < len(content):
        if not content[place]:  # no element begins so: room that was never filled
            return True
        name = content[place : place + 9 - content[place].bit_length()]
        length, inside = _variable(content, place + len(name))
        if length is None and name in (_SEGMENT, _CLUSTER):
            place = inside
        elif length is None:  # damage, and no end
            return False
        else:
            place = inside + length
    return place > len(content)


def _program(content: mmap.mmap) -> bool:
    """Whole packets after the last pack header of an MPEG program stream."""
    place = content.rfind(b"\0\0\1\xba", max(0, len(content) - _LONGEST_PACK))
    while 0 <= place < len(content):
        kind = content[place + 3]
        if content[place : place + 3] != b"\0\0\1":  # filled up, or damage, and no end
            return False
        if kind == 0xBA:
            place += 14 + (content[place + 13] & 7) if content[place + 4] & 0xC0 == 0x40 else 12
        elif kind == 0xB9:
            return False
        else:
            place += 6 + int.from_bytes(content[place + 4 : place + 6], "big")
    return place > len(content)


def _variable(content: mmap.mmap, place: int) -> tuple[int | None, int]:
    """One of EBML's numbers, None if it says "unknown", and the place after it."""
    width = 9 - content[place].bit_length()
    number = int.from_bytes(content[place : place + width], "big") & ((1 << 7 * width) - 1)
    return (None if number == (1 << 7 * width) - 1 else number), place + width


_CHECKS: dict[str, Callable[[mmap.mmap], bool]] = {
    "gif": _gif,
    "mpegts": _transport,
    "mpeg": _program,
    "ogg": _ogg,
    "flv": _flash,
    "matroska": _matroska,
}
