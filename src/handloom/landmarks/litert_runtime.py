"""Our own landmarker: LiteRT runs the two networks, OpenCV cuts out what they see, and the rest is arithmetic.

What happens to a picture is what MediaPipe's hand landmarker does (Apache-2.0,
github.com/google-ai-edge/mediapipe, `mediapipe/tasks/cc/vision/`): `hand_detector/hand_detector_graph.cc`,
`hand_landmarker/hand_landmarks_detector_graph.cc`, `hand_landmarker/hand_landmarker_graph.cc`,
`hand_landmarker/calculators/hand_association_calculator.cc` and `hand_landmarks_deduplication_calculator.cc`.
`benchmarks/landmarkers.py` shows how far the joints of the two are apart.
"""

import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from handloom.errors import LandmarkModelError
from handloom.hand import JOINT_COUNT
from handloom.landmarks.landmarker import PALM_TRIANGLE, FoundHand
from handloom.landmarks.native_libraries import quiet_stderr
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
    Cropper,
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
# Networks that are idle, by the model's file: opening them takes as long as using them five times.
_idle: dict[tuple[Path, int, int], list["Networks"]] = {}


class Network:
    """One network in one thread: more threads are slower, and the workers are processes.

    Raises:
        LandmarkModelError: the content is no network of this name.
    """

    def __init__(self, content: bytes, name: str, file: Path) -> None:
        side, shapes = SHAPES[name]
        try:
            with quiet_stderr():  # it says that it uses the CPU
                self._interpreter = Interpreter(model_content=content, num_threads=1)
                self._interpreter.allocate_tensors()
            (taken,) = self._interpreter.get_input_details()
            given = self._interpreter.get_output_details()[: len(shapes)]
        except (RuntimeError, ValueError):
            raise LandmarkModelError(f"{file}: {name} is not a network that LiteRT can run") from None
        if tuple(taken["shape"]) != (1, side, side, 3) or tuple(tuple(one["shape"]) for one in given) != shapes:
            raise LandmarkModelError(
                f"{file}: {name} is another network than the one that is known here; set"
                " extract_keypoints.landmarker.runtime to mediapipe"
            )
        self._taken, self._given = taken["index"], [one["index"] for one in given]
        self._crop = Cropper(side, replicate=name == LANDMARKS)  # outside a picture the detector sees black

    def __call__(self, picture: Picture, corners: Points) -> list[NDArray[np.float32]]:
        """The outputs for what lies between four corners in a picture."""
        crop = self._crop(picture, corners)
        # Into LiteRT's own memory; no view of it may be left when the network runs.
        np.multiply(crop, np.float32(1 / 255), out=self._interpreter.tensor(self._taken)()[0])
        self._interpreter.invoke()
        return [self._interpreter.get_tensor(index) for index in self._given]


class Networks(NamedTuple):
    """The two networks of a model file."""

    detector: Network
    landmarks: Network


class Found(NamedTuple):
    """A hand that the landmark network saw.

    Attributes:
        joints: ``[21, 2]``, shares of the picture's width and height.
        right: how sure it is that it is a right hand, 0 to 1.
    """

    joints: Points
    right: np.float32


class LiteRTLandmarker(Closing):
    """See `handloom.landmarks.landmarker.Landmarker`. One instance serves one thread at a time.

    Args:
        model: the `hand_landmarker.task` file.
        confidence: 0 to 1; what the detector or the landmark network is less sure of is no hand.

    Raises:
        LandmarkModelError: the file does not hold the two networks.
    """

    def __init__(self, model: Path, confidence: float) -> None:
        self._confidence = confidence
        self._networks: Networks | None
        self._key, self._networks = _networks(model)

    def close(self) -> None:
        """Give the networks to the next landmarker of this process."""
        if self._networks is not None:
            _idle.setdefault(self._key, []).append(self._networks)
            self._networks = None

    def find(self, picture: Picture, hands: int) -> list[FoundHand]:
        """The hands of a picture, at most `hands`, the surest one first."""
        return _as_found(self.joints(picture, self.squares(picture, hands)))

    def follow(self, hands: int) -> "LiteRTFollower":
        """What follows at most `hands` hands through the frames of one clip."""
        return LiteRTFollower(self, hands)

    def squares(self, picture: Picture, hands: int) -> list[Square]:
        """Where the detector sees hands: at most `hands` squares, the surest one first."""
        assert self._networks is not None, "the landmarker is closed"
        boxes, logits = self._networks.detector(picture, around_picture(picture))
        return [_square(palm, picture) for palm in palms(boxes[0], logits[0, :, 0], self._confidence)[:hands]]

    def joints(self, picture: Picture, squares: Sequence[Square]) -> list[Found]:
        """The hands that the landmark network sees in squares of the picture, each hand once."""
        assert self._networks is not None, "the landmarker is closed"
        found: list[Found] = []
        for square in squares:
            if not (square.width > 0 and square.height > 0):  # MediaPipe leaves them out, too
                continue
            numbers, presence, right = self._networks.landmarks(picture, square.corners(picture))
            if presence[0, 0] <= self._confidence:
                continue
            joints = square.in_picture(numbers.reshape(JOINT_COUNT, 3)[:, :2] / np.float32(SIDE))
            if not any(is_same_hand(joints, other.joints, picture) for other in found):
                found.append(Found(joints, right[0, 0]))
        return found


class LiteRTFollower(Closing):
    """Follows hands through the frames of one clip.

    The detector runs only while there are fewer than it may follow, and of these frames only in those that are to be
    searched, or where there is no hand.
    """

    def __init__(self, landmarker: LiteRTLandmarker, hands: int) -> None:
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
        )
        for joints, right in found
    ]


def _networks(model: Path) -> tuple[tuple[Path, int, int], Networks]:
    """The networks of a file, from those that are idle or opened, and what they are kept by."""
    about = model.stat()
    key = (model, about.st_mtime_ns, about.st_size)
    try:
        return key, _idle[key].pop()
    except (KeyError, IndexError):
        pass
    try:
        with zipfile.ZipFile(model) as archive:
            return key, Networks(*(Network(archive.read(name), name, model) for name in (DETECTOR, LANDMARKS)))
    except (zipfile.BadZipFile, KeyError):
        raise LandmarkModelError(
            f"{model}: not a hand landmark model; it must hold {DETECTOR} and {LANDMARKS}"
        ) from None
