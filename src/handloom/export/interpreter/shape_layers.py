"""Layers that move numbers about and change none."""

import math
from typing import Any

import numpy as np

from handloom.export.interpreter.budget import need_elements
from handloom.export.interpreter.kernels import Array, padded
from handloom.export.interpreter.layer import Layer, Prepare, UnsupportedUseError, Weights, need_rank, plain

CHANNELS = -3  # of the axes [..., C, H, W] that the older layers speak of


def _reshape(params: Any, weights: Weights) -> Layer:
    """The old reshape of ``[..., C, H, W]``; mode 1 reads and writes the numbers with the channels last.

    With four sizes the first one is the sequence, ``[sequence, 1, C, H, W]``, which only a blob of rank 5 has.
    """
    shape, channels_last = list(params.targetShape), params.mode == params.CHANNEL_LAST
    if len(shape) not in (3, 4):
        raise UnsupportedUseError(f"to {len(shape)} sizes")

    def layer(x: Array) -> Array:
        need_rank(x, 3 if len(shape) == 3 else 5, None if len(shape) == 3 else 5)
        before = list(x.shape[:-3]) if len(shape) == 3 else [shape[0], 1]
        channels, height, width = shape[-3:]
        if not channels_last:
            return x.reshape(*before, channels, height, width)
        moved = np.moveaxis(x, CHANNELS, -1).reshape(*before, height, width, channels)
        return np.moveaxis(moved, -1, CHANNELS)

    return layer


def _flatten(params: Any, weights: Weights) -> Layer:
    """``[..., C, H, W]`` to ``[..., C * H * W, 1, 1]``; mode 1 reads the channels last."""
    channels_last = params.mode == params.CHANNEL_LAST

    def layer(x: Array) -> Array:
        need_rank(x, 3)
        moved = np.moveaxis(x, CHANNELS, -1) if channels_last else x
        return moved.reshape(*x.shape[:-3], -1, 1, 1)

    return layer


def _rank_preserving_reshape(params: Any, weights: Weights) -> Layer:
    """A size of 0 keeps what is there, one of -1 is worked out."""
    target = list(params.targetShape)
    return lambda x: x.reshape([size or kept for size, kept in zip(target, x.shape, strict=True)])


def _flatten_to_2d(params: Any, weights: Weights) -> Layer:
    """``[before the axis, from the axis on]``."""
    axis = params.axis
    return lambda x: x.reshape(math.prod(x.shape[:axis]), -1)


def _permute(params: Any, weights: Weights) -> Layer:
    """The axes are numbered within ``[sequence, C, H, W]``: the batch, axis 1 of five, stays."""
    order = list(params.axis) or [0, 1, 2, 3]
    axes = [axis + (axis > 0) for axis in order]

    def layer(x: Array) -> Array:
        need_rank(x, 5, 5)
        return x.transpose(axes[0], 1, *axes[1:])

    return layer


def _transpose(params: Any, weights: Weights) -> Layer:
    axes = list(params.axes)
    return lambda x: x.transpose(axes)


def _expand_dims(params: Any, weights: Weights) -> Layer:
    axes = tuple(params.axes)
    return lambda x: np.expand_dims(x, axes)


def _squeeze(params: Any, weights: Weights) -> Layer:
    """A blob keeps one axis at least."""
    axes = None if params.squeezeAll else tuple(params.axes)
    return lambda x: np.atleast_1d(np.squeeze(x, axes))


def _slice(params: Any, weights: Weights) -> Layer:
    """One of the last three axes, as Python slices it."""
    after = {params.CHANNEL_AXIS: 2, params.HEIGHT_AXIS: 1, params.WIDTH_AXIS: 0}[params.axis]
    key: tuple[Any, ...] = (..., slice(params.startIndex, params.endIndex, params.stride), *[slice(None)] * after)

    def layer(x: Array) -> Array:
        need_rank(x, after + 1)
        part: Array = x[key]
        return part

    return layer


def _slice_static(params: Any, weights: Weights) -> Layer:
    """Every axis as Python slices it; a mask says that a begin or an end is left out, or that the axis goes away."""
    keys = []
    squeezed = list(params.squeezeMasks) or [False] * len(params.beginIds)
    columns = (params.beginIds, params.beginMasks, params.endIds, params.endMasks, params.strides, squeezed)
    for begin, from_start, end, to_end, stride, away in zip(*columns, strict=True):
        keys.append(begin if away else slice(None if from_start else begin, None if to_end else end, stride))

    def layer(x: Array) -> Array:
        need_rank(x, len(keys), len(keys))
        return np.atleast_1d(x[tuple(keys)])

    return layer


