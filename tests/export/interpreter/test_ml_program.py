"""A saved ML program computes what PyTorch computes, and a file that cannot be run says so in one line."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import coremltools
import numpy as np
import pytest
import torch
from coremltools.converters.mil import Builder as mb  # noqa: N813
from numpy.typing import NDArray
from saved_programs import convert_program

from handloom.config import KINDS, Kind, Model
from handloom.errors import DataError
from handloom.export.convert import ExportedNetwork
from handloom.export.interpreter.budget import UnknownOperation
from handloom.export.interpreter.ml_program import LoadedProgram, ProgramModel
from handloom.export.interpreter.program import read_program
from handloom.export.libraries import quiet
from handloom.export.package import MANIFEST, SPECIFICATION
from handloom.models.network import HandNetwork

WINDOWS: dict[Kind, int] = {"pose": 1, "action": 31}
CLASSES = ["b", "a", "c"]
WEIGHTS = SPECIFICATION.parent / "weights/weight.bin"
WITHIN = {"float32": 1e-5, "float16": 2e-2}


def trained(kind: Kind) -> HandNetwork:
    torch.manual_seed(0)
    sizes = Model(width=8, frames_per_step=3, frame_features=16, temporal_layers=0 if kind == "pose" else 2)
    return HandNetwork(3, WINDOWS[kind], sizes).eval()


def converted(kind: Kind, precision: str) -> Any:
    shape = (WINDOWS[kind], 3, 21)
    with quiet():
        return coremltools.convert(
            torch.jit.trace(ExportedNetwork(trained(kind)).eval(), torch.zeros(shape)),
            inputs=[coremltools.TensorType(name="poses", shape=shape)],
            classifier_config=coremltools.ClassifierConfig(CLASSES, predicted_feature_name="label"),
            convert_to="mlprogram",
            minimum_deployment_target=coremltools.target.iOS15,
            compute_precision=getattr(coremltools.precision, precision.upper()),
            skip_model_load=True,
        )


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], Path]:
    folder = tmp_path_factory.mktemp("programs")
    paths: dict[tuple[str, str], Path] = {}
    for kind in KINDS:
        for precision in WITHIN:
            paths[kind, precision] = folder / f"{kind}_{precision}.mlpackage"
            converted(kind, precision).save(str(paths[kind, precision]))
    return paths


def windows(kind: Kind) -> list[NDArray[np.float32]]:
    """Hands with all joints, with some missing, for some of the time, and none at all."""
    drawn = np.random.default_rng(0)
    poses = drawn.random((6, WINDOWS[kind], 3, 21)).astype(np.float32)
    poses[1] *= drawn.random((WINDOWS[kind], 1, 21)) < 0.7
    poses[2] *= drawn.random((WINDOWS[kind], 1, 1)) < 0.5
    poses[3] = 0
    poses[4, :, :2] *= 0.01
    return list(poses)


def by_pytorch(kind: Kind, poses: NDArray[np.float32]) -> NDArray[np.float32]:
    with torch.no_grad():
        return torch.softmax(trained(kind)(torch.from_numpy(poses)[None]), dim=1)[0].numpy()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("precision", WITHIN)
def test_a_saved_program_computes_what_was_trained(
    saved: dict[tuple[str, str], Path], kind: Kind, precision: str
) -> None:
    runner = ProgramModel(saved[kind, precision])
    assert runner.classes == CLASSES
    for poses in windows(kind):
        found = runner.run(poses)
        assert found.shape == (3,) and found.dtype == np.float32
        np.testing.assert_allclose(found, by_pytorch(kind, poses), atol=WITHIN[precision])


@pytest.mark.parametrize("kind", KINDS)
def test_a_float32_program_at_half_precision_is_the_float16_program(
    saved: dict[tuple[str, str], Path], kind: Kind
) -> None:
    stored, half = ProgramModel(saved[kind, "float16"]), ProgramModel(saved[kind, "float32"], "float16")
    full = ProgramModel(saved[kind, "float32"])
    for poses in windows(kind):
        np.testing.assert_array_equal(half.run(poses), stored.run(poses))
    poses = windows(kind)[0]
    assert (half.run(poses) != full.run(poses)).any()


def test_what_is_too_large_for_half_precision_is_not_hidden(saved: dict[tuple[str, str], Path]) -> None:
    poses = windows("pose")[0] * np.float32(1e6)
    assert not np.isfinite(ProgramModel(saved["pose", "float16"]).run(poses)).any()
    assert np.isfinite(ProgramModel(saved["pose", "float32"]).run(poses)).all()


# Compressed


def _linear(mode: str, **more: Any) -> Callable[[Any], Any]:
    optimize = coremltools.optimize.coreml
    settings = optimize.OpLinearQuantizerConfig(mode=mode, weight_threshold=64, **more)
    return lambda model: optimize.linear_quantize_weights(model, optimize.OptimizationConfig(settings))


def _palette(bits: int, **more: Any) -> Callable[[Any], Any]:
    optimize = coremltools.optimize.coreml
    settings = optimize.OpPalettizerConfig(mode="uniform", nbits=bits, weight_threshold=64, **more)
    return lambda model: optimize.palettize_weights(model, optimize.OptimizationConfig(settings))


def _pruned(model: Any) -> Any:
    optimize = coremltools.optimize.coreml
    settings = optimize.OpMagnitudePrunerConfig(target_sparsity=0.5, weight_threshold=64)
    return optimize.prune_weights(model, optimize.OptimizationConfig(settings))


COMPRESSIONS: dict[str, tuple[Callable[[Any], Any], str, float]] = {
    "linear": (_linear("linear_symmetric"), "constexpr_affine_dequantize", 0.02),
    "asymmetric": (_linear("linear", dtype="uint8"), "constexpr_affine_dequantize", 0.02),
    "4 bits": (_palette(4), "constexpr_lut_to_dense", 0.2),
    "6 bits": (_palette(6), "constexpr_lut_to_dense", 0.1),
    "pruned": (_pruned, "constexpr_sparse_to_dense", 0.5),
}


@pytest.mark.parametrize("name", COMPRESSIONS)
@pytest.mark.parametrize("precision", WITHIN)
def test_compressed_weights_are_those_that_coremltools_makes_of_them(
    saved: dict[tuple[str, str], Path], tmp_path: Path, name: str, precision: str
) -> None:
    compress, operation, within = COMPRESSIONS[name]
    with quiet():
        small = compress(coremltools.models.MLModel(str(saved["pose", precision]), skip_model_load=True))
        small.save(str(tmp_path / "Small.mlpackage"))
        coremltools.optimize.coreml.decompress_weights(small).save(str(tmp_path / "Whole.mlpackage"))
    assert operation in {step.operation for step in read_program(tmp_path / "Small.mlpackage").steps}
    runner, whole = (ProgramModel(tmp_path / f"{one}.mlpackage") for one in ("Small", "Whole"))
    for poses in windows("pose"):
        np.testing.assert_allclose(runner.run(poses), whole.run(poses), atol=1e-6)
        np.testing.assert_allclose(runner.run(poses), by_pytorch("pose", poses), atol=within)


@pytest.mark.parametrize(
    ("compress", "operation"),
    [
        (
            _linear("linear_symmetric", dtype="int4", granularity="per_block", block_size=8),
            "constexpr_blockwise_shift_scale",
        ),
        (_palette(3, granularity="per_grouped_channel", group_size=8), "constexpr_lut_to_dense"),
    ],
)
def test_ios_18s_compression_by_blocks(tmp_path: Path, compress: Callable[[Any], Any], operation: str) -> None:
    weight = np.random.default_rng(0).normal(size=(32, 16)).astype(np.float32)

    @mb.program(input_specs=[mb.TensorSpec((16,))], opset_version=coremltools.target.iOS18)  # type: ignore[untyped-decorator]  # coremltools has no types
    def program(a: Any) -> Any:
        return mb.linear(x=mb.expand_dims(x=a, axes=[0]), weight=weight)

    small = compress(convert_program(program, "iOS18"))
    small.save(str(tmp_path / "Small.mlpackage"))
    read = read_program(tmp_path / "Small.mlpackage")
    assert operation in {step.operation for step in read.steps}
    whole = coremltools.optimize.coreml.decompress_weights(small)
    whole.save(str(tmp_path / "Whole.mlpackage"))
    read_whole = read_program(tmp_path / "Whole.mlpackage")
    a = np.random.default_rng(1).normal(size=16).astype(np.float32)
    found, expected = (LoadedProgram(one).run({"a": a})[one.outputs[0]] for one in (read, read_whole))
    np.testing.assert_allclose(found, expected, atol=1e-5)
    np.testing.assert_allclose(found, [weight @ a], atol=4)


# What cannot be run


def one_line(error: pytest.ExceptionInfo[DataError], path: Path) -> str:
    text = str(error.value)
    assert str(path) in text and "\n" not in text
    return text


def with_running_sum() -> Any:
    @mb.program(input_specs=[mb.TensorSpec((3,))], opset_version=coremltools.target.iOS15)  # type: ignore[untyped-decorator]  # coremltools has no types
    def program(a: Any) -> Any:
        return mb.cumsum(x=a)

    return program


def with_choice() -> Any:
    @mb.program(input_specs=[mb.TensorSpec((1,))], opset_version=coremltools.target.iOS15)  # type: ignore[untyped-decorator]  # coremltools has no types
    def program(a: Any) -> Any:
        positive = mb.squeeze(x=mb.greater(x=a, y=0.0))
        return mb.cond(pred=positive, _true_fn=lambda: mb.add(x=a, y=1.0), _false_fn=lambda: mb.sub(x=a, y=1.0))

    return program


@pytest.mark.parametrize(("make", "operation"), [(with_running_sum, "cumsum"), (with_choice, "cond")])
def test_an_unknown_operation_is_named_and_not_skipped(tmp_path: Path, make: Callable[[], Any], operation: str) -> None:
    path = tmp_path / "Other.mlpackage"
    convert_program(make()).save(str(path))
    with pytest.raises(UnknownOperation) as error:
        ProgramModel(path)
    assert f"'{operation}'" in one_line(error, path) and "never skipped" in str(error.value)


def test_a_changed_weight_changes_the_answer(saved: dict[tuple[str, str], Path], tmp_path: Path) -> None:
    path = tmp_path / "Damaged.mlpackage"
    shutil.copytree(saved["pose", "float32"], path)
    content = bytearray((path / WEIGHTS).read_bytes())
    content[-5] ^= 0x7F  # the exponent of the last weight
    (path / WEIGHTS).write_bytes(content)
    poses = windows("pose")[0]
    found = ProgramModel(path).run(poses)
    assert not np.allclose(found, by_pytorch("pose", poses), atol=1e-3, equal_nan=False)


def _cut(file: Path, kept: int) -> Callable[[Path], None]:
    def cut(path: Path) -> None:
        (path / file).write_bytes((path / file).read_bytes()[:kept])

    return cut


DAMAGES: dict[str, Callable[[Path], None]] = {
    "no folder": shutil.rmtree,
    "no manifest": lambda path: (path / MANIFEST).unlink(),
    "no specification": lambda path: (path / SPECIFICATION).unlink(),
    "half a specification": _cut(SPECIFICATION, 5000),
    "an empty specification": _cut(SPECIFICATION, 0),
    "no weights": lambda path: (path / WEIGHTS).unlink(),
    "half the weights": _cut(WEIGHTS, 9000),
    "weights without their last byte": _cut(WEIGHTS, -1),
    "empty weights": _cut(WEIGHTS, 0),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_an_error_of_one_line(
    saved: dict[tuple[str, str], Path], tmp_path: Path, damage: str
) -> None:
    path = tmp_path / "Damaged.mlpackage"
    shutil.copytree(saved["pose", "float32"], path)
    DAMAGES[damage](path)
    with pytest.raises(DataError) as error:
        ProgramModel(path)
    one_line(error, path)


def _changed(saved: Path, path: Path, change: Callable[[Any], Any]) -> Path:
    """A copy with another specification with the same weights."""
    from coremltools.proto import Model_pb2

    shutil.copytree(saved, path)
    spec = Model_pb2.Model.FromString((path / SPECIFICATION).read_bytes())
    change(spec)
    (path / SPECIFICATION).write_bytes(spec.SerializeToString())
    return path


def _block(spec: Any) -> Any:
    (function,) = spec.mlProgram.functions.values()
    return function.block_specializations[function.opset]


def _second_function(spec: Any) -> None:
    spec.mlProgram.functions["other"].CopyFrom(spec.mlProgram.functions["main"])


def _another_shape(spec: Any) -> None:
    (softmax,) = [one for one in _block(spec).operations if one.type == "softmax"]
    softmax.outputs[0].type.tensorType.dimensions[1].constant.size = 4


def _without_an_operation(spec: Any) -> None:
    operations = _block(spec).operations
    del operations[next(number for number, one in enumerate(operations) if one.type == "relu")]


def _without_classes(spec: Any) -> None:
    operations = _block(spec).operations
    del operations[next(number for number, one in enumerate(operations) if one.type == "classify")]


def _fewer_classes(spec: Any) -> None:
    (classify,) = [one for one in _block(spec).operations if one.type == "classify"]
    del classify.inputs["classes"].arguments[0].value.immediateValue.list.values[2:]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (_second_function, "2 functions (main, other)"),
        (_another_shape, "softmax"),
        (_without_an_operation, "no operation before makes it"),
        (_without_classes, "that no operation makes"),
        (_fewer_classes, "2 classes and 3 probabilities"),
    ],
)
def test_a_program_whose_parts_do_not_fit_is_an_error_of_one_line(
    saved: dict[tuple[str, str], Path], tmp_path: Path, change: Callable[[Any], None], says: str
) -> None:
    path = _changed(saved["pose", "float32"], tmp_path / "Changed.mlpackage", change)
    with pytest.raises(DataError) as error:
        ProgramModel(path).run(windows("pose")[0])
    assert says in one_line(error, path)


def test_a_window_of_another_length_is_an_error_of_one_line(saved: dict[tuple[str, str], Path]) -> None:
    path = saved["action", "float32"]
    with pytest.raises(DataError) as error:
        ProgramModel(path).run(windows("pose")[0])
    assert "[31, 3, 21]" in one_line(error, path) and "[1, 3, 21]" in str(error.value)


def test_a_neural_network_is_no_program(tmp_path: Path) -> None:
    path = tmp_path / "Old.mlmodel"
    with quiet():
        coremltools.convert(
            torch.jit.trace(ExportedNetwork(trained("pose")).eval(), torch.zeros(1, 3, 21)),
            inputs=[coremltools.TensorType(name="poses", shape=(1, 3, 21))],
            convert_to="neuralnetwork",
        ).save(str(path))
    with pytest.raises(DataError) as error:
        ProgramModel(path)
    assert "neuralNetwork" in one_line(error, path)
