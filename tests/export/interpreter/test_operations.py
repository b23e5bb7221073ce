"""Every operation that can be run, as a saved program of its own, against PyTorch; the intricate ones at random."""

import inspect
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import coremltools
import numpy as np
import pytest
import torch
from coremltools.converters.mil import Builder as mb  # noqa: N813
from coremltools.converters.mil.mil import Function, Program
from coremltools.converters.mil.mil.ops.registry import SSAOpRegistry
from hypothesis import given, settings
from hypothesis import strategies as st
from saved_programs import convert_program
from torch.nn import functional

from handloom.export.interpreter.kernels import rounded_to_float16
from handloom.export.interpreter.ml_program import LoadedProgram
from handloom.export.interpreter.program import OPERATIONS, read_program

FEW = settings(max_examples=40, deadline=None)


@dataclass(frozen=True)
class Case:
    """A program of one type of operation, in one or several uses, and what PyTorch makes of the same inputs."""

    inputs: Sequence[tuple[int, ...]]
    build: Callable[..., Any]
    expected: Callable[..., Any]
    positive: bool = False


def run_saved(program: Any, path: Path, inputs: dict[str, np.ndarray], opset: str = "iOS15") -> list[np.ndarray]:
    convert_program(program, opset).save(str(path))
    read = read_program(path)
    values = LoadedProgram(read).run(inputs)
    return [values[name] for name in read.outputs]


def unary(function: Callable[[Any], Any], positive: bool = False) -> Callable[[str], Case]:
    return lambda name: Case([(2, 3, 4)], lambda x: getattr(mb, name)(x=x), function, positive)


def binary(function: Callable[[Any, Any], Any], positive: bool = False) -> Callable[[str], Case]:
    return lambda name: Case([(2, 3, 4), (3, 1)], lambda x, y: getattr(mb, name)(x=x, y=y), function, positive)


def compared(function: Callable[[Any, Any], Any]) -> Callable[[str], Case]:
    """With equal numbers among the unequal."""
    return lambda name: Case(
        [(40,), (40,)],
        lambda x, y: mb.cast(x=getattr(mb, name)(x=mb.round(x=x), y=mb.round(x=y)), dtype="fp32"),
        lambda x, y: function(x.round(), y.round()).float(),
    )


def logical(function: Callable[[Any, Any], Any]) -> Callable[[str], Case]:
    return lambda name: Case(
        [(40,), (40,)],
        lambda x, y: mb.cast(x=getattr(mb, name)(x=mb.greater(x=x, y=0.0), y=mb.greater(x=y, y=0.0)), dtype="fp32"),
        lambda x, y: function(x > 0, y > 0).float(),
    )


def reduced(function: Callable[..., Any]) -> Callable[[str], Case]:
    def case(name: str) -> Case:
        operation = getattr(mb, name)
        return Case(
            [(2, 3, 4)],
            lambda x: (operation(x=x), operation(x=x, axes=[-1, 0]), operation(x=x, axes=[1], keep_dims=True)),
            lambda x: (
                function(x.flatten(), 0, False),
                function(x.permute(1, 0, 2).flatten(1), 1, False),
                function(x, 1, True),
            ),
        )

    return case


def pooled(expected: Callable[..., Any], **more: Any) -> Callable[[str], Case]:
    return lambda name: Case(
        [(1, 2, 7), (1, 2, 6, 7)],
        lambda x, y: (
            getattr(mb, name)(x=x, kernel_sizes=[3], pad_type="valid"),
            getattr(mb, name)(x=y, kernel_sizes=[2, 3], strides=[2, 1], pad_type="custom", pad=[1, 1, 1, 1], **more),
            getattr(mb, name)(
                x=y, kernel_sizes=[3, 3], strides=[2, 2], pad_type="custom", pad=[1, 1, 1, 1], ceil_mode=True, **more
            ),
        ),
        expected,
    )


WEIGHT = np.random.default_rng(1).normal(size=(4, 3)).astype(np.float32)
TAPS = np.random.default_rng(2).normal(size=(6, 2, 3)).astype(np.float32)
POSITIVE = np.array([0.5, 1.5, 2.5], np.float32)
SIGNED = np.array([-0.5, 0.25, 2.0], np.float32)


def whole(*values: int) -> np.ndarray:
    return np.array(values, np.int32)


