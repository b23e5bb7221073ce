"""Cases of the layers that work on each number for itself."""

import math
from collections.abc import Callable
from typing import Any

import torch
from layer_trials import NAMES, Case, Draw, Trial, of_one
from torch import Tensor
from torch.nn import functional


def named(method: str, function: Callable[[Tensor], Tensor], *arguments: Any, positive: bool = False) -> Case:
    """As `of_one`, for a method of the builder that takes name, input, output and these arguments."""
    return of_one(lambda b: getattr(b, method)("layer", "poses", "out", *arguments), function, positive=positive)


def of_two(write: Callable[[Any], Any], function: Callable[[Tensor, Tensor], Tensor], positive: bool = False) -> Case:
    """Two blobs, one of which is broadcast in some axes and may lack the first ones."""

    def case(draw: Draw) -> Trial:
        shape = draw.shape(1, 4)
        other = [size if draw.flag() else 1 for size in shape][draw.size(0, len(shape) - 1) :]
        x, y = draw.numbers(*shape), draw.numbers(*other)
        if positive:
            x, y = x.abs() + 0.1, y.abs() + 0.1
        return Trial([x, y], write, function(x, y))

    return case


def broadcastable(method: str, function: Callable[..., Tensor], positive: bool = False) -> Case:
    return of_two(lambda b: getattr(b, method)("layer", ["poses", "b1"], "out"), function, positive)


def elementwise(mode: str, function: Callable[..., Tensor]) -> Case:
    """The old layers of any number of blobs."""

    def case(draw: Draw) -> Trial:
        shape = draw.shape(3, 4)
        blobs = [draw.numbers(*shape) for _ in range(draw.size(2, 3))]
        names = NAMES[: len(blobs)]
        return Trial(blobs, lambda b: b.add_elementwise("layer", names, "out", mode), function(*blobs))

    return case


def with_alpha(mode: str, function: Callable[[Tensor, float], Tensor]) -> Case:
    """The old layers of one blob and a number."""

    def case(draw: Draw) -> Trial:
        x, alpha = draw.numbers(*draw.shape(1, 4)), draw.coefficient()
        return Trial([x], lambda b: b.add_elementwise("layer", ["poses"], "out", mode, alpha), function(x, alpha))

    return case


def comparison(method: str, function: Callable[..., Tensor], **options: bool) -> Case:
    """Of two blobs, or of one with a number, equal in many places."""

    def case(draw: Draw) -> Trial:
        shape = draw.shape(1, 4)
        x, y = draw.numbers(*shape).round(), draw.numbers(*shape).round()
        alone = draw.flag()
        names = ["poses"] if alone else ["poses", "b1"]
        alpha = float(draw.size(-1, 1))
        expected = function(x, torch.full_like(x, alpha) if alone else y).float()
        return Trial(
            [x] if alone else [x, y],
            lambda b: getattr(b, method)("layer", names, "out", alpha=alpha, **options),
            expected,
        )

    return case


def logical(mode: str, function: Callable[..., Tensor], count: int = 2) -> Case:
    def case(draw: Draw) -> Trial:
        shape = draw.shape(1, 4)
        blobs = [draw.numbers(*shape).round() for _ in range(count)]
        names = NAMES[:count]
        return Trial(blobs, lambda b: b.add_logical("layer", names, "out", mode), function(*blobs).float())

    return case


def activation(kind: str, function: Callable[..., Tensor], parameters: int = 0, as_list: bool = True) -> Case:
    def case(draw: Draw) -> Trial:
        x, values = draw.numbers(*draw.shape(1, 4)) * 3, [draw.coefficient() for _ in range(parameters)]
        params: Any = values if as_list else values[0] if values else None
        return Trial([x], lambda b: b.add_activation("layer", kind, "poses", "out", params), function(x, *values))

    return case


def prelu(draw: Draw) -> Trial:
    x = draw.numbers(*draw.shape(3, 4))
    alpha = draw.numbers(draw.choice([1, x.shape[-3]]))
    expected = torch.where(x >= 0, x, x * alpha[:, None, None])
    return Trial([x], lambda b: b.add_activation("layer", "PRELU", "poses", "out", alpha.numpy()), expected)


def parametric_softplus(draw: Draw) -> Trial:
    x = draw.numbers(*draw.shape(3, 4))
    alpha, beta = draw.numbers(x.shape[-3]), draw.numbers(x.shape[-3])
    expected = alpha[:, None, None] * functional.softplus(beta[:, None, None] * x)
    params = [alpha.numpy(), beta.numpy()]
    return Trial([x], lambda b: b.add_activation("layer", "PARAMETRICSOFTPLUS", "poses", "out", params), expected)


def unary(mode: str, function: Callable[[Tensor, float, float], Tensor]) -> Case:
    def case(draw: Draw) -> Trial:
        x = draw.positive(*draw.shape(1, 4))
        alpha, epsilon, scale, shift = (draw.coefficient() for _ in range(4))
        return Trial(
            [x],
            lambda b: b.add_unary("layer", "poses", "out", mode, alpha, shift, scale, epsilon),
            function(scale * x + shift, alpha, epsilon),
        )

    return case


