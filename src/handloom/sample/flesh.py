"""From joints to a depth image: tapered capsules of flesh, and for each pixel the nearest of them."""

import numpy as np
from numpy.typing import NDArray

from handloom.described.people import Person
from handloom.described.skeleton import THUMB_BENDS_TO, Floats
from handloom.hand import BONES, JOINT_COUNT

# Radius at joints 0 to 20, palm lengths. The wrist's counts for the palm only.
_JOINT_RADII = np.array(
    [
        0.17,
        *(0.165, 0.140, 0.122, 0.098),  # thumb
        *(0.135, 0.118, 0.106, 0.088),  # index
        *(0.138, 0.121, 0.108, 0.090),  # middle
        *(0.135, 0.116, 0.104, 0.086),  # ring
        *(0.122, 0.100, 0.091, 0.077),  # little
    ]
)

# More places in the palm that flesh hangs on: at a share of the way from one joint to another, moved by (x, y, z),
# with a radius.
_PALM_PLACES: tuple[tuple[int, int, float, tuple[float, float, float], float], ...] = (
    (0, 0, 0.0, (0.12, 0.00, -0.02), 0.165),  # 21 wrist, thumb's side
    (0, 0, 0.0, (-0.12, 0.00, -0.02), 0.165),  # 22 wrist, little finger's side
    (0, 17, 0.35, (-0.10, 0.00, 0.02), 0.180),  # 23 heel of the hand
    (1, 2, 0.55, (-0.04, 0.00, 0.01), 0.165),  # 24 ball of the thumb
    (1, 5, 0.60, (0.02, 0.00, 0.00), 0.095),  # 25 web
    (5, 9, 0.50, (0.00, -0.05, 0.00), 0.130),  # 26 to 28 between the knuckles
    (9, 13, 0.50, (0.00, -0.05, 0.00), 0.128),
    (13, 17, 0.50, (0.00, -0.05, 0.00), 0.120),
)
# (from, to) of the flesh in the palm that follows no bone.
_PALM_LINKS: tuple[tuple[int, int], ...] = (
    *((21, 22), (21, 5), (22, 17), (21, 1), (22, 23), (23, 17), (1, 24), (24, 5), (1, 9), (1, 25), (25, 5), (24, 25)),
    *((0, 26), (0, 27), (0, 28), (5, 9), (9, 13), (13, 17)),
)

# Forearm, then sleeve: next to each other at the near and at the far end, thumb's side first.
_ARM, _SLEEVE, _NAILS = 29, 33, 37
_ARM_ENDS = (0.12, 6.0)
ARM_LENGTH = _ARM_ENDS[1]  # palm lengths: beyond the picture's edge
_ARM_SIDES = (0.10, 0.15)
_ARM_RADII = (0.185, 0.340)
_TIPS = np.arange(4, JOINT_COUNT, 4)

FINGER_LINKS = tuple(bone for bone in BONES if bone[0] != 0 and bone != (1, 2))
PALM_LINKS = (*(bone for bone in BONES if bone not in FINGER_LINKS), *_PALM_LINKS)
NAIL_LINKS = tuple((_NAILS + 2 * finger, _NAILS + 2 * finger + 1) for finger in range(len(_TIPS)))
ARM_LINKS = (*((_ARM + a, _ARM + b) for a, b in ((0, 2), (1, 3), (0, 3), (1, 2))), (0, _ARM), (0, _ARM + 1))
SLEEVE_LINKS = tuple((_SLEEVE + a, _SLEEVE + b) for a, b in ((0, 2), (1, 3), (0, 3), (1, 2), (0, 1)))
# All capsules as (from, to); their numbers in this order are what `surface.Relief` notes at each pixel.
LINKS: tuple[tuple[int, int], ...] = (*FINGER_LINKS, *NAIL_LINKS, *PALM_LINKS, *ARM_LINKS, *SLEEVE_LINKS)


def flesh_on(
    joints: Floats, person: Person, arm_bend: Floats, sleeve_start: float, arm_length: float = ARM_LENGTH
) -> tuple[Floats, Floats]:
    """Places that the capsules run between.

    Args:
        joints: ``[N, 21, 3]`` in the hand's frame, palm lengths.
        person: whose hand it is.
        arm_bend: ``[2]`` the wrist's bend: how far the forearm leads to +x and to +z, a palm length down.
        sleeve_start: how far below the wrist the sleeve ends, palm lengths.
        arm_length: how far below the wrist the arm ends, palm lengths.

    Returns:
        Places ``[N, 47, 3]``, the joints first, and their radii ``[47]``, both in palm lengths.
    """
    first, second = (np.array([place[at] for place in _PALM_PLACES]) for at in (0, 1))
    share = np.array([place[2] for place in _PALM_PLACES])[:, None]
    palm = joints[:, first] * (1 - share) + joints[:, second] * share + np.array([place[3] for place in _PALM_PLACES])
    arm, arm_radii = _tube(arm_bend, _ARM_ENDS[0], arm_length)
    sleeve, sleeve_radii = _tube(arm_bend, sleeve_start, arm_length)
    nails, nail_radii = _nails(joints)
    still = np.broadcast_to(np.concatenate([arm, sleeve]), (len(joints), 8, 3))
    places = np.concatenate([joints, palm, still, nails], axis=1)
    palm_radii = np.array([place[4] for place in _PALM_PLACES]) * person.palm_breadth
    radii = np.concatenate([_JOINT_RADII, palm_radii, arm_radii, sleeve_radii * 1.2, nail_radii])
    return places, radii * person.thickness


