"""Mirror left hands, so that a classifier learns each sign once and can tell a palm from the back of the other hand."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from handloom.hand import Poses, mirror

if TYPE_CHECKING:
    import pyarrow as pa

FRAMES_AT_ONCE = 65_536


def votes(chirality: "pa.Array") -> NDArray[np.int8]:
    """The chirality of each frame, ``[T]``: 1 left, -1 right, 0 unknown."""
    import pyarrow.compute as pc  # here, so that predicting needs no PyArrow

    left, right = (
        np.asarray(pc.fill_null(pc.equal(chirality, side), False), bool).astype(np.int8) for side in ("left", "right")
    )
    return left - right


def mirror_left_hands(
    frames: Poses, starts: NDArray[np.int64], lengths: NDArray[np.int64], votes: NDArray[np.int8]
) -> None:
    """Mirror, in place, whole clips of left hands, by the majority of their frames.

    Args:
        frames: ``[F, 3, 21]``, clips one after another.
        starts: ``[N]``, the first frame of each.
        lengths: ``[N]``, the number of its frames, at least 1.
        votes: ``[F]``, see the function of that name.
    """
    left = np.repeat(np.add.reduceat(votes, starts, dtype=np.int64) > 0, lengths)
    for first in range(0, len(frames), FRAMES_AT_ONCE):
        some = slice(first, first + FRAMES_AT_ONCE)
        frames[some][left[some]] = mirror(frames[some][left[some]])
