"""Cases of the layers that move numbers about."""

import math

import torch
from layer_trials import NAMES, OUTPUTS, Case, Draw, Trial
from torch.nn import functional


def old_reshape(draw: Draw) -> Trial:
    mode, four = draw.choice([0, 1]), draw.flag()
    channels, height, width = 2, 3, draw.size(1, 4)
    before = [3, 1] if four else [1] * draw.size(0, 2)
    x = draw.numbers(*before, channels, height, width)
    order = x.movedim(-3, -1) if mode else x
    target = [width, height, channels]  # as [C, H, W]
    new = [1, 1] if four else before
    if four:
        target[2] *= 3
    sizes = [*new, target[1], target[2], target[0]] if mode else [*new, *target]
    expected = order.reshape(sizes)
    expected = expected.movedim(-1, -3) if mode else expected
    written = [1, *target] if four else target
    return Trial([x], lambda b: b.add_reshape("layer", "poses", "out", written, mode), expected)


def flatten(draw: Draw) -> Trial:
    x, mode = draw.numbers(*draw.shape(3, 5)), draw.choice([0, 1])
    order = x.movedim(-3, -1) if mode else x
    return Trial(
        [x],
        lambda b: b.add_flatten("layer", mode, "poses", "out"),
        order.reshape(*x.shape[:-3], -1, 1, 1),
    )


def reshape_static(draw: Draw) -> Trial:
    x = draw.numbers(*draw.shape(1, 4), 6)
    shape = (3, -1, 2)
    return Trial([x], lambda b: b.add_reshape_static("layer", "poses", "out", shape), x.reshape(shape))


def rank_preserving_reshape(draw: Draw) -> Trial:
    x = draw.numbers(draw.size(1, 4), 4, 3)
    return Trial(
        [x], lambda b: b.add_rank_preserving_reshape("layer", "poses", "out", (0, 2, -1)), x.reshape(len(x), 2, 6)
    )


def reshape_like(draw: Draw) -> Trial:
    x, other = draw.numbers(6, 4), draw.numbers(*draw.choice([[24], [2, 3, 4], [4, 6]]))
    return Trial([x, other], lambda b: b.add_reshape_like("layer", ["poses", "b1"], "out"), x.reshape(other.shape))


def flatten_to_2d(draw: Draw) -> Trial:
    x = draw.numbers(*draw.shape(2, 5))
    axis = draw.axis(x.ndim)
    return Trial(
        [x],
        lambda b: b.add_flatten_to_2d("layer", "poses", "out", axis),
        x.reshape(math.prod(x.shape[:axis]), -1),
    )


def permute(draw: Draw) -> Trial:
    x, order = draw.numbers(2, 1, 3, 4, 5), draw.choice([(0, 3, 1, 2), (3, 1, 2, 0), (0, 3, 2, 1), (0, 1, 2, 3)])
    # The format's own examples.
    expected = {
        (0, 3, 1, 2): x.permute(0, 1, 4, 2, 3),
        (3, 1, 2, 0): x.permute(4, 1, 2, 3, 0),
        (0, 3, 2, 1): x.permute(0, 1, 4, 3, 2),
        (0, 1, 2, 3): x,
    }
    return Trial([x], lambda b: b.add_permute("layer", order, "poses", "out"), expected[order])


def transpose(draw: Draw) -> Trial:
    x = draw.numbers(*draw.shape(1, 5))
    axes = draw.order(x.ndim)
    return Trial([x], lambda b: b.add_transpose("layer", axes, "poses", "out"), x.permute(*axes))


def expand_dims(draw: Draw) -> Trial:
    x = draw.numbers(*draw.shape(2, 3))
    axes, expected = draw.choice(
        [((0, 1), x[None, None]), ((0, 2), x[None, :, None]), ((-2, -1), x[..., None, None]), ((1,), x[:, None])]
    )
    return Trial([x], lambda b: b.add_expand_dims("layer", "poses", "out", axes), expected)


def squeeze(draw: Draw) -> Trial:
    x = draw.numbers(1, draw.size(2, 4), 1, 3, 1)
    axes, expected = draw.choice(
        [((0,), x[0]), ((0, -1), x[0, ..., 0]), ((2, 0), x[0, :, 0]), (None, x[0, :, 0, :, 0])]
    )
    return Trial([x], lambda b: b.add_squeeze("layer", "poses", "out", axes=axes, squeeze_all=axes is None), expected)


def squeeze_to_nothing(draw: Draw) -> Trial:
    x = draw.numbers(1, 1)
    return Trial([x], lambda b: b.add_squeeze("layer", "poses", "out", squeeze_all=True), x.reshape(1))


def old_slice(draw: Draw) -> Trial:
    x = draw.numbers(*draw.shape(1, 2), 5, 6, 7)
    axis, name = draw.choice([(-3, "channel"), (-2, "height"), (-1, "width")])
    start, end, stride = draw.choice([0, 1, 2]), draw.choice([-1, 4, x.shape[axis]]), draw.size(1, 3)
    key = [slice(None)] * x.ndim
    key[axis] = slice(start, end, stride)
    return Trial([x], lambda b: b.add_slice("layer", "poses", "out", name, start, end, stride), x[tuple(key)])


