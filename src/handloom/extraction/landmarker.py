"""MediaPipe's hand landmarker behind two calls: one for photos, one for the frames of a clip."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from handloom.system_libraries import require_system_libraries

Picture = NDArray[np.uint8]  # [height, width, 3], RGB, upright


@dataclass(frozen=True)
class FoundHand:
    """A hand as the landmarker saw it.

    Attributes:
        points: ``[21, 2]``, x to the right and y down, as fractions of the picture's width and height.
        score: how sure the landmarker is of the chirality, 0 to 1.
        chirality: "left" or "right" in a picture that is not mirrored. (MediaPipe's documentation says that its labels
            are for mirrored pictures; those of version 1.2.2 are right as they are for 98 % of the drawn hands.)
    """

    points: NDArray[np.float64]
    score: float
    chirality: str


class Landmarker:
    """A hand landmarker in one of its two modes. Use it with `with`: it must be closed before Python ends.

    Args:
        model: the `hand_landmarker.task` file.
        detection_confidence: 0 to 1.
        follow: true for the frames of one clip, in order (the hand is followed from frame to frame, so one landmarker
            serves one clip); false for photos that have nothing to do with each other.

    Raises:
        HandloomError: a system library is missing.
    """

    def __init__(self, model: Path, detection_confidence: float, *, follow: bool) -> None:
        require_system_libraries()
        import mediapipe as mp  # here, so that a missing system library is named first

        vision = mp.tasks.vision
        self._first = True
        self._image: Any = mp.Image
        self._rgb = mp.ImageFormat.SRGB
        options = vision.HandLandmarkerOptions(
            base_options=mp.tasks.BaseOptions(model_asset_path=str(model)),
            running_mode=vision.RunningMode.VIDEO if follow else vision.RunningMode.IMAGE,
            num_hands=1,
            min_hand_detection_confidence=detection_confidence,
            min_hand_presence_confidence=detection_confidence,
        )
        with _quiet_stderr():
            self._landmarker = vision.HandLandmarker.create_from_options(options)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Free the networks."""
        self._landmarker.close()

    def find(self, picture: Picture) -> FoundHand | None:
        """The most certain hand of a photo, or None."""
        return self._quiet_at_first(self._landmarker.detect, self._wrap(picture))

    def find_in_frame(self, picture: Picture, milliseconds: int) -> FoundHand | None:
        """The hand of a clip's next frame, or None. `milliseconds` must rise from frame to frame."""
        return self._quiet_at_first(self._landmarker.detect_for_video, self._wrap(picture), milliseconds)

    def _quiet_at_first(self, detect: Callable[..., Any], *arguments: Any) -> FoundHand | None:
        with _quiet_stderr() if self._first else nullcontext():
            self._first = False
            return _found(detect(*arguments))

    def _wrap(self, picture: Picture) -> Any:
        # MediaPipe reads the buffer as C-contiguous, whatever the strides say.
        return self._image(image_format=self._rgb, data=np.ascontiguousarray(picture))


@contextmanager
def _quiet_stderr() -> Iterator[None]:
    """MediaPipe's native code greets on stderr when it opens a network and at the first picture, and has no switch."""
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def _found(result: Any) -> FoundHand | None:
    if not result.hand_landmarks:
        return None
    hand, side = result.hand_landmarks[0], result.handedness[0][0]
    points = np.array([[landmark.x, landmark.y] for landmark in hand])
    return FoundHand(points=points, score=float(side.score), chirality=side.category_name.lower())
