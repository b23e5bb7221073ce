"""The display matrix of a video: how its pictures must be turned and mirrored to be upright."""

from dataclasses import dataclass

import numpy as np

from handloom.media.frame import Picture


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
