"""The turned square around a hand: where it lies, what it shows, and where points of its crop are in the picture.

The arithmetic is that of MediaPipe's graphs (Apache-2.0, github.com/google-ai-edge/mediapipe, `mediapipe/`):
`calculators/tensor/image_to_tensor_utils.cc` and `image_to_tensor_converter_opencv.cc` (what a square shows),
`calculators/util/detection_projection_calculator.cc` and `landmark_projection_calculator.cc` (back to the picture),
`calculators/util/detections_to_rects_calculator.cc`, `calculators/util/rect_transformation_calculator.cc` and
`modules/hand_landmark/calculators/hand_landmarks_to_rect_calculator.cc` (where the square lies) and
`util/rectangle_util.cc` (overlap), with the numbers of `tasks/cc/vision/hand_detector/hand_detector_graph.cc`,
`tasks/cc/vision/hand_landmarker/hand_landmarks_detector_graph.cc` and
`modules/hand_landmark/hand_landmark_landmarks_to_roi.pbtxt`.

All numbers are float32, and every operation is rounded where MediaPipe rounds it. In a clip the joints of a frame
decide what is seen of the next one: a difference in the last bit would grow to a thousandth of the picture.
"""

from math import atan2, cos, floor, pi, sin
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from handloom.media.frame import Picture

Float = np.float32
Points = NDArray[np.float32]  # [n, 2], x to the right and y down

# A palm's square: its upright box, moved towards the fingers by half of its height, and 2.6 times as large.
PALM_SHIFT, PALM_SCALE = Float(-0.5), Float(2.6)
# A hand's square: the box around its joints, moved towards the fingers by a tenth of its height, and twice as large.
HAND_SHIFT, HAND_SCALE = Float(-0.1), Float(2.0)
# The direction from the wrist to the fingers that is upright in the crop, radians anticlockwise from the x axis. The
# graph sets 90 for palms, which is read as radians: their hands lie in the crop turned by 27 degrees.
PALM_UPRIGHT, HAND_UPRIGHT = Float(90.0), Float(pi / 2)
# The joints that decide a hand's square: wrist, thumb, and the two lower ones of each finger. Of those, the knuckles of
# index, middle and ring finger lie ahead of the wrist.
DECIDING = [0, 1, 2, 3, 5, 6, 9, 10, 13, 14, 17, 18]
INDEX, MIDDLE, RING = 4, 6, 8
# Places further away than this, pixels, are outside of all pictures.
FAR = 32_766


class Square(NamedTuple):
    """A square in a picture.

    Attributes:
        x: its centre, as a share of the picture's width.
        y: the same of the picture's height, from above.
        width: its side, as a share of the picture's width.
        height: its side, as a share of the picture's height.
        angle: radians by which it is turned, clockwise as one sees it.
    """

    x: Float
    y: Float
    width: Float
    height: Float
    angle: Float

    def corners(self, picture: Picture) -> Points:
        """Where its lower left, upper left, upper right and lower right corner are, ``[4, 2]``, pixels."""
        width, height = (Float(side) for side in picture.shape[1::-1])
        middle = float(self.x * width), float(self.y * height)
        size = float(self.width * width), float(self.height * height)
        return np.asarray(cv2.boxPoints((middle, size, float(Float(float(self.angle * Float(180)) / pi)))), Float)

    def in_picture(self, points: Points) -> Points:
        """Points of the crop as points of the picture, both ``[n, 2]`` and shares of the width and height."""
        x, y = (points - Float(0.5)).T
        cosine, sine = _cos(self.angle), _sin(self.angle)
        places = np.empty_like(points)
        places[:, 0] = (cosine * x - sine * y) * self.width + self.x
        places[:, 1] = (sine * x + cosine * y) * self.height + self.y
        return places

    def overlap(self, other: "Square") -> float:
        """Intersection over union of the two squares, both taken as if they were not turned."""
        shared = 1.0
        for place, size in (("x", "width"), ("y", "height")):
            sizes = float(getattr(self, size)), float(getattr(other, size))
            apart = abs(float(getattr(self, place)) - float(getattr(other, place)))
            shared *= min(max(sum(sizes) / 2 - apart, 0.0), *sizes)
        union = float(self.width * self.height) + float(other.width * other.height) - shared
        return shared / union if shared > 0 else 0.0


