"""Which of several hands counts."""

from typing import Any

import numpy as np
import pytest

from handloom.landmarks.landmarker import FoundHand
from handloom.landmarks.reader import choose, hands_to_find


def hand(size: float, chirality: str, score: float = 0.9) -> FoundHand:
    points = np.random.default_rng(3).random((21, 2))
    points = (points - points.min(axis=0)) / np.ptp(points, axis=0)
    return FoundHand(points * size, score, chirality)


SMALL_LEFT, LARGE_RIGHT = hand(0.2, "left"), hand(0.5, "right")


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
def test_the_chosen_hand(choice: str, expected: Any) -> None:
    assert choose([SMALL_LEFT, LARGE_RIGHT], choice) is expected


def test_the_other_side_alone_is_no_hand() -> None:
    assert choose([SMALL_LEFT], "right") is None
    assert choose([], "largest") is None


def test_of_two_left_hands_the_larger_one() -> None:
    larger = hand(0.3, "left")
    assert choose([SMALL_LEFT, larger, LARGE_RIGHT], "left") is larger


def test_one_hand_is_enough_unless_there_is_a_choice() -> None:
    assert hands_to_find("followed") == hands_to_find("most_confident") == 1
    assert hands_to_find("largest") == hands_to_find("left") == hands_to_find("right") == 2


def test_distance_is_in_palm_lengths() -> None:
    moved = FoundHand(LARGE_RIGHT.points + np.array([0.1, 0]), 0.9, "right")
    palm = np.linalg.norm(LARGE_RIGHT.points[9] - LARGE_RIGHT.points[0])
    assert moved.distance(LARGE_RIGHT) == pytest.approx(0.1 / palm)
