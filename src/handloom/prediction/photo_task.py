"""The unit of work of photos: a few of them in, the joints of their hands out."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Literal, NamedTuple

from handloom.config import ExtractKeypoints
from handloom.hand import Poses, poses_from_picture
from handloom.landmarks.files import hand_in_photo, read_each
from handloom.landmarks.reader import HandReader

Hands = Literal["best", "all"]


class HandInPhoto(NamedTuple):
    """A hand: its joints ``[1, 3, 21]``, and "left", "right" or ""."""

    poses: Poses
    chirality: str


def look_at_photos(
    paths: Sequence[Path], hands: Hands, settings: ExtractKeypoints, model: Path
) -> list[list[HandInPhoto] | str]:
    """The hands of each of a few photos, the best one first, or one line that says why a photo cannot be read."""
    return read_each(partial(_hands_in, hands, settings), paths, settings, model)


def _hands_in(hands: Hands, settings: ExtractKeypoints, path: Path, reader: HandReader) -> list[HandInPhoto]:
    frame, looked = hand_in_photo(path, settings, reader)
    found = [looked.hand] if looked.hand else []
    if hands == "all":
        found += reader.others_in_photo(frame.picture, looked.hand)
    return [HandInPhoto(poses_from_picture(one.points[None]), one.chirality) for one in found]
