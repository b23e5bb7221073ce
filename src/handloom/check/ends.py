"""Ends of bursts of photos and of clips that show the way into a sign or out of it, not the sign."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from handloom.check.features import vector_of
from handloom.dataset.examples import Examples
from handloom.hand import present

# Photos of one class and person whose names differ by a rising number alone; fewer are no burst.
BURST = 8
_NUMBERS = re.compile(r"\d+")
# From this lead of another class over the label a photo at an end of a burst is listed: less than `labels.LEAD`,
# because there a wrong label is more likely. Chosen on drawn bursts: see docs/benchmarks.md.
LEAD_AT_ENDS = 0.3
# A clip that is so many times as long as is usual for its class, and that is nearer to the others of its class without
# its ends, by this ratio of distances. Chosen on drawn clips and on SFINGE 3D: see docs/benchmarks.md.
LONGER, NEARER = 1.5, 0.9
SHORTEST = 0.5  # seconds; less than this is not worth cutting
NEIGHBOURS = 3  # clips of the class of other people, whose mean distance counts
_LEFT = 0.4  # of a clip remains at least
_STEP, _STEPS = 0.2, 20  # seconds from one cut to the next; of a long clip so many steps at most


@dataclass(frozen=True)
class Ends:
    """A clip that begins before its sign or ends after it.

    Attributes:
        row: which clip.
        before, after: seconds at its beginning and its end that do not show the sign.
        missing: whether they do not show a hand either.
        share: of the clip that these seconds are.
    """

    row: int
    before: float
    after: float
    missing: bool
    share: float


def ends_of_bursts(
    contradicted: Collection[int], labels: Sequence[str], people: Sequence[str], names: Sequence[str]
) -> list[int]:
    """Photos at the ends of bursts up to the first photo whose label the other people's examples do not contradict.

    Args:
        contradicted: which photos they contradict, by a lead of `LEAD_AT_ENDS`.
        labels: ``[N]``, classes.
        people: ``[N]``, who is in each.
        names: ``[N]``, of their files. Photos are a burst where these differ by a rising number alone; then it is
            likely that they were taken one after another.

    Returns:
        none of a burst of which this is more than half: its label may be wrong, or the person makes the sign another
        way.
    """
    bursts: dict[tuple[str, str, str], dict[tuple[int, ...], int]] = defaultdict(dict)
    for row, name in enumerate(names):
        numbers = tuple(map(int, _NUMBERS.findall(name)))
        bursts[labels[row], people[row], _NUMBERS.sub("0", name)][numbers] = row
    found = []
    for of_numbers in bursts.values():
        burst = [row for _, row in sorted(of_numbers.items())]
        kept = [place for place, row in enumerate(burst) if row not in contradicted]
        if len(burst) >= BURST and len(kept) and kept[-1] - kept[0] + 1 >= len(burst) / 2:
            found += burst[: kept[0]] + burst[kept[-1] + 1 :]
    return found


def ends_of_clips(
    clips: Examples, labels: Sequence[str], people: Sequence[str], frame_rate: float, background: str
) -> list[Ends]:
    """Clips with ends without a hand, and long clips that are more like others of their class without their ends.

    Args:
        clips: ``[N]``, each with a hand.
        labels: ``[N]``, classes.
        people: ``[N]``, who is in each.
        frame_rate: frames/s.
        background: the class without a gesture; none of its clips is listed, whatever it shows.

    Returns:
        the clips of which the largest share is to be cut first.
    """
    seen = [np.flatnonzero(present(clip.poses))[[0, -1]] for clip in clips]
    lengths = np.array([last - first + 1 for first, last in seen])
    classes, persons = np.asarray(labels), np.asarray(people)
    usual = {label: float(np.median(lengths[classes == label])) for label in set(labels)}
    of_class: dict[str, NDArray[np.float64]] = {}
    found = []
    for row, label in enumerate(labels):
        if label == background:
            continue
        first, last = (int(frame) for frame in seen[row])
        poses = clips[row].poses
        before, after, missing = first, len(poses) - 1 - last, True
        if lengths[row] > LONGER * usual[label]:
            if label not in of_class:
                of_class[label] = np.stack(
                    [vector_of(clips[int(one)].poses) for one in np.flatnonzero(classes == label)]
                )
            others = of_class[label][persons[classes == label] != persons[row]]
            surplus = _surplus(poses[first : last + 1], others, frame_rate)
            if sum(surplus):
                before, after, missing = before + surplus[0], after + surplus[1], False
        if max(before, after) >= SHORTEST * frame_rate:
            share = (before + after) / len(poses)
            found.append(Ends(row, before / frame_rate, after / frame_rate, missing, share))
    return sorted(found, key=lambda one: (-one.share, one.row))


def _surplus(poses: NDArray[np.float32], others: NDArray[np.float64], frame_rate: float) -> tuple[int, int]:
    """Frames at both ends without which a clip is nearest to the others of its class; none if it is hardly nearer."""
    if len(others) < NEIGHBOURS:
        return 0, 0
    cuts = list(_cuts(len(poses), frame_rate))
    vectors = np.stack([vector_of(poses[start : len(poses) - end]) for start, end in cuts])
    square = (vectors**2).sum(axis=1)[:, None] + (others**2).sum(axis=1) - 2 * vectors @ others.T
    nearest = np.sort(np.sqrt(np.maximum(square, 0)), axis=1)[:, :NEIGHBOURS].mean(axis=1)
    best = int(nearest.argmin())
    return cuts[best] if nearest[best] < NEARER * nearest[0] else (0, 0)


def _cuts(length: int, frame_rate: float) -> Iterator[tuple[int, int]]:
    """Frames that are cut from the beginning and the end, none of both first."""
    step = max(round(_STEP * frame_rate), length // _STEPS, 1)
    for start in range(0, length, step):
        for end in range(0, length - start, step):
            if length - start - end >= _LEFT * length:
                yield start, end
