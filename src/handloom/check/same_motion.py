"""Clips in which the hand moves alike, joint by joint and frame by frame, whatever was cut off and whether mirrored."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from handloom.dataset.examples import Examples
from handloom.hand import PALM, PATH_SCALE, Poses, mirror, present

# Root mean square distance of joints in palm sizes, median of the frames, up to which two clips move alike. It was 0.34
# or less in 59 of 60 drawn copies, and also in clips of two people, whose pictures differ. See docs/benchmarks.md.
SAME = 0.4
_FRAMES = 16  # of a clip, by which candidates are found
_CUTS = (0.0, 0.05, 0.1, 0.15)  # shares of a clip's frames that a copy may lack at its beginning, and at its end
_NEAREST = 5  # candidates of each clip
_FARTHEST = 0.7  # of candidates; in spreads of a hand's joints
_LEAST_COMMON = 0.7  # of the frames with a hand of the shorter clip
_COMPARED = 100  # frames, about, that are compared at every shift in time; of the best shift all are
_AT_ONCE = 256  # clips

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Alike:
    """Two clips of which one may be a copy.

    Attributes:
        whole, other: which clips; the whole of the first one shows a part of the other.
        mirrored: whether one shows the other in a mirror.
        frame, other_frame: frames of them that show the same.
        scale, offset: ``[2]`` each; x and y of the other clip's joints are these times x and y of the first one's,
            mirrored if they are, plus these.
        distance: of their joints, in palm sizes.
    """

    whole: int
    other: int
    mirrored: bool
    frame: int
    other_frame: int
    scale: Floats
    offset: Floats
    distance: float


def same_motions(clips: Examples, groups: Sequence[str]) -> list[Alike]:
    """Pairs of clips that move alike, the nearest first.

    Candidates are the nearest by 16 frames, the whole of one clip against stretches of the other, which lack up to 15 %
    at each end. They are compared at every shift in time that leaves enough in common, by about 100 frames; then at the
    best shift frame by frame. x and y are fitted apart, since a crop may change the proportions.

    Args:
        clips: ``[N]``, each with a hand, as they are in the pictures: left hands not turned.
        groups: ``[N]``; clips of one group are not compared.
    """
    found: dict[tuple[int, int], Alike] = {}
    for first, second, mirrored in sorted(_candidates(clips, groups)):
        one, before = _aligned(clips, first, second, mirrored), found.get((first, second))
        if one is not None and one.scale.prod() > 1:
            one = _aligned(clips, second, first, mirrored)
        if one is not None and one.distance <= min(SAME, before.distance if before else SAME):
            found[first, second] = one
    return sorted(found.values(), key=lambda one: (one.distance, one.whole, one.other))


def _candidates(clips: Examples, groups: Sequence[str]) -> set[tuple[int, int, bool]]:
    """Which clips are to be compared, the smaller number first, and whether one of them mirrored."""
    group = np.unique(np.asarray(groups), return_inverse=True)[1]
    wholes = [np.stack([_vector(turn(clip.poses), 0, 0) for clip in clips]) for turn in (lambda poses: poses, mirror)]
    found: set[tuple[int, int, bool]] = set()
    for first in range(0, len(clips), _AT_ONCE):
        others = range(first, min(first + _AT_ONCE, len(clips)))
        distances = np.full((len(wholes), len(clips), len(others)), np.inf)
        for start in _CUTS:
            for end in _CUTS:
                parts = np.stack([_vector(clips[other].poses, start, end) for other in others])
                for whole, distance in zip(wholes, distances, strict=True):
                    square = (whole**2).sum(axis=1)[:, None] + (parts**2).sum(axis=1) - 2 * whole @ parts.T
                    np.minimum(distance, np.sqrt(np.maximum(square, 0)), out=distance)
        distance = distances.min(axis=0)
        distance[group[:, None] == group[first : first + len(others)]] = np.inf
        count = min(_NEAREST, len(clips))
        near = distance <= np.sort(distance, axis=0)[count - 1]
        near |= distance <= np.sort(distance, axis=1)[:, [min(count, len(others)) - 1]]
        for one, other in zip(*np.nonzero(near & (distance <= _FARTHEST)), strict=True):
            pair = int(one), others[other]
            found.add((min(pair), max(pair), bool(distances[:, one, other].argmin())))
    return found


def _vector(poses: Poses, start: float, end: float) -> Floats:
    """Of the stretch between two cut shares: joints about the palm and its path, each axis by the joints' spread."""
    seen = np.flatnonzero(present(poses))
    seen = seen[int(start * len(seen)) : len(seen) - int(end * len(seen))]
    chosen = poses[seen[np.linspace(0, len(seen) - 1, _FRAMES).round().astype(int)], :2].astype(np.float64)
    centre = chosen[:, :, PALM].mean(axis=2)
    local = chosen - centre[:, :, None]
    spread = np.maximum(local.std(axis=(0, 2)), 1e-6)
    path = (centre - centre.mean(axis=0)) / spread
    local = local / spread[:, None]
    return np.concatenate([local.ravel() / np.sqrt(local.size), PATH_SCALE * path.ravel() / np.sqrt(path.size)])


