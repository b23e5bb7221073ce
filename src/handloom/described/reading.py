"""Reading descriptions: YAML files to gestures; what is wrong is one line with the file and the field's full name."""

from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from handloom.described.fields import Fields, read_fields
from handloom.described.gestures import (
    AXES,
    EASINGS,
    HANDS,
    NAMED_PATHS,
    Form,
    Gesture,
    KeyPose,
    Range,
    Route,
    Touch,
    Waypoint,
)
from handloom.described.skeleton import FINGERS, OPEN_HAND, PARAMETERS
from handloom.described.touching import UNREACHABLE, gaps, with_touches
from handloom.errors import DataError

# Turn and tilt (degrees) that show a hand of which the palm looks so; roll for where the fingers then lead. A hand that
# leads to the camera or away from it is tilted by nearly a right angle.
FACING = {"camera": 0.0, "thumb_side": 75.0, "little_finger_side": -75.0, "away": 180.0}
POINTING = {
    "up": (0.0, 0.0),
    "down": (0.0, 180.0),
    "thumb_way": (0.0, -90.0),
    "little_finger_way": (0.0, 90.0),
    "camera": (70.0, 0.0),
    "away": (-70.0, 0.0),
}
DESCRIPTIONS = "*.yaml"  # what is read of a folder
_SPREAD_OF_ANGLES = 2  # a view is cut at two deviations, so the tolerance is two of them


def load_gestures(folder: Path) -> dict[str, Gesture]:
    """Read every ``*.yaml`` of a folder; the label is the file's name. In alphabetical order.

    Raises:
        DataError: a field is unknown, missing, of the wrong type or out of range, or there is no gesture at all, or
            poses and actions are mixed.
    """
    paths = sorted(folder.glob(DESCRIPTIONS))
    if not paths:
        raise DataError(f"{folder}: no gesture here; expected files like five.yaml, one for each label")
    gestures = {path.stem: load_gesture(path) for path in paths}
    first = next(iter(gestures.values()))
    for gesture in gestures.values():
        if gesture.moves != first.moves:
            raise DataError(
                f"{folder / gesture.label}.yaml: one of this and {first.label}.yaml has key_poses and one has not; "
                "put poses and actions into separate folders"
            )
    return gestures


def load_gesture(path: Path) -> Gesture:
    """Read one file; the label is its name.

    Raises:
        DataError: see `load_gestures`.
    """
    return _gesture(path.stem, read_fields(path))


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
    if moves:
        shapes, outer, touches, key_poses = _movement(fields)
    else:
        shape, bent, touching = _shape(fields, 0)
        shapes, outer, touches, key_poses = [shape], [bent], touching, (KeyPose(0.0, 0, (0.0, 0.0, 0.0)),)
    mean, deviation = _view(fields.section("view"))
    form = Form(
        shapes=np.stack(shapes),
        variation=_variation(fields.section("variation")),
        view_mean=mean,
        view_deviation=deviation,
        key_poses=key_poses,
        easing=fields.text("easing", EASINGS, "smooth") if moves else "smooth",
        repeats=_range(fields, "repeats", 1, 10, Range(1, 1)) if moves else Range(1, 1),
        seconds=_range(fields, "seconds", 0.5, 10) if moves else None,
        route=_route(fields.section("path")) if moves and "path" in fields else None,
        apart=fields.number("apart", 0, 2, 0),
        hand_size=_range(fields, "hand_size", 0.1, 1, Range(0.42, 0.8)),
        hand=fields.text("hand", HANDS, "either"),
        outer=np.stack(outer) if np.any(outer) else None,
        touches=touches,
    )
    fields.finish()
    _check_variation(fields, form)
    if form.route is not None:
        _check_path(fields, form.route, form.hand_size)
    return form


def _check_variation(fields: Fields, form: Form) -> None:
    if not form.variation.any() and not form.view_deviation.any():
        raise fields.error(
            "variation",
            "nothing varies, nor in view, so all examples would show one hand shape from one side; give curl, spread or"
            " thumb something above 0",
        )


def _check_path(fields: Fields, route: Route, hand_size: Range) -> None:
    palm = hand_size.least / OPEN_HAND  # of the smallest hand, in shorter sides of the picture
    radius = route.radius * (1 - route.radius_deviation) * palm
    if route.radius and 2 * radius + hand_size.least / 2 > 1:
        most = (1 - hand_size.least / 2) / 2 / palm
        raise fields.error(
            "path.circle.radius",
            f"leaves the picture even with the smallest hand (hand_size.least {hand_size.least:g}); at most {most:.2g},"
            f" got {route.radius:g}",
        )


