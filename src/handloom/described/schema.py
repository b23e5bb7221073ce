"""What a gesture's file may say: its fields, their ranges and meanings. docs/gestures.md shows the language.

A gesture is one YAML file whose name is the label. Everything is said in the terms of an anatomy book and is about a
**right hand whose palm faces the camera, fingers up**; left hands are its mirror image. `reading.py` reads files by
these models and makes a `Gesture` of them; `json_schema` is for editors.
"""

from collections.abc import Mapping
from functools import cache, cached_property
from itertools import pairwise
from typing import Annotated, Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import (
    Discriminator,
    Field,
    Tag,
    TypeAdapter,
    model_validator,
)

from handloom.described.fields import Fields, OneOf, Within, problem
from handloom.described.gestures import EASINGS, HANDS, NAMED_PATHS, Touch
from handloom.described.skeleton import FINGERS, OPEN_HAND, PARAMETERS
from handloom.described.touching import UNREACHABLE, gaps, with_touches

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


Share = Annotated[float, Within(0, 1)]
Turned = Annotated[float, Within(-180, 180)]
Tilted = Annotated[float, Within(-90, 90)]
OffBy = Annotated[float, Within(0, 90)]
Place = Annotated[float, Within(0, 1, "leaves the picture, which goes from {0.least:g} to {0.most:g}")]
Touched = Annotated[str, OneOf(("thumb", "palm"))]


class Span(Fields):
    """From least to most, uniform."""

    least: float
    most: float

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.least > self.most:
            raise problem("least", f"must not be more than most ({self.most:g}), got {self.least:g}")
        return self


class Repeats(Span):
    """How often the key poses are gone through in one clip."""

    least: Annotated[float, Within(1, 10)]
    most: Annotated[float, Within(1, 10)]


class Seconds(Span):
    """How long a clip is."""

    least: Annotated[float, Within(0.5, 10)]
    most: Annotated[float, Within(0.5, 10)]


class HandSize(Span):
    """An upright open hand against the picture's shorter side."""

    least: Annotated[float, Within(0.1, 1)]
    most: Annotated[float, Within(0.1, 1)]


class Joints(Fields):
    """The two outer joints of a finger, each by itself."""

    middle: Share
    outer: Share

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.outer > self.middle + 0.5:
            raise problem(
                "outer", f"no finger bends its outermost joint that far ahead of the middle one, {self.middle:g}"
            )
        return self


def _is_mapping(value: Any) -> str:
    return "<joints>" if isinstance(value, Mapping) else "<number>"


class Finger(Fields):
    """How a finger is bent."""

    curl: Annotated[Annotated[Share, Tag("<number>")] | Annotated[Joints, Tag("<joints>")], Discriminator(_is_mapping)]
    """Both outer joints, 0 straight to 1 rolled into a fist; or {middle: 0.4, outer: 0.1}."""
    knuckle: Share | None = None
    """The knuckle alone, 0 straight to 1 at a right angle; as curl if left out."""

    @property
    def middle(self) -> float:
        """How bent the middle joint is."""
        return self.curl.middle if isinstance(self.curl, Joints) else self.curl

    @property
    def further(self) -> float:
        """How much further the outermost joint is bent."""
        return self.curl.outer - self.curl.middle if isinstance(self.curl, Joints) else 0.0


class HandFingers(Fields):
    """The four fingers."""

    index: Finger
    middle: Finger
    ring: Finger
    little: Finger


class Thumb(Fields):
    """The thumb."""

    abduction: Share
    """0 next to the index finger, 1 as far out in the plane of the palm as it goes."""
    opposition: Share
    """0 in the plane of the palm, 1 lifted off it and swung over to the little finger's side."""
    curl: Share
    """Both outer joints, 0 straight to 1."""


class Touching(Fields):
    """Fingertips that meet the thumb's tip, or the palm: the finger and the thumb are bent until they do."""

    index: Touched | None = None
    middle: Touched | None = None
    ring: Touched | None = None
    little: Touched | None = None


class ShapeNumbers(NamedTuple):
    """A hand shape ``[12]``, how much further its outermost joints are bent ``[4]``, and what touches in it."""

    shape: NDArray[np.float64]
    outer: NDArray[np.float64]
    touches: tuple[Touch, ...]


