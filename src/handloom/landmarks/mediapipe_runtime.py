"""MediaPipe's own hand landmarker."""

from contextlib import ExitStack, nullcontext
from pathlib import Path
from typing import Any

import numpy as np

from handloom.landmarks.landmarker import FoundHand
from handloom.landmarks.native_libraries import ignore_profiling_signal, quiet_stderr
from handloom.media.frame import Picture
from handloom.support.closing import Closing
from handloom.support.system_libraries import require_system_libraries


class MediaPipeLandmarker(Closing):
    """See `handloom.landmarks.landmarker.Landmarker`. It must be closed before Python ends.

    Args:
        model: the `hand_landmarker.task` file.
        confidence: 0 to 1; what the detector or the landmark network is less sure of is no hand.

    Raises:
        HandloomError: a system library is missing.
    """

    def __init__(self, model: Path, confidence: float) -> None:
        require_system_libraries()
        self._model, self._confidence = model, confidence
        self._stack = ExitStack()
        self._opened: dict[int, _Task] = {}  # by the number of hands: MediaPipe wants to know it beforehand

    def close(self) -> None:
        """Free the networks."""
        self._stack.close()

    def find(self, picture: Picture, hands: int) -> list[FoundHand]:
        """The hands of a picture, at most `hands`, the surest one first."""
        if hands not in self._opened:
            self._opened[hands] = self._stack.enter_context(_Task(self._model, self._confidence, hands, follow=False))
        return self._opened[hands].find(picture)

    def follow(self, hands: int) -> "_Task":
        """What follows at most `hands` hands through the frames of one clip."""
        return _Task(self._model, self._confidence, hands, follow=True)


class _Task(Closing):
    """A task of MediaPipe in one of its two modes."""

    def __init__(self, model: Path, confidence: float, hands: int, *, follow: bool) -> None:
        import mediapipe as mp  # here, so that a missing system library is named first

        vision = mp.tasks.vision
        self._first, self._follow = True, follow
        self._image: Any = mp.Image
        self._rgb = mp.ImageFormat.SRGB
        options = vision.HandLandmarkerOptions(
            base_options=mp.tasks.BaseOptions(model_asset_path=str(model)),
            running_mode=vision.RunningMode.VIDEO if follow else vision.RunningMode.IMAGE,
            num_hands=hands,
            min_hand_detection_confidence=confidence,
            min_hand_presence_confidence=confidence,
        )
        ignore_profiling_signal()
        with quiet_stderr():
            self._task = vision.HandLandmarker.create_from_options(options)

    def close(self) -> None:
        """Free the networks."""
        self._task.close()

    def keep(self, hand: int | None) -> None:
        """It goes on to follow all hands: MediaPipe cannot be told."""

    def find(self, picture: Picture, milliseconds: int = 0, *, search: bool = True) -> list[FoundHand]:
        """The hands of a photo, or of a clip's next frame at a time that must rise from frame to frame."""
        # MediaPipe reads the buffer as C-contiguous, whatever the strides say.
        image = self._image(image_format=self._rgb, data=np.ascontiguousarray(picture))
        with quiet_stderr() if self._first else nullcontext():  # it greets at the first picture
            self._first = False
            return _found(
                self._task.detect_for_video(image, milliseconds) if self._follow else self._task.detect(image)
            )


def _found(result: Any) -> list[FoundHand]:
    return [
        FoundHand(
            points=np.array([[landmark.x, landmark.y] for landmark in hand]),
            score=float(sides[0].score),
            chirality=sides[0].category_name.lower(),
        )
        for hand, sides in zip(result.hand_landmarks, result.handedness, strict=True)
    ]
