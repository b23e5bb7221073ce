"""Reading descriptions: YAML files to gestures; what is wrong is one line with the file and the field's full name."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from handloom.described import schema
from handloom.described.fields import one_line
from handloom.described.gestures import AXES, NAMED_PATHS, Form, Gesture, KeyPose, Range, Route, Touch, Waypoint
from handloom.described.skeleton import PARAMETERS
from handloom.errors import DataError, printable
from handloom.support.yaml_files import read_yaml

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
    try:
        file = schema.gesture_file().validate_python(read_yaml(path, DataError))
    except ValidationError as error:
        raise DataError(f"{printable(str(path))}: {printable(one_line(error))}") from None
    forms = file.any_of if isinstance(file, schema.ManyFile) else [file]
    return Gesture(path.stem, file.meaning, tuple(_form(form) for form in forms))


def _form(said: schema.Pose | schema.Action) -> Form:
    moving = said if isinstance(said, schema.Action) else None
    shapes = [said.numbers] if isinstance(said, schema.Pose) else [one.numbers for one in said.shapes.values()]
    outer = np.stack([one.outer for one in shapes])
    mean, deviation = _view(said.view)
    off = dict(said.variation)
    return Form(
        shapes=np.stack([one.shape for one in shapes]),
        variation=np.array([off["curl" if "fingers" in name else name.split(".")[0]] for name in PARAMETERS]),
        view_mean=mean,
        view_deviation=deviation,
        key_poses=_key_poses(moving) if moving else (KeyPose(0.0, 0, (0.0, 0.0, 0.0)),),
        easing=moving.easing if moving else "smooth",
        repeats=_range(moving.repeats) if moving else Range(1, 1),
        seconds=_range(moving.seconds) if moving else None,
        route=_route(moving.path) if moving and moving.path else None,
        apart=float(said.apart),
        hand_size=_range(said.hand_size),
        hand=said.hand,
        outer=outer if outer.any() else None,
        touches=tuple(Touch(at, one.finger, one.palm) for at, shape in enumerate(shapes) for one in shape.touches),
    )


def _key_poses(said: schema.Action) -> tuple[KeyPose, ...]:
    names = list(said.shapes)
    return tuple(
        KeyPose(float(one.at), names.index(one.shape), (float(one.turn), float(one.tilt), float(one.roll)))
        for one in said.key_poses
    )


def _view(said: schema.ViewInDegrees | schema.ViewInWords) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    if isinstance(said, schema.ViewInWords):
        deviation = said.tolerance / _SPREAD_OF_ANGLES
        return np.array([schema.FACING[said.facing], *schema.POINTING[said.pointing]]), np.full(len(AXES), deviation)
    angles = [getattr(said, axis) for axis in AXES]
    return np.array([float(one.mean) for one in angles]), np.array([float(one.deviation) for one in angles])


def _route(said: schema.Waypoints | schema.NamedPath | schema.CirclePath) -> Route:
    if isinstance(said, schema.CirclePath):
        circle = said.circle
        return Route(radius=float(circle.radius), radius_deviation=float(circle.deviation), turns=float(circle.turns))
    if isinstance(said, schema.NamedPath):
        places = NAMED_PATHS[said.named]
    else:
        places = tuple((one.at, one.x, one.y) for one in said.waypoints)
    return Route(tuple(Waypoint(*map(float, place)) for place in places), float(said.jitter))


def _range(said: schema.Span) -> Range:
    return Range(float(said.least), float(said.most))
