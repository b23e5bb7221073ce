"""Layers that work on each number for itself; NumPy's broadcasting includes what Core ML allows."""

from collections.abc import Callable
from functools import reduce
from typing import Any

import numpy as np

from handloom.export.interpreter import kernels
from handloom.export.interpreter.budget import need_together
from handloom.export.interpreter.kernels import Array
from handloom.export.interpreter.layer import Layer, Prepare, UnsupportedUseError, Weights, need_rank, plain

_Function = Callable[..., Array]


def _activation(params: Any, weights: Weights) -> Layer:
    kind = params.WhichOneof("NonlinearityType")
    if kind not in ACTIVATIONS:
        raise UnsupportedUseError(f"of kind {kind}")
    return ACTIVATIONS[kind](getattr(params, kind), weights)


def _along_channels(params: Any, weights: Weights) -> Array:
    """One number for each channel, axis -3, or one for all of them."""
    length = len(params.floatValue) or len(params.float16Value) // 2
    if not length:  # packed bits do not say how many numbers they are
        raise UnsupportedUseError("with packed weights")
    return weights.read(params, length)[:, None, None]


def _parametric_relu(params: Any, weights: Weights) -> Layer:
    alpha = _along_channels(params.alpha, weights)

    def layer(x: Array) -> Array:
        need_rank(x, 3)
        need_together(x, alpha)
        return kernels.leaky_relu(x, alpha)

    return layer


def _parametric_softplus(params: Any, weights: Weights) -> Layer:
    alpha, beta = _along_channels(params.alpha, weights), _along_channels(params.beta, weights)

    def layer(x: Array) -> Array:
        need_rank(x, 3)
        need_together(x, alpha, beta)
        return alpha * kernels.softplus(beta * x)

    return layer


ACTIVATIONS: dict[str, Prepare] = {
    "linear": lambda params, _: lambda x: params.alpha * x + params.beta,
    "ReLU": lambda params, _: lambda x: np.maximum(x, 0),
    "leakyReLU": lambda params, _: lambda x: kernels.leaky_relu(x, params.alpha),
    "thresholdedReLU": lambda params, _: lambda x: np.where(x >= params.alpha, x, np.float32(0)),
    "PReLU": _parametric_relu,
    "tanh": lambda params, _: np.tanh,
    "scaledTanh": lambda params, _: lambda x: params.alpha * np.tanh(params.beta * x),
    "sigmoid": lambda params, _: kernels.sigmoid,
    "sigmoidHard": lambda params, _: lambda x: np.clip(params.alpha * x + params.beta, 0, 1),
    "ELU": lambda params, _: lambda x: kernels.elu(x, params.alpha),
    "softsign": lambda params, _: lambda x: x / (1 + np.abs(x)),
    "softplus": lambda params, _: kernels.softplus,
    "parametricSoftplus": _parametric_softplus,
}


# Names as in `UnaryFunctionLayerParams.Operation`; the number, alpha and epsilon.
UNARY_FUNCTIONS: dict[str, Callable[[Array, float, float], Any]] = {
    "SQRT": lambda x, alpha, epsilon: np.sqrt(x),
    "RSQRT": lambda x, alpha, epsilon: 1 / np.sqrt(x + epsilon),
    "INVERSE": lambda x, alpha, epsilon: 1 / (x + epsilon),
    "POWER": lambda x, alpha, epsilon: x**alpha,
    "EXP": lambda x, alpha, epsilon: np.exp(x),
    "LOG": lambda x, alpha, epsilon: np.log(x),
    "ABS": lambda x, alpha, epsilon: np.abs(x),
    "THRESHOLD": lambda x, alpha, epsilon: np.maximum(x, alpha),
}


def _unary(params: Any, weights: Weights) -> Layer:
    function = UNARY_FUNCTIONS[params.Operation.Name(params.type)]
    alpha, shift = params.alpha, params.shift
    epsilon, scale = params.epsilon or 1e-6, params.scale or 1.0  # defaults of the format where 0
    return lambda x: function(scale * x + shift, alpha, epsilon)


def _with_number(function: _Function) -> Prepare:
    """Two blobs or more; one alone is taken together with the number alpha."""

    def prepare(params: Any, weights: Weights) -> Layer:
        alpha = np.float32(params.alpha)
        return lambda *blobs: reduce(function, blobs) if len(blobs) > 1 else function(blobs[0], alpha)

    return prepare


def _all(function: _Function) -> Prepare:
    """Two blobs or more."""
    return plain(lambda *blobs: reduce(function, blobs))


def _truth(function: _Function) -> _Function:
    """What is true is 1, what is not is 0."""
    return lambda *blobs: function(*blobs).astype(np.float32)


def _where(condition: Array, yes: Array, no: Array) -> Array:
    return np.where(condition != 0, yes, no)


def _clamped_relu(params: Any, weights: Weights) -> Layer:
    return lambda x: np.minimum(kernels.leaky_relu(x, params.alpha), params.beta)


def _within_limits(prepare: Prepare) -> Prepare:
    """The same, unless broadcasting makes too much of its blobs."""

    def prepare_limited(params: Any, weights: Weights) -> Layer:
        layer = prepare(params, weights)

        def limited(*blobs: Array) -> Array | list[Array]:
            need_together(*blobs)
            return layer(*blobs)

        return limited

    return prepare_limited


_LAYERS: dict[str, Prepare] = {
    "activation": _activation,
    "clampedReLU": _clamped_relu,
    "unary": _unary,
    "clip": lambda params, _: lambda x: np.clip(x, params.minVal, params.maxVal),
    "copy": plain(lambda x: x),
    "add": _with_number(np.add),
    "multiply": _with_number(np.multiply),
    "average": plain(lambda *blobs: reduce(np.add, blobs) / len(blobs)),
    "max": _all(np.maximum),
    "min": _all(np.minimum),
    "addBroadcastable": _all(np.add),
    "subtractBroadcastable": plain(np.subtract),
    "multiplyBroadcastable": _all(np.multiply),
    "divideBroadcastable": plain(np.divide),
    "powBroadcastable": plain(np.power),
    "maxBroadcastable": _all(np.maximum),
    "minBroadcastable": _all(np.minimum),
    "equal": _with_number(_truth(np.equal)),
    "notEqual": _with_number(_truth(np.not_equal)),
    "lessThan": _with_number(_truth(np.less)),
    "lessEqual": _with_number(_truth(np.less_equal)),
    "greaterThan": _with_number(_truth(np.greater)),
    "greaterEqual": _with_number(_truth(np.greater_equal)),
    "logicalAnd": plain(_truth(np.logical_and)),
    "logicalOr": plain(_truth(np.logical_or)),
    "logicalXor": plain(_truth(np.logical_xor)),
    "logicalNot": plain(_truth(np.logical_not)),
    "whereBroadcastable": plain(_where),
    "sin": plain(np.sin),
    "cos": plain(np.cos),
    "tanh": plain(np.tanh),
    "exp2": plain(np.exp2),
    "floor": plain(np.floor),
    "ceil": plain(np.ceil),
    "sign": plain(np.sign),
}
LAYERS: dict[str, Prepare] = {name: _within_limits(prepare) for name, prepare in _LAYERS.items()}
