"""Gestures as they are made: hand shapes, views and movement as numbers. `schema.py` is the language of the files."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

AXES = ("turn", "tilt", "roll")
EASINGS = ("smooth", "linear", "faster", "slower")
HANDS = ("either", "left", "right")

# (at, x, y) of waypoints.
NAMED_PATHS: dict[str, tuple[tuple[float, float, float], ...]] = {
    "to_the_left": ((0, 0.92, 0.5), (1, 0.08, 0.5)),
    "to_the_right": ((0, 0.08, 0.5), (1, 0.92, 0.5)),
    "upwards": ((0, 0.5, 0.1), (1, 0.5, 0.9)),
    "downwards": ((0, 0.5, 0.9), (1, 0.5, 0.1)),
    "there_and_back": ((0, 0.1, 0.5), (0.5, 0.9, 0.5), (1, 0.1, 0.5)),
    "zigzag": ((0, 0.1, 0.8), (0.25, 0.37, 0.2), (0.5, 0.63, 0.8), (0.75, 0.9, 0.2), (1, 0.9, 0.8)),
    "triangle": ((0, 0.1, 0.15), (0.33, 0.5, 0.85), (0.67, 0.9, 0.15), (1, 0.1, 0.15)),
    "square": ((0, 0.15, 0.15), (0.25, 0.15, 0.85), (0.5, 0.85, 0.85), (0.75, 0.85, 0.15), (1, 0.15, 0.15)),
}


@dataclass(frozen=True)
class Range:
    """From `least` to `most`, uniform."""

    least: float
    most: float


@dataclass(frozen=True)
class KeyPose:
    """At a time (0 to 1 of one repeat): which hand shape, and turned how much further (degrees, order of `AXES`)."""

    at: float
    shape: int
    turned: tuple[float, float, float]


@dataclass(frozen=True)
class Waypoint:
    """At a time (0 to 1 of the clip): where the wrist is, as fractions of its room, y up."""

    at: float
    x: float
    y: float


@dataclass(frozen=True)
class Route:
    """Where the wrist goes: along waypoints, or around a circle (palm lengths)."""

    waypoints: tuple[Waypoint, ...] = ()
    jitter: float = 0.0
    radius: float = 0.0
    radius_deviation: float = 0.0
    turns: float = 0.0


@dataclass(frozen=True)
class Touch:
    """In a shape (its number): the tip of a finger (0: index) meets the thumb's tip, or the palm."""

    shape: int
    finger: int
    palm: bool


@dataclass(frozen=True)
class Form:
    """One way of making a gesture.

    Attributes:
        shapes: ``[S, 12]``, numbers in the order of `PARAMETERS`.
        variation: ``[12]``, how far each number may be off.
        view_mean: ``[3]`` degrees, order of `AXES`.
        view_deviation: ``[3]`` degrees.
        key_poses: in time; a pose has one.
        easing: smooth or linear.
        repeats: of the key poses in a clip.
        seconds: length of a clip; None for a pose.
        route: of the wrist; None stays in place.
        apart: least mean distance to the shapes of other gestures, palm lengths a joint.
        hand_size: an upright open hand against the picture's shorter side.
        hand: of `HANDS`.
        outer: ``[S, 4]``, how much further each finger's outermost joint is bent than the one before; None: as much.
        touches: what has to meet in which shape.
    """

    shapes: NDArray[np.float64]
    variation: NDArray[np.float64]
    view_mean: NDArray[np.float64]
    view_deviation: NDArray[np.float64]
    key_poses: tuple[KeyPose, ...]
    easing: str
    repeats: Range
    seconds: Range | None
    route: Route | None
    apart: float
    hand_size: Range
    hand: str = "either"
    outer: NDArray[np.float64] | None = None
    touches: tuple[Touch, ...] = ()


@dataclass(frozen=True)
class Gesture:
    """A label and the ways of making it, all equally likely."""

    label: str
    meaning: str
    forms: tuple[Form, ...]

    @property
    def moves(self) -> bool:
        """Whether this is an action rather than a pose."""
        return self.forms[0].seconds is not None
