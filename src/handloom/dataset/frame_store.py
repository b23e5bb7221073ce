"""Keep the frames of a set in memory, or in a file if there are too many."""

import math
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from handloom.errors import DataError, first_line
from handloom.hand import CHANNELS, JOINT_COUNT, Poses


class FrameStore:
    """Collects frames in order and returns them as one array.

    The file is mapped into memory: training reads short windows at random places, for which the system loads the few
    pages that they lie on and keeps as many as there is room for. Parquet would decode a whole row group a window.

    Args:
        count: F, how many frames there will be.
        in_memory: GiB; more are kept in a file without a name, which is gone when the array is, or the process.
        folder: where the file lies; None: the system's folder for temporary files.
    """

    def __init__(self, count: int, in_memory: float, folder: Path | None = None) -> None:
        self._shape = (count, len(CHANNELS), JOINT_COUNT)
        self._folder = folder or Path(tempfile.gettempdir())
        self._gib = 4 * math.prod(self._shape) / 2**30
        self._frames: Poses | None = None
        self._taken = 0
        if self._gib <= in_memory:
            self._frames = np.empty(self._shape, np.float32)
        else:
            with self._explained():
                self._file = tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115  # closed by frames()

    def add(self, poses: Poses) -> None:
        """Take the next frames ``[T, 3, 21]``.

        Raises:
            DataError: there is no room for the file.
        """
        if self._frames is not None:
            self._frames[self._taken : self._taken + len(poses)] = poses
        else:
            with self._explained():
                self._file.write(np.ascontiguousarray(poses).data)
        self._taken += len(poses)

    def frames(self) -> Poses:
        """All frames, float32 ``[F, 3, 21]``; a `numpy.memmap` where they are in a file. Ask once, after the last.

        Raises:
            DataError: there is no room for the file.
        """
        if self._frames is not None:
            return self._frames
        with self._explained(), self._file:  # the mapping keeps what it maps
            self._file.flush()
            return np.memmap(self._file, np.float32, "r+", shape=self._shape)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise DataError(
                f"{self._folder}: {self._gib:.1f} GiB of joints could not be written there ({first_line(error)});"
                " free disk space, set TMPDIR to another folder, or raise keypoints_in_memory of the training"
            ) from None
