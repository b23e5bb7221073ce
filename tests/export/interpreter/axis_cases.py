"""Cases of the layers along axes."""

import math
from collections.abc import Callable

import numpy as np
import torch
from layer_trials import Case, Draw, Trial, of_one
from torch import Tensor
from torch.nn import functional


def old_reduce(mode: str, function: Callable[..., Tensor]) -> Case:
    def case(draw: Draw) -> Trial:
        x = draw.numbers(*draw.shape(3, 5))
        name, axes = draw.choice([("CHW", (-3, -2, -1)), ("HW", (-2, -1)), ("C", (-3,)), ("H", (-2,)), ("W", (-1,))])
        return Trial([x], lambda b: b.add_reduce("layer", "poses", "out", name, mode), function(x, axes, True))

    return case


def reduction(method: str, function: Callable[..., Tensor]) -> Case:
    def case(draw: Draw) -> Trial:
        x, keep, all_axes = draw.numbers(*draw.shape(2, 5)), draw.flag(), draw.flag()
        axes = draw.choice([(0,), (-1,), (0, -1)])
        expected = function(x, tuple(range(x.ndim)) if all_axes else axes, keep)
        return Trial(
            [x],
            lambda b: getattr(b, method)("layer", "poses", "out", axes=axes, keepdims=keep, reduce_all=all_axes),
            expected if expected.ndim else expected.reshape(1),
        )

    return case


def product(x: Tensor, axes: tuple[int, ...], keep: bool) -> Tensor:
    return torch.tensor(np.prod(x.numpy(), axis=axes, keepdims=keep))


def softmax_nd(draw: Draw) -> Trial:
    x = draw.numbers(*draw.shape(1, 5)) * 20
    axis = draw.axis(x.ndim)
    return Trial([x], lambda b: b.add_softmax_nd("layer", "poses", "out", axis), x.softmax(axis))


def layer_normalization(draw: Draw) -> Trial:
    x = draw.numbers(*draw.shape(1, 3), 3, 4)
    shape = list(x.shape[-draw.size(1, 2) :])
    gamma, beta = draw.numbers(*shape), draw.numbers(*shape)
    return Trial(
        [x],
        lambda b: b.add_layer_normalization("layer", "poses", "out", shape, gamma.numpy(), beta.numpy(), 0.01),
        functional.layer_norm(x, shape, gamma, beta, 0.01),
    )


def inner_product(draw: Draw) -> Trial:
    shape = draw.shape(1, 5)
    x, inputs = draw.numbers(*shape), math.prod(shape[-3:]) if len(shape) > 3 else shape[-1]
    outputs = draw.size(1, 6)
    weight, bias = draw.numbers(outputs, inputs), draw.numbers(outputs) if draw.flag() else None
    rows = x.reshape(*shape[:-3], inputs) if len(shape) > 3 else x
    expected = functional.linear(rows, weight, bias)
    return Trial(
        [x],
        lambda b: b.add_inner_product(
            "layer", weight.numpy(), None if bias is None else bias.numpy(), inputs, outputs, bias is not None,
            "poses", "out",
        ),
        expected[..., None, None] if len(shape) > 3 else expected,
    )  # fmt: skip


def matmul_of_two(draw: Draw) -> Trial:
    rows, inner, columns = draw.size(1, 4), draw.size(1, 4), draw.size(1, 4)
    first, second = draw.flag(), draw.flag()
    x, y = draw.numbers(draw.choice([1, 3]), rows, inner), draw.numbers(*draw.shape(0, 1, 1), inner, columns)
    left, right = x.mT if first else x, y.mT if second else y
    return Trial(
        [left.contiguous(), right.contiguous()],
        lambda b: b.add_batched_mat_mul("layer", ["poses", "b1"], "out", first, second),
        x @ y,
    )


def matmul_of_vectors(draw: Draw) -> Trial:
    x, y = draw.numbers(4), draw.numbers(*draw.choice([[4], [4, 3], [2, 4, 3]]))
    expected = x[None] @ (y[:, None] if y.ndim == 1 else y)
    return Trial([x, y], lambda b: b.add_batched_mat_mul("layer", ["poses", "b1"], "out"), expected)


def matmul_with_weights(draw: Draw) -> Trial:
    x, columns = draw.numbers(*draw.shape(1, 4)), draw.size(1, 4)
    weight, bias = draw.numbers(x.shape[-1], columns), draw.numbers(columns) if draw.flag() else None
    return Trial(
        [x],
        lambda b: b.add_batched_mat_mul(
            "layer", ["poses"], "out", weight_matrix_rows=len(weight), weight_matrix_columns=columns,
            W=weight.numpy(), bias=None if bias is None else bias.numpy(),
        ),
        x @ weight + (0 if bias is None else bias),
    )  # fmt: skip


_REDUCTIONS: dict[str, Callable[..., Tensor]] = {
    "sum": torch.sum,
    "avg": torch.mean,
    "prod": product,
    "sumsquare": lambda x, axes, keep: x.square().sum(axes, keep),
    "l1": lambda x, axes, keep: x.abs().sum(axes, keep),
    "l2": lambda x, axes, keep: x.square().sum(axes, keep).sqrt(),
    "max": torch.amax,
    "min": torch.amin,
}


CASES: dict[str, Case] = {
    **{f"reduce/{name}": old_reduce(name, function) for name, function in _REDUCTIONS.items()},
    "reduceSum": reduction("add_reduce_sum", torch.sum),
    "reduceMean": reduction("add_reduce_mean", torch.mean),
    "reduceProd": reduction("add_reduce_prod", product),
    "reduceSumSquare": reduction("add_reduce_sumsquare", _REDUCTIONS["sumsquare"]),
    "reduceL1": reduction("add_reduce_l1", _REDUCTIONS["l1"]),
    "reduceL2": reduction("add_reduce_l2", _REDUCTIONS["l2"]),
    "reduceMax": reduction("add_reduce_max", torch.amax),
    "reduceMin": reduction("add_reduce_min", torch.amin),
    "softmax": of_one(lambda b: b.add_softmax("layer", "poses", "out"), lambda x: x.softmax(-3), least=3),
    "softmaxND": softmax_nd,
    "layerNormalization": layer_normalization,
    "innerProduct": inner_product,
    "batchedMatmul/two blobs": matmul_of_two,
    "batchedMatmul/vectors": matmul_of_vectors,
    "batchedMatmul/weights": matmul_with_weights,
}
