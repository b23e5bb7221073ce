"""The newest frames, and when to predict on them: the rules "Window queue" of HandloomKit's RULES.md."""

from collections import deque
from enum import Enum
from typing import Generic, Literal, TypeVar

from handloom.models.model import MINIMUM_PRESENCE

Item = TypeVar("Item")

MissingHand = Literal["append_zeros", "skip"]


class NoWindow(Enum):
    """Why there is nothing to predict on."""

    WAIT = "wait"
    TOO_FEW_HANDS = "tooFewHands"


class WindowQueue(Generic[Item]):
    """Keeps the newest `window` frames of a stream at the model's rate.

    Args:
        window: frames that a prediction sees.
        stride: frames from one prediction to the next.
        missing_hand: "append_zeros" keeps a frame without a hand (the caller gives one of zeros), "skip" leaves it out,
            so that the window spans the gap.
        minimum_presence: the share of the last `window` frames that has to hold a hand, 0 to 1.
    """

    def __init__(
        self,
        window: int,
        stride: int,
        missing_hand: MissingHand = "append_zeros",
        minimum_presence: float = MINIMUM_PRESENCE,
    ) -> None:
        self.window, self.stride = window, stride
        self.missing_hand: MissingHand = missing_hand
        self.minimum_presence = minimum_presence
        self._frames: deque[Item] = deque(maxlen=window)
        self._present: deque[bool] = deque(maxlen=window)
        self._until_step = window

    def append(self, item: Item, hand: bool) -> list[Item] | NoWindow:
        """Take the next frame and whether it holds a hand; give the window to predict on, the oldest first, if due."""
        self._present.append(hand)
        if hand or self.missing_hand == "append_zeros":
            self._frames.append(item)
        if self.missing_hand == "skip" and not any(self._present):
            self._frames.clear()  # else a returning hand would be joined to one of long ago
        self._until_step -= 1
        if self._until_step:
            return NoWindow.WAIT
        self._until_step = self.stride
        if len(self._frames) < self.window or sum(self._present) / self.window < self.minimum_presence:
            return NoWindow.TOO_FEW_HANDS
        return list(self._frames)

    def rest(self) -> list[Item]:
        """At the end of a clip: the newest frames, at most `window`, if some of them were in no window yet."""
        return [] if self._until_step == self.stride and len(self._present) == self.window else list(self._frames)

    def clear(self) -> None:
        """Empty the queue."""
        self._frames.clear()
        self._present.clear()
        self._until_step = self.window
