"""The language in which gestures are described; `reading.py` reads it, docs/gestures.md shows it.

A gesture is one YAML file whose name is the label. Everything is said in the terms of an anatomy book; no picture is
involved. All of it is about a **right hand whose palm faces the camera, fingers up**; left hands are its mirror image.

A still hand (a pose)::

    meaning: one line in plain words
    fingers:                    # index, middle, ring, little
      index:
        curl: 0.0               # both outer joints, 0 straight to 1 rolled into a fist; or {middle: 0.4, outer: 0.1}
        knuckle: 0.0            # the knuckle alone, 0 straight to 1 at a right angle; as `curl` if left out
      ...
    spread: 0.4                 # 0 fingers parallel, 1 as far apart as they go, down to -0.5 crossing
    thumb:
      abduction: 0.2            # 0 beside the index finger, 1 as far out in the plane of the palm as it goes
      opposition: 0.7           # 0 in the plane of the palm, 1 lifted off it and swung over to the little finger's side
      curl: 0.6                 # both outer joints, 0 straight to 1
    touching:                   # optional: fingertips that meet the thumb's tip, or the palm; the finger and the thumb
      index: thumb              # are bent further or less than said above until they do
      ring: palm
    hand: either                # optional: left or right
    variation:                  # how far each may be from what is said above, at most; uniform
      curl: 0.05                # of each finger by itself
      spread: 0.2
      thumb: 0.08               # of each of its three numbers
    view:                       # how the whole hand is turned, degrees: mean and standard deviation, cut at two
      turn: {mean: 0, deviation: 15}    # about the forearm; positive shows more of the thumb's side
      tilt: {mean: 0, deviation: 10}    # positive: the fingers lean towards the camera
      roll: {mean: 0, deviation: 12}    # in the picture's plane; positive: anticlockwise
                                # or, in words: facing: camera, away, thumb_side, little_finger_side (what the palm
                                # looks at, or which edge is in front), pointing: up, down, thumb_way,
                                # little_finger_way, camera, away (where the fingers lead), tolerance: degrees
    apart: 0.3                  # optional: stay this far from every other gesture of the folder, palm lengths a joint
    hand_size: {least: 0.42, most: 0.8}   # optional: an upright open hand against the picture's shorter side

A moving hand (an action) names its hand shapes and says when it takes which::

    meaning: ...
    shapes:
      open: {fingers: ..., spread: ..., thumb: ...}
      closed: {fingers: ..., spread: ..., thumb: ...}
    key_poses:                  # `at` rises from 0 to 1; the last one must be at 1
      - {at: 0, shape: open}
      - {at: 0.5, shape: closed, turn: 0, tilt: 0, roll: 10}   # turned further than `view` says, degrees
      - {at: 1, shape: open}
    easing: smooth              # or linear, faster, slower: how the hand goes from one key pose to the next
    repeats: {least: 1, most: 3}        # how often the key poses are gone through in one clip
    seconds: {least: 1, most: 2.5}      # how long the clip is
    path:                       # where the wrist goes during the clip; 0 to 1 from left to right and from bottom to top
      waypoints:                # of the room in which the whole hand is inside the picture
        - {at: 0, x: 0.9, y: 0.5}
        - {at: 1, x: 0.1, y: 0.5}
      jitter: 0.05              # each waypoint may be this far off; uniform
    variation: ...
    view: ...

or, for the path, ``circle: {radius: 0.8, deviation: 0.1, turns: 1}``: radius in palm lengths and the share by which it
may differ, around any place, either way round; or ``named:`` with one of `NAMED_PATHS` in place of waypoints. Without a
path the hand stays where it happens to be.

A gesture that is many things (a background) lists them: ``meaning`` and ``any_of: [...]``, each entry as above.
"""

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
