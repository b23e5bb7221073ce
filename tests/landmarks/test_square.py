"""The turned square: what it shows, and that points of its crop are where they are in the picture."""

from math import cos, pi, sin

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from handloom.landmarks.square import Cropper, Float, Points, Square, around_hand, around_picture, from_detector
from handloom.media.frame import Picture

WIDTH, HEIGHT, SIZE = 240, 200, 64
SIDES = np.array([WIDTH, HEIGHT], Float)


@pytest.fixture(scope="module")
def places() -> Picture:
    """A picture whose red is how far right a pixel is, and whose green is how far down."""
    picture = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    picture[..., 0] = np.arange(WIDTH)
    picture[..., 1] = np.arange(HEIGHT)[:, None]
    return picture


def square(x: float, y: float, side: float, angle: float) -> Square:
    """From pixels."""
    return Square(Float(x / WIDTH), Float(y / HEIGHT), Float(side / WIDTH), Float(side / HEIGHT), Float(angle))


inside = st.builds(square, st.floats(90, 150), st.floats(90, 110), st.floats(20, 120), st.floats(-pi, pi))


@given(inside)
def test_points_of_the_crop_are_where_it_was_cut_out(places: Picture, one: Square) -> None:
    crop = Cropper(SIZE, replicate=True)(places, one.corners(places))
    at = np.array([(0, 0), (10, 50), (40, 7), (63, 63)])
    expected = one.in_picture((at / SIZE).astype(Float)) * SIDES
    assert np.abs(crop[at[:, 1], at[:, 0], :2] - expected).max() < 0.6  # rounded to whole numbers, and to 1/32 pixel


def test_a_square_that_is_not_turned_and_as_large_as_the_crop_is_a_part_of_the_picture(places: Picture) -> None:
    crop = Cropper(SIZE, replicate=True)(places, square(50, 60, SIZE, 0).corners(places))
    np.testing.assert_array_equal(crop, places[60 - SIZE // 2 : 60 + SIZE // 2, 50 - SIZE // 2 : 50 + SIZE // 2])


@pytest.mark.parametrize(("replicate", "seen"), [(True, 0), (True, 200), (False, 0)])
def test_outside_the_picture_there_are_its_edges_or_black(places: Picture, replicate: bool, seen: int) -> None:
    bright = np.maximum(places, seen).astype(np.uint8)
    crop = Cropper(SIZE, replicate=replicate)(bright, square(-200, 100, 40, 0.3).corners(bright))
    assert set(np.unique(crop[..., 2])) == {seen if replicate else 0}


def test_a_square_that_reaches_far_out_of_the_picture_shows_its_edges(places: Picture) -> None:
    bright = places + np.array([0, 0, 9], np.uint8)
    crop = Cropper(SIZE, replicate=False)(bright, square(100, 100, 200_000, 0).corners(bright))
    assert (crop[..., 2] > 0).sum() <= 1  # a crop's pixel is 3,000 of the picture's


def test_a_cropper_remembers_nothing_of_the_crop_before(places: Picture) -> None:
    kept = Cropper(SIZE, replicate=True)
    first = kept(places, square(90, 90, 50, 1).corners(places)).copy()
    kept(places, square(150, 100, 90, -2).corners(places))
    np.testing.assert_array_equal(kept(places, square(90, 90, 50, 1).corners(places)), first)


@pytest.mark.parametrize("shape", [(100, 300), (300, 100), (128, 128)])
def test_the_detector_sees_the_whole_picture_and_its_points_come_back(shape: tuple[int, int]) -> None:
    picture = np.zeros((*shape, 3), np.uint8)
    sides = np.array(shape[::-1], Float)
    lower_left, upper_left, upper_right, lower_right = around_picture(picture)
    np.testing.assert_array_equal((upper_left + lower_right) / 2, sides / 2)
    assert upper_right[0] - upper_left[0] == lower_left[1] - upper_left[1] == max(shape)
    corners = from_detector(np.array([[0, 0], [1, 1]], Float), picture) * sides
    np.testing.assert_allclose(corners, [upper_left, lower_right], atol=1e-4)


def joints(seed: int) -> Points:
    """Joints in the middle of the picture, in pixels."""
    return np.random.default_rng(seed).uniform([80, 70], [160, 130], (21, 2)).astype(Float)


@given(st.integers(0, 1000), st.floats(-pi, pi))
def test_the_square_turns_with_the_hand(places: Picture, seed: int, turn: float) -> None:
    hand = joints(seed)
    turning = np.array([[cos(turn), -sin(turn)], [sin(turn), cos(turn)]])
    turned = (hand - SIDES / 2) @ turning.T + SIDES / 2
    before, after = (around_hand((one / SIDES).astype(Float), places) for one in (hand, turned))
    moved = turning @ ([before.x * WIDTH - WIDTH / 2, before.y * HEIGHT - HEIGHT / 2]) + SIDES / 2
    np.testing.assert_allclose([after.x * WIDTH, after.y * HEIGHT], moved, atol=1e-2)
    np.testing.assert_allclose(after.width, before.width, rtol=1e-4)
    assert abs((after.angle - before.angle - turn + pi) % (2 * pi) - pi) < 1e-3


@given(st.integers(0, 1000))
def test_the_palm_is_in_the_hands_square(places: Picture, seed: int) -> None:
    one = around_hand(joints(seed) / SIDES, places)
    assert one.width * WIDTH == pytest.approx(one.height * HEIGHT)
    away = joints(seed)[[0, 5, 9, 13, 17]] - [one.x * WIDTH, one.y * HEIGHT]
    own = away @ [[cos(one.angle), -sin(one.angle)], [sin(one.angle), cos(one.angle)]]
    assert (np.abs(own) < one.width * WIDTH / 2).all()


@given(inside, inside)
def test_overlaps_are_shares_and_the_same_from_both_sides(one: Square, other: Square) -> None:
    assert one.overlap(one) == pytest.approx(1)
    assert 0 <= one.overlap(other) == pytest.approx(other.overlap(one))
    assert one.overlap(one._replace(x=Float(one.x + 2 * one.width))) == 0
    half = one._replace(width=Float(one.width / 2))
    assert one.overlap(half) == pytest.approx(0.5, rel=1e-4)
