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
from handloom.media.plain_rgb import plain_rgb
from handloom.media.readable import beginning_of, kind_of

# A hand on fewer pixels than this a side cannot be seen.
SMALLEST_SIDE = 16
# Larger pictures are refused before they are decoded: a small file can hold one that fills the memory. The largest
# that phones make has 200 megapixels.
MOST_PIXELS = 256_000_000

# Formats whose first bytes are certain. Others are not tried: Pillow would start Ghostscript for some.
_FORMATS = ("JPEG", "PNG", "WEBP", "HEIF", "AVIF", "BMP", "TIFF", "GIF", "PPM", "JPEG2000")
# Pillow-heif and Pillow's TIFF turn the picture while decoding.
_TURNED_BY_THE_DECODER = ("HEIF", "TIFF")
# Modes that can be scaled down before they are converted, so that a JPEG is decoded at a fraction of its size.
_SCALED_FIRST = ("RGB", "L", "CMYK", "YCbCr")

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


def read_photo(path: Path, largest_side: int) -> Frame:
    """Decode a photo, turn it upright by its orientation, scale it down to `largest_side` pixels.

    Of animations it is the first picture; what is transparent is seen before a middle grey.

    Raises:
        DataError: it is no picture that can be read in full; one line with the reason.
    """
    kind = kind_of(beginning_of(path))
    name = printable(str(path))
    try:
        with _hostile_files(), path.open("rb") as file:
            return _decoded(file, name, largest_side)
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
        raise DataError(f"{name}: not a readable picture ({reason}); copy it again or take it out") from None


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


def _decoded(file: BinaryIO, name: str, largest_side: int) -> Frame:
    with Image.open(file, formats=_FORMATS) as image:
        width, height = image.size
        if min(width, height) < SMALLEST_SIDE:
            raise DataError(
                f"{name}: {width} x {height} pixels, too small to show a hand (at least {SMALLEST_SIDE}); take it out"
            )
        orientation = image.info.get("original_orientation") or image.getexif().get(_EXIF_ORIENTATION, 1)
        transpose, rotation = _UPRIGHT.get(orientation, (None, 0))
        if image.format in _TURNED_BY_THE_DECODER:
            transpose = None
        elif rotation in (90, 270):
            width, height = height, width
        if image.mode in _SCALED_FIRST and not image.has_transparency_data:
            size = _size_within(image.size, largest_side)
            # A JPEG is decoded at a half, a quarter or an eighth; scaled from a little above, it stays sharp.
            image.draft(None, (round(1.5 * size[0]), round(1.5 * size[1])))
            small: Image.Image = _scaled(image, size)
        else:
            small = image
        upright = plain_rgb(small.transpose(transpose) if transpose is not None else small)
        upright = _scaled(upright, _size_within(upright.size, largest_side))
        return Frame(np.asarray(upright), 0.0, width, height, rotation)


def _size_within(size: tuple[int, int], largest_side: int) -> tuple[int, int]:
    scale = min(1.0, largest_side / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _scaled(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    image.load()
    return image if image.size == size else image.resize(size, Image.Resampling.HAMMING, reducing_gap=2.0)


def _advice(kind: str) -> str:
    if kind == "a video":
        return " but a video; hand poses are learned from pictures"
    if kind == "a picture":
        return ", though it begins like one; copy it again or take it out"
    return f" but {kind}; save it as JPEG or take it out" if kind else "; save it as JPEG or take it out"