def _concat(params: Any, weights: Weights) -> Layer:
    axis = -5 if params.sequenceConcat else CHANNELS
    return lambda *blobs: np.concatenate(blobs, axis)


def _concat_nd(params: Any, weights: Weights) -> Layer:
    if params.interleave:
        raise UnsupportedUseError("interleaved")
    axis = params.axis
    return lambda *blobs: np.concatenate(blobs, axis)


def _split(params: Any, weights: Weights) -> Layer:
    count = params.nOutputs
    need_elements(count)
    return lambda x: np.split(x, count, CHANNELS)


def _split_nd(params: Any, weights: Weights) -> Layer:
    parts: Any = np.cumsum(params.splitSizes)[:-1] if params.splitSizes else params.numSplits
    axis = params.axis
    need_elements(params.numSplits)
    return lambda x: np.split(x, parts, axis)


def _broadcast_to_static(params: Any, weights: Weights) -> Layer:
    shape = tuple(params.targetShape)
    need_elements(*shape)
    return lambda x: np.broadcast_to(x, shape)


def _padding(params: Any, weights: Weights) -> Layer:
    """Before and after the rows and the columns of ``[..., H, W]``."""
    kind = params.WhichOneof("PaddingType")
    modes: dict[str, dict[str, Any]] = {
        "constant": {"mode": "constant", "constant_values": params.constant.value},
        "reflection": {"mode": "reflect"},
        "replication": {"mode": "edge"},
    }
    if kind not in modes:
        raise UnsupportedUseError(f"of kind {kind}")
    pads = border_amounts(params.paddingAmounts)

    def layer(x: Array) -> Array:
        need_rank(x, 3)
        return padded(x, [*[(0, 0)] * (x.ndim - 2), *pads], **modes[kind])

    return layer


def border_amounts(params: Any) -> list[tuple[int, int]]:
    """`BorderAmounts`: before and after the rows, then the columns; nothing where nothing is set."""
    return [(edge.startEdgeSize, edge.endEdgeSize) for edge in params.borderAmounts] or [(0, 0), (0, 0)]


def _constant_pad(params: Any, weights: Weights) -> Layer:
    if params.padToGivenOutputSizeMode:
        raise UnsupportedUseError("to a given size")
    amounts, value = np.array(params.padAmounts, int).reshape(-1, 2).tolist(), params.value
    return lambda x: padded(x, [(before, after) for before, after in amounts], constant_values=value)


def _load_constant(params: Any, weights: Weights) -> Layer:
    """Always of rank 5: ``[1, 1, C, H, W]``."""
    values = weights.read(params.data, *params.shape)[None, None]
    return lambda: values


def _load_constant_nd(params: Any, weights: Weights) -> Layer:
    values = weights.read(params.data, *params.shape)
    return lambda: values


def _stack(params: Any, weights: Weights) -> Layer:
    axis = params.axis
    return lambda *blobs: np.stack(blobs, axis)


def _reshape_static(params: Any, weights: Weights) -> Layer:
    shape = tuple(params.targetShape)
    return lambda x: x.reshape(shape)


LAYERS: dict[str, Prepare] = {
    "reshape": _reshape,
    "reshapeStatic": _reshape_static,
    "rankPreservingReshape": _rank_preserving_reshape,
    "reshapeLike": plain(lambda x, other: x.reshape(other.shape)),
    "flatten": _flatten,
    "flattenTo2D": _flatten_to_2d,
    "permute": _permute,
    "transpose": _transpose,
    "expandDims": _expand_dims,
    "squeeze": _squeeze,
    "slice": _slice,
    "sliceStatic": _slice_static,
    "concat": _concat,
    "concatND": _concat_nd,
    "stack": _stack,
    "split": _split,
    "splitND": _split_nd,
    "broadcastToStatic": _broadcast_to_static,
    "padding": _padding,
    "constantPad": _constant_pad,
    "loadConstant": _load_constant,
    "loadConstantND": _load_constant_nd,
}
