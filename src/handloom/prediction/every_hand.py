"""Every hand of a photo, where extraction wants one."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from handloom.config import HandChoice
from handloom.extraction.found_hand import FoundHand
from handloom.extraction.landmarker import Landmarker
from handloom.extraction.looks import SAME_HAND
from handloom.media.frame import Picture


class EveryHandLandmarker(Landmarker):
    """A landmarker for photos that gives all hands it finds, two at most.

    Args:
        model: the `hand_landmarker.task` file.
        detection_confidence: 0 to 1.
    """

    def __init__(self, model: Path, detection_confidence: float) -> None:
        super().__init__(model, detection_confidence, "largest", follow=False)  # a choice that looks for two

    def find_all(self, picture: Picture) -> list[FoundHand]:
        """The hands of a photo, in the landmarker's order."""
        results: list[Any] = []

        def detect(image: Any) -> Any:
            results.append(self._landmarker.detect(image))
            return results[0]

        self._quiet_at_first(detect, self._wrap(picture))
        return [
            FoundHand(
                points=np.array([[landmark.x, landmark.y] for landmark in hand]),
                score=float(sides[0].score),
                chirality=sides[0].category_name.lower(),
            )
            for hand, sides in zip(results[0].hand_landmarks, results[0].handedness, strict=True)
        ]


def others(hands: Sequence[FoundHand], best: FoundHand | None, choice: HandChoice) -> list[FoundHand]:
    """Of all hands those that are not the best one; only left or right ones where `choice` says so."""
    return [
        hand
        for hand in hands
        if (choice not in ("left", "right") or hand.chirality == choice)
        and (best is None or hand.distance(best) >= SAME_HAND)
    ]
