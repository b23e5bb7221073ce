"""From any of Pillow's modes to eight bits RGB without transparency."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

# What lies behind transparent parts. Cut-out hands come without a background: a middle grey is as far from dark skin
# as from light skin, and has no colour of its own.
BACKGROUND = (128, 128, 128)


def plain_rgb(image: Image.Image) -> Image.Image:
    """The picture in mode RGB; transparent parts show `BACKGROUND`, more than eight bits are scaled down to eight."""
    if image.mode.startswith(("I", "F")):  # convert would cut off at 255 instead of scaling
        return Image.fromarray(_eight_bits(np.asarray(image), image.mode)).convert("RGB")
    if image.has_transparency_data:
        seen = image.convert("RGBA")
        behind = Image.new("RGBA", seen.size, (*BACKGROUND, 255))
        return Image.alpha_composite(behind, seen).convert("RGB")
    return image.convert("RGB")


def _eight_bits(values: NDArray[np.generic], mode: str) -> NDArray[np.uint8]:
    """Grey values of any range as 0 to 255.

    16-bit modes fill their range. In the others (32 bits, floats) nothing says what white is: it is the smallest usual
    one (1 for floats, 255, 65535) that no value exceeds, or else the largest value. Negative and NaN become black.
    """
    if mode.startswith("I;16"):
        return (values.astype(np.uint16) >> 8).astype(np.uint8)
    numbers = np.nan_to_num(values.astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    largest = float(numbers.max(initial=0.0))
    usual = (1.0, 255.0, 65535.0) if mode == "F" else (255.0, 65535.0)
    white = next((value for value in usual if largest <= value), largest)
    return np.clip(np.round(numbers * (255 / white)), 0, 255).astype(np.uint8)