class Cropper:
    """Cuts squares out of pictures, in memory of its own, so that it serves one thread at a time.

    Args:
        size: of the crops, pixels a side.
        replicate: what is seen outside a picture: true for its edge pixels, false for black.
    """

    def __init__(self, size: int, *, replicate: bool) -> None:
        self._border = cv2.BORDER_REPLICATE if replicate else cv2.BORDER_CONSTANT
        self._crop = np.array([[0, size], [0, 0], [size, 0], [size, size]], Float)
        self._steps = np.arange(size, dtype=np.float64)
        self._rows, self._columns = np.ones((2, size, 4)), np.ones((2, 4, size))
        self._places = np.empty((2, size, size))
        self._whole = np.empty((2, size, size), np.int32)
        self._pixels, self._parts = np.empty((size, size, 2), np.int16), np.empty((size, size), np.uint16)

    def __call__(self, picture: Picture, corners: Points) -> Picture:
        """What lies between four corners, as a picture of `size` pixels a side, bilinear.

        Places in the picture are rounded to 1/32 of a pixel, as `cv2.warpPerspective` did until OpenCV 5 and as
        MediaPipe's own copy of it does.

        Args:
            picture: uint8 ``[height, width, 3]``, at most 32,766 pixels a side.
            corners: see `Square.corners`.
        """
        self._set_places(corners)
        np.copyto(self._whole, np.rint(self._places, out=self._places), casting="unsafe")
        for axis, numbers in enumerate(self._whole):
            np.right_shift(numbers, 5, out=self._pixels[..., axis], casting="unsafe")
        x, y = np.bitwise_and(self._whole, 31, out=self._whole)
        np.bitwise_or(x, np.left_shift(y, 5, out=y), out=self._parts, casting="unsafe")
        crop = cv2.remap(picture, self._pixels, self._parts, cv2.INTER_LINEAR, borderMode=self._border)
        return np.asarray(crop, np.uint8)

    def _set_places(self, corners: Points) -> None:
        """Where each pixel of the crop lies in the picture, x and y, in 1/32 of a pixel."""
        # Corners are float32, so that they are not quite those of a square: hence no affine matrix.
        _, matrix = cv2.invert(cv2.getPerspectiveTransform(corners, self._crop))
        *places, depth = np.asarray(matrix) / matrix[2, 2]
        # Places are to be divided by depths, which are so near to 1 that 1 / (1 + d) is 1 - d. Sums of a row's and a
        # column's number times such sums are a matrix product.
        by_column, by_row = 32 * (1 - depth[0] * self._steps), -32 * depth[1] * self._steps
        for (right, down, start), rows, columns in zip(places, self._rows, self._columns, strict=True):
            x, y = right * self._steps, down * self._steps + start
            rows[:, 1], rows[:, 2], rows[:, 3] = by_row, y, y * by_row
            columns[0], columns[1], columns[2] = x * by_column, x, by_column
        np.matmul(self._rows, self._columns, out=self._places)
        if np.abs(corners).max() > FAR:  # OpenCV takes whole pixels as 16 bits
            np.clip(self._places, -32 * FAR, 32 * FAR, out=self._places)


def around_picture(picture: Picture) -> Points:
    """The corners of the smallest upright square around a whole picture, see `Square.corners`."""
    height, width = picture.shape[:2]
    half = max(height, width) / 2
    left, right, top, bottom = width / 2 - half, width / 2 + half, height / 2 - half, height / 2 + half
    return np.array([[left, bottom], [left, top], [right, top], [right, bottom]], Float)


def from_detector(points: Points, picture: Picture) -> Points:
    """Points of the square around a whole picture as points of the picture, both ``[n, 2]``, shares of their sides."""
    sides = np.array(picture.shape[1::-1], Float)
    share = Float(1) / sides
    whole = sides.max()
    placed: NDArray[np.float32] = points * (whole * share) + (Float(-0.5) * whole + Float(0.5) * sides) * share
    return placed


def around_palm(low: Points, high: Points, wrist: Points, middle: Points, picture: Picture) -> Square:
    """The square around the hand of a palm; all points are ``[2]``, shares of the picture's width and height.

    Args:
        low: the upper left corner of the palm's box.
        high: its lower right corner.
        wrist: the wrist.
        middle: the knuckle of the middle finger.
        picture: uint8 ``[height, width, 3]``.
    """
    sides = np.array(picture.shape[1::-1], Float)
    size = high - low
    angle = _turn(wrist * sides, middle * sides, PALM_UPRIGHT)
    return _moved_and_scaled(low + size / Float(2), size, angle, sides, PALM_SHIFT, PALM_SCALE)


def around_hand(joints: Points, picture: Picture) -> Square:
    """The square in which the hand is looked for in the next frame.

    Args:
        joints: ``[21, 2]``, shares of the picture's width and height.
        picture: uint8 ``[height, width, 3]``.
    """
    sides = np.array(picture.shape[1::-1], Float)
    joints = joints[DECIDING]
    ahead = ((joints[INDEX] + joints[RING]) / Float(2) + joints[MIDDLE]) / Float(2)
    angle = _turn(joints[0] * sides, ahead * sides, HAND_UPRIGHT)
    middle = (joints.max(axis=0) + joints.min(axis=0)) / Float(2)
    x, y = ((joints - middle) * sides).T
    cosine, sine = _cos(-angle), _sin(-angle)
    turned = np.array([x * cosine - y * sine, x * sine + y * cosine])
    low, high = turned.min(axis=1), turned.max(axis=1)
    x, y = (high + low) / Float(2)
    sine = -sine
    centre = np.array([x * cosine - y * sine, x * sine + y * cosine]) + sides * middle
    return _moved_and_scaled(centre / sides, (high - low) / sides, angle, sides, HAND_SHIFT, HAND_SCALE)


def _turn(wrist: Points, ahead: Points, upright: Float) -> Float:
    """By how much the direction between two points, in pixels, is turned against an upright one."""
    across, down = ahead - wrist
    turn = float(upright - Float(atan2(-down, across)))
    return Float(turn - 2 * pi * floor((turn + pi) / (2 * pi)))


def _moved_and_scaled(centre: Points, size: Points, angle: Float, sides: Points, shift: Float, scale: Float) -> Square:
    ahead = sides[1] * size[1] * shift
    width, height = sides
    x = centre[0] - ahead * _sin(angle) / width
    y = centre[1] + ahead * _cos(angle) / height
    longer = max(size[0] * width, size[1] * height)
    return Square(x, y, longer / width * scale, longer / height * scale, angle)


def _cos(angle: Float) -> Float:
    return Float(cos(angle))


def _sin(angle: Float) -> Float:
    return Float(sin(angle))
