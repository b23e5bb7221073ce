"""Smaller weights, by coremltools' own tools."""

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Compression = Literal["none", "8_bit", "palettized"]

PALETTE_BITS = 6  # 64 values a weight matrix
SMALLEST = 512  # weight matrices with fewer numbers stay as they are: they are not worth a table
SEED = 0


def compressed_program(program: Any, compression: Compression) -> Any:
    """An ML program with its weights stored so; a `coremltools.models.MLModel`, for iOS 16 unless "none"."""
    from coremltools.optimize import coreml as optimize

    if compression == "none":
        return program
    if compression == "8_bit":
        linear = optimize.OpLinearQuantizerConfig(mode="linear_symmetric", weight_threshold=SMALLEST)
        return optimize.linear_quantize_weights(program, optimize.OptimizationConfig(global_config=linear))
    palette = optimize.OpPalettizerConfig(mode="kmeans", nbits=PALETTE_BITS, weight_threshold=SMALLEST)
    return optimize.palettize_weights(program, optimize.OptimizationConfig(global_config=palette))


def compressed_network(network: Any, precision: Literal["float16", "float32"], compression: Compression) -> Any:
    """A neural network with its weights stored so; a `coremltools.models.MLModel`."""
    from coremltools.models.neural_network.quantization_utils import quantize_weights

    if compression == "8_bit":
        return quantize_weights(network, 8, "linear_symmetric")
    if compression == "palettized":
        return quantize_weights(network, PALETTE_BITS, "custom_lut", lut_function=_palette)
    return quantize_weights(network, 16) if precision == "float16" else network


def _palette(bits: int, weights: NDArray[np.floating]) -> tuple[list[float], NDArray[np.uint8]]:
    """A layer's weights as a table of 2^bits values and the index of each; coremltools 9's own fails with NumPy 2."""
    from sklearn.cluster import KMeans

    column = np.asarray(weights).reshape(-1, 1)
    count = min(2**bits, len(np.unique(column)))
    found = KMeans(count, n_init=1, random_state=SEED).fit(column)
    table = np.zeros(2**bits)
    table[:count] = found.cluster_centers_[:, 0]
    return table.tolist(), found.labels_.astype(np.uint8)
