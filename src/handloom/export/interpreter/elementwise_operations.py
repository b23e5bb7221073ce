"""Operations on each element by itself, with NumPy's broadcasting, as the MIL operations' reference defines them.

https://apple.github.io/coremltools/source/coremltools.converters.mil.mil.ops.defs.html
"""

import math
from collections.abc import Callable, Mapping
from functools import partial, wraps
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handloom.export.interpreter.budget import need_together
from handloom.export.interpreter.kernels import Array, elu, leaky_relu, sigmoid, softplus

Values = NDArray[Any]

_CAST: Mapping[str, type[np.generic]] = {
    "bool": np.bool_,
    "fp16": np.float16,
    "fp32": np.float32,
    "int8": np.int8,
    "int16": np.int16,
    "int32": np.int32,
    "uint8": np.uint8,
    "uint16": np.uint16,
}
_ERF = np.vectorize(math.erf, otypes=[np.float32])  # NumPy has none


def _unary(function: Callable[[Any], Any]) -> Callable[..., Any]:
    return lambda x: function(x)


def _binary(function: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    return lambda x, y: function(x, y)


def _cast(x: Values, dtype: str) -> Values:
    """Numbers are cut towards zero where they become whole; all but zero is true."""
    return x.astype(_CAST[dtype])


def _clip(x: Values, alpha: float, beta: float) -> Values:
    return np.minimum(np.maximum(x, alpha), beta)


def _clamped_relu(x: Values, alpha: float, beta: float) -> Values:
    return np.minimum(leaky_relu(x, alpha), beta)


def _gelu(x: Array, mode: str = "EXACT") -> Array:
    return x * _gelu_share(x, mode)


def _gelu_share(x: Array, mode: str) -> Array:
    """The part of `x` that is let through, between 0 and 1."""
    if mode == "SIGMOID_APPROXIMATION":
        return sigmoid(np.float32(1.702) * x)
    if mode == "TANH_APPROXIMATION":
        curve: Array = np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))
    else:
        curve = _ERF(x / math.sqrt(2))
    share: Array = 0.5 * (1 + curve)
    return share


def _inverse(x: Values, epsilon: float = 1e-4) -> Values:
    return 1 / (x + np.float32(epsilon))


def _log(x: Values, epsilon: float = 1e-45) -> Values:
    return np.log(x + np.float32(epsilon))


def _rsqrt(x: Values, epsilon: float = 1e-12) -> Values:
    return 1 / np.sqrt(x + np.float32(epsilon))


def _prelu(x: Values, alpha: Values) -> Values:
    """One alpha for each channel of ``[N, C, *space]``."""
    for_channels = alpha.reshape(-1, *[1] * (x.ndim - 2))
    need_together(x, for_channels)
    return leaky_relu(x, for_channels)


def _select(cond: Values, a: Values, b: Values) -> Values:
    return np.where(cond, a, b)


_UNARY: Mapping[str, Callable[[Any], Any]] = {
    "abs": np.abs,
    "ceil": np.ceil,
    "cos": np.cos,
    "erf": _ERF,
    "exp": np.exp,
    "floor": np.floor,
    "identity": np.asarray,
    "logical_not": np.logical_not,
    "relu": partial(np.maximum, 0),
    "relu6": partial(np.clip, a_min=0, a_max=6),
    "round": np.round,
    "sigmoid": sigmoid,
    "sign": np.sign,
    "silu": lambda x: x * sigmoid(x),
    "sin": np.sin,
    "softplus": softplus,
    "softsign": lambda x: x / (1 + np.abs(x)),
    "sqrt": np.sqrt,
    "square": np.square,
    "tanh": np.tanh,
}
_BINARY: Mapping[str, Callable[[Any, Any], Any]] = {
    "add": np.add,
    "equal": np.equal,
    "floor_div": np.floor_divide,
    "greater": np.greater,
    "greater_equal": np.greater_equal,
    "less": np.less,
    "less_equal": np.less_equal,
    "logical_and": np.logical_and,
    "logical_or": np.logical_or,
    "logical_xor": np.logical_xor,
    "maximum": np.maximum,
    "minimum": np.minimum,
    "mod": np.mod,
    "mul": np.multiply,
    "not_equal": np.not_equal,
    "pow": np.power,
    "real_div": np.true_divide,
    "sub": np.subtract,
}


def _within_limits(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same, unless broadcasting makes too much of its arguments."""

    @wraps(function)
    def limited(**arguments: Any) -> Any:
        need_together(*arguments.values())
        return function(**arguments)

    return limited


_OPERATIONS: Mapping[str, Callable[..., Any]] = {
    **{name: _unary(function) for name, function in _UNARY.items()},
    **{name: _binary(function) for name, function in _BINARY.items()},
    "cast": _cast,
    "clamped_relu": _clamped_relu,
    "clip": _clip,
    "elu": lambda x, alpha: elu(x, alpha),
    "gelu": _gelu,
    "inverse": _inverse,
    "leaky_relu": lambda x, alpha: leaky_relu(x, alpha),
    "log": _log,
    "prelu": _prelu,
    "rsqrt": _rsqrt,
    "select": _select,
}
ELEMENTWISE: Mapping[str, Callable[..., Any]] = {
    name: _within_limits(function) for name, function in _OPERATIONS.items()
}
