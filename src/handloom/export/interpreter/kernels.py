"""The arithmetic that both kinds of Core ML files share: float32 arrays in, float32 arrays out."""

import math
from collections.abc import Sequence
from contextlib import AbstractContextManager
from functools import cache
from typing import Any, Literal

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]

from handloom.export.interpreter.budget import need_elements, need_products, need_together

Array = NDArray[np.float32]
Pads = Sequence[tuple[int, int]]


def convolution(
    x: Array,
    weight: Array,
    bias: Array | None,
    *,
    strides: Sequence[int],
    dilations: Sequence[int],
    pads: Pads,
    groups: int,
) -> Array:
    """Cross-correlation as in PyTorch and Core ML, over any number of axes of space.

    Args:
        x: ``[N, C, *space]``.
        weight: ``[O, C / groups, *kernel]``.
        bias: ``[O]``.
        strides: one step for each axis of space.
        dilations: the distance of the kernel's taps, for each axis of space.
        pads: zeros before and after, for each axis of space.
        groups: channels of a group see only that group.

    Returns:
        ``[N, O, *out]``.
    """
    count, channels = x.shape[:2]
    out_channels, kernel = len(weight), weight.shape[2:]
    windows = _windows(padded(x, [(0, 0), (0, 0), *pads]), kernel, strides, dilations)  # [N, C, *out, *kernel]
    out = windows.shape[2 : 2 + len(kernel)]
    columns = np.moveaxis(windows, range(-len(kernel), 0), range(2, 2 + len(kernel)))  # [N, C, *kernel, *out]
    taps = channels // groups * math.prod(kernel)
    need_elements(count, groups, taps, *out)
    need_elements(count, out_channels, *out)
    need_products(count * out_channels * taps * math.prod(out))
    columns = columns.reshape(count, groups, taps, math.prod(out))
    result = weight.reshape(groups, out_channels // groups, taps) @ columns  # [N, groups, O / groups, positions]
    result = result.reshape(count, out_channels, *out)
    return result if bias is None else result + _along_channels(bias, len(kernel))


def pooled(
    x: Array,
    kind: Literal["max", "average"],
    sizes: Sequence[int],
    strides: Sequence[int],
    pads: Pads,
    count_padding: bool,
    overhang: Sequence[int] | None = None,
) -> Array:
    """The greatest or the mean value of each window: ``[N, C, *space]`` to ``[N, C, *out]``.

    Args:
        x: ``[N, C, *space]``.
        kind: which value of a window.
        sizes: of the window, for each axis of space.
        strides: one step for each axis of space.
        pads: what lies before and after, for each axis of space; never the greatest.
        count_padding: whether a mean counts the padding's zeros.
        overhang: what the last windows need behind the padding (see `overhang`); never counted, never the greatest.
    """
    behind = overhang or [0] * len(sizes)
    need_products(x.size * math.prod(sizes))  # no window begins more than once at an element
    outer = [(0, 0), (0, 0), *((before, after + extra) for (before, after), extra in zip(pads, behind, strict=True))]
    within = tuple(range(-len(sizes), 0))
    ones = [1] * len(sizes)
    if kind == "max":
        greatest: Array = _windows(padded(x, outer, constant_values=-np.inf), sizes, strides, ones).max(axis=within)
        return greatest
    sums: Array = _windows(padded(x, outer), sizes, strides, ones).sum(axis=within, dtype=np.float32)
    # Ones where a value counts, laid out as x is.
    counted = np.ones((1, 1, *x.shape[2:]), np.float32)
    counted = np.pad(counted, [(0, 0), (0, 0), *pads], constant_values=float(count_padding))
    counted = np.pad(counted, [(0, 0), (0, 0), *((0, extra) for extra in behind)])
    sums /= np.maximum(_windows(counted, sizes, strides, ones).sum(axis=within), 1)
    return sums


def padded(x: Array, widths: Sequence[tuple[int, int]], mode: str = "constant", **options: Any) -> Array:
    """`numpy.pad`, within the limits of `budget`; what is reflected is less than the whole axis, as Core ML wants."""
    need_elements(*(size + sum(width) for size, width in zip(x.shape, widths, strict=True)))
    if mode == "reflect" and any(max(width) >= size for size, width in zip(x.shape, widths, strict=True)):
        raise ValueError(f"it reflects {max(map(max, widths))} elements of an axis that has fewer")
    padded: Array = np.pad(x, widths, mode, **options)  # type: ignore[call-overload]  # options depend on the mode
    return padded


def matrix_product(first: Array, second: Array) -> Array:
    """`numpy.matmul`, within the limits of `budget`."""
    rows, shared, columns = first.size // max(first.shape[-1], 1), first.shape[-1], 1
    if second.ndim > 1:
        columns = second.shape[-1]
        batch = math.prod(np.broadcast_shapes(first.shape[:-2], second.shape[:-2]))
        rows = batch * (first.shape[-2] if first.ndim > 1 else 1)
    need_elements(rows, columns)
    need_products(rows * shared * columns)
    product: Array = np.matmul(first, second)
    return product


def overhang(length: int, size: int, stride: int, pads: tuple[int, int]) -> int:
    """How far the last window reaches behind the padding where the number of windows is rounded up.

    As in PyTorch's `ceil_mode` and Core ML's `includeLastPixel`: no window starts behind the data.
    """
    windows = math.ceil((length + sum(pads) - size) / stride) + 1
    if (windows - 1) * stride >= length + pads[0]:
        windows -= 1
    return max(0, (windows - 1) * stride + size - length - sum(pads))


def same_pads(
    length: int, size: int, stride: int, dilation: int = 1, heavy: Literal["begin", "end"] = "end"
) -> tuple[int, int]:
    """The zeros before and after that give an axis ``ceil(length / stride)`` windows; `heavy` gets the odd one."""
    windows = math.ceil(length / stride)
    total = max(0, (windows - 1) * stride + (size - 1) * dilation + 1 - length)
    less, more = total // 2, total - total // 2
    return (less, more) if heavy == "end" else (more, less)


def softmax(x: Array, axis: int) -> Array:
    """Exponentials over their sum along an axis; no number is too large."""
    exponentials: Array = np.exp(x - x.max(axis=axis, keepdims=True))
    exponentials /= exponentials.sum(axis=axis, keepdims=True)
    return exponentials


def sigmoid(x: Array) -> Array:
    """``1 / (1 + exp(-x))`` without overflow."""
    small: Array = np.exp(-np.abs(x))
    above: Array = np.where(x >= 0, np.float32(1), small)
    return above / (1 + small)


def softplus(x: Array) -> Array:
    """``log(1 + exp(x))`` without overflow."""
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def elu(x: Array, alpha: float) -> Array:
    """The value itself above zero, ``alpha (exp(x) - 1)`` below."""
    return np.where(x >= 0, x, np.float32(alpha) * np.expm1(np.minimum(x, 0)))


def leaky_relu(x: Array, alpha: float | Array) -> Array:
    """The value itself above zero, ``alpha`` times it below; an array of alphas makes it a PReLU."""
    return np.where(x >= 0, x, np.asarray(alpha, np.float32) * x)


def normalised(x: Array, axes: tuple[int, ...], epsilon: float, *, variance: bool = True) -> Array:
    """Mean zero over some axes, and variance one: divided by ``sqrt(variance + epsilon)``."""
    centred: Array = x - x.mean(axis=axes, keepdims=True, dtype=np.float32)
    if variance:
        centred /= np.sqrt(np.square(centred).mean(axis=axes, keepdims=True) + np.float32(epsilon))
    return centred


def scaled_channels(x: Array, scale: Array, shift: Array) -> Array:
    """``x * scale + shift`` for ``[N, C, *space]`` with one scale and shift a channel: a batch norm made ready."""
    factors, summands = _along_channels(scale, x.ndim - 2), _along_channels(shift, x.ndim - 2)
    need_together(x, factors, summands)
    return x * factors + summands


def rounded_to_float16(x: Array) -> Array:
    """What is left of float32 values after they were stored as float16; beyond its range they are infinite."""
    with np.errstate(over="ignore"):
        return x.astype(np.float16).astype(np.float32)


def one_thread() -> AbstractContextManager[Any]:
    """Matrix products on one thread: a window's are so small that on a busy computer the second one costs 30 times."""
    limits: AbstractContextManager[Any] = _thread_pools().limit(limits=1, user_api="blas")
    return limits


@cache
def _thread_pools() -> Any:
    return ThreadpoolController()  # looks at all loaded libraries, so once


def _windows(padded: Array, sizes: Sequence[int], strides: Sequence[int], dilations: Sequence[int]) -> Array:
    """All windows of ``[N, C, *space]`` as a view ``[N, C, *out, *sizes]``."""
    spans = [(size - 1) * dilation + 1 for size, dilation in zip(sizes, dilations, strict=True)]
    every = sliding_window_view(padded, spans, axis=tuple(range(2, padded.ndim)))
    steps = [slice(None, None, step) for step in (*strides, *dilations)]
    return every[(slice(None), slice(None), *steps)]


def _along_channels(values: Array, spatial_axes: int) -> Array:
    return values.reshape(-1, *[1] * spatial_axes)
