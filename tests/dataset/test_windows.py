"""Windows over a clip: every frame is seen, the last window is flush, short clips are filled up with zeros."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handloom.dataset.windows import window_starts, windows_of

# A stride beyond the window leaves frames out on purpose.
window_and_stride = st.integers(1, 60).flatmap(lambda window: st.tuples(st.just(window), st.integers(1, window)))


@given(st.integers(1, 300), window_and_stride)
@settings(deadline=None)
def test_windows_cover_every_frame_and_end_with_the_clip(length, sizes):
    window, stride = sizes
    starts = window_starts(length, window, stride)
    assert {frame for start in starts for frame in range(start, start + window)} >= set(range(length))
    assert starts[0] == 0
    assert starts[-1] == max(0, length - window)
    steps = np.diff(starts)
    assert (steps[:-1] == stride).all()
    assert (steps > 0).all()


@pytest.mark.parametrize(
    ("length", "window", "stride", "starts"),
    [(60, 60, 15, [0]), (61, 60, 15, [0, 1]), (90, 60, 15, [0, 15, 30]), (10, 60, 15, [0]), (5, 1, 2, [0, 2, 4])],
)
def test_starts_by_hand(length, window, stride, starts):
    assert window_starts(length, window, stride) == starts


@given(st.integers(1, 40), st.integers(1, 20), st.integers(1, 20))
@settings(deadline=None, max_examples=50)
def test_windows_hold_the_clip_and_zeros_after_its_end(length, window, stride):
    poses = np.arange(1, length * 63 + 1, dtype=np.float32).reshape(length, 3, 21)
    windows = windows_of(poses, window, stride)
    starts = window_starts(length, window, stride)
    assert windows.shape == (len(starts), window, 3, 21)
    assert windows.dtype == np.float32
    for start, frames in zip(starts, windows, strict=True):
        inside = poses[start : start + window]
        np.testing.assert_array_equal(frames[: len(inside)], inside)
        assert not frames[len(inside) :].any()