def tensor(array: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(array)


MAKERS: dict[str, Callable[[str], Case]] = {
    "abs": unary(torch.abs),
    "ceil": unary(torch.ceil),
    "cos": unary(torch.cos),
    "erf": unary(torch.erf),
    "exp": unary(torch.exp),
    "floor": unary(torch.floor),
    "identity": unary(lambda x: x),
    "relu": unary(torch.relu),
    "relu6": unary(lambda x: functional.relu6(x)),
    "round": unary(torch.round),
    "sigmoid": unary(torch.sigmoid),
    "sign": unary(torch.sign),
    "silu": unary(functional.silu),
    "sin": unary(torch.sin),
    "softplus": unary(functional.softplus),
    "softsign": unary(functional.softsign),
    "sqrt": unary(torch.sqrt, positive=True),
    "square": unary(torch.square),
    "tanh": unary(torch.tanh),
    "add": binary(torch.add),
    "floor_div": binary(torch.floor_divide),
    "maximum": binary(torch.maximum),
    "minimum": binary(torch.minimum),
    "mod": binary(torch.remainder),
    "mul": binary(torch.mul),
    "pow": binary(torch.pow, positive=True),
    "real_div": binary(torch.div),
    "sub": binary(torch.sub),
    "equal": compared(torch.eq),
    "greater": compared(torch.gt),
    "greater_equal": compared(torch.ge),
    "less": compared(torch.lt),
    "less_equal": compared(torch.le),
    "not_equal": compared(torch.ne),
    "logical_and": logical(torch.logical_and),
    "logical_or": logical(torch.logical_or),
    "logical_xor": logical(torch.logical_xor),
    "reduce_l2_norm": reduced(lambda x, axis, keep: torch.linalg.vector_norm(x, dim=axis, keepdim=keep)),
    "reduce_max": reduced(torch.amax),
    "reduce_mean": reduced(torch.mean),
    "reduce_min": reduced(torch.amin),
    "reduce_prod": reduced(torch.prod),
    "reduce_sum": reduced(torch.sum),
    "avg_pool": pooled(
        lambda x, y: (
            functional.avg_pool1d(x, 3, 1),
            functional.avg_pool2d(y, (2, 3), (2, 1), 1, count_include_pad=False),
            functional.avg_pool2d(y, 3, 2, 1, ceil_mode=True, count_include_pad=False),
        ),
        exclude_padding_from_average=True,
    ),
    "max_pool": pooled(
        lambda x, y: (
            functional.max_pool1d(x, 3, 1),
            functional.max_pool2d(y, (2, 3), (2, 1), 1),
            functional.max_pool2d(y, 3, 2, 1, ceil_mode=True),
        )
    ),
}

CASES: dict[str, Case] = {name: make(name) for name, make in MAKERS.items()} | {
    "logical_not": Case(
        [(40,)],
        lambda x: mb.cast(x=mb.logical_not(x=mb.greater(x=x, y=0.0)), dtype="fp32"),
        lambda x: (x <= 0).float(),
    ),
    "cast": Case(
        [(40,)],
        lambda x: [mb.cast(x=mb.cast(x=x, dtype=kind), dtype="fp32") for kind in ("int32", "fp16", "bool")],
        lambda x: (x.trunc(), x.half().float(), torch.ones_like(x)),
    ),
    "clip": Case([(40,)], lambda x: mb.clip(x=x, alpha=-0.5, beta=1.0), lambda x: x.clamp(-0.5, 1)),
    "clamped_relu": Case(
        [(40,)],
        lambda x: mb.clamped_relu(x=x, alpha=0.3, beta=1.0),
        lambda x: functional.leaky_relu(x, 0.3).clamp(max=1),
    ),
    "elu": Case([(40,)], lambda x: mb.elu(x=x, alpha=0.7), lambda x: functional.elu(x, 0.7)),
    "gelu": Case(
        [(40,)],
        lambda x: (
            mb.gelu(x=x),
            mb.gelu(x=x, mode="TANH_APPROXIMATION"),
            mb.gelu(x=x, mode="SIGMOID_APPROXIMATION"),
        ),
        lambda x: (functional.gelu(x), functional.gelu(x, approximate="tanh"), x * torch.sigmoid(1.702 * x)),
    ),
    "inverse": Case(
        [(9,)],
        lambda x: (mb.inverse(x=x), mb.inverse(x=x, epsilon=0.5)),
        lambda x: (1 / (x + 1e-4), 1 / (x + 0.5)),
        positive=True,
    ),
    "leaky_relu": Case([(40,)], lambda x: mb.leaky_relu(x=x, alpha=0.3), lambda x: functional.leaky_relu(x, 0.3)),
    "log": Case(
        [(9,)],
        lambda x: (mb.log(x=x), mb.log(x=x, epsilon=0.5)),
        lambda x: (torch.log(x), torch.log(x + 0.5)),
        positive=True,
    ),
    "prelu": Case([(2, 3, 4, 5)], lambda x: mb.prelu(x=x, alpha=SIGNED), lambda x: functional.prelu(x, tensor(SIGNED))),
    "rsqrt": Case(
        [(9,)],
        lambda x: (mb.rsqrt(x=x), mb.rsqrt(x=x, epsilon=0.5)),
        lambda x: (torch.rsqrt(x), torch.rsqrt(x + 0.5)),
        positive=True,
    ),
    "select": Case(
        [(2, 3), (3,)],
        lambda x, y: mb.select(cond=mb.greater(x=x, y=0.0), a=x, b=y),
        lambda x, y: torch.where(x > 0, x, y),
    ),
    "linear": Case(
        [(2, 5, 3)],
        lambda x: (mb.linear(x=x, weight=WEIGHT), mb.linear(x=x, weight=WEIGHT, bias=WEIGHT[:, 0])),
        lambda x: (
            functional.linear(x, tensor(WEIGHT)),
            functional.linear(x, tensor(WEIGHT), tensor(WEIGHT[:, 0].copy())),
        ),
    ),
    "matmul": Case(
        [(2, 3, 4), (4, 5), (5, 3)],
        lambda x, y, z: (
            mb.matmul(x=x, y=y),
            mb.matmul(x=x, y=z, transpose_x=True, transpose_y=True),
        ),
        lambda x, y, z: (x @ y, x.mT @ z.mT),
    ),
    "conv": Case(
        [(1, 4, 9), (1, 2, 6, 7)],
        lambda x, y: (
            mb.conv(x=x, weight=TAPS, bias=TAPS[:, 0, 0], pad_type="custom", pad=[2, 1], groups=2, dilations=[2]),
            mb.conv(x=x, weight=TAPS, pad_type="same", strides=[2], groups=2),
            mb.conv(x=y, weight=TAPS[..., None], pad_type="valid", strides=[2, 1]),
        ),
        lambda x, y: (
            functional.conv1d(
                functional.pad(x, (2, 1)), tensor(TAPS), tensor(TAPS[:, 0, 0].copy()), groups=2, dilation=2
            ),
            functional.conv1d(x, tensor(TAPS), stride=2, padding=1, groups=2),
            functional.conv2d(y, tensor(TAPS[..., None].copy()), stride=(2, 1)),
        ),
    ),
    "batch_norm": Case(
        [(2, 3, 4)],
        lambda x: (
            mb.batch_norm(x=x, mean=SIGNED, variance=POSITIVE),
            mb.batch_norm(x=x, mean=SIGNED, variance=POSITIVE, gamma=POSITIVE, beta=SIGNED, epsilon=0.1),
        ),
        lambda x: (
            functional.batch_norm(x, tensor(SIGNED), tensor(POSITIVE)),
            functional.batch_norm(x, tensor(SIGNED), tensor(POSITIVE), tensor(POSITIVE), tensor(SIGNED), eps=0.1),
        ),
    ),
    "instance_norm": Case(
        [(2, 3, 4, 5)],
        lambda x: (mb.instance_norm(x=x), mb.instance_norm(x=x, gamma=POSITIVE, beta=SIGNED, epsilon=0.1)),
        lambda x: (
            functional.instance_norm(x),
            functional.instance_norm(x, weight=tensor(POSITIVE), bias=tensor(SIGNED), eps=0.1),
        ),
    ),
    "layer_norm": Case(
        [(2, 4, 3)],
        lambda x: (
            mb.layer_norm(x=x, axes=[0, 1, 2]),
            mb.layer_norm(x=x, axes=[-1], gamma=POSITIVE, beta=SIGNED, epsilon=0.1),
            mb.layer_norm(x=x, axes=[1, 2], gamma=WEIGHT, beta=WEIGHT),
        ),
        lambda x: (
            functional.layer_norm(x, (2, 4, 3)),
            functional.layer_norm(x, (3,), tensor(POSITIVE), tensor(SIGNED), 0.1),
            functional.layer_norm(x, (4, 3), tensor(WEIGHT), tensor(WEIGHT)),
        ),
    ),
    "softmax": Case(
        [(2, 3, 4)],
        lambda x: (mb.softmax(x=x), mb.softmax(x=x, axis=1)),
        lambda x: (x.softmax(-1), x.softmax(1)),
    ),
    "upsample_bilinear": Case(
        [(1, 2, 3, 4)],
        lambda x: (
            mb.upsample_bilinear(x=x, scale_factor_height=2, scale_factor_width=3, align_corners=False),
            mb.upsample_bilinear(x=x, scale_factor_height=2, scale_factor_width=3),
            mb.upsample_bilinear(x=x, scale_factor_height=2.5, align_corners=False),
        ),
        lambda x: (
            functional.interpolate(x, (6, 12), mode="bilinear", align_corners=False),
            functional.interpolate(x, (6, 12), mode="bilinear", align_corners=True),
            functional.interpolate(x, (7, 4), mode="bilinear", align_corners=False),
        ),
    ),
    "resize_bilinear": Case(
        [(1, 2, 3, 4)],
        lambda x: [
            mb.resize_bilinear(x=x, target_size_height=5, target_size_width=2, sampling_mode=mode)
            for mode in ("UNALIGN_CORNERS", "STRICT_ALIGN_CORNERS", "ALIGN_CORNERS")
        ],
        lambda x: (
            functional.interpolate(x, (5, 2), mode="bilinear", align_corners=False),
            functional.interpolate(x, (5, 2), mode="bilinear", align_corners=True),
            functional.interpolate(x, (5, 2), mode="bilinear", align_corners=True),
        ),
    ),
    "concat": Case(
        [(2, 3), (2, 3)],
        lambda x, y: (
            mb.concat(values=(x, y), axis=-1),
            mb.concat(values=(x, y), axis=0, interleave=True),
            mb.concat(values=(x,), axis=1),
        ),
        lambda x, y: (torch.cat([x, y], -1), torch.stack([x[0], y[0], x[1], y[1]]), x),
    ),
    "expand_dims": Case([(2, 3)], lambda x: mb.expand_dims(x=x, axes=[-1, 0, 2]), lambda x: x.reshape(1, 2, 1, 3, 1)),
    "pad": Case(
        [(2, 3, 4)],
        lambda x: (
            mb.pad(x=x, pad=[1, 2, 0, 3], constant_val=7.0),
            mb.pad(x=x, pad=[1, 2], mode="reflect"),
            mb.pad(x=x, pad=[0, 2], mode="replicate"),
        ),
        lambda x: (
            functional.pad(x, (0, 3, 1, 2), value=7.0),
            functional.pad(x, (1, 2), mode="reflect"),
            functional.pad(x, (0, 2), mode="replicate"),
        ),
    ),
    "reshape": Case(
        [(2, 3, 4)],
        lambda x: (mb.reshape(x=x, shape=[4, -1]), mb.reshape(x=x, shape=[0, -1, 2])),
        lambda x: (x.reshape(4, 6), x.reshape(2, 6, 2)),
    ),
    "reverse": Case(
        [(2, 3)],
        lambda x: (mb.reverse(x=x), mb.reverse(x=x, axes=[1])),
        lambda x: (x.flip(0, 1), x.flip(1)),
    ),
    "slice_by_index": Case(
        [(4, 5, 6)],
        lambda x: (
            mb.slice_by_index(x=x, begin=[1, 0, -3], end=[3, 5, -1]),
            mb.slice_by_index(
                x=x,
                begin=[3, 2, 1],
                end=[0, 0, 0],
                stride=[1, 2, 2],
                begin_mask=[True, False, False],
                end_mask=[False, True, True],
                squeeze_mask=[True, False, False],
            ),
        ),
        lambda x: (x[1:3, :, -3:-1], x[0, 2::2, 1::2]),
    ),
    "split": Case(
        [(2, 6)],
        lambda x: (*mb.split(x=x, num_splits=2, axis=1), *mb.split(x=x, split_sizes=[1, 2, 3], axis=-1)),
        lambda x: (*x.split(3, 1), *x.split([1, 2, 3], 1)),
    ),
    "squeeze": Case(
        [(1, 2, 1)], lambda x: (mb.squeeze(x=x), mb.squeeze(x=x, axes=[-1, 1])), lambda x: (x[0, :, 0], x[..., 0])
    ),
    "stack": Case(
        [(2, 3), (2, 3)], lambda x, y: mb.stack(values=(x, y), axis=-1), lambda x, y: torch.stack([x, y], -1)
    ),
    "tile": Case([(2, 3)], lambda x: mb.tile(x=x, reps=[2, 3]), lambda x: x.tile(2, 3)),
    "transpose": Case([(2, 3, 4)], lambda x: mb.transpose(x=x, perm=[2, 0, -2]), lambda x: x.permute(2, 0, 1)),
}


def drawn_inputs(name: str) -> dict[str, np.ndarray]:
    drawn, case = np.random.default_rng(0), CASES[name]
    arrays = [(drawn.normal(size=size) * 2).astype(np.float32) for size in case.inputs]
    if case.positive:
        arrays = [np.abs(array) + np.float32(0.1) for array in arrays]
    return {f"{name}_input_{number}": array for number, array in enumerate(arrays)}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[np.ndarray]]:
    """What each case gives: all in one program, since coremltools takes as long to convert one operation as many."""
    inputs = {name: array for case in CASES for name, array in drawn_inputs(case).items()}
    placeholders = {name: mb.placeholder(array.shape) for name, array in inputs.items()}
    names, results = [], []
    with Function(placeholders, opset_version=coremltools.target.iOS15) as function:
        for name, case in CASES.items():
            made = case.build(*(function.inputs[one] for one in drawn_inputs(name)))
            made = list(made) if isinstance(made, tuple | list) else [made]
            names += [name] * len(made)
            results += made
        function.set_outputs(results)
    program = Program()
    program.add_function("main", function)
    outputs: dict[str, list[np.ndarray]] = {}
    path = tmp_path_factory.mktemp("operations") / "All.mlpackage"
    for name, array in zip(names, run_saved(program, path, inputs), strict=True):
        outputs.setdefault(name, []).append(array)
    return outputs


