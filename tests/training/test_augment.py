"""Augmentation changes what it says, as much as it says, and never invents a joint."""

import math
from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from handloom.config import Augmentation, AugmentationOption
from handloom.hand import BONES
from handloom.training.augmentation import augment

STILL = {"bone_length": 0.0, "shear": 0.0, "stretch": 1.0, "joint_noise": 0.0}
OFF = Augmentation(**STILL)
ALL: list[AugmentationOption] = [
    "horizontally_flip",
    "rotate",
    "scale",
    "translate",
    "interpolate_frames",
    "drop_frames",
]


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def clips(count: int = 3, frames: int = 5, seed: int = 0) -> torch.Tensor:
    poses = torch.rand(count, frames, 3, 21, generator=generator(seed))
    poses[:, :, 2] = 1.0
    return poses


def test_nothing_named_and_nothing_disturbed_changes_nothing() -> None:
    assert torch.equal(augment(clips(), [], OFF, generator()), clips())
    still = replace(OFF, rotate=0, scale=0, translate=0, drop_frames=0)
    assert torch.equal(augment(clips(), ["rotate", "scale", "translate", "drop_frames"], still, generator()), clips())


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 99))
def test_what_was_not_seen_stays_zero_and_confidence_stays(seed: int) -> None:
    poses = clips(seed=seed)
    poses[0, 2] = 0
    poses[1, :, :, 7] = 0
    changed = augment(poses, ALL, Augmentation(drop_frames=0.0), generator(seed))
    assert (changed[0, 2] == 0).all() and (changed[1, :, :, 7] == 0).all()
    torch.testing.assert_close(changed[:, :, 2], poses[:, :, 2])


def test_the_same_generator_gives_the_same_result() -> None:
    first, second = (augment(clips(), ALL, Augmentation(), generator(5)) for _ in range(2))
    assert torch.equal(first, second)
    assert not torch.equal(first, augment(clips(), ALL, Augmentation(), generator(6)))


@pytest.mark.parametrize("share", [0.1, 0.5])
def test_flip_mirrors_its_share_of_the_examples_as_a_whole(share: float) -> None:
    poses = clips(count=1000)
    changed = augment(poses, ["horizontally_flip"], replace(OFF, horizontally_flip=share), generator())
    mirrored = poses.clone()
    mirrored[:, :, 0] = 1 - poses[:, :, 0]
    kept = torch.isclose(changed, poses, atol=1e-6).flatten(1).all(dim=1)
    turned = torch.isclose(changed, mirrored, atol=1e-6).flatten(1).all(dim=1)
    assert (kept ^ turned).all()
    assert abs(turned.sum() / 1000 - share) < 0.05


def test_rotation_keeps_distances_and_its_limit() -> None:
    poses = clips(count=100)
    changed = augment(poses, ["rotate"], replace(OFF, rotate=30.0), generator())
    before, after = (one[:, 0, :2, 9] - one[:, 0, :2, 0] for one in (poses, changed))
    torch.testing.assert_close(after.norm(dim=1), before.norm(dim=1))
    angles = torch.atan2(before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0], (before * after).sum(dim=1))
    assert angles.abs().max() <= math.radians(30) + 1e-4
    assert angles.abs().max() > math.radians(25)


def test_stretch_scales_width_against_height_within_its_limit() -> None:
    poses = clips(count=300)
    changed = augment(poses, [], replace(OFF, stretch=2.0), generator())
    across, up = ((changed - 0.5)[:, 0, axis] / (poses - 0.5)[:, 0, axis] for axis in (0, 1))
    ratio = (across / up).median(dim=1).values
    assert ratio.max() <= 2.001 and ratio.min() >= 0.499
    assert ratio.max() > 1.9 and ratio.min() < 0.53


def test_noise_is_measured_in_palm_lengths() -> None:
    poses = clips(count=400, frames=1)
    poses[:, :, :2, 0], poses[:, :, 0, 9], poses[:, :, 1, 9] = 0.5, 0.5, 0.7  # palms of 0.2
    moved = augment(poses, [], replace(OFF, joint_noise=0.05), generator()) - poses
    assert moved[:, :, :2].std().item() == pytest.approx(0.2 * 0.05, rel=0.05)


def test_frames_are_dropped_where_that_is_named() -> None:
    poses = clips(count=100, frames=40)
    strength = replace(OFF, drop_frames=0.5)
    assert torch.equal(augment(poses, [], strength, generator()), poses)
    changed = augment(poses, ["drop_frames"], strength, generator())
    kept = (changed[:, :, 2] > 0).all(dim=2)
    assert 0.7 < kept.float().mean() < 0.8
    assert torch.equal(changed[kept], poses[kept]) and (changed[~kept] == 0).all()


