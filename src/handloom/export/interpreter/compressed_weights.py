"""Weights that are stored small and made whole when the program is loaded: MIL's `constexpr` operations.

Of iOS 16 (one table or scale for a tensor or channel) and of iOS 18 (one for each block), which share their names.
https://apple.github.io/coremltools/source/coremltools.converters.mil.mil.ops.defs.html
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handloom.export.interpreter.budget import need_elements, need_together
from handloom.export.interpreter.kernels import Array

Values = NDArray[Any]
Whole = NDArray[Any]


def _affine_dequantize(quantized_data: Whole, zero_point: Values, scale: Array, axis: int) -> Array:
    """``scale * (data - zero_point)``, both scalars or with one number for each index of the axis."""
    shape = [1] * quantized_data.ndim
    shape[int(axis)] = -1
    factors, zeros = scale.reshape(shape), zero_point.astype(np.float32).reshape(shape)
    need_together(quantized_data, factors, zeros)
    return factors * (quantized_data.astype(np.float32) - zeros)


def _blockwise_shift_scale(data: Values, scale: Array, offset: Values | None = None) -> Array:
    """``scale * (data - offset)``, with a scale and an offset for each block of ``data``."""
    blocks = _blocks(data.shape, scale.shape)
    shift = 0 if offset is None else offset.astype(np.float32)[blocks]
    return scale[blocks] * (data.astype(np.float32) - shift)


def _lut_to_dense(indices: Whole, lut: Values, shape: Whole | None = None, vector_axis: int | None = None) -> Values:
    """What the indices stand for in a look-up table.

    iOS 16: `lut` ``[entries]``, and the indices are packed into bytes, the lowest bits first; `shape` is the result's.
    iOS 18: `lut` ``[*blocks, entries, vector]``; the vectors lie along `vector_axis` of the result.
    """
    if shape is not None:
        bits = len(lut).bit_length() - 1
        dense: Values = lut[_unpacked(indices, bits, int(np.prod(shape)))].reshape(shape.tolist())
        return dense
    need_elements(indices.size, *lut.shape[-1:])
    vectors: Values = lut[(*_blocks(indices.shape, lut.shape[:-2]), indices.astype(np.intp))]  # [*indices, vector]
    if vector_axis is None:
        return vectors.squeeze(-1)
    axis = int(vector_axis) % indices.ndim
    size = list(indices.shape)
    size[axis] *= lut.shape[-1]
    return np.moveaxis(vectors, -1, axis + 1).reshape(size)


def _sparse_to_dense(nonzero_data: Values, mask: Whole, shape: Whole | None = None) -> Values:
    """The values where the mask is 1, zero elsewhere. iOS 16 packs the mask's bits, iOS 18 gives it the shape."""
    present = (mask if shape is None else _unpacked(mask, 1, int(np.prod(shape))).reshape(shape.tolist())) != 0
    dense = np.zeros(present.shape, nonzero_data.dtype)
    dense[present] = nonzero_data
    return dense


def _blocks(shape: tuple[int, ...], counts: tuple[int, ...]) -> tuple[NDArray[np.intp], ...]:
    """For each element of a tensor the index of its block, of which every axis has so many."""
    return np.ix_(*(np.arange(size) // (size // count) for size, count in zip(shape, counts, strict=True)))


def _unpacked(packed: Whole, bits: int, count: int) -> NDArray[np.intp]:
    """Numbers of a few bits each out of bytes, the lowest bits first; a number may reach into the next byte."""
    need_elements(count)
    flat = np.unpackbits(packed.astype(np.uint8), bitorder="little")[: count * bits]
    return flat.reshape(count, bits).astype(np.intp) @ (1 << np.arange(bits))


COMPRESSED_WEIGHTS: Mapping[str, Callable[..., Any]] = {
    "constexpr_affine_dequantize": _affine_dequantize,
    "constexpr_blockwise_shift_scale": _blockwise_shift_scale,
    "constexpr_cast": lambda source_val, output_dtype: source_val,  # always to float32, in which all is computed
    "constexpr_lut_to_dense": _lut_to_dense,
    "constexpr_sparse_to_dense": _sparse_to_dense,
}
