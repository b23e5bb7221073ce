"""People who stand: one hand is raised and makes a sign, the other one hangs next to the leg."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from handloom.described.gestures import Gesture
from handloom.described.people import Generator, Person
from handloom.described.performance import perform
from handloom.described.skeleton import PARAMETERS, Camera, Floats, joints_of, rotation_of
from handloom.sample.drawing import Scene, draw_hand, make_scene
from handloom.sample.flesh import NOTHING, Picture, Relief

Framing = Literal["to_the_legs", "full_length"]
# Width and height of photos of people who stand, pixels.
_SIZES = ((480, 640), (600, 800), (768, 1024), (640, 640), (960, 720))
# Places of the body, palm lengths from the middle between the hips, x to the right and y up; one side's, the other's is
# mirrored.
_SHOULDER, _HIP, _KNEE = np.array([1.75, 5.2]), np.array([0.75, 0.0]), np.array([0.9, -4.2])
_NECK, _HEAD = np.array([0.0, 5.9]), np.array([0.0, 7.4])
_TOP = 8.6
_MARGIN = 0.03  # of the picture's width, next to the raised hand
_UPPER_ARM, _FOREARM, _WHOLE_ARM = 2.7, 2.5, 5.0
# Where a photo ends below, palm lengths from the hips: between the fingertips and the shins, or below the feet.
_BOTTOMS: dict[Framing, tuple[float, float]] = {"to_the_legs": (-5.5, -2.6), "full_length": (-10.5, -9.3)}
# A hand that hangs: its shape, and its (turn, tilt, roll) in degrees; the fingers point down, the thumb to the front.
_RELAXED = {"curl": 0.3, "knuckle": 0.25, "abduction": 0.3, "opposition": 0.3}
_HANGING_VIEW, _HANGING_DEVIATION = (-55.0, 0.0, 180.0), (30.0, 5.0, 3.0)

# A capsule of the body: its ends ``[2]`` and radii there, palm lengths, and its colour ``[3]``.
_Part = tuple[Floats, Floats, float, float, Floats]


@dataclass(frozen=True)
class Standing:
    """A photo of somebody who stands.

    Attributes:
        picture: ``[H, W, 3]`` red, green, blue.
        raised: ``[21, 2]`` the joints of the raised hand, pixels, y down.
        hanging: the same of the one that hangs.
        raised_side: "left" or "right".
    """

    picture: NDArray[np.uint8]
    raised: Floats
    hanging: Floats
    raised_side: str


def draw_standing(
    gesture: Gesture,
    others: Sequence[Gesture],
    person: Person,
    random: Generator,
    framing: Framing = "to_the_legs",
) -> Standing:
    """Draw somebody who stands and makes a sign.

    Args:
        gesture: the sign: a pose.
        others: the other signs, which it keeps away from.
        person: who makes it.
        random: decides the rest.
        framing: how much of the person the photo shows.
    """
    width, height = _SIZES[int(random.integers(len(_SIZES)))]
    performance = perform(gesture, list(others), person, random, ((width, height),))
    scene = make_scene(random, person, width, height)
    body = _Body.random(random, width, height, framing)
    left = performance.camera.left
    side = np.array([1.0 if left else -1.0, 1.0])  # a left hand is on the picture's right
    raised = replace(performance.camera, scale=body.scale, distance=random.uniform(20, 40))
    elbow = _raised_elbow(random) * side
    raised = replace(raised, wrist=body.pixels(elbow - _arm(raised, scene) * _FOREARM)[None])
    outside = _outside(raised.project(performance.joints)[0][0, :, 0], width)
    body = replace(body, middle=body.middle - [outside, 0.0])  # the hand stays in the picture
    raised = replace(raised, wrist=raised.wrist - [outside, 0.0])
    view = rotation_of(random.normal(_HANGING_VIEW, _HANGING_DEVIATION))[None]
    hanging = replace(raised, rotation=view, left=not left)
    shoulder = _SHOULDER * [1.1, 0.97] * side * [-1.0, 1.0]
    hanging = replace(hanging, wrist=body.pixels(shoulder - _arm(hanging, scene) * _WHOLE_ARM)[None])

    clothes = _Clothes.random(random, scene)
    picture = _paint_body(scene, body, clothes, side, elbow)
    dressed = replace(scene, background=picture, sleeve=clothes.shirt, arm_length=_WHOLE_ARM)
    if not clothes.long_sleeves:
        dressed = replace(dressed, sleeve_start=0.7 * _WHOLE_ARM)
    picture_below, hanging_joints = draw_hand(dressed, _relaxed(person, random), hanging, random)
    dressed = replace(
        dressed,
        background=picture_below.astype(np.float32),
        sleeve=clothes.shirt if clothes.long_sleeves else None,
        arm_length=_FOREARM,
    )
    drawn, raised_joints = draw_hand(dressed, performance.joints[:1], raised, random)
    return Standing(drawn, raised_joints, hanging_joints, "left" if left else "right")


@dataclass(frozen=True)
class _Body:
    """Where somebody stands.

    Attributes:
        middle: of the hips, pixels.
        scale: pixels a palm length.
    """

    middle: Floats
    scale: float

    @classmethod
    def random(cls, random: Generator, width: int, height: int, framing: Framing) -> "_Body":
        top, bottom = _TOP + random.uniform(0.2, 1.5), random.uniform(*_BOTTOMS[framing])
        scale = height / (top - bottom)
        scale = min(scale, width / 11)  # room for the hands on both sides
        return cls(np.array([width * random.uniform(0.46, 0.54), top * scale]), scale)

    def pixels(self, place: Floats) -> Floats:
        """A place in palm lengths from the hips' middle, y up, as a place in the picture."""
        return self.middle + place * self.scale * [1.0, -1.0]


