"""The colours on the surface: dorsal and palmar skin, nails, sleeve, and the lines where skin folds."""

import cv2
import numpy as np
from numpy.typing import NDArray

from handloom.described.people import Person
from handloom.described.skeleton import Floats
from handloom.sample.flesh import ARM_LINKS, FINGER_LINKS, LINKS, NAIL_LINKS, PALM_LINKS, Picture, palmar_directions

# Skin from very light to very dark: red, green, blue, 0 to 255.
_TONES = np.array(
    [[240, 198, 172], [228, 178, 145], [206, 150, 114], [178, 122, 90], [144, 95, 69], [112, 72, 53], [86, 56, 43]],
    float,
)
# Palms have little pigment, whoever's they are: red, green, blue.
_PALE_PALM = np.array([226, 172, 148], float)
_PALM_PALENESS = 0.2
_NAIL = np.array([235, 190, 180], float)
_NAIL_SHARE = 0.38

# The palm's three lines as points between the wrist (0) and knuckles, x and y in palm lengths.
_PALM_LINES = (
    ((0.30, 0.72), (0.10, 0.58), (0.00, 0.35), (0.02, 0.12)),
    ((0.30, 0.76), (0.05, 0.66), (-0.20, 0.50), (-0.36, 0.42)),
    ((-0.48, 0.60), (-0.25, 0.68), (-0.02, 0.80), (0.06, 0.92)),
)
PALM_LINE_POINTS: Floats = np.array([(x, y, 0.12) for line in _PALM_LINES for x, y in line])
_POINTS_A_LINE = 4

# How dark the lines are, 0 to 255.
_PALM_LINE, _FINGER_LINE = 95, 75


def skin_of(person: Person) -> Floats:
    """The colour of the back of a person's hand: ``[3]`` red, green, blue, 0 to 255."""
    at = person.darkness * (len(_TONES) - 1)
    skin = np.array([np.interp(at, np.arange(len(_TONES)), channel) for channel in _TONES.T])
    return np.asarray(skin * (1 + person.warmth * np.array([0.5, 0.0, -1.0])))


def colours_of(joints: Floats, rotation: Floats, skin: Floats, sleeve: Floats | None) -> Picture:
    """The colour of each capsule of `flesh.LINKS`, and one more for where there is none: ``[L + 1, 3]``.

    Args:
        joints: ``[1, 21, 3]`` in the hand's frame.
        rotation: ``[1, 3, 3]`` of the hand.
        skin: ``[3]`` of the back of the hand.
        sleeve: ``[3]`` or None.
    """
    palmar = skin + _PALM_PALENESS * (_PALE_PALM - skin)
    towards = (palmar_directions(joints) @ rotation.swapaxes(-1, -2))[0, :, 2]
    fingers = _mixed(skin, palmar, towards)
    palm = np.tile(_mixed(skin, palmar, rotation[:, 2, 2]), (len(PALM_LINKS), 1))
    arm = np.tile((skin + palm[0]) / 2, (len(ARM_LINKS), 1))
    nails = np.tile(skin + _NAIL_SHARE * (_NAIL - skin), (len(NAIL_LINKS), 1))
    rest = len(LINKS) - len(FINGER_LINKS) - len(nails) - len(palm) - len(arm)
    cloth = np.tile(skin if sleeve is None else sleeve, (rest, 1))
    return np.concatenate([fingers, nails, palm, arm, cloth, palm[:1]]).astype(np.float32)


def folds(owner: NDArray[np.int16], points: Floats, radii: Floats, lines: Floats) -> Picture:
    """How dark the folds of skin are, ``[H, W]`` from 0 to 1.

    Args:
        owner: ``[H, W]`` number of the capsule seen.
        points: ``[P, 2]`` places of the flesh in the picture, the joints first.
        radii: ``[P]`` pixels.
        lines: ``[12, 2]`` `PALM_LINE_POINTS` in the picture.
    """
    ink = np.zeros(owner.shape, np.uint8)
    thickness = max(round(radii[0] * 0.09), 1)
    first_palm = len(FINGER_LINKS) + len(NAIL_LINKS)
    is_palm = range(first_palm, first_palm + len(PALM_LINKS))
    for at, (start, end) in enumerate(FINGER_LINKS):
        if start % 4 == 1 or _owner_at(owner, points[start]) not in (at - 1, at):
            continue
        bone = points[end] - points[start]
        across = np.array([-bone[1], bone[0]]) / max(float(np.hypot(*bone)), 1e-6) * radii[start] * 0.65
        _line(ink, points[start] - across, points[start] + across, _FINGER_LINE, thickness)
    for at in range(len(lines) - 1):
        is_last = (at + 1) % _POINTS_A_LINE == 0
        if not is_last and _owner_at(owner, (lines[at] + lines[at + 1]) / 2) in is_palm:
            _line(ink, lines[at], lines[at + 1], _PALM_LINE, thickness)
    soft = cv2.GaussianBlur(ink, (0, 0), max(radii[0] * 0.05, 0.6))
    return soft.astype(np.float32) / np.float32(255)


def _mixed(skin: Floats, palmar: Floats, towards: Floats) -> Floats:
    """Between back and palm by how far the palmar side looks at the camera (``[K]``, -1 to 1): ``[K, 3]``."""
    share = np.clip(towards * 1.5 + 0.5, 0, 1)[:, None]
    return np.asarray(skin + share * (palmar - skin))


def _owner_at(owner: NDArray[np.int16], point: Floats) -> int:
    x, y = np.clip(point.astype(int), 0, [owner.shape[1] - 1, owner.shape[0] - 1])
    return int(owner[y, x])


def _line(ink: NDArray[np.uint8], start: Floats, end: Floats, darkness: int, thickness: int) -> None:
    ends = [tuple(int(value) for value in point) for point in (start, end)]
    cv2.line(ink, ends[0], ends[1], darkness, thickness, cv2.LINE_AA)