def palmar_directions(joints: Floats) -> Floats:
    """For each finger bone (`FINGER_LINKS`) the unit direction in which its palmar side looks: ``[N, 14, 3]``."""
    parents, children = np.array(FINGER_LINKS).T
    bones = joints[:, children] - joints[:, parents]
    bones = bones / np.linalg.norm(bones, axis=-1, keepdims=True)
    hinge = (joints[:, 5] - joints[:, 17])[:, None]
    palmar = np.cross(hinge, bones)
    is_thumb = children <= 4
    thumb = THUMB_BENDS_TO - (bones @ THUMB_BENDS_TO)[..., None] * bones
    palmar[:, is_thumb] = thumb[:, is_thumb]
    return np.asarray(palmar / np.linalg.norm(palmar, axis=-1, keepdims=True))


def _tube(arm_bend: Floats, start: float, end: float) -> tuple[Floats, Floats]:
    """The four places of the arm between two distances below the wrist, ``[4, 3]``, and their radii ``[4]``."""
    down = np.array([start, start, end, end])
    sideways, radii = np.interp(down, _ARM_ENDS, _ARM_SIDES), np.interp(down, _ARM_ENDS, _ARM_RADII)
    places = [sideways * [1, -1, 1, -1] + arm_bend[0] * down, -down, arm_bend[1] * down - 0.02]
    return np.stack(places, axis=-1), radii


def _nails(joints: Floats) -> tuple[Floats, Floats]:
    """Root and tip of five nails ``[N, 10, 3]``, thumb first, and their radii ``[10]``."""
    outer = [at for at, link in enumerate(FINGER_LINKS) if link[1] in _TIPS]
    dorsal = -palmar_directions(joints)[:, outer]
    radii = _JOINT_RADII[_TIPS]
    places = []
    for share in (0.62, 1.0):
        on_bone = joints[:, _TIPS - 1] * (1 - share) + joints[:, _TIPS] * share
        places.append(on_bone + dorsal * (0.56 * radii)[:, None])
    nails = np.stack(places, axis=2).reshape(len(joints), -1, 3)
    return nails, np.repeat(radii * 0.56, 2)


Picture = NDArray[np.float32]

# The height where there is nothing, and the capsule's number there.
_DEPTHS = np.float32(-1e9)
NOTHING = -1


class Relief:
    """A depth image that capsules are raised from, one after the other.

    Attributes:
        height: ``[H, W]`` pixels towards the camera.
        owner: ``[H, W]`` the number of the capsule seen, `NOTHING` where there is none.
    """

    def __init__(self, width: int, height: int) -> None:
        self.height: Picture = np.full((height, width), _DEPTHS)
        self.owner = np.full((height, width), NOTHING, np.int16)

    def raise_capsule(
        self, number: int, start: NDArray[np.float64], end: NDArray[np.float64], radii: tuple[float, float]
    ) -> None:
        """Raise the relief to a capsule's surface, touching only the pixels around it.

        The surface is the union of the spheres along the capsule. At a pixel, `along` and `across` are its coordinates
        in the capsule's own plane frame; the highest sphere there is not the one next to the pixel but, on a slope, one
        farther up.

        Args:
            number: what `owner` is to hold where this capsule is seen.
            start: ``[3]`` x right, y down, z towards the camera, pixels.
            end: ``[3]`` likewise.
            radii: at start and end, pixels.
        """
        reach = max(radii) + 1
        left, top = (np.minimum(start, end)[:2] - reach).astype(int).clip(0)
        right, bottom = (np.maximum(start, end)[:2] + reach).astype(int) + 1
        right, bottom = min(right, self.height.shape[1]), min(bottom, self.height.shape[0])
        if left >= right or top >= bottom:
            return
        step = end - start
        length = max(float(np.hypot(step[0], step[1])), 1e-3)
        slope, taper = np.float32(step[2] / length), np.float32((radii[1] - radii[0]) / length)
        east, south = np.float32(step[0] / length), np.float32(step[1] / length)

        x = np.arange(left, right, dtype=np.float32) - np.float32(start[0])
        y = (np.arange(top, bottom, dtype=np.float32) - np.float32(start[1]))[:, None]
        along = x * east + y * south
        across_squared = (y * east - x * south) ** 2
        half_chord = np.sqrt(np.maximum(np.float32((radii[0] + radii[1]) ** 2 / 4) - across_squared, 0))
        sphere = np.clip(along + half_chord * (slope / np.hypot(np.float32(1), slope)), 0, np.float32(length))
        radius = sphere * taper + np.float32(radii[0])
        left_over = radius * radius - across_squared - (along - sphere) ** 2
        surface = sphere * slope + np.float32(start[2]) + np.sqrt(np.maximum(left_over, 0))

        window = self.height[top:bottom, left:right]
        seen = (left_over > 0) & (surface > window)
        np.copyto(window, surface, where=seen)
        np.copyto(self.owner[top:bottom, left:right], np.int16(number), where=seen)
