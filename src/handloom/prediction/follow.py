"""Following a hand through frames that come one at a time, as extraction follows it through a clip."""

from contextlib import ExitStack
from pathlib import Path

import cv2
import numpy as np

from handloom.closing import Closing
from handloom.config import ExtractKeypoints
from handloom.extraction.found_hand import FoundHand
from handloom.extraction.landmarker import Landmarker
from handloom.extraction.looks import find_lost
from handloom.extraction.task import LOOK_AGAIN_SECONDS
from handloom.media.frame import Picture


class HandFollower(Closing):
    """Finds the hand in the frames of one stream. Use it with `with`, or close it.

    It gives the joints that `handloom.extraction.task.extract_clip` gives for the same frames.

    Args:
        settings: the section `extract_keypoints`.
        model: the landmark model's file.

    Raises:
        HandloomError: a system library is missing.
    """

    def __init__(self, settings: ExtractKeypoints, model: Path) -> None:
        self._settings, self._model = settings, model
        self._stack = ExitStack()
        self._follower = self._stack.enter_context(
            Landmarker(model, settings.detection_confidence, settings.hand, follow=True)
        )
        self._again: Landmarker | None = None
        self._last: FoundHand | None = None
        self._last_time = 0.0
        self._milliseconds = -1

    def close(self) -> None:
        """Free the networks."""
        self._stack.close()

    def scaled(self, picture: Picture) -> Picture:
        """The frame no larger than `settings.largest_frame_side`; itself where it is not larger."""
        scale = self._settings.largest_frame_side / max(picture.shape[:2])
        if scale >= 1:
            return picture
        size = (max(1, round(scale * picture.shape[1])), max(1, round(scale * picture.shape[0])))
        return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)

    def find(self, picture: Picture, time: float) -> FoundHand | None:
        """The hand in the next frame, or None.

        Args:
            picture: uint8 ``[height, width, 3]``, RGB, upright, scaled.
            time: seconds since the stream's first frame; it must not decrease.
        """
        self._milliseconds = max(self._milliseconds + 1, round(time * 1000))  # the landmarker wants them to rise
        hand = self._follower.find_in_frame(picture, self._milliseconds)
        if hand is None and self._last is not None and time - self._last_time <= LOOK_AGAIN_SECONDS:
            return find_lost(self._second_look(), picture, self._settings.borders, self._last).hand
        if hand is not None:
            self._last, self._last_time = hand, time
        return hand

    def _second_look(self) -> Landmarker:
        """A landmarker for photos, opened when a hand is lost for the first time."""
        if self._again is None:
            settings = self._settings
            self._again = self._stack.enter_context(
                Landmarker(self._model, settings.detection_confidence, settings.hand, follow=False)
            )
        return self._again
