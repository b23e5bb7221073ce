"""A large family of random gestures: what hands can do at all, for a network that is to know hands before any class."""

import numpy as np

from handloom.described.gestures import Form, Gesture, KeyPose, Range
from handloom.described.people import Generator, generator_for
from handloom.described.skeleton import Floats

# Fingers are mostly out or folded, sometimes between: shares of the three.
_OUT, _FOLDED, _BETWEEN = 0.42, 0.33, 0.25

# Degrees that gestures are turned by: mostly the palm to the camera; some show the back, the thumb's side or the other.
_TURNS = (0.0, 0.0, 0.0, 0.0, 180.0, 180.0, 45.0, 75.0, -40.0, -75.0)

_VARIATION = np.array([*(0.08,) * 8, 0.3, *(0.12,) * 3])
_VIEW_DEVIATION = np.array([16.0, 11.0, 14.0])
_HAND_SIZE = Range(0.42, 0.85)
_STILL = Range(1, 1)


def random_gestures(count: int, seed: int) -> list[Gesture]:
    """As many different poses, each with a variation and a view as descriptions have them."""
    return [_gesture(f"random {number}", generator_for(seed, "random gesture", number)) for number in range(count)]


def _gesture(label: str, random: Generator) -> Gesture:
    view = np.array([random.choice(_TURNS) + random.normal(0, 5), random.normal(0, 8), 0.0])
    return Gesture(label, "", (random_form(random_shape(random), _VARIATION, view, _VIEW_DEVIATION),))


def random_form(shape: Floats, variation: Floats, view: Floats, view_deviation: Floats) -> Form:
    """A pose of a shape and its variation, ``[12]`` both, and a view and its deviation, ``[3]`` degrees."""
    return Form(
        shapes=shape[None],
        variation=variation,
        view_mean=view,
        view_deviation=view_deviation,
        key_poses=(KeyPose(0.0, 0, (0.0, 0.0, 0.0)),),
        easing="smooth",
        repeats=_STILL,
        seconds=None,
        route=None,
        apart=0.0,
        hand_size=_HAND_SIZE,
    )


def random_shape(random: Generator) -> Floats:
    """A hand shape ``[12]`` that a hand can have."""
    kind = random.choice(3, 4, p=[_OUT, _FOLDED, _BETWEEN])
    ranges = np.array([[0.0, 0.12], [0.65, 1.0], [0.12, 0.8]])[kind]
    curl = random.uniform(ranges[:, 0], ranges[:, 1])
    knuckle = curl * random.uniform(0.65, 1.05, 4) + (kind == 2) * random.uniform(-0.3, 0.3, 4)
    return np.array([*curl, *knuckle.clip(0, 1), random.uniform(-0.1, 1), *random.uniform(0, 1, 3)])
