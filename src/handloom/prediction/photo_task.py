"""The unit of work of photos: a few of them in, the joints of their hands out."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from handloom.config import ExtractKeypoints
from handloom.errors import DataError
from handloom.hand import Poses, poses_from_picture
from handloom.landmarks.reader import HandReader
from handloom.media.limits import MediaLimits
from handloom.media.photos import read_photo

Hands = Literal["best", "all"]


class HandInPhoto(NamedTuple):
    """A hand: its joints ``[1, 3, 21]``, and "left", "right" or ""."""

    poses: Poses
    chirality: str


def look_at_photos(
    paths: Sequence[Path], hands: Hands, settings: ExtractKeypoints, model: Path
) -> list[list[HandInPhoto] | str]:
    """The hands of each of a few photos, the best one first, or one line that says why a photo cannot be read."""
    outcomes: list[list[HandInPhoto] | str] = []
    with HandReader(settings, model) as reader:
        for path in paths:
            try:
                picture = read_photo(path, settings.largest_picture_side, MediaLimits.of(settings)).picture
            except DataError as error:
                outcomes.append(str(error))
                continue
            best = reader.in_photo(picture).hand
            found = [best] if best else []
            if hands == "all":
                found += reader.others_in_photo(picture, best)
            outcomes.append([HandInPhoto(poses_from_picture(one.points[None]), one.chirality) for one in found])
    return outcomes