def _aligned(clips: Examples, whole: int, other: int, mirrored: bool) -> Alike | None:
    """Two clips at the shift in time at which they are nearest; None where they have too little in common."""
    poses, others = clips[whole].poses, clips[other].poses
    if mirrored:
        poses = mirror(poses)
    seen, others_seen = present(poses), present(others)
    least = max(_LEAST_COMMON * min(seen.sum(), others_seen.sum()), 2)

    def nearest(shifts: Iterable[int], step: int) -> tuple[int, Alike] | None:
        """The shift at which every `step`th common frame is nearest, and what is alike there."""
        best: tuple[int, Alike] | None = None
        for shift in shifts:
            start, other_start = max(shift, 0), max(-shift, 0)
            length = min(len(poses) - start, len(others) - other_start)
            common = np.flatnonzero(seen[start : start + length] & others_seen[other_start : other_start + length])
            if len(common) < least:
                continue
            here, there = common[::step] + start, common[::step] + other_start
            fitted = _fitted(poses[here, :2].astype(np.float64), others[there, :2].astype(np.float64))
            if fitted is not None and (best is None or fitted[0] < best[1].distance):
                middle = len(here) // 2
                frames = int(here[middle]), int(there[middle])
                best = shift, Alike(whole, other, mirrored, *frames, fitted[1], fitted[2], fitted[0])
        return best

    shortest = int(np.ceil(least))
    step = max(1, min(len(poses), len(others)) // _COMPARED)
    best = nearest(range(shortest - len(others), len(poses) - shortest + 1), step)
    if best is not None and step > 1:
        best = nearest(range(best[0] - 1, best[0] + 2), 1)
    return best and best[1]


def _fitted(joints: Floats, others: Floats) -> tuple[float, Floats, Floats] | None:
    """Distance, scale and offset of joints ``[T, 2, 21]`` fitted to others; None where they would be turned over."""
    mean, others_mean = joints.mean(axis=(0, 2)), others.mean(axis=(0, 2))
    centred, others_centred = joints - mean[:, None], others - others_mean[:, None]
    scale = (centred * others_centred).sum(axis=(0, 2)) / np.maximum((centred**2).sum(axis=(0, 2)), 1e-12)
    if (scale <= 0).any():
        return None
    palm = others[:, :, PALM]
    size = np.maximum(np.abs(palm - palm.mean(axis=2, keepdims=True)).mean(axis=(0, 2)), 1e-6)
    apart = (others_centred - scale[:, None] * centred) / size[:, None]
    return float(np.median(np.sqrt((apart**2).mean(axis=(1, 2))))), scale, others_mean - scale * mean
