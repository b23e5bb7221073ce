"""The network sees a hand, not where it is, how large it is, or what fills up the window."""

from pathlib import Path

import pytest
import torch
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from handloom.config import KINDS, Kind, Model, parameters_from
from handloom.models.features import HandFeatures
from handloom.models.network import HandNetwork, Steps

REPOSITORY = Path(__file__).parents[2]
SMALL = Model(width=8, spatial_layers=2, frames_per_step=3, frame_features=16, temporal_layers=2, dropout=0.0)


def random_clip(seed: int, frames: int) -> torch.Tensor:
    """A window ``[1, frames, 3, 21]`` whose joints are in the picture's middle."""
    generator = torch.Generator().manual_seed(seed)
    poses = torch.ones(1, frames, 3, 21)
    poses[:, :, :2] = 0.4 + 0.2 * torch.rand(1, frames, 2, 21, generator=generator)
    return poses


def network(window: int, classes: int = 4) -> HandNetwork:
    torch.manual_seed(0)
    return HandNetwork(classes, window, SMALL).eval()


def placed(poses: torch.Tensor, size: float, x: float, y: float) -> torch.Tensor:
    moved = poses.clone()
    moved[:, :, :2] = (poses[:, :, :2] * size + torch.tensor([x, y])[None, None, :, None]) * (poses[:, :, 2:] > 0)
    return moved


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 99), st.sampled_from([1, 6]), st.floats(0.3, 3), st.floats(-1, 1), st.floats(-1, 1))
def test_place_and_size_make_no_difference(seed: int, window: int, size: float, x: float, y: float) -> None:
    poses = random_clip(seed, window)
    net = network(window)
    torch.testing.assert_close(net(placed(poses, size, x, y)), net(poses), atol=1e-3, rtol=1e-3)


def test_the_way_through_the_picture_makes_a_difference() -> None:
    poses = random_clip(0, 6)
    moving = poses.clone()
    moving[:, :, 0] += 0.05 * torch.arange(6)[None, :, None]
    assert not torch.allclose(network(6)(poses), network(6)(moving), atol=1e-3)


@pytest.mark.parametrize("lost", [[0], [5], [2, 3], [0, 1, 5], list(range(6))])
def test_frames_without_a_hand_give_finite_scores_and_no_features(lost: list[int]) -> None:
    poses = random_clip(1, 6)
    poses[:, lost] = 0
    joints, frames, seen = HandFeatures(6)(poses)
    assert torch.isfinite(network(6)(poses)).all()
    assert (joints[:, lost] == 0).all() and (frames[:, lost] == 0).all() and (seen[:, lost] == 0).all()


def test_a_window_filled_up_with_zeros_hides_nothing_of_the_hand() -> None:
    poses = random_clip(2, 4)
    longer = torch.cat([poses, torch.zeros(1, 2, 3, 21)], dim=1)
    for one, other in zip(HandFeatures(4)(poses), HandFeatures(6)(longer), strict=True):
        torch.testing.assert_close(other[:, :4], one)


def test_a_joint_of_no_confidence_does_not_count() -> None:
    poses = random_clip(3, 1)
    poses[:, :, 2, 8] = 0
    elsewhere = poses.clone()
    elsewhere[:, :, :2, 8] = 17.0
    torch.testing.assert_close(network(1)(elsewhere), network(1)(poses))


@pytest.mark.parametrize("window", [1, 2, 3, 7, 8])
def test_a_last_step_that_is_not_full_is_filled_up_with_frames_without_a_hand(window: int) -> None:
    poses = random_clip(4, window)
    filled = torch.cat([poses, torch.zeros(1, -window % 3, 3, 21)], dim=1)
    short, full = (stepwise(HandFeatures(one.shape[1]), one) for one in (poses, filled))
    assert len(short[0][0]) == min(window, -(-window // 3))
    if window >= 3:
        for one, other in zip(short, full, strict=True):
            torch.testing.assert_close(one, other)


def stepwise(features: HandFeatures, poses: torch.Tensor) -> tuple[torch.Tensor, ...]:
    steps = Steps(poses.shape[1], 3, features.joint_features, features.frame_features)
    found: tuple[torch.Tensor, ...] = steps(*features(poses))
    return found


def test_a_step_holds_its_frames_side_by_side() -> None:
    joints = torch.arange(2 * 6 * 21 * 4).reshape(2, 6, 21, 4)
    frames, seen = torch.arange(2 * 6 * 5).reshape(2, 6, 5), torch.zeros(2, 6, 1)
    seen[0, 4] = 1
    joint_steps, frame_steps, seen_steps = Steps(6, 3, 4, 5)(joints, frames, seen)
    assert torch.equal(joint_steps[1, 1, 7], joints[1, 3:6, 7].flatten())
    assert torch.equal(frame_steps[1, 1], frames[1, 3:6].flatten())
    assert seen_steps.flatten().tolist() == [0, 1, 0, 0]


@pytest.mark.parametrize("kind", KINDS)
def test_the_default_networks_are_small(kind: Kind) -> None:
    parameters = parameters_from(yaml.safe_load((REPOSITORY / "params.yaml").read_text(encoding="utf-8")))
    settings = parameters.training(kind)
    network = HandNetwork(40, settings.prediction_window_size, settings.model)
    assert sum(one.numel() for one in network.parameters()) <= 300_000
