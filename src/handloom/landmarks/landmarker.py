"""What finds hands in pictures, whatever runs the networks, and a hand as it was found."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from handloom.hand import JOINTS, MIDDLE_MCP, WRIST
from handloom.media.frame import Picture

PALM_TRIANGLE = (WRIST, JOINTS.index("indexMCP"), JOINTS.index("littleMCP"))


@dataclass(frozen=True)
class FoundHand:
    """A hand as the landmarker saw it.

    Attributes:
        points: ``[21, 2]``, x to the right and y down, as fractions of the picture's width and height.
        score: how sure the landmarker is of the chirality, 0 to 1.
        chirality: "left" or "right" in a picture that is not mirrored. (MediaPipe's documentation says that its labels
            are for mirrored pictures; those of version 1.2.2 are right as they are for 98 % of the drawn hands.)
        presence: the landmark network's confidence that what it sees is a hand, 0 to 1; 1 where it is not known, as of
            MediaPipe's own runtime.
    """

    points: NDArray[np.float64]
    score: float
    chirality: str
    presence: float = 1.0

    def area(self) -> float:
        """The size of the box around the joints, as a share of the picture."""
        return float(np.prod(self.points.max(axis=0) - self.points.min(axis=0)))

    def palm(self) -> float:
        """The longest side of the triangle of wrist, first and last knuckle, as a share of the picture."""
        corners = self.points[list(PALM_TRIANGLE)]
        return float(np.linalg.norm(corners - np.roll(corners, 1, axis=0), axis=1).max())

    def down(self) -> float:
        """How far the middle of its joints is below the picture's upper edge, as a share of the height."""
        return float(self.points[:, 1].mean())

    def share_inside(self, other: "FoundHand") -> float:
        """The share of the box around its joints that lies in the box of another hand."""
        low = np.maximum(self.points.min(axis=0), other.points.min(axis=0))
        high = np.minimum(self.points.max(axis=0), other.points.max(axis=0))
        return float(np.prod(np.clip(high - low, 0, None)) / max(self.area(), 1e-12))

    def distance(self, other: "FoundHand") -> float:
        """The mean distance between the joints of two hands, in palm lengths of the other one."""
        palm = np.linalg.norm(other.points[MIDDLE_MCP] - other.points[WRIST])
        return float(np.linalg.norm(self.points - other.points, axis=1).mean() / max(palm, 1e-6))


class LandmarkerFiles(Protocol):
    """Files that are a landmarker, in place of a `hand_landmarker.task`; pickled for other processes."""

    def open(self, confidence: float) -> "Landmarker":
        """The landmarker.

        Args:
            confidence: 0 to 1; what a network is less sure of is no hand.
        """
        ...


class Follower(Protocol):
    """Follows hands through the frames of one clip."""

    def find(self, picture: Picture, milliseconds: int, *, search: bool = True) -> list[FoundHand]:
        """The hands of the next frame, the one first that has been followed for longest.

        Args:
            picture: uint8 ``[height, width, 3]``, RGB, upright.
            milliseconds: since the clip's first frame; they must rise from frame to frame.
            search: whether to look for further hands than those that are followed. Without a hand it always does.
        """
        ...

    def keep(self, hand: int | None) -> None:
        """Follow only that one of the hands that `find` just gave, by its place in the list; None: none of them."""
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
