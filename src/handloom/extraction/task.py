"""The unit of work: a few files in, their rows of the keypoint table out, or the reason why not."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from handloom.config import ExtractKeypoints
from handloom.errors import DataError
from handloom.extraction.landmarker import FoundHand, Landmarker
from handloom.extraction.looks import find_in_photo
from handloom.extraction.media import Frame, read_clip, read_photo
from handloom.hand import poses_from_picture
from handloom.keypoint_table import KEYPOINT_NUMBERS, SCHEMA
from handloom.sources import Clip

NO_HAND = np.zeros(KEYPOINT_NUMBERS, np.float32)


@dataclass(frozen=True)
class FileResult:
    """What came of one file.

    Attributes:
        clip: the file.
        rows: its rows of the keypoint table; None when it could not be read.
        frames: how many were read.
        hands: in how many of them a hand was found.
        reason: why it could not be read; empty when it was.
    """

    clip: Clip
    rows: pa.Table | None
    frames: int = 0
    hands: int = 0
    reason: str = ""


def extract_photos(photos: Sequence[tuple[int, Clip]], settings: ExtractKeypoints, model: Path) -> list[FileResult]:
    """Find the hand in each of a few photos, given as (session id, file), with one landmarker for all of them.

    Opening a landmarker takes as long as using it a few times. Never raises for a file that cannot be read.
    """
    with Landmarker(model, settings.detection_confidence, follow=False) as landmarker:

        def look(path: Path) -> Iterator[Seen]:
            frame = read_photo(path, settings.largest_picture_side)
            yield frame, find_in_photo(landmarker, frame.picture, settings.borders)

        return [_result(clip, session_id, look) for session_id, clip in photos]


def extract_clips(clips: Sequence[tuple[int, Clip]], settings: ExtractKeypoints, model: Path) -> list[FileResult]:
    """Follow the hand through each of a few clips, given as (session id, file), with a landmarker for each clip.

    Never raises for a file that cannot be read.
    """

    def look(path: Path) -> Iterator[Seen]:
        with Landmarker(model, settings.detection_confidence, follow=True) as landmarker:
            for frame in read_clip(path, settings.largest_frame_side, settings.target_frame_rate):
                yield frame, landmarker.find_in_frame(frame.picture, round(frame.time * 1000))

    return [_result(clip, session_id, look) for session_id, clip in clips]


Seen = tuple[Frame, FoundHand | None]


def _result(clip: Clip, session_id: int, look: Callable[[Path], Iterator[Seen]]) -> FileResult:
    about_file = {
        "session_id": session_id,
        "label": clip.label,
        "group": clip.group,
        "part": clip.part,
        "path": clip.name,
    }
    try:
        rows = [
            about_file | {"frame": number} | _about_frame(frame, found)
            for number, (frame, found) in enumerate(look(clip.path))
        ]
    except DataError as error:
        return FileResult(clip, None, reason=str(error))
    hands = sum(row["keypoints"] is not NO_HAND for row in rows)
    return FileResult(clip, pa.Table.from_pylist(rows, schema=SCHEMA), frames=len(rows), hands=hands)


def _about_frame(frame: Frame, found: FoundHand | None) -> dict[str, Any]:
    return {
        "time": frame.time,
        "keypoints": poses_from_picture(found.points[None]).ravel() if found else NO_HAND,
        "chirality": found.chirality if found else "",
        "score": found.score if found else 0.0,
        "width": frame.width,
        "height": frame.height,
        "rotation": frame.rotation,
    }