@dataclass(frozen=True)
class _Clothes:
    """Colours ``[3]``: red, green, blue, 0 to 255."""

    shirt: Floats
    trousers: Floats
    hair: Floats
    long_sleeves: bool

    @classmethod
    def random(cls, random: Generator, scene: Scene) -> "_Clothes":
        hair = np.array([[40.0, 30, 25], [90, 60, 35], [170, 130, 70], [120, 120, 120]])[random.integers(4)]
        shirt, trousers = (random.uniform(20, 230, 3) for _ in range(2))
        while np.linalg.norm(trousers - scene.skin) < 90:
            trousers = random.uniform(10, 200, 3)
        while np.linalg.norm(shirt - scene.skin) < 90:
            shirt = random.uniform(20, 230, 3)
        return cls(shirt, trousers, hair, bool(random.random() < 0.5))


def _outside(places: Floats, width: int) -> float:
    """How far places reach beyond the left (negative) or right edge of a picture, or a margin to it, pixels."""
    margin = _MARGIN * width
    return float(min(places.min() - margin, 0) + max(places.max() + margin - width, 0))


def _relaxed(person: Person, random: Generator) -> Floats:
    """The joints of a hand that does nothing, ``[1, 21, 3]``."""
    shares = [next((share for end, share in _RELAXED.items() if name.endswith(end)), 0.0) for name in PARAMETERS]
    shape = np.clip(shares + random.normal(0, 0.06, len(shares)), 0, 1)
    return joints_of(shape[None], person.lengths[None])


def _arm(camera: Camera, scene: Scene) -> Floats:
    """Where the forearm leads from the wrist in the picture, ``[2]`` with y up, for a forearm of length 1."""
    along = np.array([scene.arm_bend[0], -1.0, scene.arm_bend[1]]) @ camera.rotation[0].T
    return np.asarray(along[:2] * [-1.0 if camera.left else 1.0, 1.0])


def _raised_elbow(random: Generator) -> Floats:
    """Where the elbow of a raised right-hand-side arm is, palm lengths from the hips' middle."""
    lift = np.radians(random.uniform(15, 75))  # of the upper arm, from hanging on outwards
    return np.asarray(_SHOULDER + _UPPER_ARM * random.uniform(0.8, 1.0) * np.array([np.sin(lift), -np.cos(lift)]))


