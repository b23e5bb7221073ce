"""Augmentation changes what it says, as much as it says, and never invents or loses a joint."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from handloom.config import Augmentation
from handloom.training.augment import augment, random_windows

OFF = Augmentation(stretch=1.0, joint_noise=0.0)
ALL = ["horizontally_flip", "rotate", "scale", "translate", "interpolate_frames", "drop_frames"]


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def clips(count: int = 3, frames: int = 5, seed: int = 0) -> torch.Tensor:
    poses = torch.rand(count, frames, 3, 21, generator=generator(seed))
    poses[:, :, 2] = 1.0
    return poses


def test_nothing_named_and_nothing_disturbed_changes_nothing() -> None:
    torch.testing.assert_close(augment(clips(), [], OFF, generator()), clips())


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


def test_flip_mirrors_half_of_the_examples_as_a_whole() -> None:
    poses = clips(count=200)
    changed = augment(poses, ["horizontally_flip"], OFF, generator())
    mirrored = poses.clone()
    mirrored[:, :, 0] = 1 - poses[:, :, 0]
    kept = torch.isclose(changed, poses, atol=1e-6).flatten(1).all(dim=1)
    turned = torch.isclose(changed, mirrored, atol=1e-6).flatten(1).all(dim=1)
    assert (kept ^ turned).all()
    assert 60 < turned.sum() < 140


def test_rotation_keeps_distances_and_its_limit() -> None:
    poses = clips(count=100)
    changed = augment(poses, ["rotate"], Augmentation(rotate=30.0, stretch=1.0, joint_noise=0.0), generator())
    before, after = (one[:, 0, :2, 9] - one[:, 0, :2, 0] for one in (poses, changed))
    torch.testing.assert_close(after.norm(dim=1), before.norm(dim=1))
    angles = torch.atan2(before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0], (before * after).sum(dim=1))
    assert angles.abs().max() <= math.radians(30) + 1e-4
    assert angles.abs().max() > math.radians(25)


def test_stretch_scales_width_against_height_within_its_limit() -> None:
    poses = clips(count=300)
    changed = augment(poses, [], Augmentation(stretch=2.0, joint_noise=0.0), generator())
    across, up = ((changed - 0.5)[:, 0, axis] / (poses - 0.5)[:, 0, axis] for axis in (0, 1))
    ratio = (across / up).median(dim=1).values
    assert ratio.max() <= 2.001 and ratio.min() >= 0.499
    assert ratio.max() > 1.9 and ratio.min() < 0.53


def test_noise_is_measured_in_palm_lengths() -> None:
    poses = clips(count=400, frames=1)
    poses[:, :, :2, 0], poses[:, :, 0, 9], poses[:, :, 1, 9] = 0.5, 0.5, 0.7  # palms of 0.2
    moved = augment(poses, [], Augmentation(stretch=1.0, joint_noise=0.05), generator()) - poses
    assert moved[:, :, :2].std().item() == pytest.approx(0.2 * 0.05, rel=0.05)


def test_dropped_frames_are_lost_whole_and_not_too_many() -> None:
    poses = clips(count=300, frames=40)
    changed = augment(poses, ["drop_frames"], Augmentation(drop_frames=0.5, stretch=1, joint_noise=0), generator())
    lost = (changed[:, :, 2] == 0).all(dim=2)
    assert torch.equal(lost, (changed[:, :, 2] == 0).any(dim=2))
    assert 0.2 < lost.float().mean() < 0.3  # the share is drawn evenly from 0 to 0.5


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 99), st.integers(1, 12))
def test_windows_at_their_own_speed_are_stretches_of_the_clip(seed: int, window: int) -> None:
    ramp = torch.ones(4, 8, 3, 21)
    ramp[:, :, 0] = torch.arange(8.0)[None, :, None]
    lengths = torch.tensor([8, 5, 3, 1])
    ramp *= (torch.arange(8)[None] < lengths[:, None])[:, :, None, None]
    cut = random_windows(ramp, lengths, window, 0.0, generator(seed))
    for row, length in enumerate(lengths.tolist()):
        times, seen = cut[row, :, 0, 0], cut[row, :, 2, 0] > 0
        assert seen.sum() == min(window, length)
        assert seen[: int(seen.sum())].all()  # short clips are filled up at the end
        shown = times[seen]
        torch.testing.assert_close(shown - shown[0], torch.arange(float(len(shown))), atol=1e-3, rtol=0)


def test_speed_changes_within_its_limit_and_never_mixes_a_hand_with_none() -> None:
    ramp = torch.ones(200, 60, 3, 21)
    ramp[:, :, 0] = torch.arange(60.0)[None, :, None]
    ramp[:, 20:30] = 0
    cut = random_windows(ramp, torch.full((200,), 60), 20, 0.5, generator())
    steps = (cut[:, 1:, 0, 0] - cut[:, :-1, 0, 0])[(cut[:, 1:, 2, 0] > 0) & (cut[:, :-1, 2, 0] > 0)]
    inner = steps[(steps > 0) & (steps < 3)]
    assert inner.quantile(0.02) > 0.0 and inner.quantile(0.98) < 2.0 and inner.std() > 0.1
    shown = cut[:, :, 0, 0][cut[:, :, 2, 0] > 0]
    assert ((shown <= 19.5) | (shown >= 29.5)).all()  # no place inside the gap was made up
