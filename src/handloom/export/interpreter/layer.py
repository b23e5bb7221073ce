"""What a layer of a neural network is to the interpreter, and the numbers in its file: plain, halved or packed."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from handloom.export.interpreter.budget import ALL_VALUES, BeyondBudgetError, need_elements
from handloom.export.interpreter.kernels import Array, rounded_to_float16


class UnsupportedUseError(Exception):
    """A layer of a known type is used in an unknown way; says which. The runner adds the layer and the file."""


class Weights:
    """Reads `WeightParams` of the format (NeuralNetwork.proto), whichever way they are stored.

    Args:
        as_float16: round what was read to float16.
    """

    def __init__(self, as_float16: bool) -> None:
        self._as_float16 = as_float16
        self._read = 0

    def read(self, params: Any, *shape: int) -> Array:
        """The values in row-major order, ``[*shape]``."""
        return self.rounded(self.exact(params, *shape))

    def exact(self, params: Any, *shape: int) -> Array:
        """As `read`, never rounded: for a layer that computes something of its weights once and rounds that."""
        count = math.prod(shape)
        need_elements(count)
        self._read += count
        if self._read > ALL_VALUES:
            raise BeyondBudgetError(f"more than {ALL_VALUES} weights")
        if params.floatValue:
            values = np.array(params.floatValue, np.float32)
        elif params.float16Value:
            values = np.frombuffer(params.float16Value, "<f2").astype(np.float32)
        elif params.rawValue:
            values = _dequantised(params, count, rows=shape[0] if shape else 1)
        else:
            raise UnsupportedUseError("with 8-bit dynamic weights" if params.int8RawValue else "without stored weights")
        if len(values) != count:
            raise UnsupportedUseError(f"with {len(values)} stored weights in place of {count}")
        return values.reshape(shape)

    def rounded(self, values: Array) -> Array:
        """The values as this reader hands them out."""
        return rounded_to_float16(values) if self._as_float16 else values


def _dequantised(params: Any, count: int, rows: int) -> Array:
    """Whole numbers of 1 to 8 bits, packed with the highest bit first, to values.

    Linear: ``scale * number + bias``, one scale and bias or one for each entry of the first axis (`rows`); or the
    numbers are places in a table. Computed in float64 and rounded once, as coremltools restores them.
    """
    kind = params.quantization.WhichOneof("QuantizationType")
    bits = params.quantization.numberOfBits
    if kind is None or not 1 <= bits <= 8:
        raise UnsupportedUseError(f"with weights of {bits} bits, packed in a way that is not known")
    stream = np.unpackbits(np.frombuffer(params.rawValue, np.uint8))
    if len(stream) < count * bits:
        raise UnsupportedUseError(f"with {len(stream) // bits} stored weights in place of {count}")
    numbers = stream[: count * bits].reshape(count, bits) @ (1 << np.arange(bits)[::-1])
    if kind == "lookupTableQuantization":
        table = np.array(params.quantization.lookupTableQuantization.floatValue, np.float32)
        if len(table) != 1 << bits:
            raise UnsupportedUseError(f"with a table of {len(table)} weights for {bits} bits")
        return table[numbers]
    linear = params.quantization.linearQuantization
    scale, bias = np.array(linear.scale), np.array(linear.bias)
    if len(scale) != len(bias) or len(scale) not in (1, rows):
        raise UnsupportedUseError(f"with {len(scale)} scales and {len(bias)} biases for weights of {rows} channels")
    values: Array = (numbers.reshape(len(scale), -1) * scale[:, None] + bias[:, None]).astype(np.float32)
    return values.ravel()


# Blobs in, a blob or several out.
Layer = Callable[..., Array | list[Array]]
# The layer's parameters, as in NeuralNetwork.proto, and a reader of its weights, to the layer: done once for a file.
Prepare = Callable[[Any, Weights], Layer]


def plain(function: Layer) -> Prepare:
    """A layer that has no parameters."""
    return lambda params, weights: function


def need_rank(x: Array, least: int, most: int | None = None) -> None:
    """Refuse a blob of a rank that Core ML refuses, even where NumPy has an answer."""
    if x.ndim < least or (most is not None and x.ndim > most):
        raise UnsupportedUseError(f"on a blob of rank {x.ndim}")
