"""What a layer of a neural network is to the interpreter."""

from collections.abc import Callable
from typing import Any

from handloom.export.interpreter.kernels import Array
from handloom.export.interpreter.weights import UnsupportedUseError, Weights

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
