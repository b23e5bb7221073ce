"""The language in which gestures are declared, and its reader.

A gesture is one YAML file whose name is the label. Everything is said in the terms of an anatomy book; no picture is
involved. All of it is about a **right hand whose palm faces the camera, fingers up**; left hands are its mirror image.

A still hand (a pose)::

    meaning: one line in plain words
    fingers:                    # index, middle, ring, little
      index:
        curl: 0.0               # both outer joints, 0 straight to 1 rolled into a fist
        knuckle: 0.0            # the knuckle alone, 0 straight to 1 at a right angle; as `curl` if left out
      ...
    spread: 0.4                 # 0 fingers parallel, 1 as far apart as they go, down to -0.5 crossing
    thumb:
      abduction: 0.2            # 0 beside the index finger, 1 as far out in the plane of the palm as it goes
      opposition: 0.7           # 0 in the plane of the palm, 1 lifted off it and swung over to the little finger's side
      curl: 0.6                 # both outer joints, 0 straight to 1
    variation:                  # how far each may be from what is said above, at most; uniform
      curl: 0.05                # of each finger by itself
      spread: 0.2
      thumb: 0.08               # of each of its three numbers
    view:                       # how the whole hand is turned, degrees: mean and standard deviation, cut at two
      turn: {mean: 0, deviation: 15}    # about the forearm; positive shows more of the thumb's side
      tilt: {mean: 0, deviation: 10}    # positive: the fingers lean towards the camera
      roll: {mean: 0, deviation: 12}    # in the picture's plane; positive: anticlockwise
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
    easing: smooth              # or linear: how the hand goes from one key pose to the next
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
may differ, around any place, either way round. Without a path the hand stays where it happens to be.

A gesture that is many things (a background) lists them: ``meaning`` and ``any_of: [...]``, each entry as above.
"""

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from handloom.described.fields import Fields, read_fields
from handloom.described.skeleton import FINGERS, PARAMETERS
from handloom.errors import DataError

AXES = ("turn", "tilt", "roll")


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


def load_gestures(folder: Path) -> dict[str, Gesture]:
    """Read every ``*.yaml`` of a folder; the label is the file's name. In alphabetical order.

    Raises:
        DataError: a field is unknown, missing, of the wrong type or out of range, or there is no gesture at all, or
            poses and actions are mixed.
    """
    paths = sorted(folder.glob("*.yaml"))
    if not paths:
        raise DataError(f"{folder}: no gesture here; expected files like five.yaml, one for each label")
    gestures = {path.stem: _gesture(path.stem, read_fields(path)) for path in paths}
    first = next(iter(gestures.values()))
    for gesture in gestures.values():
        if gesture.moves != first.moves:
            raise DataError(
                f"{gesture.label}.yaml: one of this and {first.label}.yaml has key_poses and one has not; "
                "put poses and actions into separate folders"
            )
    return gestures


def _gesture(label: str, fields: Fields) -> Gesture:
    meaning = fields.text("meaning")
    if "any_of" in fields:
        entries = fields.sections("any_of")
        fields.finish()
        forms = tuple(_form(entry) for entry in entries)
        for entry, form in zip(entries, forms, strict=True):
            if (form.seconds is None) != (forms[0].seconds is None):
                raise entry.error("", "all entries must have key_poses, or none")
    else:
        forms = (_form(fields),)
    return Gesture(label, meaning, forms)


def _form(fields: Fields) -> Form:
    moves = "key_poses" in fields
    shapes, key_poses = _movement(fields) if moves else ([_shape(fields)], (KeyPose(0.0, 0, (0.0, 0.0, 0.0)),))
    mean, deviation = _view(fields.section("view"))
    form = Form(
        shapes=np.stack(shapes),
        variation=_variation(fields.section("variation")),
        view_mean=mean,
        view_deviation=deviation,
        key_poses=key_poses,
        easing=fields.text("easing", ("smooth", "linear"), "smooth") if moves else "smooth",
        repeats=_range(fields, "repeats", 1, 10, Range(1, 1)) if moves else Range(1, 1),
        seconds=_range(fields, "seconds", 0.5, 10) if moves else None,
        route=_route(fields.section("path")) if moves and "path" in fields else None,
        apart=fields.number("apart", 0, 2, 0),
        hand_size=_range(fields, "hand_size", 0.1, 1, Range(0.42, 0.8)),
    )
    fields.finish()
    return form