class HandShape(Fields):
    """A hand shape."""

    fingers: HandFingers
    spread: Annotated[float, Within(-0.5, 1)]
    """0 fingers parallel, 1 as far apart as they go, down to -0.5 crossing."""
    thumb: Thumb
    touching: Touching = Touching()

    @cached_property
    def numbers(self) -> ShapeNumbers:
        """The shape as numbers in the order of `PARAMETERS`; the touches are of a shape with the number 0."""
        values: dict[str, float] = {"spread": self.spread}
        outer = []
        for name in FINGERS:
            finger: Finger = getattr(self.fingers, name)
            values[f"fingers.{name}.curl"] = finger.middle
            values[f"fingers.{name}.knuckle"] = finger.middle if finger.knuckle is None else finger.knuckle
            outer.append(finger.further)
        values |= {f"thumb.{name}": value for name, value in self.thumb}
        touching = [(at, getattr(self.touching, name)) for at, name in enumerate(FINGERS)]
        touches = tuple(Touch(0, at, meets == "palm") for at, meets in touching if meets is not None)
        shape, bent = np.array([values[name] for name in PARAMETERS]), np.array(outer)
        if touches:
            shape = with_touches(shape[None], bent[None], touches)[0]
        return ShapeNumbers(shape, bent, touches)

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        shape, bent, touches = self.numbers
        gap = gaps(shape[None], bent[None], touches)[0] if touches else np.zeros(1)
        if gap.max() > UNREACHABLE:
            raise problem(
                f"touching.{FINGERS[touches[int(gap.argmax())].finger]}",
                f"cannot be reached from this shape, {gap.max():.2f} palm lengths are missing; bend the finger, or"
                " bring the thumb over",
            )
        return self


class Variation(Fields):
    """How far each number may be from what is said, at most; uniform."""

    curl: Share
    """Of each finger by itself."""
    spread: Share
    thumb: Share
    """Of each of its three numbers."""


class Angle(Fields):
    """Degrees: mean and standard deviation, cut at two deviations."""

    mean: Turned
    deviation: OffBy


class ViewInDegrees(Fields):
    """How the whole hand is turned."""

    turn: Angle
    """About the forearm; positive shows more of the thumb's side."""
    tilt: Angle
    """Positive: the fingers lean towards the camera."""
    roll: Angle
    """In the picture's plane; positive: anticlockwise."""


class ViewInWords(Fields):
    """How the whole hand is turned, in words."""

    facing: Annotated[str, OneOf(FACING)]
    """What the palm looks at, or which edge is in front."""
    pointing: Annotated[str, OneOf(POINTING)] = "up"
    """Where the fingers lead."""
    tolerance: OffBy
    """Degrees."""


def _view(value: Any) -> str:
    in_degrees = isinstance(value, Mapping) and ViewInDegrees.model_fields.keys() & set(value)
    return "<degrees>" if in_degrees else "<words>"


class Manner(Fields):
    """How a pose or an action is shown."""

    variation: Variation
    view: Annotated[
        Annotated[ViewInDegrees, Tag("<degrees>")] | Annotated[ViewInWords, Tag("<words>")], Discriminator(_view)
    ]
    apart: Annotated[float, Within(0, 2)] = 0.0
    """Stay this far from every other gesture of the folder, palm lengths a joint."""
    hand_size: HandSize = HandSize(least=0.42, most=0.8)
    hand: Annotated[str, OneOf(HANDS)] = "either"

    @model_validator(mode="after")
    def _varies(self) -> Self:
        view = self.view
        turned = [view.tolerance] if isinstance(view, ViewInWords) else [angle.deviation for _, angle in view]
        if not any([*dict(self.variation).values(), *turned]):
            raise problem(
                "variation",
                "nothing varies, nor in view, so all examples would show one hand shape from one side; give curl,"
                " spread or thumb something above 0",
            )
        return self


class Pose(Manner, HandShape):
    """A still hand."""


class KeyPose(Fields):
    """When the hand takes which shape."""

    at: Share
    """0 to 1 of one repeat; rising, the first at 0 and the last at 1."""
    shape: str
    turn: Turned = 0.0
    """Turned further than `view` says, degrees; so are tilt and roll."""
    tilt: Tilted = 0.0
    roll: Turned = 0.0


class Waypoint(Fields):
    """Where the wrist is at a time, in the room in which the whole hand is inside the picture."""

    at: Share
    """0 to 1 of the clip; rising, the first at 0 and the last at 1."""
    x: Place
    """0 to 1 from left to right."""
    y: Place
    """0 to 1 from bottom to top."""


class Waypoints(Fields):
    """The wrist goes from one place to the next."""

    waypoints: Annotated[list[Waypoint], Field(min_length=1)]
    jitter: Share = 0.0
    """Each waypoint may be this far off; uniform."""

    @model_validator(mode="after")
    def _rising(self) -> Self:
        check_times("waypoints", [one.at for one in self.waypoints])
        return self