def clip(draw: Draw) -> Trial:
    x, low = draw.numbers(*draw.shape(1, 4)), -draw.coefficient()
    return Trial([x], lambda b: b.add_clip("layer", "poses", "out", low, 0.7), x.clip(low, 0.7))


def where(draw: Draw) -> Trial:
    shape = draw.shape(1, 4)
    condition, yes, no = draw.numbers(*shape).round(), draw.numbers(*shape), draw.numbers(1)
    return Trial(
        [condition, yes, no],
        lambda b: b.add_where_broadcastable("layer", NAMES, "out"),
        torch.where(condition != 0, yes, no),
    )


CASES: dict[str, Case] = {
    "activation/linear": activation("LINEAR", lambda x, a, b: a * x + b, 2),
    "activation/ReLU": activation("RELU", torch.relu),
    "activation/leakyReLU": activation("LEAKYRELU", functional.leaky_relu, 1),
    "activation/thresholdedReLU": activation("THRESHOLDEDRELU", lambda x, a: x * (x >= a), 1, as_list=False),
    "activation/PReLU": prelu,
    "activation/tanh": activation("TANH", torch.tanh),
    "activation/scaledTanh": activation("SCALED_TANH", lambda x, a, b: a * torch.tanh(b * x), 2),
    "activation/sigmoid": activation("SIGMOID", torch.sigmoid),
    "activation/sigmoidHard": activation("SIGMOID_HARD", lambda x, a, b: (a * x + b).clip(0, 1), 2),
    "activation/ELU": activation("ELU", functional.elu, 1, as_list=False),
    "activation/softsign": activation("SOFTSIGN", functional.softsign),
    "activation/softplus": activation("SOFTPLUS", functional.softplus),
    "activation/parametricSoftplus": parametric_softplus,
    "clampedReLU": named("add_clamped_relu", lambda x: functional.leaky_relu(x, 0.2).clip(max=0.8), 0.2, 0.8),
    "unary/SQRT": unary("sqrt", lambda x, a, e: x.sqrt()),
    "unary/RSQRT": unary("rsqrt", lambda x, a, e: (x + e).rsqrt()),
    "unary/INVERSE": unary("inverse", lambda x, a, e: 1 / (x + e)),
    "unary/POWER": unary("power", lambda x, a, e: x.pow(a)),
    "unary/EXP": unary("exp", lambda x, a, e: x.exp()),
    "unary/LOG": unary("log", lambda x, a, e: x.log()),
    "unary/ABS": unary("abs", lambda x, a, e: x.abs()),
    "unary/THRESHOLD": unary("threshold", lambda x, a, e: x.clip(min=a)),
    "clip": clip,
    "copy": named("add_copy", lambda x: x),
    "add/blobs": elementwise("ADD", lambda *blobs: sum(blobs[1:], blobs[0])),
    "add/number": with_alpha("ADD", lambda x, a: x + a),
    "multiply/blobs": elementwise("MULTIPLY", lambda *blobs: math.prod(blobs[1:], start=blobs[0])),
    "multiply/number": with_alpha("MULTIPLY", lambda x, a: x * a),
    "average": elementwise("AVE", lambda *blobs: torch.stack(blobs).mean(0)),
    "max": elementwise("MAX", lambda *blobs: torch.stack(blobs).amax(0)),
    "min": elementwise("MIN", lambda *blobs: torch.stack(blobs).amin(0)),
    "addBroadcastable": broadcastable("add_add_broadcastable", torch.add),
    "subtractBroadcastable": broadcastable("add_subtract_broadcastable", torch.sub),
    "multiplyBroadcastable": broadcastable("add_multiply_broadcastable", torch.mul),
    "divideBroadcastable": broadcastable("add_divide_broadcastable", torch.div),
    "powBroadcastable": broadcastable("add_pow_broadcastable", torch.pow, positive=True),
    "maxBroadcastable": broadcastable("add_max_broadcastable", torch.maximum),
    "minBroadcastable": broadcastable("add_min_broadcastable", torch.minimum),
    "equal": comparison("add_equal", torch.eq),
    "notEqual": comparison("add_not_equal", torch.ne),
    "lessThan": comparison("add_less_than", torch.lt),
    "lessEqual": comparison("add_less_than", torch.le, use_less_than_equal=True),
    "greaterThan": comparison("add_greater_than", torch.gt),
    "greaterEqual": comparison("add_greater_than", torch.ge, use_greater_than_equal=True),
    "logicalAnd": logical("AND", torch.logical_and),
    "logicalOr": logical("OR", torch.logical_or),
    "logicalXor": logical("XOR", torch.logical_xor),
    "logicalNot": logical("NOT", torch.logical_not, 1),
    "whereBroadcastable": where,
    "sin": named("add_sin", torch.sin),
    "cos": named("add_cos", torch.cos),
    "tanh": named("add_tanh", torch.tanh),
    "exp2": named("add_exp2", torch.exp2),
    "floor": named("add_floor", torch.floor),
    "ceil": named("add_ceil", torch.ceil),
    "sign": named("add_sign", torch.sign),
}