def _shape(fields: Fields, number: int) -> tuple[NDArray[np.float64], NDArray[np.float64], tuple[Touch, ...]]:
    """A hand shape ``[12]``, how much further outermost joints are bent ``[4]``, and what touches in it."""
    values: dict[str, float] = {}
    outer = []
    fingers = fields.section("fingers")
    for finger in FINGERS:
        section = fingers.section(finger)
        curl, further = _curl(section)
        values[f"fingers.{finger}.curl"] = curl
        values[f"fingers.{finger}.knuckle"] = section.number("knuckle", 0, 1, curl)
        outer.append(further)
        section.finish()
    fingers.finish()
    values["spread"] = fields.number("spread", -0.5, 1)
    thumb = fields.section("thumb")
    for name in ("abduction", "opposition", "curl"):
        values[f"thumb.{name}"] = thumb.number(name, 0, 1)
    thumb.finish()
    shape, bent = np.array([values[name] for name in PARAMETERS]), np.array(outer)
    touches = _touches(fields, number)
    if touches:
        shape = with_touches(shape[None], bent[None], touches)[0]
        gap = gaps(shape[None], bent[None], touches)[0]
        if gap.max() > UNREACHABLE:
            finger = FINGERS[touches[int(gap.argmax())].finger]
            raise fields.error(
                f"touching.{finger}",
                f"cannot be reached from this shape, {gap.max():.2f} palm lengths are missing; bend the finger, or"
                " bring the thumb over",
            )
    return shape, bent, touches


def _curl(section: Fields) -> tuple[float, float]:
    """How bent the middle joint is, and how much further the outermost one."""
    if not section.is_section("curl"):
        return section.number("curl", 0, 1), 0.0
    joints = section.section("curl")
    middle, outer = joints.number("middle", 0, 1), joints.number("outer", 0, 1)
    joints.finish()
    if outer > middle + 0.5:
        raise joints.error("outer", f"no finger bends its outermost joint that far ahead of the middle one, {middle:g}")
    return middle, outer - middle


def _touches(fields: Fields, number: int) -> tuple[Touch, ...]:
    section = fields.section("touching", optional=True)
    touches = tuple(
        Touch(number, at, section.text(finger, ("thumb", "palm")) == "palm")
        for at, finger in enumerate(FINGERS)
        if finger in section
    )
    section.finish()
    return touches


def _movement(
    fields: Fields,
) -> tuple[list[NDArray[np.float64]], list[NDArray[np.float64]], tuple[Touch, ...], tuple[KeyPose, ...]]:
    named = fields.section("shapes")
    names = tuple(str(name) for name in named)
    shapes, outer = [], []
    touches: tuple[Touch, ...] = ()
    for number, name in enumerate(names):
        section = named.section(name)
        shape, bent, touching = _shape(section, number)
        section.finish()
        shapes.append(shape)
        outer.append(bent)
        touches += touching
    key_poses = []
    for section in fields.sections("key_poses"):
        at = section.number("at", 0, 1)
        turned = (section.number("turn", -180, 180, 0), section.number("tilt", -90, 90, 0))
        roll = section.number("roll", -180, 180, 0)
        key_poses.append(KeyPose(at, names.index(section.text("shape", names)), (*turned, roll)))
        section.finish()
    _check_times(fields, "key_poses", [key_pose.at for key_pose in key_poses])
    return shapes, outer, touches, tuple(key_poses)


def _variation(fields: Fields) -> NDArray[np.float64]:
    sizes = {name: fields.number(name, 0, 1) for name in ("curl", "spread", "thumb")}
    fields.finish()
    return np.array([sizes[name.split(".")[0] if "fingers" not in name else "curl"] for name in PARAMETERS])


def _view(fields: Fields) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    if not any(axis in fields for axis in AXES):
        return _view_in_words(fields)
    means, deviations = [], []
    for axis in AXES:
        section = fields.section(axis)
        means.append(section.number("mean", -180, 180))
        deviations.append(section.number("deviation", 0, 90))
        section.finish()
    fields.finish()
    return np.array(means), np.array(deviations)


def _view_in_words(fields: Fields) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    turn = FACING[fields.text("facing", tuple(FACING))]
    tilt, roll = POINTING[fields.text("pointing", tuple(POINTING), "up")]
    deviation = fields.number("tolerance", 0, 90) / _SPREAD_OF_ANGLES
    fields.finish()
    return np.array([turn, tilt, roll]), np.full(len(AXES), deviation)


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
    if "named" in fields:
        name = fields.text("named", tuple(NAMED_PATHS))
        waypoints = [Waypoint(*place) for place in NAMED_PATHS[name]]
    else:
        for section in fields.sections("waypoints"):
            at = section.number("at", 0, 1)
            waypoints.append(Waypoint(at, *(_inside(section, axis) for axis in ("x", "y"))))
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


def _inside(section: Fields, axis: str) -> float:
    """A place in the picture."""
    place = section.number(axis, -1000, 1000)
    if not 0 <= place <= 1:
        raise section.error(axis, f"leaves the picture, which goes from 0 to 1; got {place:g}")
    return place


def _check_times(fields: Fields, name: str, times: list[float]) -> None:
    if times[0] != 0 or times[-1] != 1 or any(a >= b for a, b in pairwise(times)):
        raise fields.error(name, "`at` must rise from 0 to 1, the first at 0 and the last at 1")
