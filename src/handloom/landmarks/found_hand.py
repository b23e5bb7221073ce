"""A hand as the landmarker saw it, and which one counts where there are several."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from handloom.config import HandChoice
from handloom.hand import MIDDLE_MCP, WRIST


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

    def area(self) -> float:
        """The size of the box around the joints, as a share of the picture."""
        return float(np.prod(self.points.max(axis=0) - self.points.min(axis=0)))

    def distance(self, other: "FoundHand") -> float:
        """The mean distance between the joints of two hands, in palm lengths of the other one."""
        palm = np.linalg.norm(other.points[MIDDLE_MCP] - other.points[WRIST])
        return float(np.linalg.norm(self.points - other.points, axis=1).mean() / max(palm, 1e-6))


def hands_to_find(choice: HandChoice) -> int:
    """How many hands to look for. With one, the landmarker need not search a frame in which it follows one."""
    return 1 if choice in ("followed", "most_confident") else 2


def choose(hands: Sequence[FoundHand], choice: HandChoice) -> FoundHand | None:
    """The hand that counts, or None.

    `followed` and `most_confident` are what the landmarker names first: the hand it has been following, or the one it
    is most sure of.
    """
    if choice in ("left", "right"):
        hands = [hand for hand in hands if hand.chirality == choice]
    if not hands:
        return None
    return hands[0] if choice in ("followed", "most_confident") else max(hands, key=FoundHand.area)
