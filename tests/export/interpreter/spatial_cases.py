"""Cases of the layers over ``[..., C, H, W]``."""

import math
from typing import Any

import torch
from layer_trials import Case, Draw, Trial
from torch import Tensor
from torch.nn import functional


def same_pads(x: Tensor, kernel: list[int], strides: list[int], dilations: list[int], top_left: bool) -> list[int]:
    """As PyTorch's `pad` takes them: left, right, top, bottom."""
    pads = []
    for axis in (1, 0):
        length, span = x.shape[axis - 2], (kernel[axis] - 1) * dilations[axis] + 1
        total = max(0, (math.ceil(length / strides[axis]) - 1) * strides[axis] + span - length)
        first = math.ceil(total / 2) if top_left else total // 2
        pads += [first, total - first]
    return pads


ASYMMETRY = {False: "BOTTOM_RIGHT_HEAVY", True: "TOP_LEFT_HEAVY"}


def convolution(draw: Draw) -> Trial:
    groups, per_group, out_per_group = draw.size(1, 3), draw.size(1, 3), draw.size(1, 3)
    kernel, strides, dilations = ([draw.size(1, 3), draw.size(1, 3)] for _ in range(3))
    space = [(size - 1) * far + draw.size(1, 4) for size, far in zip(kernel, dilations, strict=True)]
    x = draw.numbers(*draw.choice([[1], [2], [3, 2]]), groups * per_group, *space)
    weight = draw.numbers(groups * out_per_group, per_group, *kernel)
    bias = draw.numbers(len(weight)) if draw.flag() else None
    same, top_left = draw.flag(), draw.flag()
    pads = same_pads(x, kernel, strides, dilations, top_left) if same else [draw.size(0, 2) for _ in range(4)]
    padded = functional.pad(x, pads).flatten(0, -4)
    expected = functional.conv2d(padded, weight, bias, strides, 0, dilations, groups)
    left, right, top, bottom = pads
    return Trial(
        [x],
        lambda b: b.add_convolution(
            "layer",
            per_group,
            len(weight),
            *kernel,
            *strides,
            "same" if same else "valid",
            groups,
            weight.permute(2, 3, 1, 0).numpy(),
            None if bias is None else bias.numpy(),
            bias is not None,
            input_name="poses",
            output_name="out",
            dilation_factors=dilations,
            padding_top=top,
            padding_bottom=bottom,
            padding_left=left,
            padding_right=right,
            same_padding_asymmetry_mode=ASYMMETRY[top_left],
        ),
        expected.reshape(*x.shape[:-3], *expected.shape[1:]),
    )


