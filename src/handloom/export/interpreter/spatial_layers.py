"""Layers over ``[..., C, H, W]``: the last three axes; all before them are a batch."""

from typing import Any, Literal

import numpy as np

from handloom.export.interpreter import kernels
from handloom.export.interpreter.budget import need_together
from handloom.export.interpreter.kernels import Array
from handloom.export.interpreter.layer import Layer, Prepare, UnsupportedUseError, Weights, need_rank
from handloom.export.interpreter.shape_layers import border_amounts


def _convolution(params: Any, weights: Weights) -> Layer:
    if params.isDeconvolution:
        raise UnsupportedUseError("as a deconvolution")
    kernel, strides = list(params.kernelSize) or [3, 3], list(params.stride) or [1, 1]
    dilations, groups = list(params.dilationFactor) or [1, 1], params.nGroups or 1
    weight = weights.read(params.weights, params.outputChannels, params.kernelChannels, *kernel)
    bias = weights.read(params.bias, params.outputChannels) if params.hasBias else None
    padding = params.WhichOneof("ConvolutionPaddingType")
    if padding is None:
        raise UnsupportedUseError("without a kind of padding")

    def layer(x: Array) -> Array:
        need_rank(x, 4)
        pads = _pads(params, padding, x, kernel, strides, dilations)
        result = kernels.convolution(
            _one_batch(x), weight, bias, strides=strides, dilations=dilations, pads=pads, groups=groups
        )
        return result.reshape(*x.shape[:-3], *result.shape[1:])

    return layer


def _pooling(params: Any, weights: Weights) -> Layer:
    if params.type not in (params.MAX, params.AVERAGE):
        raise UnsupportedUseError(f"of kind {params.PoolingType.Name(params.type)}")
    kind: Literal["max", "average"] = "max" if params.type == params.MAX else "average"
    count_padding = not params.avgPoolExcludePadding
    padding = params.WhichOneof("PoolingPaddingType")
    if padding is None and not params.globalPooling:
        raise UnsupportedUseError("without a kind of padding")

    def layer(x: Array) -> Array:
        need_rank(x, 4)
        behind = None
        if params.globalPooling:
            sizes, strides, pads = list(x.shape[-2:]), [1, 1], [(0, 0), (0, 0)]
        else:
            sizes, strides = list(params.kernelSize) or [3, 3], list(params.stride) or [1, 1]
            pads = _pads(params, padding, x, sizes, strides, [1, 1])
        if padding == "includeLastPixel" and not params.globalPooling:
            behind = [kernels.overhang(*one) for one in zip(x.shape[-2:], sizes, strides, pads, strict=True)]
        result = kernels.pooled(_one_batch(x), kind, sizes, strides, pads, count_padding, behind)
        return result.reshape(*x.shape[:-2], *result.shape[2:])

    return layer


def _pads(
    params: Any, kind: str, x: Array, sizes: list[int], strides: list[int], dilations: list[int]
) -> list[tuple[int, int]]:
    """Before and after the rows and the columns."""
    if kind == "same":
        mode = params.same.asymmetryMode
        heavy: Literal["begin", "end"] = "begin" if mode == params.same.TOP_LEFT_HEAVY else "end"
        axes = zip(x.shape[-2:], sizes, strides, dilations, strict=True)
        return [kernels.same_pads(*axis, heavy) for axis in axes]
    if kind == "includeLastPixel":
        return [(pad, pad) for pad in list(params.includeLastPixel.paddingAmounts) or [0, 0]]
    return border_amounts(params.valid.paddingAmounts)


def _batchnorm(params: Any, weights: Weights) -> Layer:
    """Four numbers a channel become a factor and a summand, and these are what is rounded to float16.

    As an instance normalisation the mean and the variance are those of the blob's own H and W.
    """
    epsilon = params.epsilon or 1e-5  # the format's default where 0
    gamma, beta = (weights.exact(one, params.channels) for one in (params.gamma, params.beta))
    if params.computeMeanVar:
        if not params.instanceNormalization:  # which coremltools does not write either
            raise UnsupportedUseError("with the mean of the whole batch")
        return _instance_normalization(epsilon, *(weights.rounded(one)[:, None, None] for one in (gamma, beta)))
    mean, variance = (weights.exact(one, params.channels).astype(float) for one in (params.mean, params.variance))
    factor = gamma / np.sqrt(variance + epsilon)
    scale, shift = (weights.rounded(one.astype(np.float32)) for one in (factor, beta - mean * factor))

    def layer(x: Array) -> Array:
        need_rank(x, 3)
        if x.shape[-3] != len(scale):  # one channel would broadcast
            raise UnsupportedUseError(f"of {len(scale)} channels on a blob of {x.shape[-3]}")
        return kernels.scaled_channels(_one_batch(x), scale, shift).reshape(x.shape)

    return layer


def _instance_normalization(epsilon: float, gamma: Array, beta: Array) -> Layer:
    def layer(x: Array) -> Array:
        need_rank(x, 3)
        need_together(x, gamma)
        return kernels.normalised(x, (-2, -1), epsilon) * gamma + beta

    return layer


def _mvn(params: Any, weights: Weights) -> Layer:
    """Mean and variance over H and W of each channel, or over all three axes. The format's default epsilon is 1e-6."""
    axes = (-3, -2, -1) if params.acrossChannels else (-2, -1)
    epsilon, variance = params.epsilon or 1e-6, params.normalizeVariance

    def layer(x: Array) -> Array:
        need_rank(x, 3)
        return kernels.normalised(x, axes, epsilon, variance=variance)

    return layer


def _scale(params: Any, weights: Weights) -> Layer:
    scale = _channel_shaped(params.scale, params.shapeScale, weights)
    bias = _channel_shaped(params.bias, params.shapeBias, weights) if params.hasBias else np.float32(0)

    def layer(x: Array) -> Array:
        need_rank(x, 3)
        need_together(x, scale, bias)
        return x * scale + bias

    return layer


def _bias(params: Any, weights: Weights) -> Layer:
    bias = _channel_shaped(params.bias, params.shape, weights)

    def layer(x: Array) -> Array:
        need_rank(x, 3)
        need_together(x, bias)
        return x + bias

    return layer


def _channel_shaped(params: Any, shape: Any, weights: Weights) -> Array:
    """``[1]``, ``[C]``, ``[1, H, W]`` or ``[C, H, W]`` to what broadcasts over ``[..., C, H, W]``."""
    values = weights.read(params, *shape)
    return values[:, None, None] if values.ndim == 1 else values


def _one_batch(x: Array) -> Array:
    return x.reshape(-1, *x.shape[-3:])


LAYERS: dict[str, Prepare] = {
    "convolution": _convolution,
    "pooling": _pooling,
    "batchnorm": _batchnorm,
    "mvn": _mvn,
    "scale": _scale,
    "bias": _bias,
}
