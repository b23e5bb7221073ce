"""Joints and frames are lost as often as was asked for, and never all frames of an example."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from handloom.training.augmentation import lose

shares = st.sampled_from([0.0, 0.2, 0.9, 0.999])


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def everything(count: int, window: int) -> torch.Tensor:
    return torch.ones(count, window, 21, dtype=torch.bool)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 999), st.integers(1, 12), shares, shares)
def test_of_frames_with_a_hand_one_is_left(seed: int, window: int, drop_frames: float, hand_dropout: float) -> None:
    seen = torch.rand(40, window, 1, generator=generator(seed)).gt(0.5).expand(-1, -1, 21)
    left = lose(seen, 0.0, drop_frames, hand_dropout, generator(seed + 1))
    assert not (left & ~seen).any()
    assert torch.equal(left.any(dim=2), left.all(dim=2))  # frames are lost whole
    assert torch.equal(left.flatten(1).any(dim=1), seen.flatten(1).any(dim=1))
    if window == 1 or drop_frames == hand_dropout == 0:
        assert torch.equal(left, seen)


def test_frames_are_dropped_here_and_there() -> None:
    lost = ~lose(everything(300, 40), 0.0, 0.5, 0.0, generator()).all(dim=2)
    assert 0.2 < lost.float().mean() < 0.3  # the share is drawn evenly from 0 to 0.5
    assert lost.float().mean(dim=1).std() > 0.1


def test_one_run_of_frames_is_lost_anywhere_and_no_longer_than_was_asked_for() -> None:
    lost = (~lose(everything(4000, 20), 0.0, 0.0, 0.3, generator()).all(dim=2)).long()
    lengths = lost.sum(dim=1)
    assert lengths.bincount().tolist() == pytest.approx([4000 / 7] * 7, rel=0.2)  # 0 to 6 of 20
    starts = (torch.diff(lost, dim=1, prepend=torch.zeros(4000, 1)) == 1).sum(dim=1)
    assert torch.equal(starts, (lengths > 0).long())
    assert lost[:, 0].any() and lost[:, -1].any()


@pytest.mark.parametrize("window", [1, 30])
def test_joints_are_lost_here_and_there(window: int) -> None:
    lost = ~lose(everything(9000 // window, window), 0.4, 0.0, 0.0, generator())
    assert lost.float().mean().item() == pytest.approx(0.2, abs=0.02)  # the share is drawn evenly from 0 to 0.4
    assert lost.flatten(0, 1).float().mean(dim=0).std() < 0.02  # any joint as often as any other
    by_example = lost.flatten(1).float().mean(dim=1)
    if window == 30:
        assert by_example.max() < 0.5 and by_example.min() < 0.05


def test_the_same_generator_loses_the_same() -> None:
    first, second, other = (lose(everything(9, 30), 0.2, 0.2, 0.2, generator(seed)) for seed in (1, 1, 2))
    assert torch.equal(first, second) and not torch.equal(first, other)
