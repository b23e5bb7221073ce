"""What worker processes read: hands of photos, and pieces of clips in parallel."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import count
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from handloom.config import ExtractKeypoints
from handloom.errors import printable
from handloom.extraction.extraction import Extraction, extract_files
from handloom.hand import Poses, poses_from_picture
from handloom.landmarks.files import Stretch, hand_in_photo, read_each
from handloom.landmarks.landmarker import LandmarkerFiles
from handloom.landmarks.reader import HandReader
from handloom.media.clips import ClipReader
from handloom.media.limits import MediaLimits
from handloom.media.sampling import sampled
from handloom.media.timeline import read_timeline
from handloom.media.video_file import VideoFile

Hands = Literal["best", "all"]
# Clips up to one and a half times as long are read as a whole, exactly as extraction reads them. Shorter pieces would
# cost more: each is decoded from the key frame before it, and the hand is found again.
PIECE_SECONDS = 30.0
# Before its own frames a piece looks at so many seconds of the one before, so that the hand is being followed there.
WARM_UP_SECONDS = 1.0


class HandInPhoto(NamedTuple):
    """A hand: its joints ``[1, 3, 21]``, and "left", "right" or ""."""

    poses: Poses
    chirality: str


def look_at_photos(
    paths: Sequence[Path], hands: Hands, settings: ExtractKeypoints, model: Path | LandmarkerFiles
) -> list[list[HandInPhoto] | str]:
    """The hands of each of a few photos, the best one first, or one line that says why a photo cannot be read."""
    return read_each(partial(_hands_in, hands, settings), paths, settings, model)


def _hands_in(hands: Hands, settings: ExtractKeypoints, path: Path, reader: HandReader) -> list[HandInPhoto]:
    frame, looked = hand_in_photo(path, settings, reader)
    found = [looked.hand] if looked.hand else []
    if hands == "all":
        found += reader.others_in_photo(frame.picture, looked.hand)
    return [HandInPhoto(poses_from_picture(one.points[None]), one.chirality) for one in found]


@dataclass(frozen=True)
class Piece:
    """A piece of a clip.

    Attributes:
        stretch: what to read.
        skip: ticks at its beginning that belong to the piece before.
        first_tick: the number in the clip of the first one that is its own.
        shown: int64 ``[ticks + 1]``, for each tick of its own the source frame that it shows, and for the one after. Of
            a clip that breaks off they may be more than can be read.
        frame_rate: ticks a second.
        name: the file's path, fit for an error's line.
    """

    stretch: Stretch
    skip: int
    first_tick: int
    shown: NDArray[np.int64]
    frame_rate: float
    name: str

    @property
    def ticks(self) -> int:
        """Ticks of its own."""
        return len(self.shown) - 1


@dataclass(frozen=True)
class Job:
    """A piece of one of several clips, by its number, or a line that says why there is none."""

    clip: int
    piece: Piece | str


def pieces_of(path: Path, settings: ExtractKeypoints) -> Iterator[Piece]:
    """The pieces of a clip, in order; how it is cut depends on the clip alone, so the joints do too.

    Args:
        path: the clip.
        settings: the section `extract_keypoints`; its `target_frame_rate` is that of the ticks.

    Raises:
        DataError: it cannot be read, is too slow, or costs more than the limits allow.
    """
    frame_rate, limits = settings.target_frame_rate, MediaLimits.of(settings)
    if not settings.accept_slow_clips:  # the whole clip decides, as in extraction, and before any work
        next(iter(ClipReader(path, settings.largest_frame_side, frame_rate, limits=limits)))
    times = read_timeline(path, 0.0, None, limits).times
    shown = np.array([frame for _, frame in sampled(zip(times, count()), frame_rate, 0.0)], np.int64)
    shown = np.append(shown, len(times))
    ticks = len(shown) - 1
    with VideoFile(path, limits) as file:
        number = max(1, round(ticks / (PIECE_SECONDS * frame_rate))) if file.can_seek else 1
    length, warm_up = -(-ticks // number), round(WARM_UP_SECONDS * frame_rate)
    for first in range(0, ticks, length):
        skip = min(first, warm_up)
        last = first + length >= ticks
        stretch = Stretch(
            path, (first - skip) / frame_rate if first else None, None if last else (first + length) / frame_rate
        )
        yield Piece(stretch, skip, first, shown[first : first + length + 1], frame_rate, printable(str(path)))


def read_jobs(jobs: Sequence[Job], settings: ExtractKeypoints, model: Path | LandmarkerFiles) -> list[Extraction | str]:
    """The joints of each piece, or one line that says why it cannot be read: runs in a process of its own."""
    outcomes: list[Extraction | str] = []
    for job in jobs:
        if isinstance(job.piece, str):
            outcomes.append(job.piece)
        else:
            at_its_rate = replace(settings, target_frame_rate=job.piece.frame_rate)
            outcomes += extract_files([job.piece.stretch], "action", at_its_rate, model)
    return outcomes
