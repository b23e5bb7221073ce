"""Ends of clips and of bursts of photos that `handloom check` lists, where the borders are known.

    python benchmarks/ends.py clips [SEED ...]
        Drawn clips of the sample's actions. Of 15 in 100 the hand comes up from below the picture, makes its way from
        another place, or does something else before the sign, after it, or both
    python benchmarks/ends.py sfinge3d KEYPOINTS.parquet [SEED ...]
        The same with real clips, which begin and end with an idle hand; those without one may have such ends too
    python benchmarks/ends.py bursts [SEED ...]
        Drawn photos: each person holds each sign in 15 photos; up to five before and after them go from another sign to
        this one. The labels of those that are less than half of the way are wrong

Seeds 1 and 2 chose the limits.
"""

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from accuracy import extracted
from numpy.typing import NDArray
from streams import (
    BACKGROUND,
    CAMERAS,
    DRAWN,
    OUTSIDE,
    SFINGE3D,
    Studio,
    clips_of,
    idle_between,
    moved,
    sfinge3d_source,
)

from handloom.check.ends import LEAD_AT_ENDS, SHORTEST, ends_of_bursts, ends_of_clips
from handloom.check.features import vectors_of
from handloom.check.labels import LEAD, contradicted
from handloom.dataset.examples import Example, Examples
from handloom.described.joint_sets import Makers, joint_sets
from handloom.described.people import Generator, Person, generator_for, make_people
from handloom.described.reading import load_gestures
from handloom.hand import PALM, Poses

SHARE = 0.15  # of the clips have an end that is not the sign's
HELD, ON_THE_WAY = 15, 5  # photos of a burst
UNREST = 0.06  # of the size of the hand, in each joint
SIGNS = Path("data/sample/gestures/pose")
Surplus = tuple[float, float]  # seconds before the sign and after it
NONE: Surplus = (0.0, 0.0)


def clips(*seeds: str) -> None:
    for seed in map(int, seeds or ("3", "4", "5", "6")):
        studio, random = Studio(seed), generator_for(seed, "ends")
        examples, known = [], []
        for action in studio.actions:
            for person in studio.people:
                poses, surplus = studio.perform(action, person, random), NONE
                if action.label != BACKGROUND:
                    poses, surplus = extended(poses, partial(drawn_end, studio, person, random), DRAWN.rate, random)
                examples.append(Example(poses, action.label, "", person.name))
                known.append(surplus)
        print(f"seed {seed}: {result(examples, known, DRAWN.rate)}")


def drawn_end(studio: Studio, person: Person, random: Generator, last: Poses) -> Poses:
    match random.integers(3):
        case 0:
            gone = np.zeros((int(random.uniform(0.3, 1.5) * DRAWN.rate), *last.shape), np.float32)
            return np.concatenate([moved(last, OUTSIDE, random), gone])
        case 1:
            other = last.copy()
            other[:2] += random.uniform(-0.15, 0.15, (2, 1)).astype(np.float32)
            return idle_between(last, other, DRAWN.rate, random)
    idle = next(action for action in studio.actions if action.label == BACKGROUND)
    other = studio.perform(idle, person, random)[: int(random.uniform(0.3, 1) * DRAWN.rate)]
    return np.concatenate([idle_between(last, other[0], DRAWN.rate, random), other])


def sfinge3d(table: str, *seeds: str) -> None:
    with TemporaryDirectory() as folder:
        extracted(sfinge3d_source(table), "action", SFINGE3D.rate, Path(folder))
        blocks = clips_of(Path(folder) / "keypoints.parquet")
    for seed in map(int, seeds or ("3", "4")):
        random = np.random.default_rng(seed)
        examples, known = [], []
        for block, recorded in blocks.items():
            for label, poses in recorded:
                other = recorded[int(random.integers(len(recorded)))][1]
                poses, surplus = extended(poses, partial(idle_end, other[0], random), SFINGE3D.rate, random)
                examples.append(Example(poses, label, "", str(block)))
                known.append(surplus)
        print(f"seed {seed}: {result(examples, known, SFINGE3D.rate)}")


def idle_end(to: Poses, random: np.random.Generator, last: Poses) -> Poses:
    return idle_between(last, to, SFINGE3D.rate, random)


