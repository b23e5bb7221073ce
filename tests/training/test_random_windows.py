"""Windows are stretches of their clips, faster or slower, and nothing is made up between them."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from handloom.training.data import random_windows


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def ramps(*lengths: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Clips one after another whose x is the number of the frame within the clip: frames, starts, lengths."""
    counts = torch.tensor(lengths)
    frames = torch.ones(sum(lengths), 3, 21)
    frames[:, 0] = torch.cat([torch.arange(float(length)) for length in lengths])[:, None]
    return frames, counts.cumsum(0) - counts, counts


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 99), st.integers(1, 12))
def test_windows_at_their_own_speed_are_stretches_of_the_clip(seed: int, window: int) -> None:
    frames, starts, lengths = ramps(8, 5, 3, 1)
    cut = random_windows(frames, starts, lengths, window, 0.0, generator(seed))
    for row, length in enumerate(lengths.tolist()):
        times, seen = cut[row, :, 0, 0], cut[row, :, 2, 0] > 0
        assert seen.sum() == min(window, length)
        assert seen[: int(seen.sum())].all()  # short clips are filled up at the end
        assert (cut[row][~seen] == 0).all()
        shown = times[seen]
        torch.testing.assert_close(shown - shown[0], torch.arange(float(len(shown))), atol=1e-3, rtol=0)
        assert shown[-1] <= length - 1


def test_every_place_of_a_clip_is_shown() -> None:
    frames, starts, lengths = ramps(30, 40)
    chosen = torch.ones(500, dtype=torch.long)
    first = random_windows(frames, starts[chosen], lengths[chosen], 11, 0.0, generator())[:, 0, 0, 0]
    assert first.min() < 1 and first.max() > 28
    assert abs(first.mean() - 14.5) < 1.5


def test_speed_changes_within_its_limit_and_never_mixes_a_hand_with_none() -> None:
    frames, starts, lengths = ramps(*[60] * 200)
    frames.view(200, 60, 3, 21)[:, 20:30] = 0
    cut = random_windows(frames, starts, lengths, 20, 0.5, generator())
    steps = (cut[:, 1:, 0, 0] - cut[:, :-1, 0, 0])[(cut[:, 1:, 2, 0] > 0) & (cut[:, :-1, 2, 0] > 0)]
    inner = steps[(steps > 0) & (steps < 3)]
    assert inner.quantile(0.02) > 0.0 and inner.quantile(0.98) < 2.0 and inner.std() > 0.1
    shown = cut[:, :, 0, 0][cut[:, :, 2, 0] > 0]
    assert ((shown <= 19.5) | (shown >= 29.5)).all()  # no place inside the gap was made up
    assert ((cut[:, :, :2] == 0) | (cut[:, :, 2:] > 0)).all()