@pytest.mark.parametrize("name", sorted(CASES))
def test_an_operation_saved_and_read_back_gives_what_pytorch_gives(
    name: str, found: dict[str, list[np.ndarray]]
) -> None:
    expected = CASES[name].expected(*(tensor(array) for array in drawn_inputs(name).values()))
    expected = expected if isinstance(expected, tuple) else (expected,)
    assert len(found[name]) == len(expected)
    for one, other in zip(found[name], expected, strict=True):
        assert one.shape == tuple(other.shape)
        np.testing.assert_allclose(one, other.numpy(), rtol=2e-6, atol=2e-6)


def test_a_zero_is_the_size_of_an_axis_counted_from_the_last() -> None:
    """The example of iOS 17's reshape, which iOS 15 has not."""
    assert OPERATIONS["reshape"](x=np.zeros((2, 50)), shape=whole(1, 0, -1, 0)).shape == (1, 1, 2, 50)


@pytest.mark.parametrize(
    ("mode", "places"),
    [  # the reference's examples, and a single row or column
        ("UNALIGN_CORNERS", [0, 0.1, 0.5, 0.9, 1]),
        ("UNALIGN_CORNERS", [0, 0, 1 / 3, 2 / 3, 1, 1]),
        ("STRICT_ALIGN_CORNERS", [0, 0.25, 0.5, 0.75, 1]),
        ("STRICT_ALIGN_CORNERS", [0]),
        ("ALIGN_CORNERS", [0, 0.2, 0.4, 0.6, 0.8, 1]),
        ("ALIGN_CORNERS", [0.5]),
        ("DEFAULT", [0, 0.4, 0.8, 1, 1]),
        ("DEFAULT", [0, 1 / 3, 2 / 3, 1, 1, 1]),
        ("OFFSET_CORNERS", [0.1, 0.3, 0.5, 0.7, 0.9]),
        ("OFFSET_CORNERS", [1 / 12, 0.25, 5 / 12, 7 / 12, 0.75, 11 / 12]),
    ],
)
def test_resizing_samples_where_the_reference_says(mode: str, places: list[float]) -> None:
    ramp = np.array([[[0, 1]]], np.float32)
    wide = OPERATIONS["resize_bilinear"](x=ramp, target_size_width=whole(len(places))[0], sampling_mode=mode)
    np.testing.assert_allclose(wide, [[places]], atol=1e-6)
    high = OPERATIONS["resize_bilinear"](
        x=ramp.swapaxes(1, 2), target_size_height=whole(len(places))[0], sampling_mode=mode
    )
    np.testing.assert_array_equal(high.swapaxes(1, 2), wide)