def extended(
    poses: Poses, end: Callable[[Poses], Poses], rate: float, random: np.random.Generator
) -> tuple[Poses, Surplus]:
    """In `SHARE` of the cases the clip with ends that `end` makes of its last, or first, frame."""
    surplus = list(NONE)
    if random.random() < SHARE:
        which = random.integers(3)
        if which != 1:
            before = end(poses[0])[::-1]
            surplus[0], poses = len(before) / rate, np.concatenate([before, poses])
        if which != 0:
            after = end(poses[-1])
            surplus[1], poses = len(after) / rate, np.concatenate([poses, after])
    return poses, (surplus[0], surplus[1])


def result(examples: list[Example], known: list[Surplus], rate: float) -> str:
    labels, people = [one.label for one in examples], [one.group for one in examples]
    found = ends_of_clips(Examples.of(examples), labels, people, rate, BACKGROUND)
    true = {row for row, one in enumerate(known) if max(one) >= SHORTEST}
    right = [one for one in found if one.row in true]
    off = [abs(one.before - known[one.row][0]) + abs(one.after - known[one.row][1]) for one in right]
    return (
        f"{len(examples)} clips, {len(true)} with such ends; {len(found)} listed, {len(right)} of them rightly;"
        f" the seconds to cut are {np.median(off):.2f} s off (median)"
    )


def bursts(*seeds: str) -> None:
    for seed in map(int, seeds or ("3", "4", "5", "6")):
        poses, labels, people, shares = drawn_bursts(seed)
        examples = Examples.of(
            Example(one[None], label, "", person) for one, label, person in zip(poses, labels, people, strict=True)
        )
        found = contradicted(vectors_of(examples), labels, people, least=LEAD_AT_ENDS)
        ends = ends_of_bursts({one.row for one in found}, labels, people, [f"{row}.jpg" for row in range(len(labels))])
        everywhere = [one.row for one in found if one.lead > LEAD]
        print(f"seed {seed}: {len(labels)} photos, {(shares < 0.5).sum()} with a wrong label")
        for name, rows in (("at ends", ends), ("all with the lead of a label", everywhere)):
            way = shares[rows]
            print(
                f"  {name}: {len(rows)} listed, {(way < 0.5).sum()} wrong, {((way >= 0.5) & (way < 1)).sum()} others on"
                f" their way, {(way == 1).sum()} held"
            )


def drawn_bursts(seed: int) -> tuple[Poses, list[str], list[str], NDArray[np.float64]]:
    """Photos ``[N, 3, 21]``, classes, people, and how much of the way to its sign each has gone, 0 to 1."""
    signs, random = list(load_gestures(SIGNS).values()), generator_for(seed, "bursts")
    poses, labels, people, shares = [], [], [], []
    for person in make_people(seed, 12):
        makers = Makers([person], CAMERAS, None)
        for sign in signs:
            others = [one for one in signs if one is not sign]
            held = joint_sets(sign, others, makers, 1, random).poses[0]
            photos = [(held, 1.0)] * HELD
            for side in (1, -1):
                other = others[int(random.integers(len(others)))]
                start = in_place_of(held, joint_sets(other, signs, makers, 1, random).poses[0])
                part = np.linspace(0, 1, ON_THE_WAY + 2)[1:-1][ON_THE_WAY - int(random.integers(ON_THE_WAY + 1)) :]
                way = [(start + (held - start) * share, share) for share in part**2 * (3 - 2 * part)]
                photos = way + photos if side > 0 else photos + way[::-1]
            size = np.abs(held[:2] - held[:2].mean(axis=1, keepdims=True)).mean()
            for photo, share in photos:
                unrest = np.concatenate([random.normal(0, UNREST * size, (2, 21)), np.zeros((1, 21))])
                poses.append((photo + unrest).astype(np.float32))
                labels.append(sign.label)
                people.append(person.name)
                shares.append(share)
    return np.stack(poses), labels, people, np.array(shares)


def in_place_of(held: Poses, other: Poses) -> Poses:
    """Another sign ``[3, 21]`` where the palm of the first one is, and as large."""
    moved_there = other.copy()
    (middle, size), (other_middle, other_size) = (
        (
            one[:2, PALM].mean(axis=1, keepdims=True),
            np.abs(one[:2, PALM] - one[:2, PALM].mean(axis=1, keepdims=True)).mean(),
        )
        for one in (held, other)
    )
    moved_there[:2] = (other[:2] - other_middle) * (size / other_size) + middle
    return moved_there


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["clips", *chosen]:
            clips(*chosen)
        case ["bursts", *chosen]:
            bursts(*chosen)
        case ["sfinge3d", table, *chosen]:
            sfinge3d(table, *chosen)
        case _:
            sys.exit(__doc__)
