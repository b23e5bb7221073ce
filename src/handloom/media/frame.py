"""What decoding gives: an upright picture of a bounded size, where it comes from, and what turned it upright."""

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


@dataclass(frozen=True)
class Turn:
    """What makes a stored picture upright: first rows and columns are exchanged, then it is mirrored."""

    transposed: bool = False
    flip_x: bool = False
    flip_y: bool = False

    @classmethod
    def of(cls, matrix: bytes) -> "Turn":
        """The turn by a display matrix as FFmpeg gives it: 9 int32, row by row.

        A point (x, y) of the stored picture is shown at (a x + c y, b x + d y), y down, for a matrix that begins with
        a b . c d. Angles between are taken to the nearest quarter.
        """
        a, b, _, c, d, *_ = (int(value) for value in np.frombuffer(matrix, np.int32, count=9))
        if abs(b) + abs(c) > abs(a) + abs(d):
            return cls(True, c < 0, b < 0)
        return cls(False, a < 0, d < 0)

    @property
    def rotation(self) -> int:
        """Degrees clockwise; mirrored pictures count by their turn, as the same EXIF orientation does."""
        if self.transposed:
            return 270 if self.flip_y else 90
        return 180 if self.flip_y else 0

    def apply(self, picture: Picture) -> Picture:
        """The upright picture, a view of the stored one."""
        if self.transposed:
            picture = picture.transpose(1, 0, 2)
        return picture[:: -1 if self.flip_y else 1, :: -1 if self.flip_x else 1]