def test_pixels_whose_ends_and_middles_are_both_aligned_are_refused() -> None:
    with pytest.raises(ValueError, match="are equal"):
        OPERATIONS["upsample_bilinear"](x=SOME, align_corners=np.bool_(True), half_pixel_centers=np.bool_(True))


COMPRESSED = {
    "constexpr_affine_dequantize",
    "constexpr_blockwise_shift_scale",
    "constexpr_cast",
    "constexpr_lut_to_dense",
    "constexpr_sparse_to_dense",
}


def test_every_operation_of_the_table_has_a_case() -> None:
    assert set(OPERATIONS) == set(CASES) | COMPRESSED


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_every_parameter_of_the_reference_is_taken(name: str) -> None:
    taken = set(inspect.signature(OPERATIONS[name]).parameters)
    variants = SSAOpRegistry.core_ops[name]
    assert variants
    for opset, variant in variants.items():
        assert set(variant.input_spec.input_types) <= taken, opset


SOME = np.array([[[0.5, -1.5, 3.0], [0.0, 0.001, 2.0], [1.0, 4.0, -3.0]]], np.float32)  # [1, 3, 3]
STATISTICS = {"mean": SIGNED, "variance": POSITIVE * np.float32(1e-4)}


@pytest.mark.parametrize(
    ("operation", "given", "stated"),
    [
        ("inverse", {}, {"epsilon": 1e-4}),
        ("log", {}, {"epsilon": 1e-45}),
        ("rsqrt", {}, {"epsilon": 1e-12}),
        ("batch_norm", STATISTICS, {"epsilon": 1e-5, "gamma": np.ones(3), "beta": np.zeros(3)}),
        ("instance_norm", {}, {"epsilon": 1e-5, "gamma": np.ones(3), "beta": np.zeros(3)}),
        ("layer_norm", {}, {"axes": whole(0, 1, 2), "epsilon": 1e-5}),
        ("softmax", {}, {"axis": -1}),
        ("reduce_sum", {}, {"axes": whole(0, 1, 2), "keep_dims": False}),
        ("pad", {"pad": whole(1, 1)}, {"mode": "constant", "constant_val": 0.0}),
        ("gelu", {}, {"mode": "EXACT"}),
        ("max_pool", {"kernel_sizes": whole(2), "pad_type": "valid"}, {"strides": whole(1), "ceil_mode": False}),
    ],
)
def test_a_file_may_leave_out_what_the_reference_has_a_default_for(
    operation: str, given: dict[str, Any], stated: dict[str, Any]
) -> None:
    x = np.abs(SOME) if operation in {"log", "rsqrt"} else SOME * np.float32(0.01)
    with np.errstate(divide="ignore"):
        found = OPERATIONS[operation](x=x, **given)
        np.testing.assert_allclose(found, OPERATIONS[operation](x=x, **given, **stated), rtol=1e-6)


