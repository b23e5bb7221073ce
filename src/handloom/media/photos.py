"""Photos as phones and people make them: any usual format, upright, scaled down, or one line why not."""

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pillow_heif
from PIL import Image, UnidentifiedImageError

from handloom.errors import DataError, first_line, printable
from handloom.media.frame import Frame
from handloom.media.limits import USUAL_LIMITS, MediaLimits
from handloom.media.plain_rgb import REDUCING_GAP, scaled_rgb, size_within
from handloom.media.raw import develop, is_raw, page_of_picture
from handloom.media.readable import beginning_of, kind_of

# A hand on fewer pixels than this a side cannot be seen.
SMALLEST_SIDE = 16
# Larger pictures are refused whatever the memory: decoding them takes minutes. The largest that phones make has 200
# megapixels.
MOST_PIXELS = 256_000_000
# A JPEG in steps is decoded from its first step to its last in full. Cameras and programs write ten or so.
MOST_STEPS = 100

# Formats whose first bytes are certain. Others are not tried: Pillow would start Ghostscript for some.
_FORMATS = ("JPEG", "PNG", "WEBP", "HEIF", "AVIF", "BMP", "TIFF", "GIF", "PPM", "JPEG2000")
# Pillow-heif and Pillow's TIFF turn the picture while decoding.
_TURNED_BY_THE_DECODER = ("HEIF", "TIFF")
# Modes that can be scaled down before they are converted, so that a JPEG is decoded at a fraction of its size.
_SCALED_FIRST = ("RGB", "L", "CMYK", "YCbCr")

# Bytes a pixel that decoding takes at its height, measured on pictures of 64 megapixels with Pillow 13.
_BYTES_PER_PIXEL = {"HEIF": 7, "AVIF": 9, "WEBP": 16, "JPEG2000": 18}
_PROGRESSIVE_JPEG = 6  # coefficients of 16 bits, of three channels at most
_BYTES_OF_MODE = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16B": 2, "I;16L": 2, "I;16N": 2}  # of Pillow; else 4

_EXIF_ORIENTATION = 0x0112
# EXIF orientation -> what turns the picture upright, and its degrees clockwise (mirrored ones count by their turn)
_UPRIGHT = {
    2: (Image.Transpose.FLIP_LEFT_RIGHT, 0),
    3: (Image.Transpose.ROTATE_180, 180),
    4: (Image.Transpose.FLIP_TOP_BOTTOM, 180),
    5: (Image.Transpose.TRANSPOSE, 90),
    6: (Image.Transpose.ROTATE_270, 90),
    7: (Image.Transpose.TRANSVERSE, 270),
    8: (Image.Transpose.ROTATE_90, 270),
}

# One thread: the workers are processes. No embedded thumbnails: editors leave them behind as they were.
pillow_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False, decode_threads=1)


def read_photo(path: Path, largest_side: int, limits: MediaLimits = USUAL_LIMITS) -> Frame:
    """Decode a photo, turn it upright by its orientation, scale it down to `largest_side` pixels.

    Of animations it is the first picture, of a TIFF the first that is no preview; what is transparent is seen before a
    middle grey. Raw photos are developed if `rawpy` is installed.

    Raises:
        DataError: it is no picture that can be read in full, or costs more memory than allowed; one line with the
            reason.
    """
    kind = kind_of(beginning_of(path))
    name = printable(path.name)
    try:
        with _hostile_files(), path.open("rb") as file:
            if is_raw(file):
                return _developed(file, name, largest_side, limits)
            return _decoded(file, name, largest_side, limits)
    except DataError:
        raise
    except UnidentifiedImageError:
        raise DataError(f"{name}: not a readable picture{_advice(kind)}") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        pixels = re.search(r"\d+", str(error))
        millions = f"{int(pixels[0]) / 1e6:.0f} megapixels" if pixels else "too many pixels"
        raise DataError(f"{name}: {millions}, more than {MOST_PIXELS / 1e6:.0f}; scale it down") from None
    except MemoryError:
        raise DataError(f"{name}: too large for the free memory; scale it down") from None
    except Exception as error:  # for broken files Pillow's decoders raise whatever their parsing happens to meet
        reason = printable(first_line(error))
        raise DataError(f"{name}: not a readable picture ({reason}); copy it again or remove it") from None


