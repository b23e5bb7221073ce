"""What the numbers of a row of joints are, and how they follow each other."""

from dataclasses import dataclass
from typing import Literal, Self

from handloom.config import LabeledKeypointsDataFrame

CHANNEL_COUNTS = {"xy": 2, "xyz": 3, "xy_confidence": 3}


@dataclass(frozen=True)
class Layout:
    """The layout of a row's numbers, see the parameters of the same names."""

    origin: Literal["lower_left", "upper_left"]
    axis_order: Literal["channel_joint", "joint_channel"]
    channels: Literal["xy", "xyz", "xy_confidence"]

    @classmethod
    def declared(cls, member: LabeledKeypointsDataFrame) -> Self:
        """What a section declares."""
        return cls(member.origin, member.axis_order, member.channels)

    @property
    def count(self) -> int:
        """How many numbers a joint has."""
        return CHANNEL_COUNTS[self.channels]