# Compressed weights


def decompressed(tmp_path: Path, opset: str, build: Callable[[], Any]) -> np.ndarray:
    """What a compressed weight is in a saved program: added to zeros, since a constant is no output."""

    @mb.program(input_specs=[mb.TensorSpec((1,))], opset_version=getattr(coremltools.target, opset))  # type: ignore[untyped-decorator]  # coremltools has no types
    def program(zero: Any) -> Any:
        return mb.add(x=build(), y=zero)

    (found,) = run_saved(program, tmp_path / "One.mlpackage", {"zero": np.zeros(1, np.float32)}, opset)
    return found


@pytest.mark.parametrize(("scale", "zero_point"), [([0.5, 2.0, 0.25], [1, -2, 3]), (0.5, -7)])
def test_constexpr_affine_dequantize(tmp_path: Path, scale: Any, zero_point: Any) -> None:
    data = np.random.default_rng(0).integers(-128, 128, (2, 3, 4)).astype(np.int8)
    scale, zero_point = np.array(scale, np.float32), np.array(zero_point, np.int8)
    scale, zero_point = (one if one.ndim else one[()] for one in (scale, zero_point))
    found = decompressed(
        tmp_path,
        "iOS16",
        lambda: mb.constexpr_affine_dequantize(
            quantized_data=data, zero_point=zero_point, scale=scale, axis=np.int32(1)
        ),
    )
    shape = (-1, 1) if np.ndim(scale) else ()
    expected = np.reshape(scale, shape) * (data.astype(np.float32) - np.reshape(zero_point, shape))
    np.testing.assert_array_equal(found, expected)


