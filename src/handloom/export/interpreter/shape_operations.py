"""Operations that move elements and change none, as the MIL operations' reference defines them.

https://apple.github.io/coremltools/source/coremltools.converters.mil.mil.ops.defs.html
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handloom.export.interpreter.budget import need_elements
from handloom.export.interpreter.kernels import padded

Values = NDArray[Any]
Whole = NDArray[np.int32]


def _concat(values: Sequence[Values], axis: int, interleave: bool = False) -> Values:
    """One after the other along an axis or, interleaved, the first slice of each, the second of each, and so on."""
    parts = [np.atleast_1d(part) for part in values]
    if not interleave:
        return np.concatenate(parts, axis=int(axis))
    shape = list(parts[0].shape)
    position = int(axis) % len(shape)
    shape[position] *= len(parts)
    return np.stack(parts, axis=position + 1).reshape(shape)


def _expand_dims(x: Values, axes: Whole) -> Values:
    """The axes are those of the result."""
    return np.expand_dims(x, tuple(axes.tolist()))


def _pad(x: Values, pad: Whole, mode: str = "constant", constant_val: float = 0.0) -> Values:
    """`pad` has the numbers before and after for each of the last axes."""
    last = pad.reshape(-1, 2).tolist()
    widths = [(0, 0)] * (x.ndim - len(last)) + [(before, after) for before, after in last]
    if mode == "constant":
        return padded(x, widths, constant_values=constant_val)
    return padded(x, widths, "edge" if mode == "replicate" else "reflect")


def _reshape(x: Values, shape: Whole) -> Values:
    """-1 stands for what is left; 0 for the size of the same axis of `x`, counted from the last, as since iOS 17.

    Before, 0 was allowed only for equal ranks, where that is the same.
    """
    inherited = [1] * len(shape) + list(x.shape)
    wanted = shape.tolist()
    return x.reshape([size or inherited[position - len(wanted)] for position, size in enumerate(wanted)])


def _reverse(x: Values, axes: Whole | None = None) -> Values:
    return np.flip(x, None if axes is None else tuple(axes.tolist()))


def _slice_by_index(
    x: Values,
    begin: Whole,
    end: Whole,
    stride: Whole | None = None,
    begin_mask: NDArray[np.bool_] | None = None,
    end_mask: NDArray[np.bool_] | None = None,
    squeeze_mask: NDArray[np.bool_] | None = None,
) -> Values:
    """NumPy's slices; a mask leaves the begin or the end open, or takes only the begin and drops the axis."""
    nothing = np.zeros(x.ndim, bool)
    from_start = nothing if begin_mask is None else begin_mask
    to_end = nothing if end_mask is None else end_mask
    single = nothing if squeeze_mask is None else squeeze_mask
    steps = np.ones(x.ndim, int) if stride is None else stride
    parts: list[int | slice] = []
    for axis in range(x.ndim):
        if single[axis]:
            parts.append(0 if from_start[axis] else int(begin[axis]))
            continue
        first = None if from_start[axis] else int(begin[axis])
        last = None if to_end[axis] else int(end[axis])
        parts.append(slice(first, last, int(steps[axis])))
    return x[tuple(parts)]


def _split(x: Values, axis: int, num_splits: int | None = None, split_sizes: Whole | None = None) -> tuple[Values, ...]:
    """Into parts of the given sizes or, without, of equal ones."""
    if split_sizes is None:
        assert num_splits is not None
        need_elements(int(num_splits))
        return tuple(np.split(x, int(num_splits), axis=int(axis)))
    return tuple(np.split(x, np.cumsum(split_sizes)[:-1], axis=int(axis)))


def _squeeze(x: Values, axes: Whole | None = None) -> Values:
    """Drops the axes of size 1; others stay even if they are named, as in PyTorch."""
    named = range(x.ndim) if axes is None else axes.tolist()
    return np.squeeze(x, tuple(axis for axis in named if x.shape[axis] == 1))


def _stack(values: Sequence[Values], axis: int) -> Values:
    return np.stack(values, axis=int(axis))


def _tile(x: Values, reps: Whole) -> Values:
    need_elements(x.size, *reps.tolist())
    return np.tile(x, reps.tolist())


def _transpose(x: Values, perm: Whole) -> Values:
    return x.transpose(perm.tolist())


SHAPES: Mapping[str, Callable[..., Any]] = {
    "concat": _concat,
    "expand_dims": _expand_dims,
    "pad": _pad,
    "reshape": _reshape,
    "reverse": _reverse,
    "slice_by_index": _slice_by_index,
    "split": _split,
    "squeeze": _squeeze,
    "stack": _stack,
    "tile": _tile,
    "transpose": _transpose,
}
