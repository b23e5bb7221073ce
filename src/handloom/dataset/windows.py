"""Cut clips into the windows that a prediction uses."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from handloom.hand import Poses

Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Windows:
    """Where K windows lie in frames that hold clips one after another; they are cut only when they are needed.

    Attributes:
        window: frames of each.
        first: int64 ``[K]``, the row of its first frame.
        filled: int64 ``[K]``, how many of its frames the clip has, at most `window`.
        clip: int64 ``[K]``, which clip it is from.
    """

    window: int
    first: Indices
    filled: Indices
    clip: Indices

    @classmethod
    def over(cls, starts: Indices, lengths: Indices, window: int, stride: int) -> Self:
        """The windows over each clip: one every `stride` frames, the last one flush with the clip's end.

        A clip that is shorter than the window has one window.

        Args:
            starts: ``[N]``, the row of each clip's first frame.
            lengths: ``[N]``, its frames.
            window: frames to cut.
            stride: frames from one window to the next.
        """
        last = np.maximum(0, lengths - window)
        counts = -(-last // stride) + 1
        clip = np.repeat(np.arange(len(starts)), counts)
        number = np.arange(len(clip)) - np.repeat(np.cumsum(counts) - counts, counts)
        offset = np.minimum(number * stride, last[clip])
        return cls(window, starts[clip] + offset, np.minimum(window, lengths[clip]), clip)

    def __len__(self) -> int:
        return len(self.first)

    def some_at_a_time(self, count: int) -> Iterator[Self]:
        """The same windows in the same order, `count` by `count`."""
        for start in range(0, len(self), count):
            some = slice(start, start + count)
            yield type(self)(self.window, self.first[some], self.filled[some], self.clip[some])

    def cut(self, frames: Poses) -> Poses:
        """Cut them from the frames ``[F, 3, 21]``: ``[K, window, 3, 21]``; what a clip lacks at its end is zeros.

        Apps that use Create ML's models fill up a window that is not yet full in the same way.
        """
        place = np.arange(self.window)
        rows = self.first[:, None] + np.minimum(place, self.filled[:, None] - 1)
        cut = np.asarray(frames[rows])
        cut[place >= self.filled[:, None]] = 0
        return cut
