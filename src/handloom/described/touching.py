"""Fingertips that meet the thumb's tip or the palm: inverse kinematics on hand shapes, whole batches at once."""

from collections.abc import Sequence

import numpy as np

from handloom.described.gestures import Touch
from handloom.described.skeleton import LEAST, MOST, PARAMETERS, TYPICAL_LENGTHS, Floats, joints_of

# Between the middles of two parts that touch, palm lengths: two radii (`handloom.sample.flesh`), pressed a little.
CONTACT, PALM_CONTACT = 0.16, 0.25
# A description whose touching parts stay farther apart than this cannot be meant.
UNREACHABLE = 0.12
# Where in the palm a curled finger's tip comes to lie: the share of the way from the wrist to its knuckle.
_PALM_PLACE = 0.55

_THUMB_TIP = 4
_ROUNDS, _ROUNDS_NEARBY = 40, 4
_STEP = 1e-3
# How strongly parameters stay where they were against closing the gap; palm lengths a unit of a parameter.
_DAMPING = 0.02
_MOVABLE_THUMB = [PARAMETERS.index(f"thumb.{name}") for name in ("abduction", "opposition", "curl")]


def with_touches(
    shapes: Floats, outer: Floats | None, touches: Sequence[Touch], lengths: Floats = TYPICAL_LENGTHS
) -> Floats:
    """Hand shapes ``[N, 12]`` in which the touches hold as nearly as fingers and thumb can bend (Gauss-Newton).

    The bones are ``[20]``; far from a solution this takes many rounds, so it is for what a description says.
    """
    movable = _movable(touches)
    for _ in range(_ROUNDS):
        slope = _slope(shapes, outer, touches, movable, lengths)
        shapes = _stepped(shapes, _missing(shapes, outer, touches, lengths), slope, movable)
    return shapes


def with_touches_nearby(
    shapes: Floats, near: Floats, outer: Floats | None, touches: Sequence[Touch], lengths: Floats
) -> Floats:
    """The same for shapes ``[N, 12]`` of bones ``[N, 20]`` that are all near one ``[12]`` in which the touches hold.

    They share that one's slopes, so that each round costs no more than the joints.
    """
    movable = _movable(touches)
    bent = None if outer is None else outer[:1]
    slope = _slope(near[None], bent, touches, movable, TYPICAL_LENGTHS)
    for _ in range(_ROUNDS_NEARBY):
        shapes = _stepped(shapes, _missing(shapes, outer, touches, lengths), slope, movable)
    return shapes


def gaps(shapes: Floats, outer: Floats | None, touches: Sequence[Touch], lengths: Floats = TYPICAL_LENGTHS) -> Floats:
    """How far each touch is from holding: ``[N, touches]``, palm lengths."""
    missing = _missing(shapes, outer, touches, lengths).reshape(len(shapes), len(touches), 3)
    return np.asarray(np.linalg.norm(missing, axis=-1))


def _movable(touches: Sequence[Touch]) -> list[int]:
    fingers = [touch.finger for touch in touches]
    return [*fingers, *(4 + finger for finger in fingers)] + (
        _MOVABLE_THUMB if any(not touch.palm for touch in touches) else []
    )


def _missing(shapes: Floats, outer: Floats | None, touches: Sequence[Touch], lengths: Floats) -> Floats:
    """From where each tip is to where it would touch: ``[N, 3 touches]``."""
    joints = joints_of(shapes, np.broadcast_to(lengths, (len(shapes), lengths.shape[-1])), outer)
    ways = []
    for touch in touches:
        knuckle = 5 + 4 * touch.finger
        tip = joints[:, knuckle + 3]
        target = joints[:, knuckle] * _PALM_PLACE if touch.palm else joints[:, _THUMB_TIP]
        way = target - tip
        distance = np.maximum(np.linalg.norm(way, axis=1, keepdims=True), 1e-6)
        ways.append(way * (1 - (PALM_CONTACT if touch.palm else CONTACT) / distance))
    return np.concatenate(ways, axis=1)


def _slope(
    shapes: Floats, outer: Floats | None, touches: Sequence[Touch], movable: list[int], lengths: Floats
) -> Floats:
    """How what is missing changes with the movable parameters: ``[N, 3 touches, movable]``."""
    now = _missing(shapes, outer, touches, lengths)
    columns = []
    for parameter in movable:
        moved = shapes.copy()
        moved[:, parameter] += _STEP
        columns.append((_missing(moved, outer, touches, lengths) - now) / _STEP)
    return np.stack(columns, axis=-1)


def _stepped(shapes: Floats, missing: Floats, slope: Floats, movable: list[int]) -> Floats:
    turned = slope.swapaxes(-1, -2)
    damped = turned @ slope + _DAMPING * np.eye(len(movable))
    step = -np.linalg.solve(damped, turned @ missing[..., None])[..., 0]
    shapes = shapes.copy()
    shapes[:, movable] += step.clip(-0.3, 0.3)
    return np.asarray(np.clip(shapes, LEAST, MOST))