def pooling(border: str, is_global: bool = False) -> Case:
    def case(draw: Draw) -> Trial:
        kernel = [draw.size(1, 4), draw.size(1, 4)]
        strides = [draw.size(1, size) for size in kernel]
        x = draw.numbers(*draw.choice([[1], [3, 2]]), 2, *(size + draw.size(0, 4) for size in kernel)) - 4
        kind, exclude, top_left = draw.choice(["MAX", "AVERAGE"]), draw.flag(), draw.flag()
        batched = x.flatten(0, -4)
        if is_global:
            kernel, strides = [9, 9], [1, 1]  # not looked at
        half = [draw.size(0, size // 2) for size in kernel]
        pads = {
            "VALID": [draw.size(0, kernel[axis] - 1) for axis in (1, 1, 0, 0)],  # no window of nothing but padding
            "SAME": same_pads(x, kernel, strides, [1, 1], top_left),
            "INCLUDE_LAST_PIXEL": [half[1], half[1], half[0], half[0]],
        }[border]
        pads = [0] * 4 if is_global else pads
        if is_global:
            expected = batched.amax((-2, -1), True) if kind == "MAX" else batched.mean((-2, -1), keepdim=True)
        elif border == "INCLUDE_LAST_PIXEL":
            expected = (
                functional.max_pool2d(batched, kernel, strides, half, ceil_mode=True)
                if kind == "MAX"
                else functional.avg_pool2d(batched, kernel, strides, half, True, not exclude)
            )
        elif kind == "MAX":
            expected = functional.max_pool2d(functional.pad(batched, pads, value=-math.inf), kernel, strides)
        else:
            counted = functional.pad(torch.ones_like(batched), pads, value=float(not exclude))
            sums = functional.avg_pool2d(functional.pad(batched, pads), kernel, strides)
            expected = sums / functional.avg_pool2d(counted, kernel, strides)
        left, right, top, bottom = pads
        return Trial(
            [x],
            lambda b: b.add_pooling(
                "layer", *kernel, *strides, kind, border, "poses", "out", exclude, is_global, top, bottom, left, right,
                ASYMMETRY[top_left],
            ),
            expected.reshape(*x.shape[:-2], *expected.shape[2:]),
        )  # fmt: skip

    return case


def batchnorm(instance: bool) -> Case:
    def case(draw: Draw) -> Trial:
        x = draw.numbers(*draw.shape(0, 1), draw.size(1, 70), 3, 4)
        channels, batched = x.shape[-3], x.reshape(-1, *x.shape[-3:])
        gamma, beta, mean = (draw.numbers(channels) for _ in range(3))
        variance = draw.positive(channels)
        if instance:
            expected = functional.instance_norm(batched, None, None, gamma, beta, eps=0.01)
        else:
            expected = functional.batch_norm(batched, mean, variance, gamma, beta, eps=0.01)
        return Trial(
            [x],
            lambda b: b.add_batchnorm(
                "layer", channels, gamma.numpy(), beta.numpy(), mean.numpy(), variance.numpy(), "poses", "out",
                instance, instance, 0.01,
            ),
            expected.reshape(x.shape),
        )  # fmt: skip

    return case


def mvn(draw: Draw) -> Trial:
    x, across, variance = draw.numbers(*draw.shape(3, 5)), draw.flag(), draw.flag()
    axes = (-3, -2, -1) if across else (-2, -1)
    expected = x - x.mean(axes, keepdim=True)
    if variance:
        expected = expected / (x.var(axes, correction=0, keepdim=True) + 0.01).sqrt()
    return Trial([x], lambda b: b.add_mvn("layer", "poses", "out", across, variance, 0.01), expected)


def channel_shape(draw: Draw, x: Tensor) -> Any:
    channels, *space = x.shape[-3:]
    return draw.choice([[1], [channels], [1, *space], [channels, *space]])


def broadcast(values: Tensor) -> Tensor:
    return values[:, None, None] if values.ndim == 1 else values


def scale(draw: Draw) -> Trial:
    x = draw.numbers(*draw.shape(3, 5))
    factor = draw.numbers(*channel_shape(draw, x))
    bias = draw.numbers(*channel_shape(draw, x)) if draw.flag() else None
    expected = x * broadcast(factor) + (0 if bias is None else broadcast(bias))
    return Trial(
        [x],
        lambda b: b.add_scale(
            "layer", factor.numpy(), None if bias is None else bias.numpy(), bias is not None, "poses", "out",
            list(factor.shape), None if bias is None else list(bias.shape),
        ),
        expected,
    )  # fmt: skip


def bias_layer(draw: Draw) -> Trial:
    x = draw.numbers(*draw.shape(3, 5))
    bias = draw.numbers(*channel_shape(draw, x))
    return Trial(
        [x], lambda b: b.add_bias("layer", bias.numpy(), "poses", "out", list(bias.shape)), x + broadcast(bias)
    )


CASES: dict[str, Case] = {
    "convolution": convolution,
    "pooling/valid": pooling("VALID"),
    "pooling/same": pooling("SAME"),
    "pooling/last pixel": pooling("INCLUDE_LAST_PIXEL"),
    "pooling/global": pooling("VALID", is_global=True),
    "batchnorm/stored": batchnorm(instance=False),
    "batchnorm/of the instance": batchnorm(instance=True),
    "mvn": mvn,
    "scale": scale,
    "bias": bias_layer,
}
