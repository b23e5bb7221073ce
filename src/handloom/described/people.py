"""The people whose hands are drawn: how their hands are built, coloured and habitually held."""

from dataclasses import dataclass

import numpy as np

from handloom.described.randomness import generator_for
from handloom.described.skeleton import PARAMETERS, TYPICAL_LENGTHS, Floats

# Skin from very light to very dark: red, green, blue, 0 to 255.
_TONES = np.array(
    [[240, 198, 172], [228, 178, 145], [206, 150, 114], [178, 122, 90], [144, 95, 69], [112, 72, 53], [86, 56, 43]],
    float,
)

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
        skin: ``[3]`` red, green, blue, 0 to 255.
        shape_habit: ``[12]`` added to every hand shape.
        view_habit: ``[3]`` degrees added to turn, tilt, roll.
        haste: factor on how long a movement takes.
        left_handed: the chance that a picture shows the left hand.
    """

    name: str
    lengths: Floats
    thickness: float
    palm_breadth: float
    skin: Floats
    shape_habit: Floats
    view_habit: Floats
    haste: float
    left_handed: float


def make_people(seed: int, count: int) -> list[Person]:
    """`count` different people; the first ones have the same build whatever `count` is, the tones spread evenly."""
    order = generator_for(seed, "tones").permutation(count)
    return [_person(seed, number, order[number] / max(count - 1, 1)) for number in range(count)]


def _person(seed: int, number: int, darkness: float) -> Person:
    random = generator_for(seed, "person", number)
    fingers, bones = random.normal(1, 0.05), random.normal(1, 0.025, TYPICAL_LENGTHS.size)
    lengths = TYPICAL_LENGTHS * bones
    # Long or short fingers all belong to one hand; the palm is the unit.
    is_palm = np.arange(TYPICAL_LENGTHS.size) % 4 == 0
    lengths[~is_palm] *= fingers
    at = darkness * (len(_TONES) - 1)
    skin = np.array([np.interp(at, np.arange(len(_TONES)), channel) for channel in _TONES.T])
    return Person(
        name=f"person_{number:02d}",
        lengths=lengths,
        thickness=random.uniform(0.88, 1.14),
        palm_breadth=random.uniform(0.94, 1.06),
        skin=skin * (1 + random.normal(0, 0.02) * np.array([0.5, 0.0, -1.0])),
        shape_habit=random.normal(0, _HABIT),
        view_habit=random.normal(0, [5.0, 3.0, 4.0]),
        haste=random.uniform(0.85, 1.2),
        left_handed=random.choice([0.35, 0.5, 0.65]),
    )
