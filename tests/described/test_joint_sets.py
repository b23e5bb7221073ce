"""Joints without a picture: what is described comes out, the same bits each time, and inside the picture."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from handloom.described.cameras import Cameras
from handloom.described.gestures import Gesture, Range
from handloom.described.joint_sets import JointSets, Makers, joint_clip, joint_sets
from handloom.described.landmark_error import measured_error
from handloom.described.people import generator_for, make_people
from handloom.described.reading import load_gestures
from handloom.hand import JOINTS

DATA = Path(__file__).parents[2] / "data"
DIGITS = load_gestures(DATA / "described" / "digits")
PEOPLE = make_people(1, 20)
CAMERAS = Cameras(Range(1.0, 4.0), Range(3.0, 15.0), Range(9 / 16, 16 / 9))


def made(gesture: Gesture, error: float = 1.0, seed: int = 1, count: int = 500) -> JointSets:
    makers = Makers(PEOPLE, CAMERAS, measured_error(error))
    others = [other for other in DIGITS.values() if other is not gesture]
    return joint_sets(gesture, others, makers, count, generator_for(seed, "test"))


def joint(sets: JointSets, name: str) -> np.ndarray:
    """``[N, 2]``."""
    return sets.poses[:, :2, JOINTS.index(name)]


def test_the_same_seed_gives_the_same_bits_and_another_seed_others() -> None:
    first, again, other = (made(DIGITS["nine"], seed=seed).poses for seed in (1, 1, 2))
    assert first.dtype == np.float32 and first.shape == (500, 3, 21)
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_hands_are_inside_their_pictures_and_seen() -> None:
    poses = made(DIGITS["five"], error=0.0).poses
    assert (poses[:, 2] == 1).all()
    inside = ((poses[:, :2] > 0) & (poses[:, :2] < 1)).all(axis=(1, 2))
    assert inside.mean() > 0.99


def test_what_is_described_can_be_seen() -> None:
    one = made(DIGITS["one"], error=0.0)
    index, ring = (
        np.linalg.norm(joint(one, f"{finger}Tip") - joint(one, "wrist"), axis=1) for finger in ("index", "ring")
    )
    assert (index > 1.3 * ring).mean() > 0.95
    assert (joint(one, "indexTip")[:, 1] > joint(one, "wrist")[:, 1]).mean() > 0.99  # upwards is up


def test_left_hands_are_the_mirror_image() -> None:
    sets = made(DIGITS["five"], error=0.0)
    thumb_to_the_right = joint(sets, "thumbTip")[:, 0] > joint(sets, "littleTip")[:, 0]
    assert 0.3 < sets.left.mean() < 0.7
    assert (thumb_to_the_right == ~sets.left).mean() > 0.98


@pytest.mark.parametrize("hand", ["left", "right"])
def test_a_description_may_be_of_one_hand(hand: str, tmp_path: Path) -> None:
    text = (DATA / "described" / "digits" / "five.yaml").read_text(encoding="utf-8")
    (tmp_path / "five.yaml").write_text(f"{text}\nhand: {hand}\n", encoding="utf-8")
    sets = made(load_gestures(tmp_path)["five"])
    assert (sets.left == (hand == "left")).all()


def test_the_landmarkers_error_moves_joints_by_some_share_of_a_palm() -> None:
    exact, off = (made(DIGITS["two"], error=error) for error in (0.0, 1.0))
    palm = np.linalg.norm(joint(exact, "middleMCP") - joint(exact, "wrist"), axis=1)
    bones = [np.linalg.norm(joint(sets, "indexTip") - joint(sets, "indexPIP"), axis=1) / palm for sets in (exact, off)]
    assert 0.02 < np.abs(bones[1] - bones[0]).mean() < 0.3


def test_a_clip_is_as_long_as_described_and_has_the_rate_that_is_asked_for() -> None:
    actions = load_gestures(DATA / "sample" / "gestures" / "action")
    wave = actions["wave"]
    clips = {
        rate: joint_clip(wave, [], PEOPLE[3], CAMERAS, measured_error(), rate, generator_for(1, "clip"))
        for rate in (15.0, 30.0)
    }
    assert len(clips[30.0].poses) == pytest.approx(2 * len(clips[15.0].poses), abs=1)
    assert 30 <= len(clips[30.0].poses) <= 90
    # A landmarker that follows a hand does not jump.
    steps = np.linalg.norm(np.diff(clips[30.0].poses[:, :2], axis=0), axis=1)
    assert np.median(steps) < 0.05


def test_a_clip_is_seen_by_a_camera_that_is_given() -> None:
    wave = load_gestures(DATA / "sample" / "gestures" / "action")["wave"]
    shapes = []
    for aspect in (0.5, 2.0):
        cameras = replace(CAMERAS, aspect=Range(aspect, aspect))
        places = joint_clip(wave, [], PEOPLE[3], cameras, None, 30.0, generator_for(1, "clip")).poses[:, :2]
        assert ((places > 0) & (places < 1)).all()
        width, height = (places.max(axis=2) - places.min(axis=2)).mean(axis=0)
        shapes.append(width / height)
    assert shapes[0] == pytest.approx(4 * shapes[1], rel=0.01)
