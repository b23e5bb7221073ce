"""Hands in files: photos, and clips or intervals of them, read with the settings."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, TypeVar

from handloom.config import ExtractKeypoints
from handloom.errors import DataError
from handloom.landmarks.landmarker import LandmarkerFiles
from handloom.landmarks.looks import Looked
from handloom.landmarks.reader import HandReader
from handloom.media.clips import ClipReader
from handloom.media.frame import Frame
from handloom.media.limits import MediaLimits
from handloom.media.photos import read_photo

Item = TypeVar("Item")
Result = TypeVar("Result")

# Photos that share a landmarker: opening one takes as long as using it a few times.
PHOTOS_TOGETHER = 16


class Stretch(NamedTuple):
    """A file, or the part of a video from `start` to `end` seconds."""

    path: Path
    start: float | None
    end: float | None


def read_each(
    read: Callable[[Item, HandReader], Result],
    items: Sequence[Item],
    settings: ExtractKeypoints,
    model: Path | LandmarkerFiles,
) -> list[Result | str]:
    """What `read` makes of each of a few files, or one line that says why a file cannot be read.

    Args:
        read: of a file and the reader of hands that all of them share.
        items: the files.
        settings: the section `extract_keypoints`.
        model: as of `open_landmarker`.

    Raises:
        LandmarkModelError: the model's file does not hold the two networks.
        HandloomError: a system library is missing.
    """
    outcomes: list[Result | str] = []
    with HandReader(settings, model) as reader:
        for item in items:
            try:
                outcomes.append(read(item, reader))
            except DataError as error:
                outcomes.append(str(error))
    return outcomes


def killed_by(name: str) -> str:
    """The error for a file whose reading killed the process."""
    return f"{name}: the decoder crashed on this file; re-encode it, for example with ffmpeg"


def hand_in_photo(path: Path, settings: ExtractKeypoints, reader: HandReader) -> tuple[Frame, Looked]:
    """A photo, and the hand in it.

    Raises:
        DataError: the photo cannot be read.
    """
    frame = read_photo(path, settings.largest_picture_side, MediaLimits.of(settings))
    return frame, reader.in_photo(frame.picture)


def clip_of(stretch: Stretch, settings: ExtractKeypoints) -> ClipReader:
    """The frames of a clip at `target_frame_rate`, see `ClipReader`."""
    return ClipReader(
        stretch.path,
        settings.largest_frame_side,
        settings.target_frame_rate,
        stretch.start,
        stretch.end,
        settings.accept_slow_clips,
        MediaLimits.of(settings),
    )


@contextmanager
def hand_in_clip(frames: ClipReader, reader: HandReader) -> Iterator[Iterator[tuple[Frame, Looked]]]:
    """The frames of a clip, and in each the hand that is followed.

    Raises:
        DataError: while iterating: the clip cannot be read, or is slower than the target frame rate.
    """
    with reader.follow() as follower:
        yield ((frame, follower.find(frame.picture, frame.time)) for frame in frames)