@contextmanager
def _hostile_files() -> Iterator[None]:
    """Within, Pillow refuses more than `MOST_PIXELS` and warns of nothing."""
    before = Image.MAX_IMAGE_PIXELS
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)  # Pillow only raises at twice its limit
            Image.MAX_IMAGE_PIXELS = MOST_PIXELS
            yield
    finally:
        Image.MAX_IMAGE_PIXELS = before


def _developed(file: BinaryIO, name: str, largest_side: int, limits: MediaLimits) -> Frame:
    picture, width, height, rotation = develop(file, name, largest_side, limits)
    _check_size(name, width, height)
    small = _scaled(picture, size_within(picture.size, largest_side))
    return Frame(np.asarray(small), 0.0, width, height, rotation)


def _decoded(file: BinaryIO, name: str, largest_side: int, limits: MediaLimits) -> Frame:
    page = page_of_picture(file, name)
    with Image.open(file, formats=_FORMATS) as image:
        if page:
            image.seek(page)
        width, height = image.size
        _check_size(name, width, height)
        is_jpeg = image.format in ("JPEG", "MPO")
        if not is_jpeg:  # before its orientation is asked for, for which a PNG is decoded
            _check_memory(image, name, limits)
        orientation = image.info.get("original_orientation") or image.getexif().get(_EXIF_ORIENTATION, 1)
        transpose, rotation = _UPRIGHT.get(orientation, (None, 0))
        if image.format in _TURNED_BY_THE_DECODER:
            transpose = None
        elif rotation in (90, 270):
            width, height = height, width
        scaled_first = image.mode in _SCALED_FIRST and not image.has_transparency_data
        size = size_within(image.size, largest_side)
        _check_steps(image, file, name, limits)
        if scaled_first:
            # A JPEG is decoded at a half, a quarter or an eighth; scaled from a little above, it stays sharp.
            image.draft(None, (round(1.5 * size[0]), round(1.5 * size[1])))
        if is_jpeg:  # it knows now at which fraction it will be decoded
            _check_memory(image, name, limits)
        if scaled_first:
            small = _scaled(image, size)
            upright = scaled_rgb(small.transpose(transpose) if transpose is not None else small, largest_side)
        else:
            turned = image.transpose(transpose) if transpose is not None else image
            upright = scaled_rgb(turned, largest_side)
        return Frame(np.asarray(upright), 0.0, width, height, rotation)


def _check_size(name: str, width: int, height: int) -> None:
    if min(width, height) < SMALLEST_SIDE:
        raise DataError(
            f"{name}: {width} x {height} pixels, too small to show a hand (at least {SMALLEST_SIDE}); remove it"
        )


def _check_steps(image: Image.Image, file: BinaryIO, name: str, limits: MediaLimits) -> None:
    """Refuse a JPEG in steps that is held in full while it is decoded, or drawn over too often."""
    if not image.info.get("progression"):
        return
    limits.check_memory(name, *image.size, _PROGRESSIVE_JPEG)
    place = file.tell()
    file.seek(0)
    steps = file.read().count(b"\xff\xda")
    file.seek(place)
    if steps > MOST_STEPS:
        raise DataError(f"{name}: a JPEG of {steps} steps, more than {MOST_STEPS}; save it as a plain JPEG")


def _check_memory(image: Image.Image, name: str, limits: MediaLimits) -> None:
    """Refuse a picture by its header; nothing has been decoded."""
    needed = _BYTES_PER_PIXEL.get(image.format or "", 0) or _BYTES_OF_MODE.get(image.mode, 4)
    limits.check_memory(name, *image.size, needed)


def _scaled(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    image.load()
    return image if image.size == size else image.resize(size, Image.Resampling.HAMMING, reducing_gap=REDUCING_GAP)


def _advice(kind: str) -> str:
    if kind == "a video":
        return " but a video; hand poses are learned from pictures"
    if kind == "a picture":
        return ", though it begins like one; copy it again or remove it"
    return f" but {kind}; save it as JPEG or remove it" if kind else "; save it as JPEG or remove it"
