"""Raw photos of cameras (DNG, NEF, CR2, CR3, ARW...) and other TIFF files whose first picture is only a preview.

They are recognised by their content: a raw photo in TIFF form opens like any TIFF, but what opens is a thumbnail.
"""

import struct
from dataclasses import dataclass, field
from typing import BinaryIO

import numpy as np
from PIL import Image

from handloom.errors import DataError, first_line, printable
from handloom.media.limits import MediaLimits

# Raw formats that are no TIFF, and two that are one with a sign of its own: bytes, and where they stand.
_SIGNATURES = (
    (b"IIRO", 0),  # Olympus
    (b"IIRS", 0),
    (b"MMOR", 0),
    (b"IIU\x00", 0),  # Panasonic
    (b"FUJIFILMCCD-RAW", 0),
    (b"FOVb", 0),  # Sigma
    (b"\x00MRM", 0),  # Minolta
    (b"HEAPCCDR", 6),  # Canon CRW
    (b"ftypcrx ", 4),  # Canon CR3
    (b"CR", 8),  # Canon CR2, in a TIFF
    (b"IIII", 8),  # Phase One, in a TIFF
)
_BIG_TIFF = (b"II+\x00", b"MM\x00+")  # with places of eight bytes
_TIFF = (b"II*\x00", b"MM\x00*", *_BIG_TIFF)
# Tags of TIFF and DNG (https://helpx.adobe.com/camera-raw/digital-negative.html).
_NEW_SUBFILE_TYPE, _SUBFILE_TYPE, _WIDTH, _HEIGHT, _COMPRESSION, _PHOTOMETRIC = 254, 255, 256, 257, 259, 262
_SUB_IFDS, _DNG_VERSION = 330, 50706
_TAGS = {_NEW_SUBFILE_TYPE, _SUBFILE_TYPE, _WIDTH, _HEIGHT, _COMPRESSION, _PHOTOMETRIC, _SUB_IFDS, _DNG_VERSION}
_SENSOR_DATA = {32803, 34892}  # photometric: colour filter array, linear raw
_RAW_COMPRESSIONS = {34713, 32767, 32770, 65000, 65535}  # Nikon, Sony, Samsung, Kodak, Pentax
# Bytes of a value by its type; values of other types are not looked at.
_SIZES = {1: 1, 3: 2, 4: 4, 13: 4, 16: 8, 18: 8}
_FORMATS = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}
# Real files have fewer; a file may claim any number.
_MOST_DIRECTORIES, _MOST_ENTRIES, _MOST_VALUES = 64, 1024, 16
# A first page with so many times fewer pixels than another is a preview of it, or something else that is not the photo.
_PREVIEW = 4

# LibRaw's names of turns, degrees clockwise.
_ROTATIONS = {0: 0, 3: 180, 5: 270, 6: 90}
_BYTES_PER_PIXEL = 14  # of LibRaw: the sensor's data, four channels of 16 bits, the result


@dataclass
class _Directory:
    """One picture of a TIFF: its tags, and the directories inside it."""

    tags: dict[int, tuple[int, ...]] = field(default_factory=dict)
    inside: list["_Directory"] = field(default_factory=list)

    @property
    def is_preview(self) -> bool:
        return bool(self.tags.get(_NEW_SUBFILE_TYPE, (0,))[0] & 1) or self.tags.get(_SUBFILE_TYPE) == (2,)

    @property
    def pixels(self) -> int:
        return self.tags.get(_WIDTH, (0,))[0] * self.tags.get(_HEIGHT, (0,))[0]

    @property
    def is_sensor_data(self) -> bool:
        return (
            self.tags.get(_PHOTOMETRIC, (0,))[0] in _SENSOR_DATA
            or self.tags.get(_COMPRESSION, (0,))[0] in _RAW_COMPRESSIONS
        )


def is_raw(file: BinaryIO) -> bool:
    """Whether a file is a raw photo, whatever its name; the file's position stays."""
    beginning = _beginning(file)
    if any(beginning[at : at + len(sign)] == sign for sign, at in _SIGNATURES if at < 8):
        return True
    if not beginning.startswith(_TIFF):
        return False
    if any(beginning[at : at + len(sign)] == sign for sign, at in _SIGNATURES if at >= 8):
        return True
    pages = _directories(file)
    every = [*pages, *(one for page in pages for one in page.inside)]
    return any(_DNG_VERSION in one.tags or one.is_sensor_data for one in every)


def page_of_picture(file: BinaryIO, name: str) -> int:
    """Which page of a TIFF is the picture itself and not a preview of it; 0 for other files.

    It is the first that is not marked as a preview; where all are, the largest. Some programs mark none.

    Raises:
        DataError: all pages are previews of a picture that lies deeper in the file, or the first is much smaller than
            another.
    """
    if not _beginning(file).startswith(_TIFF):
        return 0
    pages = _directories(file)
    for number, page in enumerate(pages):
        if not page.is_preview:
            _check_unmarked(page, pages[number + 1 :], name)
            return number
    if any(not one.is_preview for page in pages for one in page.inside):
        raise DataError(f"{name}: a TIFF that opens with a preview of its picture; save it as JPEG")
    # Some programs mark all pages alike.
    return max(range(len(pages)), key=lambda number: (pages[number].pixels, -number), default=0)


