"""The shared arithmetic against PyTorch's."""

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
import pytest
import threadpoolctl  # type: ignore[import-untyped]
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from handloom.export.interpreter import kernels

CONVOLUTIONS = {1: functional.conv1d, 2: functional.conv2d, 3: functional.conv3d}
MAX_POOLS = {1: functional.max_pool1d, 2: functional.max_pool2d, 3: functional.max_pool3d}
AVERAGE_POOLS = {1: functional.avg_pool1d, 2: functional.avg_pool2d, 3: functional.avg_pool3d}
seeds = st.integers(0, 2**32 - 1)


def random_array(seed: int, *shape: int) -> kernels.Array:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


@settings(deadline=None, max_examples=40)
@given(st.data(), seeds)
def test_convolution_is_pytorchs(data: st.DataObject, seed: int) -> None:
    axes = data.draw(st.integers(1, 3), "axes")
    groups = data.draw(st.integers(1, 3), "groups")
    per_group, out_per_group = data.draw(st.integers(1, 3)), data.draw(st.integers(1, 3))
    each = st.lists(st.integers(1, 3), min_size=axes, max_size=axes)
    kernel, strides, dilations = data.draw(each), data.draw(each), data.draw(each)
    pads = data.draw(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=axes, max_size=axes))
    space = [
        (size - 1) * dilation + data.draw(st.integers(1, 4)) for size, dilation in zip(kernel, dilations, strict=True)
    ]
    x = random_array(seed, data.draw(st.integers(1, 2)), groups * per_group, *space)
    weight = random_array(seed + 1, groups * out_per_group, per_group, *kernel)
    bias = data.draw(st.sampled_from([None, random_array(seed + 2, len(weight))]))

    result = kernels.convolution(x, weight, bias, strides=strides, dilations=dilations, pads=pads, groups=groups)

    padded = functional.pad(torch.tensor(x), [pad for pair in reversed(pads) for pad in pair])
    reference = CONVOLUTIONS[axes](
        padded,
        torch.tensor(weight),
        None if bias is None else torch.tensor(bias),
        stride=strides,
        dilation=dilations,
        groups=groups,
    )
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, reference.numpy(), rtol=1e-4, atol=1e-5)


@settings(deadline=None, max_examples=60)
@given(st.data(), seeds, st.sampled_from(["max", "average"]), st.booleans(), st.booleans())
def test_pooling_is_pytorchs(
    data: st.DataObject, seed: int, kind: Literal["max", "average"], count_padding: bool, rounded_up: bool
) -> None:
    axes = data.draw(st.integers(1, 3), "axes")
    sizes = data.draw(st.lists(st.integers(1, 4), min_size=axes, max_size=axes))
    strides = data.draw(st.lists(st.integers(1, 3), min_size=axes, max_size=axes))
    padding = [data.draw(st.integers(0, size // 2)) for size in sizes]
    space = [size + data.draw(st.integers(0, 4)) for size in sizes]
    x = random_array(seed, 2, 3, *space) - 5  # padding with zero would be the greatest
    pads = [(pad, pad) for pad in padding]
    behind = [kernels.overhang(*one) for one in zip(space, sizes, strides, pads, strict=True)] if rounded_up else None

    result = kernels.pooled(x, kind, sizes, strides, pads, count_padding, behind)

    if kind == "max":
        reference = MAX_POOLS[axes](torch.tensor(x), sizes, strides, padding, ceil_mode=rounded_up)
    else:
        reference = AVERAGE_POOLS[axes](torch.tensor(x), sizes, strides, padding, rounded_up, count_padding)
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, reference.numpy(), rtol=1e-4, atol=1e-5)


def test_an_average_counts_uneven_padding_where_told() -> None:
    x = np.full((1, 1, 3), 6, np.float32)
    assert kernels.pooled(x, "average", [3], [1], [(0, 2)], True).ravel().tolist() == [6, 4, 2]
    assert kernels.pooled(x, "average", [3], [1], [(0, 2)], False).ravel().tolist() == [6, 6, 6]


@given(st.integers(1, 40), st.integers(1, 6), st.integers(1, 5), st.integers(1, 3))
def test_same_padding_keeps_a_window_for_each_step(length: int, size: int, stride: int, dilation: int) -> None:
    before, after = kernels.same_pads(length, size, stride, dilation, "end")
    assert (after, before) == kernels.same_pads(length, size, stride, dilation, "begin")
    assert 0 <= after - before <= 1
    span = (size - 1) * dilation + 1
    assert (length + before + after - span) // stride + 1 == -(-length // stride)
    # No more than needed: one zero less loses a window.
    assert before + after == 0 or (length + before + after - 1 - span) // stride + 1 < -(-length // stride)


FUNCTIONS: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "softmax": (lambda x: kernels.softmax(x, -2), lambda x: torch.softmax(x, -2)),
    "sigmoid": (kernels.sigmoid, torch.sigmoid),
    "softplus": (kernels.softplus, lambda x: functional.softplus(x, threshold=50)),
    "elu": (lambda x: kernels.elu(x, 0.7), lambda x: functional.elu(x, 0.7)),
    "leaky_relu": (lambda x: kernels.leaky_relu(x, 0.3), lambda x: functional.leaky_relu(x, 0.3)),
    "normalised": (
        lambda x: kernels.normalised(x, (-2, -1), 1e-3),
        lambda x: functional.layer_norm(x, x.shape[-2:], eps=1e-3),
    ),
    "centred": (lambda x: kernels.normalised(x, (-1,), 0, variance=False), lambda x: x - x.mean(-1, keepdim=True)),
}


@pytest.mark.parametrize("name", FUNCTIONS)
@settings(deadline=None, max_examples=20)
@given(seeds, st.sampled_from([1.0, 100.0]))
def test_functions_are_pytorchs_also_for_large_numbers(name: str, seed: int, scale: float) -> None:
    ours, theirs = FUNCTIONS[name]
    x = random_array(seed, 2, 3, 4) * np.float32(scale)
    result = ours(x)
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, theirs(torch.tensor(x)).numpy(), rtol=1e-4, atol=1e-5)


def test_channels_are_scaled_one_by_one() -> None:
    x = random_array(0, 2, 3, 4, 5)
    scale, shift = random_array(1, 3), random_array(2, 3)
    reference = torch.tensor(x) * torch.tensor(scale)[:, None, None] + torch.tensor(shift)[:, None, None]
    np.testing.assert_allclose(kernels.scaled_channels(x, scale, shift), reference.numpy(), rtol=1e-6)


def test_rounding_to_float16_loses_what_float16_cannot_hold() -> None:
    rounded = kernels.rounded_to_float16(np.array([1 / 3, 2049, 1e5, 1e-9], np.float32))
    assert rounded.dtype == np.float32
    assert rounded.tolist() == [0.333251953125, 2048.0, float("inf"), 0.0]


def test_products_take_one_thread_and_leave_the_others_as_they_were() -> None:
    with threadpoolctl.threadpool_limits(2, "blas"):
        before = _numpys_threads()
        with kernels.one_thread():
            assert set(_numpys_threads()) == {1}
        assert _numpys_threads() == before


def _numpys_threads() -> list[int]:
    return [pool["num_threads"] for pool in threadpoolctl.threadpool_info() if "numpy" in pool["filepath"]]
