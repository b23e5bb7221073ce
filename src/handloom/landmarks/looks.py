"""Looking again: once is not always enough, above all where the hand fills the picture.

Palms that touch the edge of the picture are often missed, and the square around a hand, which is well larger than the
hand, leaves such a picture, so that bent fingers are misplaced. With the edge pixels replicated around the picture that
is rarer. Turned a little, the same picture gives joints that are off in other ways: the mean of several looks is nearer
to the truth.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from handloom.config import ExtractKeypoints
from handloom.landmarks.landmarker import FoundHand
from handloom.media.frame import Picture

# Looks at a picture once: the hand that counts, or None.
Look = Callable[[Picture], FoundHand | None]

# Bordered pictures are made no larger than this, pixels; the networks see 192 and 224 of them.
BORDERED_SIDE = 1024
# Below this score a hand may be a wrong one. On the photos of subjects 0 to 109 of Sign Language Digits (five folds, a
# support vector machine on the joints), errors are 17 % with one look, 0.97 % with further ones where no hand is found
# or a joint is outside, 0.39 % with those where the score is low too: a fifth of the photos; 0.2 % if all are looked at
# three times.
SURE = 0.9
# Looks whose joints are further apart than this, in palm lengths on average, saw different hands.
SAME_HAND = 1.0
# A hand further away than this, in palm lengths, from where it was lost is another one.
STILL_THE_SAME = 3.0


@dataclass(frozen=True)
class Looked:
    """What looking brought.

    Attributes:
        hand: the hand, or None.
        again: whether there was a further look.
        helped: whether only a further look found the hand.
    """

    hand: FoundHand | None
    again: bool = False
    helped: bool = False


def find_in_photo(look: Look, picture: Picture, settings: ExtractKeypoints) -> Looked:
    """The hand of a photo, looked for again with a border when it was not found for sure, or not as a whole.

    The joints of all looks that saw the same hand are averaged: bent fingers that one look misplaces, another does not.
    `benchmarks/bench_looks.py` shows what that is worth.

    Args:
        look: looks once.
        picture: uint8 ``[height, width, 3]``.
        settings: the section `extract_keypoints`; `test_time_augmentation` says when to look again,
            `tta_paddings` and `tta_rotations` say how.
    """
    plain = look(picture)
    if not settings.tta_paddings or (
        settings.test_time_augmentation == "unsure" and plain is not None and _is_sure(plain)
    ):
        return Looked(plain)
    looks = [one for one in (plain, *_further_looks(look, picture, settings)) if one]
    if not looks:
        return Looked(None, again=True)
    best = max(looks, key=lambda one: one.score)
    agreeing = [one.points for one in looks if one.distance(best) < SAME_HAND]
    hand = FoundHand(points=np.mean(agreeing, axis=0), score=best.score, chirality=best.chirality)
    return Looked(hand, again=True, helped=plain is None)


def find_lost(look: Look, picture: Picture, borders: Sequence[float], last: FoundHand) -> Looked:
    """The hand of a frame in which following lost it: looked for with the first border, near where it was last.

    Args:
        look: looks once.
        picture: uint8 ``[height, width, 3]``.
        borders: as in `find_in_photo`.
        last: the hand before it was lost.
    """
    if not borders:
        return Looked(None)
    hand = _with_border(look, picture, borders[0])
    if hand is None or hand.distance(last) > STILL_THE_SAME:
        return Looked(None, again=True)
    return Looked(hand, again=True, helped=True)


def _further_looks(look: Look, picture: Picture, settings: ExtractKeypoints) -> Iterator[FoundHand | None]:
    for border in settings.tta_paddings:
        for turn in (0.0, *settings.tta_rotations):
            yield _with_border(look, picture, border, turn)


def _with_border(look: Look, picture: Picture, border: float, turn: float = 0.0) -> FoundHand | None:
    """What is seen in a picture with a border, turned by some degrees (positive: anticlockwise) about its middle."""
    scale = min(1.0, BORDERED_SIDE / ((1 + 2 * border) * max(picture.shape[:2])))
    if scale < 1:
        size = [max(1, round(scale * side)) for side in (picture.shape[1], picture.shape[0])]
        picture = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
    height, width = picture.shape[:2]
    across, down = round(border * width), round(border * height)
    bordered = cv2.copyMakeBorder(picture, down, down, across, across, cv2.BORDER_REPLICATE)
    outer, inner = np.array([width + 2 * across, height + 2 * down]), np.array([width, height])
    turning = cv2.getRotationMatrix2D(((outer - 1) / 2).tolist(), turn, 1.0)
    if turn:
        bordered = cv2.warpAffine(bordered, turning, outer.tolist(), borderMode=cv2.BORDER_REPLICATE)
    found = look(np.asarray(bordered, dtype=np.uint8))
    if found is None:
        return None
    points = found.points * outer
    if turn:
        back = cv2.invertAffineTransform(turning)
        points = points @ back[:, :2].T + back[:, 2]
    return FoundHand(points=(points - np.array([across, down])) / inner, score=found.score, chirality=found.chirality)


def _is_sure(found: FoundHand) -> bool:
    return found.score >= SURE and bool(((found.points >= 0) & (found.points <= 1)).all())
