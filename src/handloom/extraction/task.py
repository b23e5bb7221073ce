"""The unit of work: one file in, its joints out."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from handloom.config import ExtractKeypoints, Kind
from handloom.errors import DataError
from handloom.extraction.extraction import FRAME, Extraction
from handloom.extraction.found_hand import FoundHand
from handloom.extraction.landmarker import Landmarker
from handloom.extraction.looks import Looked, find_in_photo, find_lost
from handloom.hand import poses_from_picture
from handloom.keypoint_table import CHIRALITIES
from handloom.media.clips import ClipReader
from handloom.media.frame import Frame, Picture
from handloom.media.limits import MediaLimits
from handloom.media.photos import read_photo

# For so long after it was lost, the hand of a clip is looked for with a border.
LOOK_AGAIN_SECONDS = 0.5
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
    with ExitStack() as stack:
        again = _OpenedWhenNeeded(stack, settings, model)
        outcomes: list[Extraction | str] = []
        for stretch in stretches:
            try:
                outcomes.append(
                    extract_photo(stretch.path, settings, again())
                    if kind == "pose"
                    else extract_clip(stretch, settings, model, again)
                )
            except DataError as error:
                outcomes.append(str(error))
        return outcomes


def extract_photo(path: Path, settings: ExtractKeypoints, landmarker: Landmarker) -> Extraction:
    """Find the hand in a photo with a landmarker for photos.

    Raises:
        DataError: it cannot be read.
    """
    frame = read_photo(path, settings.largest_picture_side, MediaLimits.of(settings))
    return _extraction([(frame, find_in_photo(landmarker, frame.picture, settings))])


def extract_clip(
    stretch: Stretch, settings: ExtractKeypoints, model: Path, again: Callable[[], Landmarker]
) -> Extraction:
    """Follow the hand through a clip or a stretch of one, with a landmarker of its own.

    Args:
        stretch: what to read.
        settings: the section `extract_keypoints`.
        model: the landmark model's file.
        again: gives a landmarker for photos, for frames in which the hand was lost.

    Raises:
        DataError: it cannot be read, or is slower than the target frame rate.
    """
    path, start, end = stretch
    reader = ClipReader(
        path,
        settings.largest_frame_side,
        settings.target_frame_rate,
        start,
        end,
        settings.accept_slow_clips,
        MediaLimits.of(settings),
    )
    with Landmarker(model, settings.detection_confidence, settings.hand, follow=True) as landmarker:
        extraction = _extraction(_followed(reader, landmarker, again, settings.borders))
    return replace(extraction, decoded=reader.decoded, warnings=tuple(reader.warnings))


class _OpenedWhenNeeded:
    """A landmarker for photos, opened when it is first asked for and closed with the stack."""

    def __init__(self, stack: ExitStack, settings: ExtractKeypoints, model: Path) -> None:
        self._stack, self._settings, self._model = stack, settings, model
        self._landmarker: Landmarker | None = None

    def __call__(self) -> Landmarker:
        if self._landmarker is None:
            landmarker = Landmarker(self._model, self._settings.detection_confidence, self._settings.hand, follow=False)
            self._landmarker = self._stack.enter_context(landmarker)
        return self._landmarker


def _followed(
    frames: Iterable[Frame], landmarker: Landmarker, again: Callable[[], Landmarker], borders: Sequence[float]
) -> Iterator[tuple[Frame, Looked]]:
    last: FoundHand | None = None
    last_time = 0.0
    for frame in frames:
        looked = Looked(landmarker.find_in_frame(frame.picture, round(frame.time * 1000)))
        if looked.hand:
            last, last_time = looked.hand, frame.time
        elif last is not None and frame.time - last_time <= LOOK_AGAIN_SECONDS:
            looked = find_lost(again(), frame.picture, borders, last)
        yield frame, looked


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