def slice_static(draw: Draw) -> Trial:
    x = draw.numbers(5, 6, 7)
    expected = torch.tensor(x.numpy()[1:, 5:1:-2, 3].copy())
    return Trial(
        [x],
        lambda b: b.add_slice_static(
            "layer",
            "poses",
            "out",
            begin_ids=[1, -1, 3],
            end_ids=[-3, 1, 0],
            strides=[1, -2, 1],
            begin_masks=[False, False, False],
            end_masks=[True, False, False],
            squeeze_masks=[False, False, True],
        ),
        expected,
    )


def old_concat(draw: Draw) -> Trial:
    rank = draw.size(3, 5)
    shape = [2] * rank
    blobs = [draw.numbers(*shape[:-3], draw.size(1, 3), *shape[-2:]) for _ in range(3)]
    return Trial(blobs, lambda b: b.add_elementwise("layer", NAMES, "out", "CONCAT"), torch.cat(blobs, -3))


def sequence_concat(draw: Draw) -> Trial:
    blobs = [draw.numbers(draw.size(1, 3), 1, 2, 3, 2) for _ in range(2)]
    return Trial(blobs, lambda b: b.add_elementwise("layer", NAMES[:2], "out", "SEQUENCE_CONCAT"), torch.cat(blobs, 0))


def concat_nd(draw: Draw) -> Trial:
    shape = draw.shape(1, 5)
    axis = draw.axis(len(shape))
    blobs = [draw.numbers(*shape) for _ in range(draw.size(2, 3))]
    return Trial(blobs, lambda b: b.add_concat_nd("layer", NAMES[: len(blobs)], "out", axis), torch.cat(blobs, axis))


def stack(draw: Draw) -> Trial:
    shape = draw.shape(1, 4)
    axis = draw.axis(len(shape) + 1)
    blobs = [draw.numbers(*shape) for _ in range(2)]
    return Trial(blobs, lambda b: b.add_stack("layer", NAMES[:2], "out", axis), torch.stack(blobs, axis))


def old_split(draw: Draw) -> Trial:
    x = draw.numbers(*draw.shape(0, 1), 6, 2, 3)
    return Trial([x], lambda b: b.add_split("layer", "poses", OUTPUTS), list(torch.split(x, 2, -3)))


def split_nd(draw: Draw) -> Trial:
    x, sizes = draw.numbers(3, 6), draw.choice([[1, 2, 3], [2, 2, 2]])
    axis = draw.choice([1, -1])
    return Trial(
        [x],
        lambda b: b.add_split_nd("layer", "poses", OUTPUTS, axis, 3, None if sizes == [2, 2, 2] else sizes),
        list(torch.split(x, sizes, axis)),
    )


def broadcast_to_static(draw: Draw) -> Trial:
    x = draw.numbers(1, 3, 1)
    shape = (2, draw.size(1, 3), 3, 4)
    return Trial([x], lambda b: b.add_broadcast_to_static("layer", "poses", "out", shape), x.broadcast_to(shape))


def padding(kind: str, mode: str) -> Case:
    def case(draw: Draw) -> Trial:
        x = draw.numbers(*draw.shape(1, 2), 4, 5)
        left, right, top, bottom = (draw.size(0, 3) for _ in range(4))
        value = draw.coefficient() if kind == "constant" else 0
        batched = x.reshape(1, -1, 4, 5)
        expected = functional.pad(batched, (left, right, top, bottom), mode, *([value] if kind == "constant" else []))
        return Trial(
            [x],
            lambda b: b.add_padding("layer", left, right, top, bottom, value, "poses", "out", kind),
            expected.reshape(*x.shape[:-2], *expected.shape[-2:]),
        )

    return case


def constant_pad(draw: Draw) -> Trial:
    x, amounts = draw.numbers(2, 3), [draw.size(0, 3) for _ in range(4)]
    expected = functional.pad(x, (*amounts[2:], *amounts[:2]), value=2.5)
    return Trial([x], lambda b: b.add_constant_pad("layer", ["poses"], "out", 2.5, False, amounts), expected)


def load_constant(draw: Draw) -> Trial:
    x, constant = draw.numbers(1), draw.numbers(2, 3, 4)
    return Trial([x], lambda b: b.add_load_constant("layer", "out", constant.numpy(), (2, 3, 4)), constant[None, None])


def load_constant_nd(draw: Draw) -> Trial:
    x, constant = draw.numbers(1), draw.numbers(*draw.shape(1, 5))
    return Trial(
        [x], lambda b: b.add_load_constant_nd("layer", "out", constant.numpy(), tuple(constant.shape)), constant
    )


CASES: dict[str, Case] = {
    "reshape": old_reshape,
    "reshapeStatic": reshape_static,
    "rankPreservingReshape": rank_preserving_reshape,
    "reshapeLike": reshape_like,
    "flatten": flatten,
    "flattenTo2D": flatten_to_2d,
    "permute": permute,
    "transpose": transpose,
    "expandDims": expand_dims,
    "squeeze": squeeze,
    "squeeze/nothing left": squeeze_to_nothing,
    "slice": old_slice,
    "sliceStatic": slice_static,
    "concat": old_concat,
    "concat/sequence": sequence_concat,
    "concatND": concat_nd,
    "stack": stack,
    "split": old_split,
    "splitND": split_nd,
    "broadcastToStatic": broadcast_to_static,
    "padding/constant": padding("constant", "constant"),
    "padding/reflection": padding("reflection", "reflect"),
    "padding/replication": padding("replication", "replicate"),
    "constantPad": constant_pad,
    "loadConstant": load_constant,
    "loadConstantND": load_constant_nd,
}
