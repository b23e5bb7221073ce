"""What finds hands in pictures, whatever runs the networks."""

from importlib.metadata import version
from pathlib import Path
from typing import Protocol

from handloom.config import ExtractKeypoints, Runtime
from handloom.landmarks.found_hand import FoundHand
from handloom.landmarks.litert_runtime import LiteRTLandmarker
from handloom.landmarks.mediapipe_runtime import MediaPipeLandmarker
from handloom.media.frame import Picture

# What runs the networks: its name, and the package that brings it.
RUNTIMES: dict[Runtime, tuple[str, str]] = {
    "litert": ("LiteRT", "ai-edge-litert"),
    "mediapipe": ("MediaPipe", "mediapipe"),
}


class Follower(Protocol):
    """Follows hands through the frames of one clip."""

    def find(self, picture: Picture, milliseconds: int) -> list[FoundHand]:
        """The hands of the next frame, the one first that has been followed for longest.

        Args:
            picture: uint8 ``[height, width, 3]``, RGB, upright.
            milliseconds: since the clip's first frame; they must rise from frame to frame.
        """
        ...

    def close(self) -> object:
        """Free what it holds."""
        ...


class Landmarker(Protocol):
    """Finds hands in pictures. Close it at the end."""

    def find(self, picture: Picture, hands: int) -> list[FoundHand]:
        """The hands of a picture, at most `hands`, the surest one first.

        Args:
            picture: uint8 ``[height, width, 3]``, RGB, upright.
            hands: at least 1.
        """
        ...

    def follow(self, hands: int) -> Follower:
        """What follows at most `hands` hands through the frames of one clip."""
        ...

    def close(self) -> object:
        """Free the networks."""
        ...


def open_landmarker(settings: ExtractKeypoints, model: Path) -> Landmarker:
    """The landmarker of the settings.

    Args:
        settings: the section `extract_keypoints`; its `landmarker` and `detection_confidence` count.
        model: the `hand_landmarker.task` file.

    Raises:
        LandmarkModelError: the file does not hold the two networks.
        HandloomError: a system library is missing.
    """
    if settings.landmarker.runtime == "mediapipe":
        return MediaPipeLandmarker(model, settings.detection_confidence)
    return LiteRTLandmarker(model, settings.detection_confidence)


def runtime_version(settings: ExtractKeypoints) -> str:
    """The runtime and its version, as tables and models name them: "LiteRT 2.3.0"."""
    name, package = RUNTIMES[settings.landmarker.runtime]
    return f"{name} {version(package)}"
