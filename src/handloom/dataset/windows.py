"""Cutting clips into the windows that a prediction sees."""

import numpy as np

from handloom.hand import Poses


def window_starts(length: int, window: int, stride: int) -> list[int]:
    """First frames of the windows over a clip: every `stride` frames, the last one flush with the clip's end.

    A clip that is shorter than the window has one window.
    """
    last = max(0, length - window)
    starts = list(range(0, last + 1, stride))
    return starts if starts[-1] == last else [*starts, last]


def windows_of(poses: Poses, window: int, stride: int) -> Poses:
    """Cut ``[T, 3, 21]`` into ``[K, window, 3, 21]``; a clip that is too short is filled up at its end with zeros.

    Apps that use Create ML's models fill up a window that is not yet full in the same way.
    """
    missing = max(0, window - len(poses))
    padded = np.pad(poses, ((0, missing), (0, 0), (0, 0)))
    return np.stack([padded[start : start + window] for start in window_starts(len(padded), window, stride)])
