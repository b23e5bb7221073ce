"""Photos that are copies of each other although their bytes differ: cropped, mirrored or compressed again."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from handloom.check.laid_over import Grey, Laid, Photo, flipped, lay_over, sampled
from handloom.dataset.pictures import View
from handloom.hand import Poses, mirror, picture_from_poses

SIDE = 96  # pixels of a picture that is compared as a whole, whatever its proportions were
CLOSE = 384  # pixels of the larger side where the hand alone is compared
# A copy's correlation with its original is 0.97 or more, that of two photos of one class of one person 0.88 or less,
# measured on sign_digits: see docs/benchmarks.md.
ALIKE = 0.93
# The hand alone has fewer pixels, so that compression changes more of it: 0.88 and more in copies.
HANDS_ALIKE = 0.8
_TINY = 16  # pixels a side of the picture that finds candidates
_CANDIDATE = 0.7  # correlation of the tiny pictures; 0.85 misses 4 % of copies
_NEAREST = 5  # candidates of each photo
# Left, top and side, as shares: the whole, and nine places of smaller squares.
_CROPS = (
    (0.0, 0.0, 1.0),
    *(
        (x * (1 - side), y * (1 - side), side)
        for side in (0.95, 0.9, 0.85, 0.8)
        for x in (0, 0.5, 1)
        for y in (0, 0.5, 1)
    ),
)
_AT_ONCE = 256  # photos
# Half the side of the square around a hand, as a share of the hand's larger side; and the least side of a hand, pixels.
MARGIN, SMALLEST_HAND = 0.65, 8.0


@dataclass(frozen=True)
class Copies:
    """Two photos of which one is a copy.

    Attributes:
        first, second: which photos; `first` is the smaller number.
        mirrored: whether one shows the other in a mirror.
        likeness: the correlation of their details, -1 to 1.
    """

    first: int
    second: int
    mirrored: bool
    likeness: float


class Candidate(NamedTuple):
    """A whole photo, mirrored or not, that is like a crop of another one."""

    likeness: float
    whole: int
    other: int
    mirrored: bool
    crop: int


def near_duplicates(
    views: Sequence[View], groups: Sequence[str], picture: Callable[[View, int], Photo | None]
) -> list[Copies]:
    """Find copies that lost up to a fifth of each side, were mirrored or were compressed again.

    Tiny pictures, whole against all crops, propose candidates. An affine alignment that maximises their correlation
    (Evangelidis and Psarakis 2008, OpenCV's `findTransformECC`) puts one over the other, and their details are
    compared. Then the same is done with the surroundings of the hand alone, because photos of one room are alike but
    for the hand. The time grows with the square of the number of photos.

    Args:
        views: ``[N]``, what stands for the photos.
        groups: ``[N]``; photos of one group are not compared, since they are in one part of the data anyway.
        picture: a photo, RGB ``[height, width, 3]``, with so many pixels at most at its larger side; None where it is
            missing. A missing photo has no copies.

    Returns:
        the pairs, the most alike first.
    """
    pictures = [squeezed(picture(view, CLOSE)) for view in views]
    found: dict[tuple[int, int], Copies] = {}
    for _, whole, crop, mirrored, cut in _candidates(pictures, groups):
        pair = min(whole, crop), max(whole, crop)
        if pair in found:
            continue
        left, top, part = _CROPS[cut]
        start = np.array([[part, 0, left * SIDE], [0, part, top * SIDE]])
        laid = lay_over(flipped(pictures[whole], mirrored), pictures[crop], start)
        if laid is None or laid.likeness < ALIKE:
            continue
        photo, other = picture(views[whole], CLOSE), picture(views[crop], CLOSE)
        if photo is None or other is None:  # gone since
            continue
        poses = mirror(views[whole].poses[None])[0] if mirrored else views[whole].poses
        if likeness_of_hands(flipped(photo, mirrored), poses, other, laid) >= HANDS_ALIKE:
            found[pair] = Copies(*pair, mirrored, laid.likeness)
    return sorted(found.values(), key=lambda one: (-one.likeness, one.first, one.second))


def squeezed(picture: Photo | None) -> Photo:
    """Grey ``[SIDE, SIDE]``, whatever the proportions were; a missing photo is black."""
    if picture is None:
        return np.zeros((SIDE, SIDE), np.uint8)
    return np.asarray(cv2.resize(_grey(picture), (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.uint8)


def _grey(picture: Photo) -> Photo:
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.uint8)


def _candidates(pictures: Sequence[Photo], groups: Sequence[str]) -> list[Candidate]:
    """The most alike pairs of a whole photo and a crop of another: the nearest of each whole and of each other."""
    group = np.unique(np.asarray(groups), return_inverse=True)[1]
    found = []
    for mirrored in (False, True):
        wholes = np.stack([_tiny(flipped(one, mirrored)) for one in pictures])
        for first in range(0, len(pictures), _AT_ONCE):
            others = range(first, min(first + _AT_ONCE, len(pictures)))
            likeness, crop = _best_crop(wholes, [pictures[other] for other in others])
            likeness[group[:, None] == group[first : first + _AT_ONCE]] = -1
            near = _nearest(likeness, axis=0) | _nearest(likeness, axis=1)
            for whole, other in zip(*np.nonzero(near & (likeness >= _CANDIDATE)), strict=True):
                pair = int(whole), others[other], mirrored
                found.append(Candidate(float(likeness[whole, other]), *pair, int(crop[whole, other])))
    kept, of_whole, of_other = [], Counter[int](), Counter[int]()
    for one in sorted(found, reverse=True):
        if min(of_whole[one.whole], of_other[one.other]) < _NEAREST:
            kept.append(one)
            of_whole[one.whole] += 1
            of_other[one.other] += 1
    return kept


def _best_crop(wholes: Grey, others: Sequence[Photo]) -> tuple[Grey, NDArray[np.int8]]:
    """Of N wholes and M others ``[N, M]``: the highest likeness of the whole and a crop of the other; which crop."""
    best = np.full((len(wholes), len(others)), -1, np.float32)
    which = np.zeros(best.shape, np.int8)
    for number, box in enumerate(_CROPS):
        likeness = wholes @ np.stack([_tiny(_cut(one, box)) for one in others]).T
        which[likeness > best] = number
        np.maximum(best, likeness, out=best)
    return best, which


def _nearest(likeness: Grey, axis: int) -> NDArray[np.bool_]:
    """Where the `_NEAREST` highest numbers along an axis are."""
    count = min(_NEAREST, likeness.shape[axis])
    highest = np.take(np.sort(likeness, axis=axis), [-count], axis=axis)
    return np.asarray(likeness >= highest)


def _cut(picture: Photo, box: tuple[float, float, float]) -> Photo:
    left, top, side = (round(part * SIDE) for part in box)
    return picture[top : top + side, left : left + side]


def _tiny(picture: Photo) -> Grey:
    """Mean 0 and length 1, so that the product of two is their correlation."""
    small = cv2.resize(picture, (_TINY, _TINY), interpolation=cv2.INTER_AREA).astype(np.float32).ravel()
    small -= small.mean()
    return small / max(float(np.linalg.norm(small)), 1e-3)


def likeness_of_hands(photo: Photo, poses: Poses, other: Photo, laid: Laid) -> float:
    """How alike the surroundings of the hand are in both photos, -1 to 1.

    Args:
        photo: the photo that was laid over the other.
        poses: ``[3, 21]``, its joints.
        other: the other photo.
        laid: how the first, squeezed, lies over the other, squeezed.
    """
    (height, width), (other_height, other_width) = photo.shape[:2], other.shape[:2]
    x, y = picture_from_poses(poses[None])[0].T * np.array([[width], [height]])
    reach = MARGIN * max(np.ptp(x), np.ptp(y), SMALLEST_HAND)
    left, top, scale = (x.max() + x.min()) / 2 - reach, (y.max() + y.min()) / 2 - reach, 2 * reach / SIDE
    # From the square around the hand to the photo, to the squeezed photo, to the other squeezed photo, to the other.
    to_photo = np.array([[scale, 0, left], [0, scale, top], [0, 0, 1]])
    squeeze = np.diag([SIDE / width, SIDE / height, 1])
    stretch = np.diag([other_width / SIDE, other_height / SIDE, 1])
    to_other = stretch @ np.vstack([laid.warp, [0, 0, 1]]) @ squeeze @ to_photo
    hand, same_place = sampled(_grey(photo), to_photo[:2], SIDE), sampled(_grey(other), to_other[:2], SIDE)
    placed = lay_over(hand, same_place, np.eye(2, 3))
    return -1.0 if placed is None else placed.likeness
