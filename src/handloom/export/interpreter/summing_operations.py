"""Operations that add up over elements, as the MIL operations' reference defines them; sums are made in float32.

https://apple.github.io/coremltools/source/coremltools.converters.mil.mil.ops.defs.html
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from handloom.export.interpreter.kernels import (
    Array,
    convolution,
    matrix_product,
    normalised,
    overhang,
    pooled,
    same_pads,
    scaled_channels,
    softmax,
)

Whole = NDArray[np.int32]


def _linear(x: Array, weight: Array, bias: Array | None = None) -> Array:
    """``[*, in]`` and ``[out, in]`` to ``[*, out]``."""
    result = matrix_product(x, weight.T)
    return result if bias is None else result + bias


def _matmul(x: Array, y: Array, transpose_x: bool = False, transpose_y: bool = False) -> Array:
    """The last two axes are the matrices', the others broadcast; one axis is a vector, which is never transposed."""
    first = x.swapaxes(-1, -2) if transpose_x and x.ndim > 1 else x
    second = y.swapaxes(-1, -2) if transpose_y and y.ndim > 1 else y
    return matrix_product(first, second)


def _conv(
    x: Array,
    weight: Array,
    bias: Array | None = None,
    strides: Whole | None = None,
    pad_type: str = "valid",
    pad: Whole | None = None,
    dilations: Whole | None = None,
    groups: int = 1,
) -> Array:
    """``[N, C, *space]`` and ``[O, C / groups, *kernel]`` to ``[N, O, *out]``."""
    kernel = weight.shape[2:]
    steps, spread = _each_axis(strides, len(kernel)), _each_axis(dilations, len(kernel))
    pads = _pads(pad_type, pad, x.shape[2:], kernel, steps, spread)
    return convolution(x, weight, bias, strides=steps, dilations=spread, pads=pads, groups=int(groups))


def _pool(
    kind: Literal["max", "average"],
    x: Array,
    kernel_sizes: Whole,
    strides: Whole | None = None,
    pad_type: str = "valid",
    pad: Whole | None = None,
    ceil_mode: bool = False,
    exclude_padding_from_average: bool = False,
) -> Array:
    space, sizes = x.shape[2:], tuple(kernel_sizes.tolist())
    steps = _each_axis(strides, len(sizes))
    pads = _pads(pad_type, pad, space, sizes, steps, [1] * len(sizes))
    behind = None
    if ceil_mode:
        behind = [overhang(*axis) for axis in zip(space, sizes, steps, pads, strict=True)]
    return pooled(x, kind, sizes, steps, pads, not exclude_padding_from_average, behind)


def _each_axis(numbers: Whole | None, axes: int) -> list[int]:
    return [1] * axes if numbers is None else numbers.tolist()


def _pads(
    pad_type: str,
    pad: Whole | None,
    space: tuple[int, ...],
    kernel: tuple[int, ...],
    strides: list[int],
    dilations: list[int],
) -> list[tuple[int, int]]:
    """What is padded before and after each axis of space."""
    if pad_type == "custom" and pad is not None:
        return [(before, after) for before, after in pad.reshape(-1, 2).tolist()]
    if pad_type in {"custom", "valid"}:
        return [(0, 0)] * len(kernel)
    heavy: Mapping[str, Literal["begin", "end"]] = {"same": "end", "same_lower": "begin"}
    return [same_pads(*axis, heavy=heavy[pad_type]) for axis in zip(space, kernel, strides, dilations, strict=True)]


def _batch_norm(
    x: Array,
    mean: Array,
    variance: Array,
    gamma: Array | None = None,
    beta: Array | None = None,
    epsilon: float = 1e-5,
) -> Array:
    """``[N, C, *space]``, the others ``[C]``."""
    scale = (1 if gamma is None else gamma) / np.sqrt(variance + np.float32(epsilon))
    return scaled_channels(x, scale, (0 if beta is None else beta) - mean * scale)


def _instance_norm(x: Array, gamma: Array | None = None, beta: Array | None = None, epsilon: float = 1e-5) -> Array:
    """``[N, C, *space]``: mean 0 and variance 1 over the space."""
    ones, zeros = np.ones(x.shape[1], np.float32), np.zeros(x.shape[1], np.float32)
    over_space = normalised(x, tuple(range(2, x.ndim)), epsilon)
    return scaled_channels(over_space, ones if gamma is None else gamma, zeros if beta is None else beta)


def _layer_norm(
    x: Array,
    axes: Whole | None = None,
    gamma: Array | None = None,
    beta: Array | None = None,
    epsilon: float = 1e-5,
) -> Array:
    """Mean 0 and variance 1 over the axes, by default all; gamma and beta have these axes alone."""
    over = tuple(range(x.ndim)) if axes is None else tuple(axis % x.ndim for axis in axes.tolist())
    shape = [size if axis in over else 1 for axis, size in enumerate(x.shape)]
    result = normalised(x, over, epsilon)
    if gamma is not None:
        result = result * gamma.reshape(shape)
    return result if beta is None else result + beta.reshape(shape)


def _softmax(x: Array, axis: int = -1) -> Array:
    return softmax(x, int(axis))


def _reduction(function: Callable[..., Any]) -> Callable[..., Any]:
    """Over some axes, by default all."""

    def reduce(x: Array, axes: Whole | None = None, keep_dims: bool = False) -> Any:
        return function(x, axis=None if axes is None else tuple(axes.tolist()), keepdims=bool(keep_dims))

    return reduce


_REDUCTIONS: Mapping[str, Callable[..., Any]] = {
    "reduce_l2_norm": lambda x, **over: np.sqrt(np.sum(np.square(x), **over)),
    "reduce_max": np.max,
    "reduce_mean": np.mean,
    "reduce_min": np.min,
    "reduce_prod": np.prod,
    "reduce_sum": np.sum,
}

SUMMING: Mapping[str, Callable[..., Any]] = {
    **{name: _reduction(function) for name, function in _REDUCTIONS.items()},
    "avg_pool": partial(_pool, "average"),
    "batch_norm": _batch_norm,
    "conv": _conv,
    "instance_norm": _instance_norm,
    "layer_norm": _layer_norm,
    "linear": _linear,
    "matmul": _matmul,
    "max_pool": partial(_pool, "max"),
    "softmax": _softmax,
}
