"""Photos in which the landmark network is not sure that it sees a hand: its joints may lie on a part of it."""

from collections.abc import Callable
from typing import Literal

import numpy as np
import pytest

from handloom.config import ExtractKeypoints, HandChoice
from handloom.hand import JOINTS
from handloom.landmarks.landmarker import FoundHand
from handloom.landmarks.looks import find_in_photo
from handloom.landmarks.network_landmarker import Found, _as_found
from handloom.media.frame import Picture

PHOTO = np.zeros((100, 100, 3), np.uint8)
SIDES = (100, 200, 300)  # the photo as it is, and with the two borders


def looking(*presences: float) -> tuple[Callable[[Picture], list[FoundHand]], list[int]]:
    """A look that sees one hand, in each picture with another presence and a little further right; and the sides of
    the pictures that were looked at."""
    sides: list[int] = []

    def look(picture: Picture) -> list[FoundHand]:
        sides.append(len(picture))
        place = SIDES.index(len(picture))
        points = np.stack([np.linspace(0.3, 0.7, len(JOINTS)), np.linspace(0.8, 0.2, len(JOINTS))], axis=1)
        points[:, 0] += 0.02 * place
        border = (len(picture) - 100) / 2
        return [FoundHand((100 * points + border) / len(picture), 0.99, "right", presences[place])]

    return look, sides


@pytest.mark.parametrize(
    ("presences", "looks", "moved"),
    [
        pytest.param((0.99, 0.99, 0.99), 1, 0.0, id="a sure look is enough"),
        pytest.param((0.8, 0.99, 0.99), 2, 0.02, id="one sure further look replaces an unsure one"),
        pytest.param((0.8, 0.9, 0.99), 3, 0.04, id="looks with a low presence do not count where one is high"),
        pytest.param((0.8, 0.9, 0.85), 3, 0.02, id="if all are low, all count"),
        pytest.param((0.8, 0.7, 0.6), 3, 0.0, id="looks with an even lower presence do not count"),
    ],
)
def test_a_look_with_a_low_presence_is_replaced(presences: tuple[float, ...], looks: int, moved: float) -> None:
    look, sides = looking(*presences)
    found = find_in_photo(look, PHOTO, ExtractKeypoints())
    assert found.hand is not None and found.hand.points[:, 0].mean() == pytest.approx(0.5 + moved, abs=1e-6)
    assert found.hand.presence == max(presences[:looks])
    assert tuple(sides) == SIDES[:looks] and found.again == (looks > 1) and not found.helped


def test_asked_to_look_always_no_look_is_left_out() -> None:
    look, sides = looking(0.8, 0.99, 0.99)
    find_in_photo(look, PHOTO, ExtractKeypoints(test_time_augmentation="always"))
    assert tuple(sides) == SIDES


@pytest.mark.parametrize("choice", ["most_confident", "largest", "right"])
@pytest.mark.parametrize(
    ("first", "other"),
    [
        pytest.param((0.99, 0.94), (0.51, 0.945), id="the first one's presence is just too low"),
        pytest.param((0.8, 0.96), (0.55, 0.97), id="the first one's score is too low"),
        pytest.param((0.93, 0.99), (0.97, 0.7), id="the other one may lie on a part of a hand"),
    ],
)
@pytest.mark.parametrize("when", ["unsure", "always"])
def test_a_worse_hand_elsewhere_does_not_replace_the_first(
    choice: HandChoice, first: tuple[float, float], other: tuple[float, float], when: Literal["unsure", "always"]
) -> None:
    def look(picture: Picture) -> list[FoundHand]:
        plain = len(picture) == SIDES[0]
        points = np.stack([np.linspace(0.4, 0.5, len(JOINTS)), np.linspace(0.6, 0.5, len(JOINTS))], axis=1)
        points += 0.0 if plain else 0.1  # with a border that is far outside the first hand
        score, presence = first if plain else other
        return [FoundHand(points, score, "right", presence)]

    settings = ExtractKeypoints(hand=choice, test_time_augmentation=when)
    found = find_in_photo(look, PHOTO, settings)
    assert found.hand is not None and found.hand.points.mean() == pytest.approx(0.5)


def test_the_presence_is_that_of_the_landmark_network() -> None:
    found = Found(np.zeros((len(JOINTS), 2), np.float32), np.float32(0.2), np.float32(0.75))
    assert [(one.presence, one.chirality) for one in _as_found([found])] == [(0.75, "left")]