def test_constexpr_cast(tmp_path: Path) -> None:
    stored = np.linspace(0, 1, 11).astype(np.float16)
    found = decompressed(tmp_path, "iOS16", lambda: mb.constexpr_cast(source_val=stored, output_dtype="fp32"))
    np.testing.assert_array_equal(found, stored.astype(np.float32))


@pytest.mark.parametrize("bits", [1, 2, 4, 6, 8])
def test_constexpr_lut_to_dense_of_ios_16(tmp_path: Path, bits: int) -> None:
    drawn = np.random.default_rng(bits)
    table, indices = drawn.normal(size=2**bits).astype(np.float32), drawn.integers(0, 2**bits, (3, 5))
    digits = "".join(f"{index:0{bits}b}"[::-1] for index in indices.flatten())
    digits += "0" * (-len(digits) % 8)
    packed = np.array([int(digits[start : start + 8][::-1], 2) for start in range(0, len(digits), 8)], np.uint8)
    found = decompressed(
        tmp_path,
        "iOS16",
        lambda: mb.constexpr_lut_to_dense(indices=packed, lut=table, shape=np.array([3, 5], np.uint32)),
    )
    np.testing.assert_array_equal(found, table[indices])


def test_constexpr_sparse_to_dense_of_ios_16(tmp_path: Path) -> None:
    dense = np.array([[0, 1.5, 0, 2.5, 3.5], [0, 0, 0, 0, -1], [7, 0, 0, 0, 0]], np.float32)
    found = decompressed(
        tmp_path,
        "iOS16",
        lambda: mb.constexpr_sparse_to_dense(
            nonzero_data=dense[dense != 0],
            mask=np.packbits(dense.flatten() != 0, bitorder="little"),
            shape=np.array([3, 5], np.uint32),
        ),
    )
    np.testing.assert_array_equal(found, dense)


def test_constexpr_sparse_to_dense_of_ios_18() -> None:
    dense = np.array([[0, 1.5, 0], [2.5, 0, 0]], np.float32)
    sparse = OPERATIONS["constexpr_sparse_to_dense"]
    np.testing.assert_array_equal(sparse(nonzero_data=dense[dense != 0], mask=np.uint8(dense != 0)), dense)


@pytest.mark.parametrize("offset", [None, np.array([[1, 2], [3, -4]], np.int8)])
def test_constexpr_blockwise_shift_scale(tmp_path: Path, offset: np.ndarray | None) -> None:
    data = np.random.default_rng(0).integers(-128, 128, (4, 6)).astype(np.int8)
    scale = np.array([[0.5, 2.0], [0.25, 3.0]], np.float32)
    given_offset = {} if offset is None else {"offset": offset}
    found = decompressed(
        tmp_path, "iOS18", lambda: mb.constexpr_blockwise_shift_scale(data=data, scale=scale, **given_offset)
    )
    for row in range(4):
        for column in range(6):
            block = row // 2, column // 3
            shift = 0 if offset is None else offset[block]
            assert found[row, column] == scale[block] * (np.float32(data[row, column]) - shift)