def _paint_body(scene: Scene, body: _Body, clothes: _Clothes, side: Floats, elbow: Floats) -> Picture:
    """The background with a body in front of it, without the hanging arm, forearms and hands."""
    picture = scene.background.copy()
    relief = Relief(picture.shape[1], picture.shape[0])
    parts = _parts(scene, clothes, side, elbow)
    for number, (start, end, first, last, _) in enumerate(parts):
        start, end = (np.append(body.pixels(place), 0.0) for place in (start, end))
        relief.raise_capsule(number, start, end, (first * body.scale, last * body.scale))
    colours = np.array([colour for *_, colour in parts] + [[0.0, 0.0, 0.0]], np.float32)
    seen = relief.owner != NOTHING
    height = np.where(seen, relief.height, 0)
    height = np.asarray(cv2.GaussianBlur(height, (0, 0), max(body.scale * 0.05, 0.8)), np.float32)
    slope_x, slope_y = (cv2.Scharr(height, cv2.CV_32F, *order, scale=1 / 32) for order in ((1, 0), (0, 1)))
    light = scene.light.astype(np.float32)
    facing = 1 / np.sqrt(slope_x * slope_x + slope_y * slope_y + 1)
    lambert = np.maximum((light[2] - slope_x * light[0] - slope_y * light[1]) * facing, 0)
    shade = scene.ambient + (1 - scene.ambient) * lambert
    alpha = cv2.GaussianBlur(seen.astype(np.float32), (0, 0), 0.8)[..., None]
    picture += alpha * (colours[relief.owner] * shade[..., None] * scene.tint.astype(np.float32) - picture)
    _paint_face(picture, body, clothes)
    return picture


def _parts(scene: Scene, clothes: _Clothes, side: Floats, elbow: Floats) -> list[_Part]:
    """The capsules of a body."""
    parts: list[_Part] = []
    for one in (1.0, -1.0):
        mirror = np.array([one, 1.0])
        parts += [
            (_HIP * mirror, _KNEE * mirror, 0.85, 0.6, clothes.trousers),
            (_KNEE * mirror, _KNEE * mirror + np.array([0.0, -4.5]), 0.6, 0.42, clothes.trousers),
            (_SHOULDER * mirror * [0.75, 0.95], _HIP * mirror, 0.85, 0.95, clothes.shirt),
        ]
    parts += [
        (np.array([-1.35, 4.95]), np.array([1.35, 4.95]), 0.6, 0.6, clothes.shirt),
        (np.array([0.0, 4.6]), np.array([0.0, 0.6]), 1.0, 0.9, clothes.shirt),
        (_NECK, _HEAD, 0.5, 0.5, scene.skin),
        (_HEAD - np.array([0.0, 0.35]), _HEAD + np.array([0.0, 0.25]), 0.72, 0.86, scene.skin),
        (_SHOULDER * side, elbow, 0.55, 0.42, clothes.shirt),
    ]
    return parts


def _paint_face(picture: Picture, body: _Body, clothes: _Clothes) -> None:
    """Hair, eyes and a mouth, in place."""

    def at(x: float, y: float) -> tuple[int, int]:
        across, down = body.pixels(_HEAD + np.array([x, y]))
        return int(across), int(down)

    def size(palms: float) -> int:
        return max(1, round(palms * body.scale))

    hair = tuple(clothes.hair.tolist())
    cv2.ellipse(picture, at(0, 0.45), (size(0.9), size(0.75)), 0, 180, 360, hair, -1, cv2.LINE_AA)
    for x in (-0.3, 0.3):
        cv2.ellipse(picture, at(x, 0.1), (size(0.13), size(0.07)), 0, 0, 360, (245, 245, 245), -1, cv2.LINE_AA)
        cv2.circle(picture, at(x, 0.1), size(0.06), (50, 35, 25), -1, cv2.LINE_AA)
        cv2.line(picture, at(x - 0.17, 0.3), at(x + 0.17, 0.32), hair, size(0.06), cv2.LINE_AA)
    cv2.ellipse(picture, at(0, -0.5), (size(0.22), size(0.06)), 0, 0, 360, (150, 70, 70), -1, cv2.LINE_AA)
