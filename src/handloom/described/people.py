"""The people who make gestures: how their hands are built and habitually held; and the source of all random numbers."""

import zlib
from dataclasses import dataclass

import numpy as np

from handloom.described.skeleton import PARAMETERS, TYPICAL_LENGTHS, Floats

Generator = np.random.Generator


def generator_for(seed: int, *names: str | int) -> Generator:
    """The generator of one named thing, e.g. ``generator_for(1, "photo", "four", 12)``.

    Each thing has its own, so that neither order nor number of workers matters.
    """
    numbers = (name if isinstance(name, int) else zlib.crc32(name.encode()) for name in names)
    return np.random.default_rng(np.random.SeedSequence([seed, *numbers]))


# How far a habit reaches: standard deviation for each number of a hand shape.
_HABIT = np.array([0.06 if name == "spread" else 0.02 for name in PARAMETERS])


@dataclass(frozen=True)
class Person:
    """One person.

    Attributes:
        name: the group in tables and the first part of file names.
        lengths: ``[20]`` bone lengths in palm lengths, order of `handloom.hand.BONES`.
        thickness: factor on every radius.
        palm_breadth: factor on the palm's radii alone.
        darkness: of the skin, 0 to 1.
        warmth: of the skin, the share by which it is redder, and less blue, than usual.
        shape_habit: ``[12]`` added to every hand shape.
        view_habit: ``[3]`` degrees added to turn, tilt, roll.
        haste: factor on how long a movement takes.
        left_handed: the chance that a picture shows the left hand.
    """

    name: str
    lengths: Floats
    thickness: float
    palm_breadth: float
    darkness: float
    warmth: float
    shape_habit: Floats
    view_habit: Floats
    haste: float
    left_handed: float


def make_people(seed: int, count: int) -> list[Person]:
    """`count` different people, with skin from light to dark; the first are built the same whatever `count` is."""
    order = generator_for(seed, "tones").permutation(count)
    return [_person(seed, number, order[number] / max(count - 1, 1)) for number in range(count)]


def _person(seed: int, number: int, darkness: float) -> Person:
    random = generator_for(seed, "person", number)
    fingers, bones = random.normal(1, 0.05), random.normal(1, 0.025, TYPICAL_LENGTHS.size)
    lengths = TYPICAL_LENGTHS * bones
    # Long or short fingers all belong to one hand; the palm is the unit.
    is_palm = np.arange(TYPICAL_LENGTHS.size) % 4 == 0
    lengths[~is_palm] *= fingers
    return Person(
        name=f"person_{number:02d}",
        lengths=lengths,
        thickness=random.uniform(0.88, 1.14),
        palm_breadth=random.uniform(0.94, 1.06),
        darkness=darkness,
        warmth=random.normal(0, 0.02),
        shape_habit=random.normal(0, _HABIT),
        view_habit=random.normal(0, [5.0, 3.0, 4.0]),
        haste=random.uniform(0.85, 1.2),
        left_handed=random.choice([0.35, 0.5, 0.65]),
    )