def test_constexpr_lut_to_dense_of_ios_18_is_the_references_examples() -> None:
    dense = OPERATIONS["constexpr_lut_to_dense"]
    indices = np.array([2, 3, 3, 0, 1, 0, 3, 0, 2, 1, 0, 3], np.uint8).reshape(6, 2)
    tables = np.array([1, 5, 9, 13, 2, 10, 18, 26], np.float32).reshape(2, 1, 4, 1)
    expected = [[9, 13], [13, 1], [5, 1], [26, 2], [18, 10], [2, 26]]
    np.testing.assert_array_equal(dense(indices=indices, lut=tables), expected)
    of_vectors = np.array([0, 0, 1, 0, 1, 1, 0, 0], np.uint8).reshape(2, 2, 2)
    vectors = np.array([1, 2, 3, 10, 20, 30], np.float32).reshape(1, 1, 1, 2, 3)
    first = [[1, 1], [2, 2], [3, 3], [10, 1], [20, 2], [30, 3]]
    second = [[10, 10], [20, 20], [30, 30], [1, 1], [2, 2], [3, 3]]
    np.testing.assert_array_equal(dense(indices=of_vectors, lut=vectors, vector_axis=np.int32(1)), [first, second])
    along_last = [[[1, 2, 3, 1, 2, 3], [10, 20, 30, 1, 2, 3]], [[10, 20, 30, 10, 20, 30], [1, 2, 3, 1, 2, 3]]]
    np.testing.assert_array_equal(dense(indices=of_vectors, lut=vectors, vector_axis=np.int32(-1)), along_last)


# At random


SIZES = st.lists(st.integers(1, 5), min_size=1, max_size=4).map(tuple)
SEEDS = st.integers(0, 2**16)


def numbers(size: tuple[int, ...], seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=size).astype(np.float32)


@FEW
@given(SIZES, st.data())
def test_slices(size: tuple[int, ...], data: st.DataObject) -> None:
    x = numbers(size, 0)
    begin, end, stride, begin_mask, end_mask, squeeze_mask, parts = [], [], [], [], [], [], []
    for length in size:
        begin.append(data.draw(st.integers(-length, length - 1)))
        end.append(data.draw(st.integers(-length, length)))
        stride.append(data.draw(st.sampled_from([-2, -1, 1, 2, 3])))
        begin_mask.append(data.draw(st.booleans()))
        end_mask.append(data.draw(st.booleans()))
        squeeze_mask.append(data.draw(st.booleans()))
        first, last = None if begin_mask[-1] else begin[-1], None if end_mask[-1] else end[-1]
        parts.append((first or 0) if squeeze_mask[-1] else slice(first, last, stride[-1]))
    found = OPERATIONS["slice_by_index"](
        x=x,
        begin=whole(*begin),
        end=whole(*end),
        stride=whole(*stride),
        begin_mask=np.array(begin_mask),
        end_mask=np.array(end_mask),
        squeeze_mask=np.array(squeeze_mask),
    )
    np.testing.assert_array_equal(found, x[tuple(parts)])


@FEW
@given(SIZES, st.data())
def test_reshapes(size: tuple[int, ...], data: st.DataObject) -> None:
    x = numbers(size, 0)
    wanted = data.draw(st.permutations(size))
    shape = [0 if length == size[axis] and data.draw(st.booleans()) else length for axis, length in enumerate(wanted)]
    shape[data.draw(st.integers(0, len(size) - 1))] = -1
    np.testing.assert_array_equal(OPERATIONS["reshape"](x=x, shape=whole(*shape)), x.reshape(wanted))


@FEW
@given(SIZES, st.integers(1, 4), st.booleans(), st.data())
def test_joins(size: tuple[int, ...], count: int, interleave: bool, data: st.DataObject) -> None:
    parts = [numbers(size, seed) for seed in range(count)]
    axis = data.draw(st.integers(-len(size), len(size) - 1))
    found = OPERATIONS["concat"](values=parts, axis=whole(axis)[0], interleave=np.bool_(interleave))
    for position, part in enumerate(parts):
        length = size[axis]
        places = (
            range(position, count * length, count) if interleave else range(position * length, (position + 1) * length)
        )
        np.testing.assert_array_equal(np.take(found, list(places), axis), part)


@FEW
@given(SIZES, st.booleans(), st.data())
def test_sums_and_norms_over_any_axes(size: tuple[int, ...], keep: bool, data: st.DataObject) -> None:
    x = numbers(size, data.draw(SEEDS))
    axes = data.draw(st.lists(st.integers(0, len(size) - 1), min_size=1, unique=True).map(sorted))
    signed = [axis - len(size) if data.draw(st.booleans()) else axis for axis in axes]
    found = OPERATIONS["reduce_sum"](x=x, axes=whole(*signed), keep_dims=np.bool_(keep))
    np.testing.assert_allclose(found, tensor(x).sum(axes, keep).numpy(), atol=1e-5)
    inner = [size[axis] for axis in axes]
    gamma, beta = numbers(tuple(inner), 1), numbers(tuple(inner), 2)
    last = [axis for axis in range(len(size)) if axis not in axes] + axes
    expected = functional.layer_norm(tensor(x).permute(last), inner, tensor(gamma), tensor(beta), 0.01)
    found = OPERATIONS["layer_norm"](x=x, axes=whole(*signed), gamma=gamma, beta=beta, epsilon=np.float32(0.01))
    np.testing.assert_allclose(found.transpose(last), expected.numpy(), atol=1e-5)


