"""Further looks at photos of people who stand: where the raised hand is looked for."""

import numpy as np
import pytest

from handloom.config import ExtractKeypoints
from handloom.hand import JOINTS, WRIST
from handloom.landmarks.landmarker import FoundHand
from handloom.landmarks.looks import find_in_photo
from handloom.media.frame import Picture

PHOTO = np.zeros((400, 300, 3), np.uint8)
SETTINGS = ExtractKeypoints(hand="raised")


def hand(x: float, wrist: float, tip: float, score: float = 0.99, width: float = 0.08) -> FoundHand:
    """A hand from its wrist to its fingertips, y down."""
    points = np.full((len(JOINTS), 2), (x, (wrist + tip) / 2))
    points[:, 0] += np.linspace(-width / 2, width / 2, len(JOINTS))
    points[WRIST], points[JOINTS.index("middleTip")] = (x, wrist), (x, tip)
    return FoundHand(points, score, "right")


HANGING, UPRIGHT = hand(0.3, 0.6, 0.7), hand(0.3, 0.7, 0.6)


@pytest.mark.parametrize(("seen", "height", "looks"), [(HANGING, 0.3, 2), (UPRIGHT, 0.65, 1)])
def test_above_a_hand_that_hangs_the_raised_one_is_looked_for(seen: FoundHand, height: float, looks: int) -> None:
    pictures: list[Picture] = []

    def look(picture: Picture) -> list[FoundHand]:
        pictures.append(picture)
        # The upper 240 of 400 rows show the raised hand in their middle.
        return [seen] if len(picture) == 400 else [hand(0.7, 0.6, 0.4)]

    found = find_in_photo(look, PHOTO, SETTINGS)
    assert found.hand is not None and found.hand.points[:, 1].mean() == pytest.approx(height, abs=0.01)
    assert [len(picture) for picture in pictures] == [400, 240][:looks]
    assert found.again == (looks > 1)


def test_of_looks_that_show_different_hands_the_raised_one_is_taken() -> None:
    def look(picture: Picture) -> list[FoundHand]:  # in a padded picture hands are half as large
        raised = hand(0.7, 0.4, 0.3, score=0.6)
        return [raised] if picture.shape == PHOTO.shape else [hand(0.4, 0.55, 0.6, score=0.95, width=0.04)]

    found = find_in_photo(look, PHOTO, SETTINGS)
    assert found.hand is not None and found.hand.points[:, 1].mean() == pytest.approx(0.35, abs=0.02)


@pytest.mark.parametrize("plain", [True, False], ids=["the hanging hand is seen at once", "only with a border"])
def test_a_raised_hand_that_only_a_narrow_part_of_the_picture_shows_is_found(plain: bool) -> None:
    def look(picture: Picture) -> list[FoundHand]:
        height, width = picture.shape[:2]
        if width <= 0.5 * PHOTO.shape[1]:  # near enough for the network
            return [hand(0.5, 0.6, 0.4)]
        whole = height == PHOTO.shape[0] if plain else height > PHOTO.shape[0]
        share = PHOTO.shape[0] / height
        return [hand(0.5, 0.5 - 0.05 * share, 0.5 + 0.05 * share, width=0.08 * share)] if whole else []

    found = find_in_photo(look, PHOTO, SETTINGS)
    assert found.hand is not None and found.hand.points[:, 1].mean() < 0.3
    assert any(other.points[:, 1].mean() == pytest.approx(0.5, abs=0.05) for other in found.others)
