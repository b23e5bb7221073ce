"""Which of several hands counts."""

import numpy as np
import pytest

from handloom.config import HandChoice
from handloom.landmarks.choice import PATIENCE, ChosenHand, choose, hands_to_find
from handloom.landmarks.landmarker import FoundHand


def hand(size: float, chirality: str, score: float = 0.9) -> FoundHand:
    points = np.random.default_rng(3).random((21, 2))
    points = (points - points.min(axis=0)) / np.ptp(points, axis=0)
    return FoundHand(points * size, score, chirality)


def at(one: FoundHand, x: float, y: float) -> FoundHand:
    """The same hand elsewhere: its box begins there."""
    return FoundHand(one.points - one.points.min(axis=0) + np.array([x, y]), one.score, one.chirality)


SMALL_LEFT, LARGE_RIGHT = at(hand(0.2, "left"), 0.75, 0.75), hand(0.5, "right")


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ("followed", SMALL_LEFT),
        ("most_confident", SMALL_LEFT),
        ("largest", LARGE_RIGHT),
        ("left", SMALL_LEFT),
        ("right", LARGE_RIGHT),
    ],
)
def test_the_chosen_hand(choice: HandChoice, expected: FoundHand) -> None:
    assert choose([SMALL_LEFT, LARGE_RIGHT], choice) is expected


RAISED, HANGING = at(hand(0.2, "right"), 0.1, 0.1), at(hand(0.25, "left"), 0.7, 0.7)


@pytest.mark.parametrize("hands", [[RAISED, HANGING], [HANGING, RAISED]])
def test_of_hands_of_comparable_size_the_higher_one_is_taken(hands: list[FoundHand]) -> None:
    assert choose(hands, "raised") is RAISED
    far_away = at(hand(0.1, "right"), 0.1, 0.1)
    assert choose([far_away, HANGING], "raised") is HANGING


def test_a_hand_inside_a_larger_one_is_no_second_hand() -> None:
    part = at(hand(0.3, "right", 0.99), 0.02, 0.02)
    assert choose([part, LARGE_RIGHT], "raised") is LARGE_RIGHT
    assert choose([part, LARGE_RIGHT], "most_confident") is LARGE_RIGHT


def taken(frames: list[list[FoundHand]], rule: HandChoice = "raised", rate: float = 30.0) -> list[FoundHand | None]:
    chosen = ChosenHand(rule)
    return [chosen.next(hands, number / rate) for number, hands in enumerate(frames)]


def test_the_chosen_hand_is_followed_whatever_the_order_and_while_it_is_briefly_lower() -> None:
    dipped = at(RAISED, 0.1, 0.75)
    frames = [[RAISED, HANGING], [HANGING, RAISED], [HANGING, dipped], [dipped, HANGING], [HANGING, RAISED]]
    assert [one is not None and one is not HANGING for one in taken(frames)] == [True] * 5


def test_another_hand_is_followed_once_it_has_been_clearly_higher_for_a_while() -> None:
    up = at(HANGING, 0.7, 0.05)
    low = at(RAISED, 0.1, 0.65)
    found = taken([[low, HANGING]] + [[low, up]] * 30)
    changed = [one is up for one in found]
    assert changed == sorted(changed) and changed.index(True) == pytest.approx(1 + 30 * PATIENCE, abs=1)
    assert taken([[low, HANGING]] + [[low, up]] * 30, "followed")[-1] is low


def test_while_the_chosen_hand_is_hidden_the_other_one_is_not_taken_for_it() -> None:
    found = taken([[RAISED, HANGING]] * 3 + [[HANGING]] * 30)
    assert found[3:17] == [None] * 14 and found[-1] is HANGING
    # A hand that was alone may jump: nothing else was there that it could be.
    assert taken([[RAISED], [], [HANGING]])[-1] is HANGING


def test_the_other_side_alone_is_no_hand() -> None:
    assert choose([SMALL_LEFT], "right") is None
    assert choose([], "largest") is None


def test_of_two_left_hands_the_larger_one() -> None:
    larger = at(hand(0.3, "left"), 0.6, 0.1)
    assert choose([SMALL_LEFT, larger, LARGE_RIGHT], "left") is larger


def test_one_hand_is_enough_unless_there_is_a_choice() -> None:
    assert hands_to_find("followed") == hands_to_find("most_confident") == 1
    assert hands_to_find("raised") == hands_to_find("largest") == hands_to_find("left") == hands_to_find("right") == 2


def test_distance_is_in_palm_lengths() -> None:
    moved = FoundHand(LARGE_RIGHT.points + np.array([0.1, 0]), 0.9, "right")
    palm = np.linalg.norm(LARGE_RIGHT.points[9] - LARGE_RIGHT.points[0])
    assert moved.distance(LARGE_RIGHT) == pytest.approx(0.1 / palm)
