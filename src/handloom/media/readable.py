"""Check before decoding that a file can be read, and detect its type by its first bytes."""

import codecs
import stat
from pathlib import Path

from handloom.errors import DataError, printable

_BEGINNING = 1024  # bytes; all signatures below lie within
_PICTURE_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"avif", b"avis"}
_SOUND_BRANDS = {b"M4A ", b"M4B ", b"M4P "}
# The boxes with which a MOV begins that has no ftyp box.
_MOVIE_BOXES = {b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"}
_BMP = b"BM"  # so short that texts begin with it too
_SIGNATURES = (
    (b"\xff\xd8\xff", "a picture"),
    (b"\x89PNG\r\n\x1a\n", "a picture"),
    (_BMP, "a picture"),
    (b"II*\x00", "a picture"),
    (b"MM\x00*", "a picture"),
    (b"II+\x00", "a picture"),  # BigTIFF
    (b"MM\x00+", "a picture"),
    (b"IIRO", "a picture"),  # raw photos that are no TIFF, see raw.py
    (b"IIRS", "a picture"),
    (b"MMOR", "a picture"),
    (b"IIU\x00", "a picture"),
    (b"FUJIFILMCCD-RAW", "a picture"),
    (b"FOVb", "a picture"),
    (b"\x00MRM", "a picture"),
    (b"GIF8", "a GIF"),
    (b"\x1a\x45\xdf\xa3", "a video"),  # Matroska, WebM
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "a video"),  # WMV
    (b"\x00\x00\x01\xba", "a video"),  # MPEG
    (b"FLV\x01", "a video"),
    (b"%PDF", "a PDF"),
    (b"8BPS", "a Photoshop file"),
    (b"ID3", "sound"),
    (b"OggS", "sound"),
    (b"fLaC", "sound"),
    (b"PK\x03\x04", "a ZIP archive"),
)


def beginning_of(path: Path) -> bytes:
    """The first bytes of a file, for `kind_of`, after making sure that it can be read without waiting forever.

    Raises:
        DataError: it is missing, a folder, a pipe or a device, empty, or there is no permission to read it.
    """
    name = printable(path.name)
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise DataError(f"{name}: a folder, not a file; rename it or remove it")
        if not stat.S_ISREG(status.st_mode):
            raise DataError(f"{name}: a pipe or a device, not a file; remove it from the folder")
        if status.st_size == 0:
            raise DataError(f"{name}: empty file; copy it again or remove it from the folder")
        with path.open("rb") as file:
            return file.read(_BEGINNING)
    except FileNotFoundError:
        if path.is_symlink():
            raise DataError(f"{name}: a link to a file that is gone; correct the link or remove it") from None
        raise DataError(f"{name}: no such file; check its name and folder") from None
    except PermissionError:
        raise DataError(f"{name}: no permission to read it; use chmod to allow it") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise DataError(f"{name}: cannot be read ({printable(reason)}); copy it again") from None


def kind_of(beginning: bytes) -> str:
    """The type of a file, by its first bytes: "a picture", "a GIF", "a video", "text"..., or empty if unknown."""
    if beginning[4:8] == b"ftyp":
        brand = beginning[8:12]
        if brand == b"crx ":  # a raw photo (CR3)
            return "a picture"
        return "a picture" if brand in _PICTURE_BRANDS else "sound" if brand in _SOUND_BRANDS else "a video"
    if beginning[4:8] in _MOVIE_BOXES and not _kind_of_text(beginning):  # a text may begin with "carefree"
        return "a video"
    if beginning[:4] == b"RIFF":
        return {b"WEBP": "a picture", b"AVI ": "a video", b"WAVE": "sound"}.get(beginning[8:12], "")
    for signature, kind in _SIGNATURES:
        if beginning.startswith(signature) and (signature != _BMP or not _kind_of_text(beginning)):
            return kind
    return _kind_of_text(beginning)


def _kind_of_text(beginning: bytes) -> str:
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(beginning)  # the last character may be cut in two
    except UnicodeDecodeError:
        return ""
    if any(ord(character) < 32 and character not in "\t\n\r\f" for character in text):
        return ""
    if "<svg" in text.lower():
        return "an SVG drawing"
    return "text"
