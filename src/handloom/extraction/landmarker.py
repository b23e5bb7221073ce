"""MediaPipe's hand landmarker behind two calls: one for photos, one for the frames of a clip."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np

from handloom.closing import Closing
from handloom.config import HandChoice
from handloom.extraction.found_hand import FoundHand, choose, hands_to_find
from handloom.extraction.profiling_signal import ignore_profiling_signal
from handloom.media.frame import Picture
from handloom.system_libraries import require_system_libraries


class Landmarker(Closing):
    """A hand landmarker in one of its two modes. Use it with `with`: it must be closed before Python ends.

    Args:
        model: the `hand_landmarker.task` file.
        detection_confidence: 0 to 1.
        hand: which of several hands, see `choose`.
        follow: true for the frames of one clip, in order (the hand is followed from frame to frame, so one landmarker
            serves one clip); false for photos that have nothing to do with each other.

    Raises:
        HandloomError: a system library is missing.
    """

    def __init__(
        self, model: Path, detection_confidence: float, hand: HandChoice = "followed", *, follow: bool
    ) -> None:
        require_system_libraries()
        import mediapipe as mp  # here, so that a missing system library is named first

        vision = mp.tasks.vision
        self._first = True
        self._hand: HandChoice = hand
        self._image: Any = mp.Image
        self._rgb = mp.ImageFormat.SRGB
        options = vision.HandLandmarkerOptions(
            base_options=mp.tasks.BaseOptions(model_asset_path=str(model)),
            running_mode=vision.RunningMode.VIDEO if follow else vision.RunningMode.IMAGE,
            num_hands=hands_to_find(hand),
            min_hand_detection_confidence=detection_confidence,
            min_hand_presence_confidence=detection_confidence,
        )
        ignore_profiling_signal()
        with _quiet_stderr():
            self._landmarker = vision.HandLandmarker.create_from_options(options)

    def close(self) -> None:
        """Free the networks."""
        self._landmarker.close()

    def find(self, picture: Picture) -> FoundHand | None:
        """The hand of a photo, or None."""
        return choose(self.find_all(picture), self._hand)

    def find_all(self, picture: Picture) -> list[FoundHand]:
        """All hands of a photo that are looked for: one or two, by the choice of hand; in the landmarker's order."""
        return self._hands(self._landmarker.detect, self._wrap(picture))

    def find_in_frame(self, picture: Picture, milliseconds: int) -> FoundHand | None:
        """The hand of a clip's next frame, or None. `milliseconds` must rise from frame to frame."""
        return choose(self._hands(self._landmarker.detect_for_video, self._wrap(picture), milliseconds), self._hand)

    def _hands(self, detect: Callable[..., Any], *arguments: Any) -> list[FoundHand]:
        with _quiet_stderr() if self._first else nullcontext():  # it greets at the first picture
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


def _found(result: Any) -> list[FoundHand]:
    return [
        FoundHand(
            points=np.array([[landmark.x, landmark.y] for landmark in hand]),
            score=float(sides[0].score),
            chirality=sides[0].category_name.lower(),
        )
        for hand, sides in zip(result.hand_landmarks, result.handedness, strict=True)
    ]
