"""The cameras that described hands are seen through: perspective, whole batches at once."""

from dataclasses import dataclass

import numpy as np

from handloom.described.gestures import Range
from handloom.described.people import Generator
from handloom.described.skeleton import OPEN_HAND, Floats

# Between the outermost joints and the picture's edge, of its shorter side.
_EDGE = 0.03
# How far from the picture's middle a wrist may be for the perspective, of the picture.
_OFF_AXIS = 0.3


@dataclass(frozen=True)
class Cameras:
    """What cameras there are; each hand is seen by one of its own, all numbers uniform.

    Attributes:
        focal_length: shorter sides of the picture. The main camera of a phone has about 1.1, its telephoto lens 3; a
            picture that was cropped has more than the camera.
        distance: palm lengths from the camera to the wrist; no hand is nearer or farther, whatever its size.
        aspect: the picture's width by its height; uniform in its logarithm.
    """

    focal_length: Range
    distance: Range
    aspect: Range


@dataclass(frozen=True)
class Views:
    """One picture per hand.

    Attributes:
        scale: ``[N]``, the picture's shorter sides a palm length, at the wrist.
        distance: ``[N]`` palm lengths.
        offset: ``[N, 2]``, where the wrist is, across the optical axis: x right, y up, palm lengths.
        width: ``[N]``, of the picture in its shorter sides.
        height: ``[N]``, likewise.
    """

    scale: Floats
    distance: Floats
    offset: Floats
    width: Floats
    height: Floats

    def pixels(self, hand: int, shorter_side: int) -> tuple[int, int]:
        """Width and height of one hand's picture, of so many pixels on its shorter side."""
        return round(shorter_side * self.width[hand]), round(shorter_side * self.height[hand])


def draw_views(cameras: Cameras, hand_size: Range, count: int, random: Generator) -> Views:
    """Draw a camera for each of `count` hands.

    Args:
        cameras: what there are.
        hand_size: an upright open hand against the picture's shorter side.
        count: N.
        random: decides.
    """
    scale = random.uniform(hand_size.least, hand_size.most, count) / OPEN_HAND
    focal_length = random.uniform(cameras.focal_length.least, cameras.focal_length.most, count)
    distance = (focal_length / scale).clip(cameras.distance.least, cameras.distance.most)
    aspect = np.exp(random.uniform(np.log(cameras.aspect.least), np.log(cameras.aspect.most), count))
    width, height = np.maximum(aspect, 1), np.maximum(1 / aspect, 1)
    place = random.uniform(-_OFF_AXIS, _OFF_AXIS, (count, 2)) * np.stack([width, height], axis=1)
    return Views(scale, distance, place / scale[:, None], width, height)


def project(points: Floats, views: Views) -> Floats:
    """Joints in space to the picture.

    Args:
        points: ``[N, 21, 3]``, palm lengths from the wrist: x right, y up, z towards the camera.
        views: their cameras.

    Returns:
        ``[N, 21, 2]`` relative to the wrist: x right, y up, in palm lengths as the camera sees one at the wrist.
    """
    enlarged = views.distance[:, None] / np.maximum(views.distance[:, None] - points[..., 2], 0.3)
    seen = (points[..., :2] + views.offset[:, None]) * enlarged[..., None]
    return np.asarray(seen - views.offset[:, None])


def place(seen: Floats, views: Views, random: Generator) -> Floats:
    """Put each hand somewhere into its picture, inside of it where it is small enough, else in the middle.

    Args:
        seen: ``[N, 21, 2]``, as `project` gives them.
        views: their cameras.
        random: decides.

    Returns:
        ``[N, 21, 2]``: fractions of the picture's width and height, origin at the lower left.
    """
    size = np.stack([views.width, views.height], axis=1)
    points = seen * views.scale[:, None, None]
    by_joint = np.ascontiguousarray(points.transpose(1, 2, 0))  # so that the joints' extremes are found a row at a time
    least, most = _EDGE - by_joint.min(axis=0).T, size - _EDGE - by_joint.max(axis=0).T
    least, most = np.minimum(least, (least + most) / 2), np.maximum(most, (least + most) / 2)
    wrist = least + (most - least) * random.beta(2, 2, size.shape)
    return np.asarray((points + wrist[:, None]) / size[:, None])
