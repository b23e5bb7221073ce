"""The hand reader: from pictures to the chosen hand, in photos, clips and streams."""

from importlib.metadata import version
from math import inf
from pathlib import Path

import cv2
import numpy as np

from handloom.config import ExtractKeypoints, Runtime
from handloom.landmarks.choice import ChosenHand, candidates, hands_to_find
from handloom.landmarks.landmarker import Follower, FoundHand, Landmarker, LandmarkerFiles
from handloom.landmarks.litert_runtime import LiteRTLandmarker
from handloom.landmarks.looks import SAME_HAND, Looked, find_in_photo, find_lost
from handloom.landmarks.mediapipe_runtime import MediaPipeLandmarker
from handloom.media.frame import Picture
from handloom.support.closing import Closing

# What runs the networks: its name, and the package that brings it.
RUNTIMES: dict[Runtime, tuple[str, str]] = {
    "litert": ("LiteRT", "ai-edge-litert"),
    "mediapipe": ("MediaPipe", "mediapipe"),
}
# Frames that are scaled down to no less than this share are interpolated.
MOST_INTERPOLATED = 0.5
# While a hand is followed, others are looked for in frames that are so far apart, seconds.
SEARCH_SECONDS = 0.3


def open_landmarker(settings: ExtractKeypoints, model: Path | LandmarkerFiles) -> Landmarker:
    """The landmarker of the settings.

    Args:
        settings: the section `extract_keypoints`; its `detection_confidence` counts, and its `landmarker` for a path.
        model: the `hand_landmarker.task` file, or files that say themselves what runs them.

    Raises:
        LandmarkModelError: the file does not hold the two networks.
        HandloomError: a system library is missing.
    """
    if not isinstance(model, Path):
        return model.open(settings.detection_confidence)
    if settings.landmarker.runtime == "mediapipe":
        return MediaPipeLandmarker(model, settings.detection_confidence)
    return LiteRTLandmarker(model, settings.detection_confidence)


def runtime_version(settings: ExtractKeypoints) -> str:
    """The runtime and its version, as tables and models name them: "LiteRT 2.3.0"."""
    name, package = RUNTIMES[settings.landmarker.runtime]
    return f"{name} {version(package)}"


class HandReader(Closing):
    """Finds the chosen hand. Use it with `with`, or close it. One instance serves one thread at a time.

    Args:
        settings: the section `extract_keypoints`.
        model: as of `open_landmarker`.

    Raises:
        LandmarkModelError: the file does not hold the two networks.
        HandloomError: a system library is missing.
    """

    def __init__(self, settings: ExtractKeypoints, model: Path | LandmarkerFiles) -> None:
        self._settings = settings
        self._landmarker = open_landmarker(settings, model)

    def close(self) -> None:
        """Free the networks."""
        self._landmarker.close()

    def in_photo(self, picture: Picture) -> Looked:
        """The hand of a photo, with test-time augmentation where the settings ask for it.

        Args:
            picture: uint8 ``[height, width, 3]``, RGB, upright.
        """
        return find_in_photo(self.look, picture, self._settings)

    def others_in_photo(self, picture: Picture, best: FoundHand | None) -> list[FoundHand]:
        """Of two hands that one look at a photo shows those that are not the best one, and are of the chosen side.

        Args:
            picture: uint8 ``[height, width, 3]``, RGB, upright.
            best: what `in_photo` found.
        """
        choice = self._settings.hand
        return [
            hand
            for hand in self._landmarker.find(picture, 2)
            if (choice not in ("left", "right") or hand.chirality == choice)
            and (best is None or hand.distance(best) >= SAME_HAND)
        ]

    def look(self, picture: Picture) -> list[FoundHand]:
        """The hands that one look at a picture shows, no more than the choice needs."""
        return self._landmarker.find(picture, hands_to_find(self._settings.hand))

    def follow(self) -> "HandFollower":
        """What follows the hand through the frames of one clip or stream; to be closed before this reader."""
        return HandFollower(self, self._settings, self._landmarker.follow(hands_to_find(self._settings.hand)))


class HandFollower(Closing):
    """Finds the hand in the frames of one clip or stream. Use it with `with`, or close it."""

    def __init__(self, reader: HandReader, settings: ExtractKeypoints, follower: Follower) -> None:
        self._reader, self._settings, self._follower = reader, settings, follower
        self._chosen = ChosenHand(settings.hand)
        self._searches = hands_to_find(settings.hand) > 1
        self._next_search = -inf
        self._milliseconds = -1

    def close(self) -> None:
        """Free what it holds."""
        self._follower.close()

    def find(self, picture: Picture, time: float) -> Looked:
        """The hand in the next frame.

        Args:
            picture: uint8 ``[height, width, 3]``, RGB, upright; scaled down to `largest_frame_side` where it is larger.
            time: seconds since the first frame; it must not decrease.
        """
        picture = _scaled(picture, self._settings.largest_frame_side)
        self._milliseconds = max(self._milliseconds + 1, round(time * 1000))  # MediaPipe wants them to rise
        search = self._searches and (time >= self._next_search or not self._chosen.is_followed)
        if search:
            self._next_search = time + SEARCH_SECONDS
        hands = self._follower.find(picture, self._milliseconds, search=search)
        hand = self._chosen.next(hands, time, complete=search)
        self._follower.keep(next((place for place, one in enumerate(hands) if one is hand), None))
        if hand is None and self._chosen.remembers(time):
            return find_lost(self._reader.look, picture, self._settings.tta_paddings, self._chosen)
        others = candidates(hands, self._settings.hand) if hand and search else ()
        return Looked(hand, others=tuple(one for one in others if one is not hand))


def _scaled(picture: Picture, largest_side: int) -> Picture:
    """The picture no larger than that; itself where it is not larger."""
    scale = largest_side / max(picture.shape[:2])
    if scale >= 1:
        return picture
    size = (max(1, round(scale * picture.shape[1])), max(1, round(scale * picture.shape[0])))
    # The mean of areas costs 1.4 ms more than interpolation for 640 x 480, and moves joints by 0.01 % of the picture;
    # where more than every second pixel is left out, it is needed.
    how = cv2.INTER_LINEAR if scale > MOST_INTERPOLATED else cv2.INTER_AREA
    return np.asarray(cv2.resize(picture, size, interpolation=how), np.uint8)
