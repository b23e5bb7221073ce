"""What one picture or one clip shows: a declared gesture, made by a person, at random within what is declared."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from handloom.described.cameras import Cameras, draw_views
from handloom.described.gestures import AXES, Form, Gesture, Range, Route
from handloom.described.people import Generator, Person
from handloom.described.skeleton import (
    LEAST,
    MOST,
    OPEN_HAND,
    PARAMETERS,
    TYPICAL_LENGTHS,
    Camera,
    Floats,
    joints_of,
    rotation_of,
)
from handloom.described.touching import with_touches_nearby

FRAMES_PER_SECOND = 30

# The shorter side of a picture of cameras that are given, pixels; joints are fractions of it in the end.
_SHORTER_SIDE = 1000

# How close a joint may come to the picture's edge, palm lengths: about a finger's thickness.
_MARGIN = 0.15

# A clip stays within this, whoever makes the gesture: seconds.
_SHORTEST, _LONGEST = 1.0, 3.0

# No hand is still: deviations of a hand shape's numbers, and of the hand's turning in degrees.
_SHAPE_TREMOR, _VIEW_TREMOR = 0.015, 2.0

# Candidates drawn for a shape that must stay away from others.
_CANDIDATES = 64

_CURLS = np.array([name.endswith(".curl") and name.startswith("fingers.") for name in PARAMETERS])
_KNUCKLES = np.array([name.endswith(".knuckle") for name in PARAMETERS])


Sizes = Sequence[tuple[int, int]]  # width and height of pictures, pixels


@dataclass(frozen=True)
class Performance:
    """A gesture as it is made once.

    Attributes:
        width: of the picture, pixels.
        height: of the picture, pixels.
        joints: ``[T, 21, 3]`` in the hand's frame, palm lengths.
        camera: for all T frames.
    """

    width: int
    height: int
    joints: Floats
    camera: Camera


def vary_shapes(form: Form, count: int, random: Generator) -> Floats:
    """Draw each hand shape of a form `count` times within its declared variation: ``[count, S, 12]``.

    A finger's knuckle and outer joints are moved by the same muscles, so they are off by the same amount.
    """
    off = random.uniform(-1, 1, (count, *form.shapes.shape)) * form.variation
    off[..., _KNUCKLES] = off[..., _CURLS]
    return np.asarray(np.clip(form.shapes + off, LEAST, MOST))


def vary_view(form: Form, count: int, random: Generator) -> Floats:
    """Draw the hand's (turn, tilt, roll) `count` times: ``[count, 3]`` degrees."""
    return np.asarray(form.view_mean + form.view_deviation * random.standard_normal((count, 3)).clip(-2, 2))


def perform(
    gesture: Gesture,
    others: list[Gesture],
    person: Person,
    random: Generator,
    seen_by: Cameras | Sizes,
    frame_rate: float = FRAMES_PER_SECOND,
) -> Performance:
    """Make a gesture once: one frame of a pose, all frames of an action.

    Args:
        gesture: what to make.
        others: the other gestures of the folder, which a form with `apart` keeps away from.
        person: who makes it.
        random: decides everything that is left open.
        seen_by: one of these cameras is looked through; or the picture has one of these sizes, and the camera is at
            some usual distance.
        frame_rate: frames/s of an action.
    """
    form = gesture.forms[random.integers(len(gesture.forms))]
    if isinstance(seen_by, Cameras):
        view = draw_views(seen_by, form.hand_size, 1, random)
        width, height = view.pixels(0, _SHORTER_SIDE)
    else:
        view = None
        width, height = seen_by[int(random.integers(len(seen_by)))]
    left = bool(random.random() < person.left_handed)
    if form.hand != "either":
        left = form.hand == "left"
    hand = _uniform(random, form.hand_size) / OPEN_HAND if view is None else float(view.scale[0])
    scale = min(width, height) * hand

    shapes = np.clip(_choose_shapes(form, others, random) + person.shape_habit, LEAST, MOST)
    for number in sorted({touch.shape for touch in form.touches}):
        these = [touch for touch in form.touches if touch.shape == number]
        outer = None if form.outer is None else form.outer[number : number + 1]
        shapes[number] = with_touches_nearby(
            shapes[number : number + 1], form.shapes[number], outer, these, person.lengths[None]
        )[0]
    angles = vary_view(form, 1, random)[0] + person.view_habit
    seconds = 0.0 if form.seconds is None else _seconds(form.seconds, person, random)
    frames = max(round(seconds * frame_rate), 1)
    time = np.arange(frames) / max(frames - 1, 1)
    shapes_in_time, turned, outer_in_time = _key_poses_in_time(form, shapes, time, random)
    if frames > 1:
        unrest = _tremor(random, frames, len(PARAMETERS), frame_rate) * _SHAPE_TREMOR
        shapes_in_time = np.clip(shapes_in_time + unrest, LEAST, MOST)
        turned = turned + _tremor(random, frames, len(AXES), frame_rate) * _VIEW_TREMOR

    joints = joints_of(shapes_in_time, np.broadcast_to(person.lengths, (frames, person.lengths.size)), outer_in_time)
    distance = random.uniform(6, 14) if view is None else float(view.distance[0])
    at_origin = Camera(rotation_of(angles + turned), left, scale, np.zeros((frames, 2)), distance)
    wrist = _place(form.route, at_origin, joints, time, (width, height), random)
    return Performance(width, height, joints, replace(at_origin, wrist=wrist))


def _uniform(random: Generator, between: Range) -> float:
    return float(random.uniform(between.least, between.most))