def _shape(fields: Fields) -> NDArray[np.float64]:
    values: dict[str, float] = {}
    fingers = fields.section("fingers")
    for finger in FINGERS:
        section = fingers.section(finger)
        values[f"fingers.{finger}.curl"] = curl = section.number("curl", 0, 1)
        values[f"fingers.{finger}.knuckle"] = section.number("knuckle", 0, 1, curl)
        section.finish()
    fingers.finish()
    values["spread"] = fields.number("spread", -0.5, 1)
    thumb = fields.section("thumb")
    for name in ("abduction", "opposition", "curl"):
        values[f"thumb.{name}"] = thumb.number(name, 0, 1)
    thumb.finish()
    return np.array([values[name] for name in PARAMETERS])


def _movement(fields: Fields) -> tuple[list[NDArray[np.float64]], tuple[KeyPose, ...]]:
    named = fields.section("shapes")
    names = tuple(str(name) for name in named)
    shapes = []
    for name in names:
        section = named.section(name)
        shapes.append(_shape(section))
        section.finish()
    key_poses = []
    for section in fields.sections("key_poses"):
        at = section.number("at", 0, 1)
        turned = (section.number("turn", -180, 180, 0), section.number("tilt", -90, 90, 0))
        roll = section.number("roll", -180, 180, 0)
        key_poses.append(KeyPose(at, names.index(section.text("shape", names)), (*turned, roll)))
        section.finish()
    _check_times(fields, "key_poses", [key_pose.at for key_pose in key_poses])
    return shapes, tuple(key_poses)


def _variation(fields: Fields) -> NDArray[np.float64]:
    sizes = {name: fields.number(name, 0, 1) for name in ("curl", "spread", "thumb")}
    fields.finish()
    return np.array([sizes[name.split(".")[0] if "fingers" not in name else "curl"] for name in PARAMETERS])


def _view(fields: Fields) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    means, deviations = [], []
    for axis in AXES:
        section = fields.section(axis)
        means.append(section.number("mean", -180, 180))
        deviations.append(section.number("deviation", 0, 90))
        section.finish()
    fields.finish()
    return np.array(means), np.array(deviations)


def _route(fields: Fields) -> Route:
    if "circle" in fields:
        circle = fields.section("circle")
        fields.finish()
        route = Route(
            radius=circle.number("radius", 0.1, 5),
            radius_deviation=circle.number("deviation", 0, 1, 0),
            turns=circle.number("turns", 0.5, 5, 1),
        )
        circle.finish()
        return route
    waypoints = []
    for section in fields.sections("waypoints"):
        waypoints.append(Waypoint(*(section.number(name, 0, 1) for name in ("at", "x", "y"))))
        section.finish()
    _check_times(fields, "waypoints", [waypoint.at for waypoint in waypoints])
    route = Route(waypoints=tuple(waypoints), jitter=fields.number("jitter", 0, 1, 0))
    fields.finish()
    return route


def _range(fields: Fields, name: str, least: float, most: float, default: Range | None = None) -> Range:
    if default is not None and name not in fields:
        return default
    section = fields.section(name)
    lower = section.number("least", least, most)
    upper = section.number("most", least, most)
    section.finish()
    if lower > upper:
        raise section.error("least", f"must not be more than most ({upper:g}), got {lower:g}")
    return Range(lower, upper)


def _check_times(fields: Fields, name: str, times: list[float]) -> None:
    if times[0] != 0 or times[-1] != 1 or any(a >= b for a, b in pairwise(times)):
        raise fields.error(name, "`at` must rise from 0 to 1, the first at 0 and the last at 1")
