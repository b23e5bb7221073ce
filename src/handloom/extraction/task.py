"""The unit of work: one file in, its joints out."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from handloom.config import ExtractKeypoints, Kind
from handloom.errors import DataError
from handloom.extraction.extraction import FRAME, Extraction
from handloom.hand import poses_from_picture
from handloom.keypoint_table import CHIRALITIES
from handloom.landmarks.landmarker import FoundHand
from handloom.landmarks.looks import Looked
from handloom.landmarks.reader import HandFollower, HandReader
from handloom.media.clips import ClipReader
from handloom.media.frame import Frame, Picture
from handloom.media.limits import MediaLimits
from handloom.media.photos import read_photo

THUMBNAIL_SIDE = 160  # pixels


class Stretch(NamedTuple):
    """A file, or the part of a video from `start` to `end` seconds."""

    path: Path
    start: float | None
    end: float | None


def extract_files(
    stretches: Sequence[Stretch], kind: Kind, settings: ExtractKeypoints, model: Path
) -> list[Extraction | str]:
    """The joints of each of a few files, or one line that says why it cannot be read."""
    outcomes: list[Extraction | str] = []
    with HandReader(settings, model) as reader:
        for stretch in stretches:
            try:
                outcomes.append(
                    extract_photo(stretch.path, settings, reader)
                    if kind == "pose"
                    else extract_clip(stretch, settings, reader)
                )
            except DataError as error:
                outcomes.append(str(error))
    return outcomes


def extract_photo(path: Path, settings: ExtractKeypoints, reader: HandReader) -> Extraction:
    """Find the hand in a photo.

    Raises:
        DataError: it cannot be read.
    """
    frame = read_photo(path, settings.largest_picture_side, MediaLimits.of(settings))
    return _extraction([(frame, reader.in_photo(frame.picture))])


def extract_clip(stretch: Stretch, settings: ExtractKeypoints, reader: HandReader) -> Extraction:
    """Follow the hand through a clip or a stretch of one.

    Raises:
        DataError: it cannot be read, or is slower than the target frame rate.
    """
    path, start, end = stretch
    frames = ClipReader(
        path,
        settings.largest_frame_side,
        settings.target_frame_rate,
        start,
        end,
        settings.accept_slow_clips,
        MediaLimits.of(settings),
    )
    with reader.follow() as follower:
        extraction = _extraction(_followed(frames, follower))
    return replace(extraction, decoded=frames.decoded, warnings=tuple(frames.warnings))


def _followed(frames: Iterable[Frame], follower: HandFollower) -> Iterator[tuple[Frame, Looked]]:
    for frame in frames:
        yield frame, follower.find(frame.picture, frame.time)


def _extraction(looks: Iterable[tuple[Frame, Looked]]) -> Extraction:
    rows = []
    shown: tuple[int, Picture] | None = None
    best = -1.0
    again = helped = 0
    for number, (frame, looked) in enumerate(looks):
        again += looked.again
        helped += looked.helped
        rows.append(_row(frame, looked.hand))
        score = looked.hand.score if looked.hand else 0.0
        if score > best:  # the clearest frame stands for the file on contact sheets
            best, shown = score, (number, frame.picture)
    assert shown is not None  # readers yield a frame or raise
    return Extraction(
        np.array(rows, FRAME),
        second_looks=again,
        helped=helped,
        thumbnail=_thumbnail(shown[1]),
        thumbnail_frame=shown[0],
    )


def _row(frame: Frame, hand: FoundHand | None) -> tuple[object, ...]:
    poses = poses_from_picture(hand.points[None])[0] if hand else np.zeros(FRAME["keypoints"].shape, np.float32)
    chirality, score = (CHIRALITIES.index(hand.chirality), hand.score) if hand else (0, 0.0)
    return frame.time, poses, chirality, score, frame.width, frame.height, frame.rotation


def _thumbnail(picture: Picture) -> bytes:
    image = Image.fromarray(picture)
    image.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE))
    content = BytesIO()
    image.save(content, "JPEG", quality=80)
    return content.getvalue()
