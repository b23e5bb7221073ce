"""Clips that are copies of each other although their bytes differ: cropped, mirrored, cut or compressed again."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from handloom.check.laid_over import Photo, Warp, flipped, lay_over
from handloom.check.near_duplicates import ALIKE, CLOSE, HANDS_ALIKE, SIDE, Copies, likeness_of_hands, squeezed
from handloom.check.same_motion import Alike, same_motions
from handloom.dataset.examples import Examples
from handloom.dataset.pictures import View
from handloom.hand import mirror


def copied_clips(
    clips: Examples, views: Sequence[View], groups: Sequence[str], picture: Callable[[View, int], Photo | None]
) -> list[Copies]:
    """Find clips that lost up to a fifth of each side or of their time, were mirrored or were compressed again.

    Clips in which the joints move alike are compared in a frame that both have: one is laid over the other by the
    affine map of their joints, made exact by the pictures, and their details are compared by the limits of photos.

    Args:
        clips: ``[N]``, each with a hand, as they are in the pictures: left hands not turned.
        views: ``[N]``, what stands for the clips.
        groups: ``[N]``; clips of one group are not compared, since they are in one part of the data anyway.
        picture: a frame, RGB ``[height, width, 3]``, with so many pixels at most at its larger side; None where the
            file is missing. A missing clip has no copies.

    Returns:
        the pairs, the most alike first.
    """
    found = []
    for one in same_motions(clips, groups):
        poses = clips[one.whole].poses[one.frame]
        photo = picture(replace(views[one.whole], frame=one.frame, poses=poses), CLOSE)
        other = picture(replace(views[one.other], frame=one.other_frame), CLOSE)
        if photo is None or other is None:
            continue
        photo = flipped(photo, one.mirrored)
        laid = lay_over(squeezed(photo), squeezed(other), _start(one))
        if laid is None or laid.likeness < ALIKE:
            continue
        poses = mirror(poses[None])[0] if one.mirrored else poses
        if likeness_of_hands(photo, poses, other, laid) >= HANDS_ALIKE:
            pair = min(one.whole, one.other), max(one.whole, one.other)
            found.append(Copies(*pair, one.mirrored, laid.likeness))
    return sorted(found, key=lambda one: (-one.likeness, one.first, one.second))


def _start(alike: Alike) -> Warp:
    """The map of the joints as one of pixels of squeezed pictures, in which y goes down."""
    (across, up), (right, above) = alike.scale, alike.offset
    return np.array([[across, 0, right * SIDE], [0, up, (1 - up - above) * SIDE]])
