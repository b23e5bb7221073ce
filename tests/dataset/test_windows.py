"""Windows over a clip: every frame is seen, the last window is flush, short clips are filled up with zeros."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handloom.dataset.windows import Windows

# A stride beyond the window leaves frames out on purpose.
window_and_stride = st.integers(1, 60).flatmap(lambda window: st.tuples(st.just(window), st.integers(1, window)))


def over(lengths: Sequence[int], window: int, stride: int) -> Windows:
    counts = np.array(lengths, np.int64)
    return Windows.over(np.cumsum(counts) - counts, counts, window, stride)


@given(st.integers(1, 300), window_and_stride)
@settings(deadline=None)
def test_windows_cover_every_frame_and_end_with_the_clip(length: int, sizes: tuple[int, int]) -> None:
    window, stride = sizes
    starts = over([length], window, stride).first
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
def test_starts_by_hand(length: int, window: int, stride: int, starts: list[int]) -> None:
    assert over([length], window, stride).first.tolist() == starts


@given(st.lists(st.integers(1, 40), min_size=1, max_size=4), st.integers(1, 20), st.integers(1, 20), st.integers(1, 9))
@settings(deadline=None, max_examples=50)
def test_windows_hold_their_clip_alone_and_zeros_after_its_end(
    lengths: list[int], window: int, stride: int, at_once: int
) -> None:
    frames = np.arange(1, sum(lengths) * 63 + 1, dtype=np.float32).reshape(-1, 3, 21)
    whole = over(lengths, window, stride)
    cut = [(some, some.cut(frames)) for some in whole.some_at_a_time(at_once)]
    assert sum(len(some) for some, _ in cut) == len(whole)
    ends = np.cumsum(lengths)
    seen = []
    for some, poses in cut:
        assert poses.shape == (len(some), window, 3, 21)
        assert poses.dtype == np.float32
        for first, clip, window_of_clip in zip(some.first, some.clip, poses, strict=True):
            inside = frames[first : min(first + window, ends[clip])]
            np.testing.assert_array_equal(window_of_clip[: len(inside)], inside)
            assert not window_of_clip[len(inside) :].any()
            seen.append(clip)
    assert seen == sorted(seen)
    assert set(seen) == set(range(len(lengths)))
