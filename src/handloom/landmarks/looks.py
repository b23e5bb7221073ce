"""Test-time augmentation: find a hand again with padding and rotations.

Palms that touch the edge of the picture are often missed, and the square around a hand, which is well larger than the
hand, leaves such a picture, so that bent fingers are misplaced. With the edge pixels replicated around the picture that
is rarer. Turned a little, the same picture gives joints that are off in other ways: the mean of several looks is nearer
to the truth.

The palms of somebody who stands are small, and often only the hand that hangs is found. The raised one is then looked
for in the part of the picture above it, where it is larger for the network.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from handloom.config import ExtractKeypoints
from handloom.hand import JOINTS, WRIST
from handloom.landmarks.choice import ChosenHand, candidates, choose, distinct
from handloom.landmarks.landmarker import FoundHand
from handloom.media.frame import Picture

MIDDLE_TIP = JOINTS.index("middleTip")

# Looks at a picture once: all hands.
Look = Callable[[Picture], list[FoundHand]]

# Bordered pictures are made no larger than this, pixels; the networks see 192 and 224 of them.
BORDERED_SIDE = 1024
# Below this score a hand may be a wrong one. On the photos of subjects 0 to 109 of Sign Language Digits (five folds, a
# support vector machine on the joints), errors are 17 % with one look, 0.97 % with further ones where no hand is found
# or a joint is outside, 0.39 % with those where the score is low too: a fifth of the photos; 0.2 % if all are looked at
# three times.
SURE = 0.9
# Below this confidence that there is a hand, a look may have put all joints on a part of the hand, or a finger's joints
# in the wrong place. Of the photos of the same subjects 1.6 % are looked at again for it; among them are 5 of the 7
# whose joints ten looks move by more than a twentieth of the picture (at 0.96 7 of 7, and 2.6 %).
PRESENT = 0.95
# Above a wrist there is room for a raised hand from so many palm lengths on.
ROOM = 3.0
# Where no hand was found, or only one that hangs, the upper part of the picture is looked at: so much of its height, or
# down to the hanging wrist. It is looked at whole, then in overlapping parts until a hand is found: width and left
# edges, as shares of the picture's width. On 990 drawn people at full length (`which_hand.py`, seeds 11, 2027 and 301)
# the raised hand was missed in 10 without parts, and in 1 with them.
UPPER = 2 / 3
PARTS = {1.0: (0.0,), 0.6: (0.0, 0.4), 0.45: (0.0, 0.275, 0.55)}
# Looks whose joints are further apart than this, in palm lengths on average, saw different hands.
SAME_HAND = 1.0


@dataclass(frozen=True)
class Looked:
    """The result of test-time augmentation.

    Attributes:
        hand: the hand, or None.
        again: whether there was a further look.
        helped: whether only a further look found the hand.
        others: the hands that were seen together with it and do not count.
    """

    hand: FoundHand | None
    again: bool = False
    helped: bool = False
    others: tuple[FoundHand, ...] = ()


def find_in_photo(look: Look, picture: Picture, settings: ExtractKeypoints) -> Looked:
    """The hand of a photo, searched again with padding if its confidence is low or it is cut off.

    The joints of all looks that saw the same hand are averaged: bent fingers that one look misplaces, another does not.
    A look with a low presence does not count where another has a high one; if only the presence of the first look was
    low, one further look that is sure is enough. Which hand it is, is then not said by looks at the same hand with an
    even lower presence, and by other hands only if they are sure.
    `benchmarks/bench_looks.py` shows what that is worth.

    Args:
        look: looks once.
        picture: uint8 ``[height, width, 3]``.
        settings: the section `extract_keypoints`; `hand` says which hand counts,
            `test_time_augmentation` when to look again, `tta_paddings` and `tta_rotations` how.
    """
    seen = candidates(look(picture), settings.hand)
    hanging = _hanging(seen, settings)
    if hanging is not None:
        seen = _raised_too(look, picture, hanging)
    plain = choose(seen, settings.hand)
    if not settings.tta_paddings or (
        settings.test_time_augmentation == "unsure" and plain is not None and _is_sure(plain)
    ):
        return replace(_looked(plain, seen), again=hanging is not None)
    looks, counted = [seen], [seen]  # all hands, and those that say which hand it is
    only_presence = settings.test_time_augmentation == "unsure" and plain and _is_sure(replace(plain, presence=1.0))
    for further in _further_looks(look, picture, settings):
        hands = candidates(further, settings.hand)
        looks.append(hands)
        counted.append(_against(hands, plain) if plain and only_presence else hands)
        if only_presence and (hand := choose(counted[-1], settings.hand)) and _is_sure(hand):
            break
    if settings.hand == "raised" and not any(counted):
        counted.append(_in_upper_part(look, picture, UPPER))
    if hanging is None and (hanging := _hanging(_together(counted), settings)) is not None:
        counted.append(_raised_too(look, picture, hanging))
    # A look that shows both hands says more about which of them counts than one that shows a single hand.
    most = min(2, max(map(len, counted)))
    if not most:
        return Looked(None, again=True)
    together = _together(counted) if settings.hand == "raised" and most == 1 else []
    choices = [(choose(one, settings.hand), one) for one in counted if len(one) >= most]
    best, seen = _best([(hand, one) for hand, one in choices if hand])
    if len(together) > 1 and (raised := choose(together, settings.hand)):
        best, seen = raised, together
    agreeing = [hand for one in counted for hand in _nearest(one, best)]
    looks += counted[len(looks) :]
    present = [hand for one in looks for hand in _nearest(one, best) if hand.presence >= PRESENT]
    hand = replace(best, points=np.mean([hand.points for hand in present or agreeing], axis=0))
    return replace(_looked(best, seen), hand=hand, again=True, helped=plain is None)


def _together(looks: Sequence[Sequence[FoundHand]]) -> list[FoundHand]:
    """The hands of several looks, each hand once, as the surest look shows it."""
    hands: list[FoundHand] = []
    for hand in sorted((hand for one in looks for hand in one), key=lambda hand: -hand.score):
        if all(hand.distance(other) >= SAME_HAND for other in hands):
            hands.append(hand)
    return distinct(hands)


def _hanging(seen: Sequence[FoundHand], settings: ExtractKeypoints) -> FoundHand | None:
    """The only hand that was seen, if it hangs and there is room for a raised one above it, which is asked for."""
    if settings.hand != "raised" or not settings.tta_paddings or len(seen) != 1:
        return None
    wrist, tip = seen[0].points[WRIST, 1], seen[0].points[MIDDLE_TIP, 1]
    return seen[0] if tip > wrist and min(wrist, 1) >= ROOM * seen[0].palm() else None


def _raised_too(look: Look, picture: Picture, hanging: FoundHand) -> list[FoundHand]:
    """The hand that hangs, and the hands above its wrist."""
    return _together([[hanging], _in_upper_part(look, picture, min(float(hanging.points[WRIST, 1]), 1.0))])


def _in_upper_part(look: Look, picture: Picture, height: float) -> list[FoundHand]:
    """The hands that the upper part of a picture shows, which is so high, as a share of the picture."""
    for width, lefts in PARTS.items():
        hands = _together([_within(look, picture, (left, 0.0, left + width, height)) for left in lefts])
        if hands:
            return hands
    return []


def _within(look: Look, picture: Picture, part: tuple[float, float, float, float]) -> list[FoundHand]:
    """The hands that a part of a picture shows: left, top, right and bottom as shares of the picture."""
    size = np.array(picture.shape[1::-1])
    low, high = (np.round(np.array(corner) * size).astype(int) for corner in (part[:2], part[2:]))
    cut = np.ascontiguousarray(picture[low[1] : high[1], low[0] : high[0]])
    if not cut.size:
        return []
    return [replace(one, points=(one.points * (high - low) + low) / size) for one in look(cut)]


def _looked(hand: FoundHand | None, seen: Sequence[FoundHand]) -> Looked:
    return Looked(hand, others=tuple(one for one in seen if one is not hand))


def _nearest(hands: Sequence[FoundHand], best: FoundHand) -> list[FoundHand]:
    """Of the hands of one look the one that is the best one, if it is among them."""
    same = [hand for hand in hands if hand.distance(best) < SAME_HAND]
    return [min(same, key=lambda hand: hand.distance(best))] if same else []


def find_lost(look: Look, picture: Picture, borders: Sequence[float], chosen: ChosenHand) -> Looked:
    """The hand of a frame in which following lost it: looked for with the first border, near where it was last.

    Args:
        look: looks once.
        picture: uint8 ``[height, width, 3]``.
        borders: as in `find_in_photo`.
        chosen: the hand that is followed.
    """
    if not borders:
        return Looked(None)
    hand = chosen.same(_with_border(look, picture, borders[0]))
    return Looked(hand, again=True, helped=hand is not None)


def _further_looks(look: Look, picture: Picture, settings: ExtractKeypoints) -> Iterator[list[FoundHand]]:
    for border in settings.tta_paddings:
        for turn in (0.0, *settings.tta_rotations):
            yield _with_border(look, picture, border, turn)


def _with_border(look: Look, picture: Picture, border: float, turn: float = 0.0) -> list[FoundHand]:
    """The hands in a picture with a border, turned by some degrees (positive: anticlockwise) about its middle."""
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
    hands = []
    for found in look(np.asarray(bordered, dtype=np.uint8)):
        points = found.points * outer
        if turn:
            back = cv2.invertAffineTransform(turning)
            points = points @ back[:, :2].T + back[:, 2]
        hands.append(replace(found, points=(points - np.array([across, down])) / inner))
    return hands


def _against(hands: Sequence[FoundHand], plain: FoundHand) -> list[FoundHand]:
    """Of the hands of a further look those that count against the first look's, if only its presence was low."""
    same = _nearest(hands, plain)
    return [
        hand
        for hand in hands
        if (hand.presence > plain.presence if any(hand is one for one in same) else _is_sure(hand))
    ]


def _best(choices: Sequence[tuple[FoundHand, list[FoundHand]]]) -> tuple[FoundHand, list[FoundHand]]:
    """The chosen hand of the best look, and all hands of that look.

    A look is as sure of a hand as the lower of its score and its presence: a look at a part of a hand can have a high
    score, and one at something else a high presence. Of the looks at the same hand the presence says in which one its
    joints are right.
    """
    surest, _ = max(choices, key=lambda pair: min(pair[0].score, pair[0].presence))
    same = [pair for pair in choices if pair[0].distance(surest) < SAME_HAND]
    return max(same, key=lambda pair: (pair[0].presence, pair[0].score))


def _is_sure(found: FoundHand) -> bool:
    within = bool(((found.points >= 0) & (found.points <= 1)).all())
    return found.score >= SURE and found.presence >= PRESENT and within
