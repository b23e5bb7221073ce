"""Examples of the arithmetic around the landmark networks, as `landmarks.json` of HandloomKit has them.

    python tests/landmark_vectors.py     writes that file anew

Pictures are made by a formula that Swift has too, so that no pixels are stored.
"""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from handloom.config import ExtractKeypoints, HandChoice
from handloom.export import swift_kit
from handloom.export.hard_cases import plain_hand
from handloom.landmarks.landmarker import Landmarker
from handloom.landmarks.network_landmarker import SIDE, NetworkLandmarker, Networks
from handloom.landmarks.palms import BOXES, DETECTOR_SIDE, NUMBERS, anchors, palms
from handloom.landmarks.reader import HandReader
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

FILE = Path(swift_kit.__file__).parent / "swift/HandloomKit/Tests/HandloomKitTests/landmarks.json"
COUNT, STREAMS, SEED = 10, 3, 1
FRAMES = 10
SAMPLES = 16  # bytes of a crop that are compared
UNSURE = -20.0  # the score of boxes that are not stored
Numbers = list[float]


def made_picture(width: int, height: int) -> Picture:
    """A picture that is smooth enough to be looked at anywhere."""
    x, y, colour = np.meshgrid(np.arange(width), np.arange(height), np.arange(3))
    place = (x * (2 + colour) + y * (4 - colour) + (x * y >> 6)) % 510
    made: Picture = np.where(place < 256, place, 510 - place).astype(np.uint8)
    return made


def landmark_vectors(count: int, seed: int, streams: int) -> dict[str, list[dict[str, Any]]]:
    """`count` examples of each part and so many streams, with what Python gives."""
    draw = np.random.default_rng(seed)
    parts = {"squares": _square, "crops": _crop, "palms": _palms, "scaled": _scaled, "streams": _stream}
    return {
        name: [
            {"name": f"{name} {at}, seed {seed}"} | part(draw) for at in range(streams if name == "streams" else count)
        ]
        for name, part in parts.items()
    }


def _size(draw: np.random.Generator) -> tuple[int, int]:
    width, height = draw.integers(150, 700, 2).tolist()
    return width, height


def _numbers(values: Any) -> Numbers:
    """Float32 numbers as few digits as say them exactly."""
    return [float(str(one)) for one in np.asarray(values, np.float32).reshape(-1)]


def _square(draw: np.random.Generator) -> dict[str, Any]:
    """A square around a palm, one around a hand, and where points of its crop are."""
    width, height = _size(draw)
    picture = np.empty((height, width, 3), np.uint8)
    points = draw.uniform(0, 1, (4, 2)).astype(np.float32)
    points[1] = points[0] + np.abs(points[1] - points[0])
    low, high, wrist, middle = from_detector(points, picture)
    palm = around_palm(low, high, wrist, middle, picture)
    sides = np.array([width, height], np.float32)
    other = around_hand(np.asarray(_hand(draw, width, height) / sides, np.float32), picture)
    shown = draw.uniform(-0.2, 1.2, (3, 2)).astype(np.float32)
    joints = np.asarray(_hand(draw, width, height) / sides, np.float32)
    hand = around_hand(joints, picture)
    return {
        "width": width,
        "height": height,
        "palm": _numbers(points),
        "palmSquare": _numbers(palm),
        "palmCorners": _numbers(palm.corners(picture)),
        "joints": _numbers(joints),
        "handSquare": _numbers(hand),
        "shown": _numbers(shown),
        "places": _numbers(palm.in_picture(shown)),
        "overlap": hand.overlap(other),
        "otherSquare": _numbers(other),
    }


def _hand(draw: np.random.Generator, width: int, height: int) -> Points:
    """Joints ``[21, 2]`` in pixels: a plain hand, turned, of any size."""
    x, y, _ = plain_hand(1)[0]
    points = np.stack([x, 1 - y], axis=1) - [x.mean(), 1 - y.mean()]
    angle, size = draw.uniform(-np.pi, np.pi), draw.uniform(0.4, 0.9) * min(width, height)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    middle = draw.uniform(0.3, 0.7, 2) * [width, height]
    return np.asarray(points @ turn * size + middle, np.float32)


