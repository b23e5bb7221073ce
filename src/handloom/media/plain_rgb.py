"""From any of Pillow's modes to eight bits RGB without transparency, at the size that is asked for."""

from collections.abc import Iterator
from math import ceil

import numpy as np
from numpy.typing import NDArray
from PIL import Image

# What lies behind transparent parts. Cut-out hands come without a background: a middle grey is as far from dark skin
# as from light skin, and has no colour of its own.
BACKGROUND = (128, 128, 128)
# Pictures are first reduced by a whole factor, to this many times the size, which is fast.
REDUCING_GAP = 2.0
# Pixels that are converted at once, so that a large picture is never held twice.
_STRIP = 4_000_000


def size_within(size: tuple[int, int], largest_side: int) -> tuple[int, int]:
    """A size scaled down so that no side is longer than `largest_side`."""
    scale = min(1.0, largest_side / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def scaled_rgb(image: Image.Image, largest_side: int) -> Image.Image:
    """The picture in mode RGB, scaled down to `largest_side` pixels.

    Transparent parts show `BACKGROUND`, more than eight bits are scaled down to eight. Pixel by pixel it is what
    converting the whole picture and ``resize(..., HAMMING, reducing_gap=REDUCING_GAP)`` give.
    """
    image.load()
    size = size_within(image.size, largest_side)
    width, height = image.size
    by_x, by_y = (max(1, int(full / small / REDUCING_GAP)) for full, small in zip(image.size, size, strict=True))
    white = _white_of(image)
    reduced = Image.new("RGB", (ceil(width / by_x), ceil(height / by_y)))
    rows = by_y * max(1, _STRIP // (width * by_y))
    for top, strip in _strips(image, rows):
        plain = _plain_rgb(strip, white)
        reduced.paste(plain.reduce((by_x, by_y)) if by_x > 1 or by_y > 1 else plain, (0, top // by_y))
    if reduced.size == size:
        return reduced
    return reduced.resize(size, Image.Resampling.HAMMING, (0, 0, width / by_x, height / by_y))


def _strips(image: Image.Image, rows: int) -> Iterator[tuple[int, Image.Image]]:
    """(first row, the strip of `rows` rows from there), from above to below."""
    for top in range(0, image.height, rows):
        yield top, image.crop((0, top, image.width, min(top + rows, image.height)))


def _plain_rgb(image: Image.Image, white: float) -> Image.Image:
    if image.mode.startswith(("I", "F")):  # convert would cut off at 255 instead of scaling
        return Image.fromarray(_eight_bits(np.asarray(image), image.mode, white)).convert("RGB")
    if image.has_transparency_data:
        seen = image.convert("RGBA")
        behind = Image.new("RGBA", seen.size, (*BACKGROUND, 255))
        return Image.alpha_composite(behind, seen).convert("RGB")
    return image.convert("RGB")


def _white_of(image: Image.Image) -> float:
    """The value that is white in modes of 32 bits, where nothing says it; 0 for other modes.

    It is the smallest usual one (1 for floats, 255, 65535) that no value exceeds, or else the largest value.
    """
    if not image.mode.startswith(("I", "F")) or image.mode.startswith("I;16"):
        return 0.0
    rows = max(1, _STRIP // image.width)
    largest = max(float(_numbers(np.asarray(strip)).max(initial=0.0)) for _, strip in _strips(image, rows))
    usual = (1.0, 255.0, 65535.0) if image.mode == "F" else (255.0, 65535.0)
    return next((value for value in usual if largest <= value), largest)


def _numbers(values: NDArray[np.generic]) -> NDArray[np.float64]:
    return np.nan_to_num(values.astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0)


def _eight_bits(values: NDArray[np.generic], mode: str, white: float) -> NDArray[np.uint8]:
    """Grey values of any range as 0 to 255: 16-bit modes fill their range. Negative and NaN become black."""
    if mode.startswith("I;16"):
        return (values.astype(np.uint16) >> 8).astype(np.uint8)
    return np.clip(np.round(_numbers(values) * (255 / white)), 0, 255).astype(np.uint8)
