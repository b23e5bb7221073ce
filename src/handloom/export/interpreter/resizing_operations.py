"""Operations that make pictures larger or smaller, as the MIL operations' reference defines them.

https://apple.github.io/coremltools/source/coremltools.converters.mil.mil.ops.defs.html
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handloom.export.interpreter.budget import need_elements
from handloom.export.interpreter.kernels import Array

Places = NDArray[np.floating[Any]]  # for each new row or column where it lies among the old ones


def _upsample_bilinear(
    x: Array,
    scale_factor_height: float = 1,
    scale_factor_width: float = 1,
    align_corners: bool = True,
    half_pixel_centers: bool | None = None,
) -> Array:
    """``[*, H, W]`` to ``[*, floor(H * scale), floor(W * scale)]``."""
    if half_pixel_centers is not None and bool(half_pixel_centers) == bool(align_corners):
        raise ValueError("align_corners and half_pixel_centers are equal")
    places = _ends_on_ends if align_corners else _half_pixels
    height, width = x.shape[-2:]
    return _resized(x, int(height * float(scale_factor_height)), int(width * float(scale_factor_width)), places)


def _resize_bilinear(
    x: Array, target_size_height: int = 1, target_size_width: int = 1, sampling_mode: str = "DEFAULT"
) -> Array:
    """``[*, H, W]`` to ``[*, height, width]``."""
    return _resized(x, int(target_size_height), int(target_size_width), _PLACES[sampling_mode])


def _ends_on_ends(old: int, new: int) -> Places:
    return np.arange(new) * ((old - 1) / max(new - 1, 1))


def _ends_on_ends_or_middle(old: int, new: int) -> Places:
    return _ends_on_ends(old, new) if new > 1 else np.array([(old - 1) / 2])


def _starts_on_start(old: int, new: int) -> Places:
    return np.arange(new) * (old / new)


def _offset(old: int, new: int) -> Places:
    return (np.arange(new) + 0.5) * (max(1, old - 1) / new)


def _half_pixels(old: int, new: int) -> Places:
    return (np.arange(new) + 0.5) * (old / new) - 0.5


_PLACES: Mapping[str, Callable[[int, int], Places]] = {
    "STRICT_ALIGN_CORNERS": _ends_on_ends,
    "ALIGN_CORNERS": _ends_on_ends_or_middle,
    "DEFAULT": _starts_on_start,
    "OFFSET_CORNERS": _offset,
    "UNALIGN_CORNERS": _half_pixels,
}


def _resized(x: Array, height: int, width: int, places: Callable[[int, int], Places]) -> Array:
    need_elements(*x.shape[:-2], height, max(width, x.shape[-1]))
    for axis, new in ((-2, height), (-1, width)):
        old = x.shape[axis]
        where = places(old, new).clip(0, old - 1)
        first = np.floor(where).astype(int)
        share = (where - first).astype(np.float32)
        share = share[:, None] if axis == -2 else share
        x = x.take(first, axis) * (1 - share) + x.take(np.minimum(first + 1, old - 1), axis) * share
    return x


RESIZING: Mapping[str, Callable[..., Any]] = {
    "resize_bilinear": _resize_bilinear,
    "upsample_bilinear": _upsample_bilinear,
}