@FEW
@given(st.booleans(), st.booleans(), st.integers(1, 5), st.integers(1, 5), st.integers(1, 5), SEEDS)
def test_products(transpose_x: bool, transpose_y: bool, rows: int, inner: int, columns: int, seed: int) -> None:
    x = numbers((3, 1, inner, rows) if transpose_x else (3, 1, rows, inner), seed)
    y = numbers((2, columns, inner) if transpose_y else (2, inner, columns), seed + 1)
    found = OPERATIONS["matmul"](x=x, y=y, transpose_x=np.bool_(transpose_x), transpose_y=np.bool_(transpose_y))
    left, right = (tensor(x).mT if transpose_x else tensor(x)), (tensor(y).mT if transpose_y else tensor(y))
    np.testing.assert_allclose(found, (left @ right).numpy(), atol=1e-5)


@FEW
@given(
    st.integers(1, 3),
    st.integers(1, 2),
    st.integers(1, 4),
    st.integers(1, 3),
    st.integers(1, 3),
    st.sampled_from(["valid", "custom", "same", "same_lower"]),
    SEEDS,
)
def test_convolutions(
    axes: int, groups: int, kernel: int, stride: int, dilation: int, pad_type: str, seed: int
) -> None:
    space = tuple(np.random.default_rng(seed).integers(10, 13, axes).tolist())
    x, weight = numbers((2, 2 * groups, *space), seed), numbers((3 * groups, 2, *[kernel] * axes), seed)
    bias, pads = numbers((3 * groups,), seed), np.random.default_rng(seed).integers(0, 3, (axes, 2))
    if pad_type in {"same", "same_lower"}:
        total = [max(0, (math.ceil(size / stride) - 1) * stride + (kernel - 1) * dilation + 1 - size) for size in space]
        less, more = [one // 2 for one in total], [one - one // 2 for one in total]
        pads = np.transpose([less, more] if pad_type == "same" else [more, less])
    if pad_type == "valid":
        pads = np.zeros((axes, 2), int)
    padded = functional.pad(tensor(x), tuple(pads[::-1].flatten().tolist()))
    convolve = [functional.conv1d, functional.conv2d, functional.conv3d][axes - 1]
    expected = convolve(padded, tensor(weight), tensor(bias), stride=stride, dilation=dilation, groups=groups)
    found = OPERATIONS["conv"](
        x=x,
        weight=weight,
        bias=bias,
        strides=whole(*[stride] * axes),
        pad_type=pad_type,
        pad=whole(*pads.flatten()) if pad_type == "custom" else None,
        dilations=whole(*[dilation] * axes),
        groups=np.int32(groups),
    )
    np.testing.assert_allclose(found, expected.numpy(), atol=1e-4)


# Rounding


def half_precision_sum(mb_dtype: Any, path: Path) -> LoadedProgram:
    """2048 + 1 + 1 in half precision, in which 2049 is no number."""

    @mb.program(input_specs=[mb.TensorSpec((1,))], opset_version=coremltools.target.iOS15)  # type: ignore[untyped-decorator]  # coremltools has no types
    def program(a: Any) -> Any:
        x = mb.cast(x=a, dtype=mb_dtype)
        one = np.float16(1) if mb_dtype == "fp16" else np.float32(1)
        return mb.cast(x=mb.add(x=mb.add(x=x, y=one), y=one), dtype="fp32")

    run_saved(program, path, {"a": np.zeros(1, np.float32)})
    return LoadedProgram(read_program(path))


def test_a_float16_program_is_rounded_after_each_operation(tmp_path: Path) -> None:
    start = np.array([2048], np.float32)
    assert rounded_to_float16(start + 2) == 2050  # rounded once, at the end
    half = half_precision_sum("fp16", tmp_path / "Half.mlpackage")
    assert half.run({"a": start})[half.program.outputs[0]] == 2048
    full = half_precision_sum("fp32", tmp_path / "Full.mlpackage")
    assert full.run({"a": start})[full.program.outputs[0]] == 2050
    assert LoadedProgram(full.program, "float16").run({"a": start})[full.program.outputs[0]] == 2048


def test_what_overflows_is_seen(tmp_path: Path) -> None:
    half = half_precision_sum("fp16", tmp_path / "Half.mlpackage")
    assert np.isposinf(half.run({"a": np.array([70000], np.float32)})[half.program.outputs[0]])
