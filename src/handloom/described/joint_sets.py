"""From a description to joints without a picture: thousands of hands at once, or the clips of an action."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from handloom.described.cameras import Cameras, draw_views, place, project
from handloom.described.gestures import Form, Gesture
from handloom.described.landmark_error import LandmarkError
from handloom.described.people import Generator, Person
from handloom.described.performance import least_distance, perform, vary_shapes, vary_view
from handloom.described.skeleton import LEAST, MOST, Floats, joints_of, rotation_of
from handloom.described.touching import with_touches_nearby
from handloom.hand import CHANNELS, JOINT_COUNT, Poses, poses_from_picture

# Hands that are made together: their numbers fit into a processor's cache.
TOGETHER = 4096

# How often shapes that are not far enough from other gestures' are drawn again.
_DRAWS = 12


@dataclass(frozen=True)
class JointSets:
    """N hands.

    Attributes:
        poses: float32 ``[N, 3, 21]``, see `handloom.hand`.
        person: int64 ``[N]``, whose hand.
        left: bool ``[N]``.
    """

    poses: Poses
    person: NDArray[np.int64]
    left: NDArray[np.bool_]


@dataclass(frozen=True)
class Makers:
    """Who makes gestures and how they are seen.

    Attributes:
        people: each hand is of one of them, all equally often.
        cameras: see `Cameras`.
        error: of the landmarker; None: joints as they are.
    """

    people: Sequence[Person]
    cameras: Cameras
    error: LandmarkError | None


def joint_sets(
    gesture: Gesture, others: list[Gesture], makers: Makers, count: int, random: Generator, first: int = 0
) -> JointSets:
    """Make a pose `count` times.

    Args:
        gesture: a pose.
        others: gestures that a form with `apart` keeps away from.
        makers: people, cameras and the landmarker's error.
        count: N.
        random: decides everything that is left open.
        first: the number of the first one; it says whose turn it is.
    """
    parts = [
        _some(gesture, others, makers, first + start, min(TOGETHER, count - start), random)
        for start in range(0, count, TOGETHER)
    ]
    poses, person, left = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    return JointSets(poses, person, left)


def _some(
    gesture: Gesture, others: list[Gesture], makers: Makers, first: int, count: int, random: Generator
) -> tuple[Poses, NDArray[np.int64], NDArray[np.bool_]]:
    person = (np.arange(count) + first) % len(makers.people)
    left = random.random(count) < np.array([one.left_handed for one in makers.people])[person]
    poses = np.empty((count, len(CHANNELS), JOINT_COUNT), np.float32)
    which = random.integers(len(gesture.forms), size=count)
    for number, form in enumerate(gesture.forms):
        rows = np.flatnonzero(which == number)
        if len(rows):
            if form.hand != "either":
                left[rows] = form.hand == "left"
            poses[rows] = _of_form(form, others, makers, person[rows], left[rows], random)
    return poses, person, left


def _of_form(
    form: Form,
    others: list[Gesture],
    makers: Makers,
    person: NDArray[np.int64],
    left: NDArray[np.bool_],
    random: Generator,
) -> Poses:
    """float32 ``[N, 3, 21]`` of N hands."""
    lengths, habit, view_habit = (
        np.stack([getattr(one, name) for one in makers.people])[person]
        for name in ("lengths", "shape_habit", "view_habit")
    )
    shapes = np.clip(_apart(form, others, len(person), random) + habit, LEAST, MOST)
    turned = rotation_of(vary_view(form, len(person), random) + view_habit)
    if form.touches:
        shapes = with_touches_nearby(shapes, form.shapes[0], form.outer, form.touches, lengths)
    space = joints_of(shapes, lengths, form.outer) @ turned.swapaxes(-1, -2)
    return seen_by_cameras(space, left, form, makers, random)


def seen_by_cameras(space: Floats, left: NDArray[np.bool_], form: Form, makers: Makers, random: Generator) -> Poses:
    """Right hands in space ``[N, 21, 3]`` (turned already; palm lengths) as landmarks, left ones mirrored."""
    views = draw_views(makers.cameras, form.hand_size, len(space), random)
    seen = project(space, views)
    if makers.error is not None:
        seen = seen + makers.error.draw(space, seen, random)
    seen[left, :, 0] *= -1
    points = place(seen, views, random)
    poses = np.ones((len(space), len(CHANNELS), JOINT_COUNT), np.float32)
    poses[:, :2] = points.swapaxes(1, 2)
    return poses


def _apart(form: Form, others: list[Gesture], count: int, random: Generator) -> Floats:
    """Shapes ``[count, 12]`` of a pose, drawn again where they are too near to another gesture's."""
    shapes = vary_shapes(form, count, random)[:, 0]
    if form.apart == 0 or not others:
        return np.asarray(shapes)
    distance = least_distance(shapes, others)
    for _ in range(_DRAWS):
        near = np.flatnonzero(distance < form.apart)
        if not len(near):
            break
        again = vary_shapes(form, len(near), random)[:, 0]
        other = least_distance(again, others)
        # If the declared space has next to nothing that is far enough, the farthest is the best there is.
        better = other > distance[near]
        shapes[near[better]], distance[near[better]] = again[better], other[better]
    return np.asarray(shapes)


@dataclass(frozen=True)
class JointClip:
    """One clip.

    Attributes:
        poses: float32 ``[T, 3, 21]``, see `handloom.hand`.
        left: whether it is a left hand.
    """

    poses: Poses
    left: bool


def joint_clip(
    gesture: Gesture,
    others: list[Gesture],
    person: Person,
    cameras: Cameras,
    error: LandmarkError | None,
    frame_rate: float,
    random: Generator,
) -> JointClip:
    """Make an action once.

    Args:
        gesture: an action.
        others: gestures that a form with `apart` keeps away from.
        person: who makes it.
        cameras: one of them is looked through.
        error: of the landmarker; None: joints as they are.
        frame_rate: frames/s.
        random: decides everything that is left open.
    """
    performance = perform(gesture, others, person, random, cameras, frame_rate)
    camera = performance.camera
    pixels = camera.project(performance.joints)[0][..., :2]  # y down
    if error is not None:
        pixels = pixels + _error_in_picture(
            error, performance.joints @ camera.rotation.swapaxes(-1, -2), camera.scale, pixels, camera.left, random
        )
    return JointClip(poses_from_picture(pixels / [performance.width, performance.height]), camera.left)


def _error_in_picture(
    error: LandmarkError, space: Floats, scale: float, pixels: Floats, left: bool, random: Generator
) -> Floats:
    """``[T, 21, 2]`` pixels, y down; the camera's left hands are mirrored right ones."""
    way = np.array([-1.0 if left else 1.0, -1.0])
    seen = (pixels - pixels[:, :1]) / scale * way
    errors: NDArray[np.float64] = error.draw_in_time(space, seen, random) * scale * way
    return errors