def _crop(draw: np.random.Generator) -> dict[str, Any]:
    """A small crop, and the whole picture as the detector sees it."""
    width, height = _size(draw)
    picture = made_picture(width, height)
    x, y, size = draw.uniform(0, 1), draw.uniform(0, 1), draw.uniform(0.2, 1.5) * max(width, height)
    square = Square(*(np.float32(one) for one in (x, y, size / width, size / height, draw.uniform(-3, 3))))
    corners = square.corners(picture)
    side = int(draw.integers(5, 14))
    return {
        "width": width,
        "height": height,
        "size": side,
        "corners": _numbers(corners),
        "edge": Cropper(side, replicate=True)(picture, corners).reshape(-1).tolist(),
        "black": Cropper(side, replicate=False)(picture, corners).reshape(-1).tolist(),
        "whole": Cropper(side, replicate=False)(picture, around_picture(picture)).reshape(-1).tolist(),
    }


def _palms(draw: np.random.Generator) -> dict[str, Any]:
    """Several boxes around a few palms, and the palms."""
    boxes, scores = _empty()
    for _ in range(3):
        _add_palm(
            boxes, scores, draw, draw.uniform(0.1, 0.9, 2), draw.uniform(0.1, 0.4), number=int(draw.integers(1, 6))
        )
    found = palms(boxes[0], scores[0, :, 0], 0.5)
    return _stored(boxes, scores) | {
        "palms": [
            _numbers(np.concatenate([one.low, one.high, one.points[0], one.points[2], [one.score]])) for one in found
        ]
    }


def _empty() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    return np.zeros((1, BOXES, NUMBERS), np.float32), np.full((1, BOXES, 1), UNSURE, np.float32)


