"""Which descriptions cannot be told apart, before anything is trained: neighbours among their joint sets."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from handloom.described.cameras import Cameras
from handloom.described.gestures import Gesture, Range
from handloom.described.joint_sets import Makers, joint_clip, joint_sets
from handloom.described.landmark_error import Floats, measured_error
from handloom.described.people import generator_for, make_people
from handloom.described.performance import FRAMES_PER_SECOND
from handloom.hand import MIDDLE_MCP, WRIST, Poses, mirror, turned, upright

# What is compared: sets of joints, or clips, of each gesture; half of the people are neighbours, the others are asked.
SETS, CLIPS, PEOPLE = 400, 80, 40
NEIGHBOURS = 5
_SHRINKAGE = 0.05
# From this share on people are told.
HARD = 0.06
# A square picture, so that a palm length is one in all directions.
_CAMERAS = Cameras(Range(1.0, 4.0), Range(3.0, 15.0), Range(1.0, 1.0))


@dataclass(frozen=True)
class Separation:
    """How well gestures can be told apart by their joints.

    Attributes:
        labels: C gestures.
        taken: ``[C, C]``, the share of one's joint sets whose neighbours are mostly the other's; rows sum to 1.
        distance: ``[C, C]``, from one's joint sets to the nearest of the other's: median, palm lengths a joint.
    """

    labels: list[str]
    taken: Floats
    distance: Floats

    def hard_pairs(self) -> list[tuple[str, str, float]]:
        """Two labels, and the share of the first that is taken for the second, from `HARD` on, the worst first."""
        pairs = []
        for one in range(len(self.labels)):
            for other in range(one):
                shares = self.taken[one, other], self.taken[other, one]
                first, second = (one, other) if shares[0] >= shares[1] else (other, one)
                if max(shares) >= HARD:
                    pairs.append((self.labels[first], self.labels[second], float(max(shares))))
        return sorted(pairs, key=lambda pair: -pair[2])

    def notes(self) -> list[str]:
        """A line a pair that is hard to tell apart."""
        return [
            f"descriptions of {one!r} and {other!r} are hard to tell apart: {share:.0%} of {one!r} look like {other!r};"
            " let them differ more, or vary less"
            for one, other, share in self.hard_pairs()
        ]


def separation_of(gestures: Mapping[str, Gesture], seed: int = 1) -> Separation:
    """Compare gestures, all poses or all actions; the same seed gives the same numbers. About a second."""
    people = make_people(seed, PEOPLE)
    makers = Makers(people, _CAMERAS, measured_error())
    known, asked, owner = [], [], []
    for number, gesture in enumerate(gestures.values()):
        others = [other for other in gestures.values() if other is not gesture]
        features = (_of_clips if gesture.moves else _of_poses)(gesture, others, makers, seed)
        half = np.arange(len(features)) % PEOPLE < PEOPLE // 2
        known.append(features[half])
        asked.append(features[~half])
        owner += [number] * int(half.sum())
    return _compared(list(gestures), known, asked, np.array(owner))


def _compared(labels: list[str], known: list[Floats], asked: list[Floats], owner: np.ndarray) -> Separation:
    """Votes of neighbours where a linear discriminant sees gestures apart best; distances in palm lengths."""
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis  # slow, and not for those who describe nothing

    everything = np.concatenate(known)
    discriminant = LinearDiscriminantAnalysis(solver="eigen", shrinkage=_SHRINKAGE).fit(everything, owner)
    seen = discriminant.transform(everything)
    taken, distance = np.zeros((2, len(labels), len(labels)))
    for one, features in enumerate(asked):
        squared = _squared(discriminant.transform(features), seen)
        nearest = np.argpartition(squared, NEIGHBOURS, axis=1)[:, :NEIGHBOURS]
        votes = np.stack([(owner[nearest] == other).sum(axis=1) for other in range(len(labels))], axis=1)
        taken[one] = np.bincount(votes.argmax(axis=1), minlength=len(labels)) / len(features)
        squared = _squared(features, everything)
        for other in range(len(labels)):
            least = squared[:, owner == other].min(axis=1)
            distance[one, other] = np.sqrt(np.median(least) / (features.shape[1] / 2))
    return Separation(labels, taken, distance)


def _squared(some: Floats, others: Floats) -> Floats:
    """Squared distances ``[N, M]``."""
    sums = np.square(some).sum(axis=1)[:, None] + np.square(others).sum(axis=1)
    return np.asarray((sums - 2 * some @ others.T).clip(min=0))


def _of_poses(gesture: Gesture, others: list[Gesture], makers: Makers, seed: int) -> Floats:
    """``[SETS, numbers]``: the joints of hands turned upright, and where they led before."""
    sets = joint_sets(gesture, others, makers, SETS, generator_for(seed, "separation", gesture.label))
    poses = np.where(sets.left[:, None, None], mirror(sets.poses), sets.poses)
    return _joints(poses)[0]


def _of_clips(gesture: Gesture, others: list[Gesture], makers: Makers, seed: int) -> Floats:
    """``[CLIPS, numbers]``: the means and deviations of the hand in time, and of its way."""
    rows = []
    for number in range(CLIPS):
        person = makers.people[number % PEOPLE]
        random = generator_for(seed, "separation", gesture.label, number)
        clip = joint_clip(gesture, others, person, makers.cameras, makers.error, FRAMES_PER_SECOND, random)
        joints, way = _joints(clip.poses)
        quarters = np.array_split(way, 4)
        net = np.concatenate([part.mean(axis=0) - way.mean(axis=0) for part in quarters])
        rows.append(np.concatenate([joints.mean(axis=0), joints.std(axis=0), way.std(axis=0), net]))
    return np.stack(rows)


def _joints(poses: Poses) -> tuple[Floats, Floats]:
    """Joints of T upright hands and where their palms led ``[T, 44]``, and the wrist's way ``[T, 2]``; palm lengths."""
    place = poses[:, :2].swapaxes(1, 2).astype(np.float64)
    wrist = place[:, WRIST]
    palm = place[:, MIDDLE_MCP] - wrist
    length = np.linalg.norm(palm, axis=1)
    # A palm that is seen from the side is short; its fingers would be endless.
    unit = np.maximum(length, 0.5 * np.median(length))[:, None]
    local = (place - wrist[:, None]) / unit[..., None]
    upright_hands = turned(local, upright(local)).reshape(len(poses), -1)
    return np.concatenate([upright_hands, palm / np.maximum(length, 1e-6)[:, None]], axis=1), wrist / np.median(length)
