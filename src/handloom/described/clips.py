"""From a described action to a clip of joints without a picture."""

from dataclasses import dataclass

import numpy as np

from handloom.described.cameras import Cameras
from handloom.described.gestures import Gesture
from handloom.described.landmark_error import LandmarkError
from handloom.described.people import Person
from handloom.described.performance import perform
from handloom.described.randomness import Generator
from handloom.described.skeleton import Floats
from handloom.hand import Poses, poses_from_picture


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
    return error.draw_in_time(space, seen, random) * scale * way
