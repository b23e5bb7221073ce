"""Skin from a depth image: light, creases, colour, and the picture around it."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from handloom.described.people import Generator, Person
from handloom.described.skeleton import Camera, Floats
from handloom.hand import JOINT_COUNT
from handloom.sample.backgrounds import draw_background
from handloom.sample.flesh import ARM_LENGTH, LINKS, NOTHING, SLEEVE_LINKS, Picture, Relief, flesh_on
from handloom.sample.skin import PALM_LINE_POINTS, colours_of, folds, skin_of


@dataclass(frozen=True)
class Scene:
    """Everything that stays the same in all frames of a clip.

    Attributes:
        person: whose hand it is.
        skin: ``[3]``, see `skin_of`.
        arm_bend: ``[2]``, see `flesh_on`.
        background: ``[H, W, 3]`` red, green, blue, 0 to 255.
        light: ``[3]`` unit vector to the light, x right, y down, z to the camera.
        ambient: the share of light that comes from everywhere.
        tint: ``[3]`` the light's colour.
        shine: how bright skin gets where it mirrors the light, 0 to 255.
        sleeve: colour ``[3]``, or None for a bare arm.
        sleeve_start: how far below the wrist it ends, palm lengths.
        noise: ``[H + margin, W + margin]`` of the camera's chip; each frame shows another part.
        arm_length: how far below the wrist the arm ends, palm lengths.
    """

    person: Person
    skin: Floats
    arm_bend: Floats
    background: Picture
    light: Floats
    ambient: float
    tint: Floats
    shine: float
    sleeve: Floats | None
    sleeve_start: float
    noise: Picture
    arm_length: float = ARM_LENGTH


# Width and height of what the camera takes, pixels.
SIZES = ((240, 320), (320, 240), (256, 256), (288, 384), (320, 256), (272, 304))

_NOISE_MARGIN = 16

# Light that has gone through flesh is red: what it adds to red, green and blue where it is darkest.
_GLOW = np.array([0.12, 0.0, -0.03], np.float32)


def make_scene(random: Generator, person: Person, width: int, height: int) -> Scene:
    """A random place to draw a person's hand in."""
    light = np.array([random.normal(0, 0.5), random.normal(-0.5, 0.35), 1.0])
    noise = random.standard_normal((height + _NOISE_MARGIN, width + _NOISE_MARGIN), dtype=np.float32)
    skin = skin_of(person)
    background = draw_background(random, width, height, skin)
    return Scene(
        person=person,
        skin=skin,
        arm_bend=random.normal(0, [0.12, 0.10]),
        background=background,
        light=light / np.linalg.norm(light),
        ambient=random.uniform(0.45, 0.65),
        tint=random.uniform(0.9, 1.08) * (1 + random.normal(0, 0.03) * np.array([1.0, 0.0, -1.0])),
        shine=random.uniform(5, 30),
        sleeve=random.uniform(20, 230, 3) if random.random() < 0.5 else None,
        sleeve_start=random.uniform(0.35, 1.1),
        noise=noise * np.float32(random.uniform(0.5, 3.5)),
    )


def draw_hand(scene: Scene, joints: Floats, camera: Camera, random: Generator) -> tuple[NDArray[np.uint8], Floats]:
    """Draw one frame.

    Args:
        scene: what stays the same.
        joints: ``[1, 21, 3]`` in the hand's frame, palm lengths.
        camera: of one frame.
        random: for the noise.

    Returns:
        The picture ``[H, W, 3]``, red, green, blue; and the joints in it ``[21, 2]``, pixels, y down.
    """
    places, radii = flesh_on(joints, scene.person, scene.arm_bend, scene.sleeve_start, scene.arm_length)
    lines = np.broadcast_to(PALM_LINE_POINTS, (1, *PALM_LINE_POINTS.shape))
    points, enlargement = (values[0] for values in camera.project(np.concatenate([places, lines], axis=1)))
    lines_seen, points = points[len(radii) :, :2], points[: len(radii)]
    radii = radii * enlargement[: len(radii)]
    picture = scene.background.copy()
    relief = Relief(picture.shape[1], picture.shape[0])
    for number, (start, end) in enumerate(LINKS if scene.sleeve is not None else LINKS[: -len(SLEEVE_LINKS)]):
        relief.raise_capsule(number, points[start], points[end], (radii[start], radii[end]))
    dark = folds(relief.owner, points[:, :2], radii, lines_seen)
    colours = colours_of(joints, camera.rotation, scene.skin, scene.sleeve)
    _paint(scene, picture, relief, colours, dark, camera.scale)
    down, right = random.integers(_NOISE_MARGIN, size=2)
    noise = scene.noise[down : down + picture.shape[0], right : right + picture.shape[1], None]
    return (picture + noise).clip(0, 255).astype(np.uint8), points[:JOINT_COUNT, :2]


def _paint(scene: Scene, picture: Picture, relief: Relief, colours: Picture, dark: Picture, palm: float) -> None:
    """Shade the relief and lay it over the background, in place. `palm` is the palm's length in pixels."""
    seen = relief.owner != NOTHING
    window = _window_around(seen, margin=4)
    mask = seen[window].astype(np.float32)
    smooth = _blurred_inside(relief.height[window], mask, palm * 0.014)
    wide = _blurred_inside(relief.height[window], mask, palm * 0.10)

    slope_x, slope_y = (cv2.Scharr(smooth, cv2.CV_32F, *order, scale=1 / 32) for order in ((1, 0), (0, 1)))
    facing = 1 / np.sqrt(slope_x * slope_x + slope_y * slope_y + 1)
    light = scene.light.astype(np.float32)
    lambert = np.maximum((light[2] - slope_x * light[0] - slope_y * light[1]) * facing, 0)
    hollow = np.clip((wide - smooth) / np.float32(palm * 0.22), 0, 1)
    shade = scene.ambient + (1 - scene.ambient) * lambert
    shade *= (1 - 0.5 * hollow) * (0.7 + 0.3 * facing) * (1 - 0.5 * dark[window])
    shine = np.float32(scene.shine) * lambert**12

    # Nothing's number is -1, the last colour: plain skin, which the soft edge takes its colour from.
    colour = cv2.GaussianBlur(colours[relief.owner[window]], (0, 0), max(palm * 0.012, 0.5))
    # A camera exposes so that the lightest skin does not burn out.
    exposure = min(1.12, 245 / float(scene.skin.max()))
    colour *= (shade[..., None] + (1 - shade)[..., None] * _GLOW) * (exposure * scene.tint).astype(np.float32)
    alpha = cv2.GaussianBlur(mask, (0, 0), 0.8)[..., None]
    picture[window] += alpha * (colour + shine[..., None] - picture[window])


def _blurred_inside(values: Picture, mask: Picture, deviation: float) -> Picture:
    """A Gaussian blur (pixels) that takes nothing from outside the mask."""
    size = (0, 0)
    weight = cv2.GaussianBlur(mask, size, deviation)
    return np.asarray(cv2.GaussianBlur(values * mask, size, deviation) / np.maximum(weight, 1e-3), np.float32)


def _window_around(seen: NDArray[np.bool_], margin: int) -> tuple[slice, slice]:
    """The smallest rectangle of rows and columns around all true pixels, with a margin."""
    rows, columns = (np.flatnonzero(seen.any(axis=axis)) for axis in (1, 0))
    top, left = (max(int(at[0]) - margin, 0) for at in (rows, columns))
    return slice(top, int(rows[-1]) + 1 + margin), slice(left, int(columns[-1]) + 1 + margin)
