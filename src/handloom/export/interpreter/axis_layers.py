"""Layers that sum, or take the mean or the greatest, along axes: reductions, softmax, matrix products."""

from collections.abc import Callable
from typing import Any

import numpy as np

from handloom.export.interpreter import kernels
from handloom.export.interpreter.budget import need_together
from handloom.export.interpreter.kernels import Array
from handloom.export.interpreter.layer import Layer, Prepare, UnsupportedUseError, Weights, need_rank

# Names as in `ReduceLayerParams.ReduceOperation`; the blob, the axes and whether they stay.
REDUCTIONS: dict[str, Callable[[Array, tuple[int, ...] | None, bool], Array]] = {
    "SUM": lambda x, axes, keep: np.sum(x, axis=axes, keepdims=keep),
    "AVG": lambda x, axes, keep: np.mean(x, axis=axes, keepdims=keep),
    "PROD": lambda x, axes, keep: np.prod(x, axis=axes, keepdims=keep),
    "SUMSQUARE": lambda x, axes, keep: np.sum(np.square(x), axis=axes, keepdims=keep),
    "L1": lambda x, axes, keep: np.sum(np.abs(x), axis=axes, keepdims=keep),
    "L2": lambda x, axes, keep: np.sqrt(np.sum(np.square(x), axis=axes, keepdims=keep)),
    "MAX": lambda x, axes, keep: np.max(x, axis=axes, keepdims=keep),
    "MIN": lambda x, axes, keep: np.min(x, axis=axes, keepdims=keep),
}
_OLD_AXES = {"CHW": (-3, -2, -1), "HW": (-2, -1), "C": (-3,), "H": (-2,), "W": (-1,)}


def _old_reduce(params: Any, weights: Weights) -> Layer:
    """Named axes, which stay with size 1."""
    name = params.ReduceOperation.Name(params.mode)
    if name not in REDUCTIONS:
        raise UnsupportedUseError(f"of kind {name}")
    function, axes = REDUCTIONS[name], _OLD_AXES[params.ReduceAxis.Name(params.axis)]

    def layer(x: Array) -> Array:
        need_rank(x, -min(axes))
        return function(x, axes, True)

    return layer


def _reduce(name: str) -> Prepare:
    def prepare(params: Any, weights: Weights) -> Layer:
        if not params.axes and not params.reduceAll:
            raise UnsupportedUseError("without axes")
        axes, keep = None if params.reduceAll else tuple(params.axes), params.keepDims
        return lambda x: np.atleast_1d(REDUCTIONS[name](x, axes, keep))  # a blob keeps one axis at least

    return prepare


def _softmax(params: Any, weights: Weights) -> Layer:
    def layer(x: Array) -> Array:
        need_rank(x, 3)
        return kernels.softmax(x, -3)

    return layer


def _softmax_nd(params: Any, weights: Weights) -> Layer:
    axis = params.axis
    return lambda x: kernels.softmax(x, axis)


def _layer_normalization(params: Any, weights: Weights) -> Layer:
    shape, epsilon = tuple(params.normalizedShape), params.eps
    gamma, beta = (weights.read(one, *shape) for one in (params.gamma, params.beta))
    axes = tuple(range(-len(shape), 0))

    def layer(x: Array) -> Array:
        need_together(x, gamma)
        return kernels.normalised(x, axes, epsilon) * gamma + beta

    return layer


def _inner_product(params: Any, weights: Weights) -> Layer:
    """Over the last axis up to rank 3; over the last three of rank 4 and 5, whose result is ``[..., C, 1, 1]``."""
    if params.int8DynamicQuantize:
        raise UnsupportedUseError("with 8-bit dynamic weights")
    weight = weights.read(params.weights, params.outputChannels, params.inputChannels).T
    bias = weights.read(params.bias, params.outputChannels) if params.hasBias else np.float32(0)

    def layer(x: Array) -> Array:
        need_rank(x, 1, 5)
        if x.ndim < 4:
            return kernels.matrix_product(x, weight) + bias
        return (kernels.matrix_product(x.reshape(*x.shape[:-3], -1), weight) + bias)[..., None, None]

    return layer


def _batched_matmul(params: Any, weights: Weights) -> Layer:
    """Of two blobs, or of one with stored weights ``[first, second]``, which lie column by column."""
    if params.int8DynamicQuantize:
        raise UnsupportedUseError("with 8-bit dynamic weights")
    first, second = params.weightMatrixFirstDimension, params.weightMatrixSecondDimension
    weight = weights.read(params.weights, second, first).T if first else None
    bias = weights.read(params.bias, second) if params.hasBias and first else np.float32(0)

    def layer(left: Array, right: Array | None = None) -> Array:
        if right is None:
            if weight is None:
                raise UnsupportedUseError("without stored weights")
            return kernels.matrix_product(left, weight) + bias
        left, right = left[None] if left.ndim == 1 else left, right[:, None] if right.ndim == 1 else right
        return kernels.matrix_product(
            left.swapaxes(-1, -2) if params.transposeA else left, right.swapaxes(-1, -2) if params.transposeB else right
        )

    return layer


LAYERS: dict[str, Prepare] = {
    "reduce": _old_reduce,
    "reduceSum": _reduce("SUM"),
    "reduceMean": _reduce("AVG"),
    "reduceProd": _reduce("PROD"),
    "reduceSumSquare": _reduce("SUMSQUARE"),
    "reduceL1": _reduce("L1"),
    "reduceL2": _reduce("L2"),
    "reduceMax": _reduce("MAX"),
    "reduceMin": _reduce("MIN"),
    "softmax": _softmax,
    "softmaxND": _softmax_nd,
    "layerNormalization": _layer_normalization,
    "innerProduct": _inner_product,
    "batchedMatmul": _batched_matmul,
}
