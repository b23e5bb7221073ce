"""The unit of work of photos: a few of them in, the joints of their hands out."""

from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Literal, NamedTuple

from handloom.config import ExtractKeypoints, HandChoice
from handloom.errors import DataError
from handloom.extraction.found_hand import FoundHand
from handloom.hand import Poses, poses_from_picture

Hands = Literal["best", "all"]


class HandInPhoto(NamedTuple):
    """A hand: its joints ``[1, 3, 21]``, and "left", "right" or ""."""

    poses: Poses
    chirality: str


def look_at_photos(
    paths: Sequence[Path], hands: Hands, settings: ExtractKeypoints, model: Path
) -> list[list[HandInPhoto] | str]:
    """The hands of each of a few photos, the best one first, or one line that says why a photo cannot be read."""
    from handloom.extraction.landmarker import Landmarker
    from handloom.extraction.looks import find_in_photo
    from handloom.media.limits import MediaLimits
    from handloom.media.photos import read_photo

    outcomes: list[list[HandInPhoto] | str] = []
    with ExitStack() as opened:
        open_one = partial(Landmarker, model, settings.detection_confidence, follow=False)
        landmarker = opened.enter_context(open_one(hand=settings.hand))
        # "largest" is a choice that looks for two hands.
        every = opened.enter_context(open_one(hand="largest")) if hands == "all" else None
        for path in paths:
            try:
                picture = read_photo(path, settings.largest_picture_side, MediaLimits.of(settings)).picture
            except DataError as error:
                outcomes.append(str(error))
                continue
            best = find_in_photo(landmarker, picture, settings).hand
            found = [best] if best else []
            if every:
                found += _others(every.find_all(picture), best, settings.hand)
            outcomes.append([HandInPhoto(poses_from_picture(one.points[None]), one.chirality) for one in found])
    return outcomes


def _others(hands: Sequence[FoundHand], best: FoundHand | None, choice: HandChoice) -> list[FoundHand]:
    """Of all hands those that are not the best one; only left or right ones where `choice` says so."""
    from handloom.extraction.looks import SAME_HAND

    return [
        hand
        for hand in hands
        if (choice not in ("left", "right") or hand.chirality == choice)
        and (best is None or hand.distance(best) >= SAME_HAND)
    ]
