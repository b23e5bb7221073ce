"""Our own landmarker: something runs the two networks, OpenCV cuts out what they see, and the rest is arithmetic.

What happens to a picture is what MediaPipe's hand landmarker does (Apache-2.0,
github.com/google-ai-edge/mediapipe, `mediapipe/tasks/cc/vision/`): `hand_detector/hand_detector_graph.cc`,
`hand_landmarker/hand_landmarks_detector_graph.cc`, `hand_landmarker/hand_landmarker_graph.cc`,
`hand_landmarker/calculators/hand_association_calculator.cc` and `hand_landmarks_deduplication_calculator.cc`.
`benchmarks/landmarkers.py` shows how far the joints of the two are apart.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from handloom.hand import JOINT_COUNT
from handloom.landmarks.landmarker import PALM_TRIANGLE, FoundHand
from handloom.landmarks.palms import (
    BOXES,
    DETECTOR_SIDE,
    NUMBERS,
    PALM_MIDDLE,
    PALM_WRIST,
    Palm,
    overlaps,
    palms,
)
from handloom.landmarks.square import (
    Points,
    Square,
    around_hand,
    around_palm,
    around_picture,
    from_detector,
)
from handloom.media.frame import Picture
from handloom.support.closing import Closing

SIDE = 224  # pixels of the crop that the landmark network sees
DETECTOR, LANDMARKS = "hand_detector.tflite", "hand_landmarks_detector.tflite"
# A palm that overlaps with the square of a hand that is followed by more than this is that hand.
SAME_PLACE = 0.5
# Two hands are one where so many joints are nearer than this share of the palm, and their boxes overlap by more.
SAME_JOINTS, SAME_JOINT, SAME_BOX = 10, 0.2, 0.2
# What the two networks take and give: pixels a side, and the shapes of the outputs that are used.
SHAPES = {
    DETECTOR: (DETECTOR_SIDE, ((1, BOXES, NUMBERS), (1, BOXES, 1))),
    LANDMARKS: (SIDE, ((1, 3 * JOINT_COUNT), (1, 1), (1, 1))),
}


class HandNetwork(Protocol):
    """One network in one thread."""

    def __call__(self, picture: Picture, corners: Points) -> list[NDArray[np.float32]]:
        """The outputs for what lies between four corners in a picture: those of `SHAPES`.

        Args:
            picture: uint8 ``[height, width, 3]``, RGB.
            corners: see `Square.corners`.
        """
        ...


class Networks(NamedTuple):
    """The two networks."""

    detector: HandNetwork
    landmarks: HandNetwork


class Found(NamedTuple):
    """A hand that the landmark network saw.

    Attributes:
        joints: ``[21, 2]``, shares of the picture's width and height.
        right: how sure it is that it is a right hand, 0 to 1.
        presence: how sure it is that it is a hand, 0 to 1.
    """

    joints: Points
    right: np.float32
    presence: np.float32


class NetworkLandmarker(Closing):
    """See `handloom.landmarks.landmarker.Landmarker`. One instance serves one thread at a time.

    Args:
        networks: what runs the two networks.
        confidence: 0 to 1; what the detector or the landmark network is less sure of is no hand.
    """

    def __init__(self, networks: Networks, confidence: float) -> None:
        self._networks: Networks | None = networks
        self._confidence = confidence

    def close(self) -> None:
        """Free the networks."""
        self._networks = None

    def find(self, picture: Picture, hands: int) -> list[FoundHand]:
        """The hands of a picture, at most `hands`, the surest one first."""
        return _as_found(self.joints(picture, self.squares(picture, hands)))

    def follow(self, hands: int) -> "NetworkFollower":
        """What follows at most `hands` hands through the frames of one clip."""
        return NetworkFollower(self, hands)

    @property
    def networks(self) -> Networks:
        """What runs the two networks, until it is closed."""
        assert self._networks is not None, "the landmarker is closed"
        return self._networks

    def squares(self, picture: Picture, hands: int) -> list[Square]:
        """Where the detector sees hands: at most `hands` squares, the surest one first."""
        boxes, logits = self.networks.detector(picture, around_picture(picture))
        return [_square(palm, picture) for palm in palms(boxes[0], logits[0, :, 0], self._confidence)[:hands]]

    def joints(self, picture: Picture, squares: Sequence[Square]) -> list[Found]:
        """The hands that the landmark network sees in squares of the picture, each hand once."""
        found: list[Found] = []
        for square in squares:
            if not (square.width > 0 and square.height > 0):  # MediaPipe leaves them out, too
                continue
            numbers, presence, right = self.networks.landmarks(picture, square.corners(picture))
            if presence[0, 0] <= self._confidence:
                continue
            joints = square.in_picture(numbers.reshape(JOINT_COUNT, 3)[:, :2] / np.float32(SIDE))
            if not any(is_same_hand(joints, other.joints, picture) for other in found):
                found.append(Found(joints, right[0, 0], presence[0, 0]))
        return found


class NetworkFollower(Closing):
    """Follows hands through the frames of one clip.

    The detector runs only while there are fewer than it may follow, and of these frames only in those that are to be
    searched, or where there is no hand.
    """

    def __init__(self, landmarker: NetworkLandmarker, hands: int) -> None:
        self._landmarker, self._hands = landmarker, hands
        self._squares: list[Square] = []

    def close(self) -> None:
        """Nothing is held."""

    def keep(self, hand: int | None) -> None:
        """Follow only that one of the hands just found."""
        self._squares = [] if hand is None else [self._squares[hand]]

    def find(self, picture: Picture, milliseconds: int, *, search: bool = True) -> list[FoundHand]:
        """The hands of the next frame, those first that were followed for longest."""
        squares = self._squares
        if len(squares) < self._hands and (search or not squares):
            for square in self._landmarker.squares(picture, self._hands):
                if all(square.overlap(other) <= SAME_PLACE for other in squares):
                    squares = [*squares, square]
        found = self._landmarker.joints(picture, squares[: self._hands])
        self._squares = [around_hand(one.joints, picture) for one in found]
        return _as_found(found)


def is_same_hand(one: Points, other: Points, picture: Picture) -> bool:
    """Whether two sets of joints ``[21, 2]``, shares of the picture, are of one hand."""
    sides = np.array(picture.shape[1::-1], np.float32)
    near = SAME_JOINT * max(_palm(one * sides), _palm(other * sides))
    if (np.linalg.norm((one - other) * sides, axis=1) < near).sum() < SAME_JOINTS:
        return False
    boxes = np.array([[joints.min(axis=0), joints.max(axis=0)] for joints in (one, other)])
    return bool(overlaps(boxes[:1], boxes[1])[0] > SAME_BOX)


def _palm(joints: Points) -> float:
    """The longest side of the triangle of wrist, first and last knuckle, pixels."""
    corners = joints[list(PALM_TRIANGLE)]
    return float(np.linalg.norm(corners - np.roll(corners, 1, axis=0), axis=1).max())


def _square(palm: Palm, picture: Picture) -> Square:
    places = np.stack([palm.low, palm.high, palm.points[PALM_WRIST], palm.points[PALM_MIDDLE]])
    low, high, wrist, middle = from_detector(places, picture)
    return around_palm(low, high, wrist, middle, picture)


def _as_found(found: Sequence[Found]) -> list[FoundHand]:
    return [
        FoundHand(
            points=joints.astype(np.float64),
            score=float(max(right, np.float32(1) - right)),
            chirality="right" if right >= 0.5 else "left",
            presence=float(presence),
        )
        for joints, right, presence in found
    ]
