"""Choose one of several hands, in a picture and from frame to frame."""

from collections.abc import Sequence

import numpy as np

from handloom.config import HandChoice
from handloom.landmarks.landmarker import FoundHand

# Of hands of comparable size the palm of the smallest is at least this share of the palm of the largest.
COMPARABLE = 0.5
# A hand whose box lies in the box of a larger one by more than this share is that hand, seen twice.
INSIDE = 0.5
# A hand further away than this, in palm lengths, from where it was lost is another one.
STILL_THE_SAME = 3.0
# For so long after it was lost, the hand of a clip is looked for where it was, seconds.
MEMORY = 0.5
# Another hand has to be the better choice for so long before it is followed instead, seconds.
PATIENCE = 0.3
# How much better: higher by so many palm lengths, or larger by this factor.
HIGHER, LARGER = 1.0, 1.5


def hands_to_find(choice: HandChoice) -> int:
    """How many hands to look for. With one, the landmarker need not search a frame in which it follows one."""
    return 1 if choice in ("followed", "most_confident") else 2


def choose(hands: Sequence[FoundHand], choice: HandChoice) -> FoundHand | None:
    """The chosen hand, or None.

    `followed` and `most_confident` are what the landmarker names first: the hand it has been following, or the one it
    is most sure of. `raised` is the higher of hands of comparable size.
    """
    hands = candidates(hands, choice)
    if not hands:
        return None
    if choice in ("followed", "most_confident"):
        return hands[0]
    if choice == "raised":
        palm = max(hand.palm() for hand in hands)
        return min((hand for hand in hands if hand.palm() >= COMPARABLE * palm), key=FoundHand.down)
    return max(hands, key=FoundHand.area)


def candidates(hands: Sequence[FoundHand], choice: HandChoice) -> list[FoundHand]:
    """The hands that may be chosen: each hand once, and with `left` or `right` those of that side."""
    return [hand for hand in distinct(hands) if choice not in ("left", "right") or hand.chirality == choice]


def distinct(hands: Sequence[FoundHand]) -> list[FoundHand]:
    """The hands without those that are a part of a larger one: each hand once."""
    return [
        hand
        for hand in hands
        if not any(other.area() > hand.area() and hand.share_inside(other) > INSIDE for other in hands)
    ]


class ChosenHand:
    """The chosen hand, from frame to frame: it is followed until another one is clearly better.

    Args:
        choice: the rule, `extract_keypoints.hand`.
    """

    def __init__(self, choice: HandChoice) -> None:
        self._choice = choice
        self._last: FoundHand | None = None
        self._time = 0.0
        self._others: list[FoundHand] = []
        self._better_since: float | None = None
        self.is_followed = False  # whether it was seen in the newest frame

    def next(self, hands: Sequence[FoundHand], time: float, *, complete: bool = True) -> FoundHand | None:
        """The chosen hand in the next frame, or None.

        Args:
            hands: what was found in it, the hand that was followed first if there is one.
            time: seconds; it must not decrease.
            complete: whether all hands were looked for, or only the one that is followed.
        """
        hands = candidates(hands, self._choice)
        if self._last is None or time - self._time > MEMORY:
            hand = choose(hands, self._choice)
            self._better_since = None
        else:
            hand = self.same(hands) or choose([one for one in hands if not self._is_another(one)], self._choice)
            if complete and hand is not None:
                hand = self._or_better(hand, hands, time)
        if complete and (hand is not None or self._last is None):
            self._others = [one for one in hands if one is not hand]
        self.is_followed = hand is not None
        if hand is not None:
            self._last, self._time = hand, time
        return hand

    def remembers(self, time: float) -> bool:
        """Whether a hand was lost only just now."""
        return self._last is not None and time - self._time <= MEMORY

    def same(self, hands: Sequence[FoundHand]) -> FoundHand | None:
        """That of the hands which is the one of the frame before, if any is."""
        last = self._last
        if last is None:
            return None
        near = [
            hand
            for hand in candidates(hands, self._choice)
            if hand.distance(last) <= STILL_THE_SAME and not self._is_another(hand)
        ]
        return min(near, key=lambda hand: hand.distance(last), default=None)

    def _is_another(self, hand: FoundHand) -> bool:
        """Whether it is nearer to where another hand was seen than to the one that is followed."""
        assert self._last is not None
        nearest = min((hand.distance(other) for other in self._others), default=np.inf)
        return bool(nearest <= STILL_THE_SAME and nearest < hand.distance(self._last))

    def _or_better(self, hand: FoundHand, hands: Sequence[FoundHand], time: float) -> FoundHand:
        best = choose(hands, self._choice)
        if best is None or best is hand or not self._clearly_better(best, hand):
            self._better_since = None
            return hand
        if self._better_since is None:
            self._better_since = time
        if time - self._better_since < PATIENCE:
            return hand
        self._better_since = None
        return best

    def _clearly_better(self, one: FoundHand, hand: FoundHand) -> bool:
        if self._choice == "raised" and one.palm() >= COMPARABLE * hand.palm():
            higher_by = hand.down() - one.down()
            return higher_by >= HIGHER * one.palm() or hand.palm() < COMPARABLE * one.palm()
        return self._choice not in ("followed", "most_confident") and one.area() >= LARGER * hand.area()
