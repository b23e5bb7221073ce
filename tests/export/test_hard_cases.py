"""Rare windows: what is asked for is what is in them."""

import numpy as np
import pytest
from small_models import random_hands

from handloom.export.hard_cases import hard_cases, plain_hand
from handloom.hand import WRIST, present


@pytest.mark.parametrize("count", [1, 2, 31])
def test_every_case_is_of_the_windows_shape_and_holds_numbers(count: int) -> None:
    windows = random_hands(count)
    cases = hard_cases(windows)
    with_hand = int(present(windows).any(axis=1).sum())
    for name, changed in cases.items():
        assert changed.shape[1:] == windows.shape[1:] and changed.dtype == np.float32, name
        assert len(changed) == (1 if name == "no hand" else with_hand), name
        assert np.isfinite(changed).all(), name
    assert np.array_equal(windows, random_hands(count))  # not changed in place


def test_frames_without_a_hand_are_where_their_case_says() -> None:
    cases = hard_cases(plain_hand(9)[None])
    seen = {name: "".join("x" if one else "." for one in present(changed[0])) for name, changed in cases.items()}
    assert seen["no hand"] == "........."
    assert seen["no hand at the start"] == "...xxxxxx"
    assert seen["no hand in the middle"] == "xxx...xxx"
    assert seen["no hand at the end"] == "xxxxxx..."
    assert seen["a hand in every second frame"] == "x.x.x.x.x"
    assert seen["a hand in one frame"] == "x........"
    assert seen["confidence 0"] == "........."
    for name in ("no hand at the end", "no hand at the start"):
        assert not cases[name][~present(cases[name])].any()  # such frames are zeros


def test_hands_are_of_the_size_and_at_the_place_that_their_case_says() -> None:
    cases = hard_cases(random_hands(5))

    def box(name: str) -> tuple[np.ndarray, np.ndarray]:
        windows = cases[name]
        known = windows[:, :, 2:] > 0
        low = np.where(known, windows[:, :, :2], np.inf).min(axis=(1, 3))
        high = np.where(known, windows[:, :, :2], -np.inf).max(axis=(1, 3))
        return low, high

    assert np.allclose(box("a hand in the lower left corner")[0], 0, atol=1e-5)
    assert np.allclose(box("a hand in the upper right corner")[1], 1, atol=1e-5)
    low, high = box("a tiny hand")
    assert np.allclose((high - low).max(axis=1), 0.04, atol=1e-5)
    assert np.allclose((low + high) / 2, 0.5, atol=1e-5)
    low, high = box("a huge hand")
    assert np.allclose((high - low).max(axis=1), 3, atol=1e-4)
    low, high = box("a hand in one point")
    assert np.allclose(high, low, atol=1e-6)
    low, high = box("a hand half outside the picture")
    assert np.allclose(low, -high, atol=1e-5)


def test_only_the_wrist_is_left_of_fingers_with_confidence_0() -> None:
    fingers = hard_cases(plain_hand(1)[None])["fingers with confidence 0"][0, 0, 2]
    assert fingers[WRIST] == 1 and not fingers[1:].any()


def test_windows_without_a_hand_are_replaced_by_a_drawn_one() -> None:
    cases = hard_cases(np.zeros((3, 4, 3, 21), np.float32))
    assert present(cases["a tiny hand"]).all()


def test_the_drawn_hand_is_upright_inside_the_picture_and_moves_to_the_right() -> None:
    poses = plain_hand(10)
    assert (poses[:, :2] > 0).all() and (poses[:, :2] < 1).all()
    assert (poses[:, 1, 12] > poses[:, 1, 0]).all()
    assert (np.diff(poses[:, 0, 0]) > 0).all()
