"""Forward kinematics: a hand shape in anatomical numbers becomes 21 joints in space, then in a picture.

The hand's own frame is that of a right hand held up with the palm to the camera: x to the viewer's right (the thumb's
side), y up along the middle finger's metacarpal, z out of the palm towards the camera. The unit is the palm length,
wrist to middle knuckle. Everything works on whole batches.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from handloom.hand import JOINT_COUNT

Floats = NDArray[np.float64]

FINGERS = ("index", "middle", "ring", "little")

# The numbers of a hand shape and their order; `handloom.described.gestures` says what each means.
PARAMETERS: tuple[str, ...] = (
    *(f"fingers.{finger}.curl" for finger in FINGERS),
    *(f"fingers.{finger}.knuckle" for finger in FINGERS),
    "spread",
    "thumb.abduction",
    "thumb.opposition",
    "thumb.curl",
)
LEAST = np.array([-0.5 if name == "spread" else 0.0 for name in PARAMETERS])
MOST = np.ones(len(PARAMETERS))

# An adult hand in palm lengths: the bone that ends in joint 1, 2, ..., 20.
TYPICAL_LENGTHS: Floats = np.array(
    [
        *(0.38, 0.44, 0.35, 0.27),  # thumb
        *(1.00, 0.43, 0.26, 0.22),  # index
        *(1.00, 0.48, 0.30, 0.23),  # middle
        *(0.95, 0.44, 0.28, 0.23),  # ring
        *(0.85, 0.34, 0.20, 0.19),  # little
    ]
)

# An upright open hand in palm lengths, wrist to middle fingertip.
OPEN_HAND = 2.0

# Where the wrist's neighbours lie, seen from the wrist: thumb CMC, then the four knuckles (a slightly hollow palm).
_PALM = np.array([[0.32, 0.19, 0.12], [0.25, 0.97, 0.02], [0.0, 1.0, 0.0], [-0.21, 0.93, 0.01], [-0.40, 0.78, 0.05]])
PALM_DIRECTIONS: Floats = _PALM / np.linalg.norm(_PALM, axis=1, keepdims=True)

# Degrees away from the y axis towards the thumb, a finger each: straight and parallel, added by full spread, and added
# by bending the knuckle (fingers of a fist point to the base of the thumb).
_FAN_REST = np.array([3.0, 0.0, -4.0, -8.0])
_FAN_SPREAD = np.array([13.0, -4.0, -16.0, -33.0])
_FAN_FIST = np.array([4.0, 0.0, -8.0, -18.0])

# Degrees of flexion, (straight, fully bent): knuckle, middle joint, outer joint.
_FLEXION = np.array([[-4.0, 86.0], [3.0, 110.0], [2.0, 74.0]])

# Where the thumb's pad looks and its outer joints bend: across the palm and a little into it.
THUMB_BENDS_TO: Floats = np.array([-0.97, 0.1, -0.2])


def joints_of(shapes: Floats, lengths: Floats, outer: Floats | None = None) -> Floats:
    """Hand shapes ``[N, 12]`` (order of `PARAMETERS`) and bone lengths ``[N, 20]`` to joints ``[N, 21, 3]``.

    `outer`, ``[N or 1, 4]``, is how much further fingers bend their outermost joints than the ones before.
    """
    joints = np.zeros((len(shapes), JOINT_COUNT, 3))
    joints[:, 1::4] = PALM_DIRECTIONS * lengths[:, 0::4, None]
    _add_bones(joints, lengths, slice(1, 2), _thumb_bones(shapes)[:, None])
    _add_bones(joints, lengths, slice(5, 18, 4), _finger_bones(shapes, outer))
    return joints


def rotation_of(degrees: Floats) -> Floats:
    """(turn, tilt, roll) in degrees ``[..., 3]`` to matrices ``[..., 3, 3]``: first turn, then tilt, then roll."""
    turn, tilt, roll = np.moveaxis(np.radians(degrees), -1, 0)
    # A right hand's thumb is at +x: turning it to the camera is a negative angle about y.
    about_y = _rotation(-turn, 2, 0)
    about_x = _rotation(tilt, 1, 2)
    return np.asarray(_rotation(roll, 0, 1) @ about_x @ about_y)


@dataclass(frozen=True)
class Camera:
    """Weak perspective: from palm lengths to pixels.

    Attributes:
        rotation: ``[N, 3, 3]`` of the hand about its wrist.
        left: whether it is a left hand, the mirror image.
        scale: pixels a palm length, at the wrist.
        wrist: ``[N, 2]`` pixels, y down.
        distance: of the camera, palm lengths.
    """

    rotation: Floats
    left: bool
    scale: float
    wrist: Floats
    distance: float

    def at(self, frame: int) -> "Camera":
        """The same camera for one frame alone."""
        now = slice(frame, frame + 1)
        return replace(self, rotation=self.rotation[now], wrist=self.wrist[now])

    def project(self, points: Floats) -> tuple[Floats, Floats]:
        """Points of the hand ``[N, P, 3]`` to the picture.

        Returns:
            ``[N, P, 3]``: x right, y down, z towards the camera, all in pixels; and the enlargement of each,
            ``[N, P]``, pixels a palm length.
        """
        turned = points @ self.rotation.swapaxes(-1, -2)
        if self.left:
            turned = turned * [-1.0, 1.0, 1.0]
        # An arm that leads towards the camera ends next to it, not behind it.
        away = np.maximum(self.distance - turned[..., 2], 0.3 * self.distance)
        scale = self.scale * self.distance / away
        picture = turned * scale[..., None] * [1.0, -1.0, 1.0]
        picture[..., :2] += self.wrist[:, None]
        return picture, scale


def _finger_bones(shapes: Floats, outer: Floats | None) -> Floats:
    """Unit directions of the three bones of four fingers: ``[N, 4, 3, 3]``, from the knuckle outwards."""
    curl, knuckle, spread = shapes[:, 0:4], shapes[:, 4:8], shapes[:, 8:9]
    # Side by side movement is lost as the knuckle bends: its ligaments tighten.
    fan = np.radians(_FAN_REST + _FAN_SPREAD * spread * (1 - knuckle) + _FAN_FIST * knuckle)
    outermost = curl if outer is None else (curl + outer).clip(0, 1)
    bent = np.stack([knuckle, curl, outermost], axis=-1)
    flexion = np.radians(_FLEXION[:, 0] + (_FLEXION[:, 1] - _FLEXION[:, 0]) * bent).cumsum(axis=-1)
    along = np.cos(flexion)
    return np.stack([np.sin(fan)[..., None] * along, np.cos(fan)[..., None] * along, np.sin(flexion)], axis=-1)


def _thumb_bones(shapes: Floats) -> Floats:
    """Unit directions of the thumb's three bones: ``[N, 3, 3]``, from the saddle joint outwards."""
    abduction, opposition, curl = shapes[:, 9], shapes[:, 10], shapes[:, 11]
    outwards = np.radians(22 + 33 * abduction - 26 * opposition)
    lifted = np.radians(8 + 38 * opposition)
    metacarpal = np.stack(
        [np.sin(outwards) * np.cos(lifted), np.cos(outwards) * np.cos(lifted), np.sin(lifted)], axis=-1
    )
    across = THUMB_BENDS_TO - (metacarpal @ THUMB_BENDS_TO)[:, None] * metacarpal
    across /= np.linalg.norm(across, axis=-1, keepdims=True)
    flexion = np.radians(np.stack([0 * curl, -2 + 58 * curl, -6 + 114 * curl], axis=-1))[..., None]
    directions: NDArray[np.float64] = np.cos(flexion) * metacarpal[:, None] + np.sin(flexion) * across[:, None]
    return directions


def _add_bones(joints: Floats, lengths: Floats, roots: slice, directions: Floats) -> None:
    """Hang three bones ``[N, R, 3, 3]`` on each of R root joints, in place."""
    first = np.arange(JOINT_COUNT)[roots]
    for bone in range(3):
        child = first + bone + 1
        joints[:, child] = joints[:, child - 1] + lengths[:, child - 1, None] * directions[:, :, bone]


def _rotation(angle: Floats, first: int, second: int) -> Floats:
    """Matrices that turn axis `first` towards axis `second` by `angle` radians: ``[..., 3, 3]``."""
    matrix = np.zeros((*np.shape(angle), 3, 3))
    matrix[...] = np.eye(3)
    matrix[..., first, first] = matrix[..., second, second] = np.cos(angle)
    matrix[..., second, first] = np.sin(angle)
    matrix[..., first, second] = -np.sin(angle)
    return matrix
