"""Joints of an example as a vector of numbers that does not depend on where and how large the hand is."""

import numpy as np
from numpy.typing import NDArray

from handloom.dataset.examples import Examples
from handloom.hand import PALM, PATH_SCALE, SMALLEST_PALM, Poses, present

FRAMES = 16  # of a clip, evenly spread over those with a hand


def vectors_of(examples: Examples) -> NDArray[np.float64]:
    """``[N, F]``; examples without a hand are zeros.

    A photo has its 21 joints about the centre of the palm, in palm sizes. A clip has those of `FRAMES` frames, and the
    path of the palm in the same unit.
    """
    frames = FRAMES if (examples.lengths > 1).any() else 1
    return np.stack([vector_of(example.poses, frames) for example in examples])


def vector_of(poses: Poses, frames: int = FRAMES) -> NDArray[np.float64]:
    """``[F]`` of one example ``[T, 3, 21]``, see `vectors_of`; a photo has one frame."""
    seen = np.flatnonzero(present(poses))
    if not len(seen):
        return np.zeros(frames * 2 * poses.shape[2] + (2 * frames if frames > 1 else 0))
    chosen = poses[seen[np.linspace(0, len(seen) - 1, frames).round().astype(int)], :2].astype(np.float64)
    centre = chosen[:, :, PALM].mean(axis=2)
    local = chosen - centre[:, :, None]
    size = max(float(np.abs(local[:, :, PALM]).mean()), SMALLEST_PALM)
    path = (centre - centre.mean(axis=0)) * PATH_SCALE
    return np.concatenate([local.ravel(), path.ravel() if frames > 1 else []]) / size
