"""What decoding gives: an upright picture of a bounded size, and where it comes from."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]  # [height, width, 3], RGB, upright


@dataclass(frozen=True)
class Frame:
    """A decoded picture.

    Attributes:
        picture: uint8 ``[height, width, 3]``, RGB, upright, scaled down to the asked size.
        time: seconds since the start of the labelled stretch; 0 for a photo.
        width, height: of the upright picture before it was scaled down, pixels.
        rotation: degrees clockwise by which it was turned upright; mirrored pictures count by their turn.
    """

    picture: Picture
    time: float
    width: int
    height: int
    rotation: int
