"""Drawing joints over a picture, so that a person sees what was found."""

import cv2
import numpy as np
from numpy.typing import NDArray

from handloom.hand import BONES, Poses, picture_from_poses

# A colour a finger, from the thumb to the little finger; the wrist has the thumb's.
FINGER_COLOURS = ((230, 60, 60), (240, 160, 40), (70, 190, 80), (60, 140, 240), (170, 90, 220))
# Of a hand's larger side, the width of a bone's line and the radius of a joint's dot take this part at most.
LINES_ACROSS_A_HAND, JOINTS_ACROSS_A_HAND = 60, 35


def with_joints(picture: NDArray[np.uint8], poses: Poses) -> NDArray[np.uint8]:
    """A copy of a picture with a hand's bones and joints drawn over it.

    Args:
        picture: uint8 ``[height, width, 3]``, RGB.
        poses: ``[3, 21]``, one frame; all zeros draw nothing.

    Lines and joints are as large as the picture asks for, but never so large that they hide a small hand.
    """
    drawn = picture.copy()
    if not (poses[2] > 0).any():
        return drawn
    height, width = picture.shape[:2]
    exact = picture_from_poses(poses[None])[0] * (width, height)
    points = [(round(x), round(y)) for x, y in exact.tolist()]
    hand = float(np.ptp(exact[poses[2] > 0], axis=0).max())  # pixels
    thickness = max(1, round(min(max(height, width) / 160, hand / LINES_ACROSS_A_HAND)))
    radius = min(thickness + 1, max(1, round(hand / JOINTS_ACROSS_A_HAND)))
    for parent, child in BONES:
        cv2.line(drawn, points[parent], points[child], FINGER_COLOURS[(child - 1) // 4], thickness, cv2.LINE_AA)
    for point in points:
        cv2.circle(drawn, point, radius, (255, 255, 255), -1, cv2.LINE_AA)
    return drawn