def _add_palm(
    boxes: NDArray[np.float32],
    scores: NDArray[np.float32],
    draw: np.random.Generator,
    middle: NDArray[np.float64],
    size: float,
    number: int = 3,
) -> None:
    """Boxes near a place, all shares of what the detector sees."""
    near = np.argsort(np.linalg.norm(anchors() - middle, axis=1), kind="stable")[:number]
    for place in near.tolist():
        points = middle + draw.normal(0, 0.02 * size, (NUMBERS // 2, 2)) - anchors()[place]
        points[1] = size * draw.uniform(0.95, 1.05, 2)
        points[2:] += draw.uniform(-0.5, 0.5, (NUMBERS // 2 - 2, 2)) * size
        boxes[0, place] = (points * DETECTOR_SIDE).reshape(-1)
        scores[0, place] = draw.uniform(-0.5, 4)


def _stored(boxes: NDArray[np.float32], scores: NDArray[np.float32]) -> dict[str, Any]:
    """The boxes that say something, with their places."""
    places = np.flatnonzero(scores[0, :, 0] > UNSURE)
    return {
        "places": places.tolist(),
        "boxes": [_numbers(one) for one in boxes[0, places]],
        "scores": _numbers(scores[0, places, 0]),
    }


def _scaled(draw: np.random.Generator) -> dict[str, Any]:
    """A picture scaled down by the mean of areas."""
    width, height = _size(draw)
    side = int(draw.integers(6, 12))
    scale = side / max(width, height)
    size = (max(1, round(scale * width)), max(1, round(scale * height)))
    small = cv2.resize(made_picture(width, height), size, interpolation=cv2.INTER_AREA)
    return {"width": width, "height": height, "side": side, "bytes": small.reshape(-1).tolist()}


class _Recorded(NetworkLandmarker):
    """Networks that see made hands; what they were shown and what they gave is kept.

    Args:
        draw: of what differs from what is true.
        size: of the frames.
    """

    def __init__(self, draw: np.random.Generator, size: tuple[int, int]) -> None:
        super().__init__(Networks(self._detect, self._find), 0.5)
        self.hands: list[Points] = []  # of the frame, in pixels
        self.calls: list[dict[str, Any]] = []
        self._draw, self._size = draw, np.array(size)
        self._croppers = Cropper(DETECTOR_SIDE, replicate=False), Cropper(SIDE, replicate=True)

    def _detect(self, picture: Picture, corners: Points) -> list[NDArray[np.float32]]:
        boxes, scores = _empty()
        for joints in self._shown(picture):
            if self._draw.random() < 0.85:
                sides = np.array(picture.shape[1::-1])
                middle = (joints[[0, 5, 17]].mean(axis=0) - sides / 2) / sides.max() + 0.5
                palm = np.linalg.norm(joints[5] - joints[0]) / sides.max()
                _add_palm(boxes, scores, self._draw, middle, float(palm))
        crop = self._croppers[0](picture, corners)
        self.calls.append({"crop": self._sample(crop), **_stored(boxes, scores)})
        return [boxes, scores]

    def _find(self, picture: Picture, corners: Points) -> list[NDArray[np.float32]]:
        crop = self._croppers[1](picture, corners)
        middle = corners.mean(axis=0)
        near = sorted(self._shown(picture), key=lambda joints: float(np.linalg.norm(joints.mean(axis=0) - middle)))
        basis = np.stack([corners[2] - corners[1], corners[0] - corners[1]])
        seen = bool(near) and bool(np.linalg.norm(near[0].mean(axis=0) - middle) < np.linalg.norm(basis[0]) / 2)
        numbers = np.zeros((21, 3), np.float32)
        if seen:
            numbers[:, :2] = (near[0] - corners[1]) @ np.linalg.inv(basis) * SIDE + self._draw.normal(0, 1, (21, 2))
        presence = self._draw.uniform(0.6, 1) if seen and self._draw.random() < 0.9 else self._draw.uniform(0, 0.4)
        right = self._draw.uniform(0, 1)
        self.calls.append(
            {
                "crop": self._sample(crop),
                "joints": _numbers(numbers[:, :2]) if seen else [],
                "presence": _numbers([presence])[0],
                "right": _numbers([right])[0],
            }
        )
        return [numbers.reshape(1, -1), np.array([[presence]], np.float32), np.array([[right]], np.float32)]

    def _shown(self, picture: Picture) -> list[Points]:
        """The hands in pixels of the picture, which may have a border."""
        border = (np.array(picture.shape[1::-1]) - self._size) / 2
        return [np.asarray(joints + border, np.float32) for joints in self.hands]

    @staticmethod
    def _sample(crop: Picture) -> list[int]:
        content = crop.reshape(-1)
        sampled: list[int] = content[np.linspace(0, len(content) - 1, SAMPLES).astype(int)].tolist()
        return sampled


class _Files:
    """See `handloom.landmarks.landmarker.LandmarkerFiles`."""

    def __init__(self, landmarker: Landmarker) -> None:
        self.landmarker = landmarker

    def open(self, confidence: float) -> Landmarker:
        return self.landmarker


def _stream(draw: np.random.Generator) -> dict[str, Any]:
    """A stream of frames with up to two hands that come and go: what is asked, and which hand is taken."""
    choices: tuple[HandChoice, ...] = ("raised", "followed", "largest", "left", "right")
    choice = choices[int(draw.integers(len(choices)))]
    size = (int(draw.integers(160, 480)), int(draw.integers(160, 480)))
    recorded = _Recorded(draw, size)
    settings = replace(ExtractKeypoints(), hand=choice)
    hands = [_hand(draw, *size) * np.float32(0.6) + np.float32(0.2 * min(size)) for _ in range(2)]
    speeds = draw.normal(0, 6, (2, 2))
    frames = []
    with HandReader(settings, _Files(recorded)) as reader, reader.follow() as follower:
        time = 0.0
        visible = [True, bool(draw.random() < 0.5)]
        for _ in range(FRAMES):
            visible = [one if draw.random() < 0.85 else not one for one in visible]
            hands = [np.asarray(one + speed, np.float32) for one, speed in zip(hands, speeds, strict=True)]
            recorded.hands = [hand for hand, shown in zip(hands, visible, strict=True) if shown]
            recorded.calls = []
            found = follower.find(made_picture(*size), time).hand
            frames.append(
                {
                    "time": time,
                    "calls": recorded.calls,
                    "joints": _numbers(found.points) if found else [],
                    "side": found.chirality if found else "",
                }
            )
            time = round(time + float(draw.choice([0.033, 0.1, 0.1, 0.2, 0.6])), 3)
    return {"width": size[0], "height": size[1], "choice": choice, "frames": frames}


if __name__ == "__main__":
    FILE.write_text(json.dumps(landmark_vectors(COUNT, SEED, STREAMS), separators=(",", ":")) + "\n", encoding="utf-8")