def test_a_camera_loses_joints_and_runs_of_frames_unasked() -> None:
    poses = clips(count=100, frames=40)
    joints = augment(poses, [], replace(OFF, joint_dropout=0.4), generator())
    lost = joints[:, :, 2] == 0
    assert 0.15 < lost.float().mean() < 0.25
    assert torch.equal(joints, poses * ~lost[:, :, None])
    frames = augment(poses, [], replace(OFF, hand_dropout=0.5), generator())
    assert 0.2 < (frames[:, :, 2] == 0).float().mean() < 0.3


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 99))
def test_twice_the_same_flip_changes_nothing(seed: int) -> None:
    poses = clips(count=8, seed=seed)
    poses[0, 1] = 0
    half = replace(OFF, horizontally_flip=0.5)
    once = augment(poses, ["horizontally_flip"], half, generator(seed))
    torch.testing.assert_close(augment(once, ["horizontally_flip"], half, generator(seed)), poses)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 99))
def test_all_that_moves_a_hand_keeps_it_straight(seed: int) -> None:
    """Lines stay lines, and the same map holds for all joints and frames of an example."""
    poses = clips(count=4, frames=6, seed=seed)
    poses[:, :, :, 2] = 0.3 * poses[:, :, :, 0] + 0.7 * poses[:, :, :, 1]
    options: list[AugmentationOption] = ["horizontally_flip", "rotate", "scale", "translate"]
    changed = augment(
        poses,
        options,
        replace(
            OFF,
        ),
        generator(seed),
    )
    torch.testing.assert_close(
        changed[:, :, :, 2], 0.3 * changed[:, :, :, 0] + 0.7 * changed[:, :, :, 1], atol=1e-5, rtol=1e-5
    )
    shifted = changed - augment(poses, [], OFF, generator(seed))
    assert not torch.equal(shifted[0], shifted[1])


def test_translation_is_the_same_for_all_joints_and_within_its_limit() -> None:
    poses = clips(count=200)
    moved = (augment(poses, ["translate"], replace(OFF, translate=0.2), generator()) - poses)[:, :, :2].flatten(1, 1)
    assert moved.abs().max() <= 0.2 + 1e-6 and moved.abs().max() > 0.18
    assert (moved.amax(dim=(1, 3)) - moved.amin(dim=(1, 3))).max() < 1e-6


def test_scale_is_about_the_middle_and_within_its_limit() -> None:
    poses = clips(count=300)
    changed = augment(poses, ["scale"], replace(OFF, scale=0.3), generator())
    sizes = ((changed - 0.5) / (poses - 0.5))[:, :, :2].flatten(1).median(dim=1).values
    assert 0.699 < sizes.min() < 0.75 and 1.25 < sizes.max() < 1.301
    torch.testing.assert_close((changed - 0.5)[:, :, :2], (poses - 0.5)[:, :, :2] * sizes[:, None, None, None])


def test_bones_change_their_length_for_the_whole_window_and_hands_stay_whole() -> None:
    poses = clips(count=50)
    poses[:, :, :, 7] = 0
    changed = augment(poses, [], replace(OFF, bone_length=0.1), generator())
    for parent, joint in BONES:
        if 7 in (parent, joint):
            continue
        before, after = (one[:, :, :2, joint] - one[:, :, :2, parent] for one in (poses, changed))
        factor = (after * before).sum(dim=2) / before.square().sum(dim=2)  # [N, T]
        torch.testing.assert_close(after, before * factor[:, :, None], atol=1e-5, rtol=1e-4)  # no bone turns
        torch.testing.assert_close(factor, factor[:, :1].expand_as(factor), atol=1e-3, rtol=1e-3)
        assert 0.05 < factor[:, 0].std() < 0.15
    assert (changed[:, :, :, 7] == 0).all()
    torch.testing.assert_close(changed[:, :, :, 0], poses[:, :, :, 0])


def test_shear_shifts_width_by_height_within_its_limit() -> None:
    poses = clips(count=200)
    changed = augment(poses, [], replace(OFF, shear=0.3), generator())
    torch.testing.assert_close(changed[:, :, 1:], poses[:, :, 1:])
    shear = ((changed - poses)[:, 0, 0] / (poses[:, 0, 1] - 0.5)).median(dim=1).values
    assert 0.27 < shear.abs().max() <= 0.301
    assert shear.min() < -0.25 and shear.max() > 0.25