def _check_unmarked(page: _Directory, others: list[_Directory], name: str) -> None:
    largest = max((other.pixels for other in others), default=0)
    if largest > _PREVIEW * page.pixels:
        raise DataError(
            f"{name}: a TIFF whose first page is much smaller than another; save the page with the photo as JPEG"
        )


def develop(file: BinaryIO, name: str, largest_side: int, limits: MediaLimits) -> tuple[Image.Image, int, int, int]:
    """A raw photo as a picture, upright, with its full width and height and the degrees it was turned clockwise.

    White balance is the camera's; at half size where that is enough.

    Raises:
        DataError: the library is not installed, or cannot read the file.
    """
    try:
        import rawpy
    except ImportError:
        raise DataError(
            f"{name}: a raw photo of a camera; export it as JPEG, or type: pip install 'handloom[raw]'"
        ) from None
    try:
        with rawpy.imread(file) as raw:
            height, width, rotation = raw.sizes.height, raw.sizes.width, _ROTATIONS.get(raw.sizes.flip, 0)
            limits.check_memory(name, raw.sizes.raw_width, raw.sizes.raw_height, _BYTES_PER_PIXEL)
            half = max(height, width) >= 2 * largest_side
            developed: np.ndarray = raw.postprocess(use_camera_wb=True, half_size=half, output_bps=8)
    except DataError:
        raise
    except Exception as error:  # LibRaw's errors have no common base that holds for damaged files
        said = error.args[0] if error.args else ""
        reason = printable(said.decode(errors="replace") if isinstance(said, bytes) else first_line(error))
        raise DataError(f"{name}: this raw photo cannot be developed ({reason}); export it as JPEG") from None
    if rotation in (90, 270):
        width, height = height, width
    return Image.fromarray(developed), width, height, rotation


def _beginning(file: BinaryIO) -> bytes:
    place = file.tell()
    file.seek(0)
    beginning = file.read(16)
    file.seek(place)
    return beginning


def _directories(file: BinaryIO) -> list[_Directory]:
    """The pages of a TIFF in order; as many as can be read."""
    place = file.tell()
    file.seek(0)
    sign = file.read(4)
    form = _Form("<" if sign.startswith(b"II") else ">", sign in _BIG_TIFF)
    pages: list[_Directory] = []
    seen: set[int] = set()
    try:
        if form.big:
            file.seek(8)
        (offset,) = form.read(file, form.place)
        while offset and offset not in seen and len(seen) < _MOST_DIRECTORIES:
            seen.add(offset)
            page, offset = _directory(file, form, offset)
            pages.append(page)
            for inside in page.tags.get(_SUB_IFDS, ()):
                if inside not in seen and len(seen) < _MOST_DIRECTORIES:
                    seen.add(inside)
                    page.inside.append(_directory(file, form, inside)[0])
    except (struct.error, OSError, OverflowError):  # cut off, or no directory there
        pass
    finally:
        file.seek(place)
    return pages


@dataclass(frozen=True)
class _Form:
    """How a TIFF writes numbers: the order of their bytes, and whether places have eight bytes in place of four."""

    order: str
    big: bool

    @property
    def place(self) -> str:
        return "Q" if self.big else "I"

    def read(self, file: BinaryIO, numbers: str) -> tuple[int, ...]:
        layout = f"{self.order}{numbers}"
        return struct.unpack(layout, file.read(struct.calcsize(layout)))


def _directory(file: BinaryIO, form: _Form, offset: int) -> tuple[_Directory, int]:
    """A directory, and where the next one is; 0 after the last."""
    file.seek(offset)
    (count,) = form.read(file, "Q" if form.big else "H")
    head = f"{form.order}HH{form.place}"
    inline = struct.calcsize(f"{form.order}{form.place}")  # bytes of values that stand in the entry itself
    size = struct.calcsize(head) + inline
    entries = file.read(size * min(count, _MOST_ENTRIES))
    (following,) = form.read(file, form.place) if count <= _MOST_ENTRIES else (0,)
    directory = _Directory()
    for start in range(0, len(entries) - size + 1, size):
        tag, kind, number = struct.unpack_from(head, entries, start)
        if tag not in _TAGS or kind not in _SIZES or not number:
            continue
        number = min(number, _MOST_VALUES)
        values = entries[start + size - inline : start + size]
        if number * _SIZES[kind] > inline:
            file.seek(struct.unpack(f"{form.order}{form.place}", values)[0])
            values = file.read(number * _SIZES[kind])
        directory.tags[tag] = struct.unpack_from(f"{form.order}{number}{_FORMATS[kind]}", values)
    return directory, following