class NamedPath(Fields):
    """The wrist goes on a path that has a name."""

    named: Annotated[str, OneOf(NAMED_PATHS)]
    jitter: Share = 0.0
    """Each waypoint may be this far off; uniform."""


class Circle(Fields):
    """A circle around any place, either way round."""

    radius: Annotated[float, Within(0.1, 5)]
    """Palm lengths."""
    deviation: Share = 0.0
    """The share by which the radius may differ."""
    turns: Annotated[float, Within(0.5, 5)] = 1.0


class CirclePath(Fields):
    """The wrist goes round."""

    circle: Circle


def _path(value: Any) -> str:
    return next((f"<{name}>" for name in ("circle", "named") if isinstance(value, Mapping) and name in value), "<way>")


class Action(Manner):
    """A moving hand: hand shapes by name, and when it takes which."""

    shapes: dict[str, HandShape]
    key_poses: Annotated[list[KeyPose], Field(min_length=1)]
    easing: Annotated[str, OneOf(EASINGS)] = "smooth"
    """How the hand goes from one key pose to the next."""
    repeats: Repeats = Repeats(least=1, most=1)
    seconds: Seconds
    path: (
        Annotated[
            Annotated[Waypoints, Tag("<way>")]
            | Annotated[NamedPath, Tag("<named>")]
            | Annotated[CirclePath, Tag("<circle>")],
            Discriminator(_path),
        ]
        | None
    ) = None
    """Where the wrist goes; without it the hand stays where it happens to be."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        for number, key_pose in enumerate(self.key_poses):
            if key_pose.shape not in self.shapes:
                names = ", ".join(self.shapes)
                raise problem(f"key_poses[{number}].shape", f"must be one of {names}, got {key_pose.shape!r}")
        check_times("key_poses", [one.at for one in self.key_poses])
        if isinstance(self.path, CirclePath):
            _check_inside(self.path.circle, self.hand_size.least)
        return self


def check_times(field: str, times: list[float]) -> None:
    """Refuse times that do not rise from 0 to 1."""
    if times[0] != 0 or times[-1] != 1 or any(a >= b for a, b in pairwise(times)):
        raise problem(field, "`at` must rise from 0 to 1, the first at 0 and the last at 1")


def _check_inside(circle: Circle, hand_size: float) -> None:
    palm = hand_size / OPEN_HAND  # of the smallest hand, in shorter sides of the picture
    radius = circle.radius * (1 - circle.deviation) * palm
    if 2 * radius + hand_size / 2 > 1:
        most = (1 - hand_size / 2) / 2 / palm
        raise problem(
            "path.circle.radius",
            f"leaves the picture even with the smallest hand (hand_size.least {hand_size:g}); at most {most:.2g},"
            f" got {circle.radius:g}",
        )


class Meant(Fields):
    """What a file begins with."""

    meaning: str
    """One line in plain words."""


class PoseFile(Pose, Meant):
    """A pose."""


class ActionFile(Action, Meant):
    """An action."""


def _moves(value: Any) -> str:
    return "<action>" if isinstance(value, Mapping) and "key_poses" in value else "<pose>"


class ManyFile(Meant):
    """A gesture that is many things, a background say; each is equally likely."""

    any_of: Annotated[
        list[Annotated[Annotated[Pose, Tag("<pose>")] | Annotated[Action, Tag("<action>")], Discriminator(_moves)]],
        Field(min_length=1),
    ]

    @model_validator(mode="after")
    def _alike(self) -> Self:
        for number, entry in enumerate(self.any_of):
            if type(entry) is not type(self.any_of[0]):
                raise problem(f"any_of[{number}]", "all entries must have key_poses, or none")
        return self


def _file(value: Any) -> str:
    return "<many>" if isinstance(value, Mapping) and "any_of" in value else _moves(value)


GestureFile = PoseFile | ActionFile | ManyFile


@cache
def gesture_file() -> TypeAdapter[GestureFile]:
    """What checks the content of a file."""
    return TypeAdapter(
        Annotated[
            Annotated[PoseFile, Tag("<pose>")]
            | Annotated[ActionFile, Tag("<action>")]
            | Annotated[ManyFile, Tag("<many>")],
            Discriminator(_file),
        ]
    )


def json_schema() -> dict[str, Any]:
    """The language as a JSON schema, for editors that check YAML files."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **gesture_file().json_schema()}