def _seconds(declared: Range, person: Person, random: Generator) -> float:
    return float(np.clip(_uniform(random, declared) * person.haste, _SHORTEST, _LONGEST))


def _choose_shapes(form: Form, others: list[Gesture], random: Generator) -> Floats:
    """One draw of the form's shapes ``[S, 12]`` that is far enough from the shapes of all other gestures."""
    if form.apart == 0:
        return np.asarray(vary_shapes(form, 1, random)[0])
    candidates = vary_shapes(form, _CANDIDATES, random)
    distances = least_distance(candidates.reshape(-1, len(PARAMETERS)), others).reshape(candidates.shape[:2])
    nearest = distances.min(axis=1)
    far_enough = np.flatnonzero(nearest >= form.apart)
    # If the declared space has next to nothing that is far enough, the farthest is the best there is.
    return np.asarray(candidates[far_enough[0] if far_enough.size else nearest.argmax()])


def least_distance(shapes: Floats, others: list[Gesture]) -> Floats:
    """How far hand shapes ``[N, 12]`` are from the nearest of other gestures: palm lengths a joint, ``[N]``."""
    declared = np.concatenate([form.shapes for gesture in others for form in gesture.forms])
    ours, theirs = (joints_of(these, np.tile(TYPICAL_LENGTHS, (len(these), 1))) for these in (shapes, declared))
    distances = np.linalg.norm(ours[:, None] - theirs[None], axis=-1).mean(axis=-1)
    return np.asarray(distances.min(axis=1))


def _key_poses_in_time(
    form: Form, shapes: Floats, time: Floats, random: Generator
) -> tuple[Floats, Floats, Floats | None]:
    """Hand shape ``[T, 12]``, further turning ``[T, 3]`` (degrees), outermost joints, at times 0 to 1 of a clip."""
    repeats = random.integers(round(form.repeats.least), round(form.repeats.most) + 1)
    # The clip ends with the last key pose, not with the first one of a further repeat.
    phase = np.minimum(time * repeats, repeats - 1e-9) % 1.0
    ats = np.array([key_pose.at for key_pose in form.key_poses])
    keyed = np.stack([np.concatenate([shapes[key.shape], key.turned]) for key in form.key_poses])
    values = _between(ats, keyed, phase, form.easing)
    outer = None
    if form.outer is not None:
        outer = _between(ats, np.stack([form.outer[key.shape] for key in form.key_poses]), phase, form.easing)
    return values[:, : len(PARAMETERS)], values[:, len(PARAMETERS) :], outer


def _between(ats: Floats, values: Floats, time: Floats, easing: str) -> Floats:
    """Values ``[K, ...]`` given at times ``[K]``, at other times ``[T]``: ``[T, ...]``."""
    if len(ats) == 1:
        return np.repeat(values, len(time), axis=0)
    before = np.clip(np.searchsorted(ats, time, side="right") - 1, 0, len(ats) - 2)
    share = (time - ats[before]) / (ats[before + 1] - ats[before])
    if easing == "smooth":
        share = share * share * (3 - 2 * share)
    elif easing == "faster":
        share = share * share
    elif easing == "slower":
        share = share * (2 - share)
    return np.asarray(values[before] + (values[before + 1] - values[before]) * share[:, None])


def _tremor(random: Generator, frames: int, numbers: int, frame_rate: float) -> Floats:
    """Slow unrest with a deviation of about 1: ``[T, numbers]``."""
    waves = 3
    time = np.arange(frames)[:, None, None] / frame_rate
    speed = random.uniform(1.0, 9.0, (waves, numbers))
    start = random.uniform(0, 2 * np.pi, (waves, numbers))
    return np.asarray(np.sin(speed * time + start).sum(axis=1) * np.sqrt(2 / waves))


def _place(
    route: Route | None, camera: Camera, joints: Floats, time: Floats, size: tuple[int, int], random: Generator
) -> Floats:
    """Where the wrist is in the picture, ``[T, 2]`` pixels, y down, so that every joint stays inside in every frame."""
    points = camera.project(joints)[0][..., :2]
    margin = _MARGIN * camera.scale
    least = margin - points.min(axis=(0, 1))
    most = np.array(size) - margin - points.max(axis=(0, 1))
    # A hand too big for the picture is put in its middle.
    least, most = np.minimum(least, (least + most) / 2), np.maximum(most, (least + most) / 2)
    if route is None or route.waypoints:
        share = _along_waypoints(route, time, random)
        return np.asarray(least + (most - least) * share)
    radius = camera.scale * route.radius * (1 + random.uniform(-1, 1) * route.radius_deviation)
    radius = min(radius, float((most - least).min()) / 2)
    centre = random.uniform(least + radius, np.maximum(most - radius, least + radius))
    angle = random.uniform(0, 2 * np.pi) + 2 * np.pi * route.turns * time * random.choice([-1, 1])
    return np.asarray(centre + radius * np.stack([np.cos(angle), np.sin(angle)], axis=-1))


def _along_waypoints(route: Route | None, time: Floats, random: Generator) -> Floats:
    """Shares of the wrist's room, ``[T, 2]``, from 0 (left, top) to 1 (right, bottom)."""
    if route is None:
        return np.broadcast_to(random.beta(2, 2, 2), (len(time), 2))
    points = np.array([(waypoint.x, 1 - waypoint.y) for waypoint in route.waypoints])
    points = np.clip(points + random.uniform(-1, 1, points.shape) * route.jitter, 0, 1)
    return _between(np.array([waypoint.at for waypoint in route.waypoints]), points, time, "smooth")
