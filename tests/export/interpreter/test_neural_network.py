"""Whole saved files of the neural-network format: what they compute, and what is said of those that cannot be run."""

import math
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import coremltools
import numpy as np
import pytest
import torch
from coremltools.models.neural_network import quantization_utils
from create_ml_network import CLASSES, LAYER_COUNTS, write_like_create_ml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from saved_networks import network_builder, save_network, save_spec

from handloom.config import ExportCoreML, Model
from handloom.errors import DataError
from handloom.export.convert import ExportedNetwork, neural_network
from handloom.export.interpreter.budget import UnknownOperation
from handloom.export.interpreter.kernels import rounded_to_float16
from handloom.export.interpreter.neural_network import NetworkModel
from handloom.export.libraries import quiet
from handloom.models.checkpoint import TrainedModel
from handloom.models.model import ModelSpec
from handloom.models.network import HandNetwork


def random_poses(seed: int, frames: int) -> np.ndarray:
    return np.random.default_rng(seed).random((frames, 3, 21)).astype(np.float32)


@pytest.mark.parametrize("seed", range(3))
def test_a_network_with_the_layers_of_create_mls_own(tmp_path: Path, seed: int) -> None:
    poses, expected = random_poses(seed, 60), []
    builder = network_builder(lambda b: expected.append(write_like_create_ml(b, poses)), poses.shape, CLASSES)
    assert Counter(layer.WhichOneof("layer") for layer in builder.spec.neuralNetworkClassifier.layers) == LAYER_COUNTS
    assert sum(LAYER_COUNTS.values()) == 71

    runner = NetworkModel(save_spec(tmp_path / "like.mlmodel", builder.spec))

    found = runner.run(poses)
    assert runner.classes == [f"class {number}" for number in range(CLASSES)]
    np.testing.assert_allclose(found, expected[0].numpy().ravel(), atol=1e-5, rtol=0)
    assert found.max() < 0.99  # an answer that could differ


@pytest.mark.parametrize("window", [1, 31])
def test_an_exported_classifier_computes_what_was_trained(tmp_path: Path, window: int) -> None:
    torch.manual_seed(0)
    sizes = Model(width=8, frames_per_step=3, frame_features=16, temporal_layers=0 if window == 1 else 2)
    network = HandNetwork(3, window, sizes).eval()
    model = TrainedModel(network, ModelSpec("pose" if window == 1 else "action", ["b", "a", "c"], window, 30.0))
    path = save_spec(tmp_path / "hand.mlmodel", neural_network(model, ExportCoreML(precision="float32"), {}))

    runner, halved = NetworkModel(path), NetworkModel(path, "float16")

    assert runner.classes == ["b", "a", "c"]
    for poses in [*(random_poses(seed, window) for seed in range(5)), np.zeros((window, 3, 21), np.float32)]:
        with torch.no_grad():
            expected = ExportedNetwork(network)(torch.tensor(poses)).numpy()[0]
        np.testing.assert_allclose(runner.run(poses), expected, atol=1e-5, rtol=0)
        np.testing.assert_allclose(halved.run(poses), expected, atol=0.02, rtol=0)


# Weights


def with_weights(builder: Any) -> None:
    """A layer of each kind that coremltools packs."""
    draw = np.random.default_rng(0)

    def numbers(*shape: int) -> np.ndarray:
        return draw.normal(size=shape).astype(np.float32)

    builder.add_expand_dims("more", "poses", "more", [0])  # [1, 2, 3, 21]
    builder.add_convolution(
        "conv", 2, 6, 1, 3, 1, 1, "valid", 1, numbers(1, 3, 2, 6), numbers(6), True, input_name="more", output_name="a"
    )
    # Between the two, or coremltools 9.0 tries to make one layer of them when it packs, and stumbles.
    builder.add_activation("between", "LEAKYRELU", "a", "a2", [0.5])
    builder.add_batchnorm("norm", 6, *(np.abs(numbers(6)) + 0.5 for _ in range(4)), "a2", "b")
    builder.add_scale("scale", numbers(6), numbers(6), True, "b", "c", [6], [6])
    builder.add_load_constant_nd("constant", "constant", numbers(1, 6, 3, 19), (1, 6, 3, 19))
    builder.add_elementwise("sum", ["c", "constant"], "d", "ADD")
    weight = numbers(19, 5)
    builder.add_batched_mat_mul(
        "matmul", ["d"], "e", weight_matrix_rows=19, weight_matrix_columns=5, W=weight, bias=numbers(5)
    )
    builder.add_inner_product("inner", numbers(4, 90), numbers(4), 90, 4, True, "e", "f")  # [1, 4, 1, 1]
    builder.add_activation("shrink", "LINEAR", "f", "g", [0.02, 0.0])
    builder.add_softmax("out", "g", "out")


def weights_of(spec: Any) -> list[Any]:
    """All `WeightParams` in the file."""
    found = []
    for layer in spec.neuralNetworkClassifier.layers:
        for field, value in getattr(layer, layer.WhichOneof("layer")).ListFields():
            if field.message_type is not None and field.message_type.name == "WeightParams":
                found.append(value)
    return found


PACKED = [
    (8, "linear"),
    (4, "linear"),
    (8, "linear_symmetric"),
    (1, "linear"),
    (8, "custom_lut"),
    (6, "custom_lut"),
    (4, "custom_lut"),
    (1, "custom_lut"),
    (3, "linear_lut"),
    (16, "linear"),
]


def palette(bits: int, weights: np.ndarray) -> tuple[list[float], np.ndarray]:
    """A table of quantiles and each weight's nearest; the k-means of coremltools 9.0 fails with NumPy 2."""
    table = np.quantile(weights, np.linspace(0, 1, 2**bits))
    return table.tolist(), np.abs(weights.reshape(-1, 1) - table).argmin(1).astype(np.uint8)


@pytest.mark.parametrize(("bits", "mode"), PACKED)
def test_packed_weights_are_the_same_weights_unpacked(tmp_path: Path, bits: int, mode: str) -> None:
    spec = network_builder(with_weights, (2, 3, 21), 4).spec
    plain = NetworkModel(save_spec(tmp_path / "plain.mlmodel", spec))
    with quiet():
        packed_spec = quantization_utils.quantize_weights(
            coremltools.models.MLModel(spec, skip_model_load=True), bits, mode, lut_function=palette
        )
        packed_spec = getattr(packed_spec, "get_spec", lambda: packed_spec)()  # on a Mac it is a model
    stored = {16: "float16Value"}.get(bits, "rawValue")
    packed_spec = type(spec).FromString(packed_spec.SerializeToString())
    assert any(getattr(weights, stored) for weights in weights_of(packed_spec))
    packed = NetworkModel(save_spec(tmp_path / "packed.mlmodel", packed_spec))

    if bits == 16:
        for weights in weights_of(spec):
            weights.floatValue[:] = rounded_to_float16(np.array(weights.floatValue, np.float32))
        unpacked_spec = spec
    else:
        unpacked_spec = packed_spec
        quantization_utils._dequantize_nn_spec(unpacked_spec.neuralNetworkClassifier)
    assert all(weights.floatValue for weights in weights_of(unpacked_spec))
    unpacked = NetworkModel(save_spec(tmp_path / "unpacked.mlmodel", unpacked_spec))

    poses = random_poses(0, 2)
    assert np.array_equal(packed.run(poses), unpacked.run(poses))
    assert not np.array_equal(packed.run(poses), plain.run(poses))


def test_any_changed_weight_changes_the_answer(tmp_path: Path) -> None:
    spec, poses = network_builder(with_weights, (2, 3, 21), 4).spec, random_poses(0, 2)
    before = NetworkModel(save_spec(tmp_path / "network.mlmodel", spec)).run(poses)
    weights = weights_of(spec)
    assert len(weights) == 2 + 4 + 2 + 1 + 2 + 2
    for one in weights:
        kept, one.floatValue[0] = one.floatValue[0], one.floatValue[0] + 1
        changed = NetworkModel(save_spec(tmp_path / "network.mlmodel", spec)).run(poses)
        one.floatValue[0] = kept
        assert np.abs(changed - before).max() > 1e-5


# Rounding to float16


def test_float16_rounds_the_window_the_weights_and_every_result(tmp_path: Path) -> None:
    path = save_network(tmp_path / "network.mlmodel", with_weights, (2, 3, 21), 4)
    poses = random_poses(0, 2)
    stored, halved = NetworkModel(path).blobs(poses), NetworkModel(path, "float16").blobs(poses)
    assert list(stored) == list(halved) and len(stored) == 12
    for name in stored:
        assert np.array_equal(halved[name], rounded_to_float16(halved[name]))
        assert not np.array_equal(stored[name], halved[name])
        np.testing.assert_allclose(stored[name], halved[name], rtol=0.01, atol=0.2)


def test_what_float16_cannot_hold_is_lost_on_the_way(tmp_path: Path) -> None:
    def build(builder: Any) -> None:
        builder.add_activation("up", "LINEAR", "poses", "up", [1.0, 4096.0])
        builder.add_activation("down", "LINEAR", "up", "out", [1.0, -4096.0])

    path = save_network(tmp_path / "network.mlmodel", build, (1, 3, 21), 63)
    ones = np.ones((1, 3, 21), np.float32)
    assert NetworkModel(path).run(ones).tolist() == [1.0] * 63
    assert NetworkModel(path, "float16").run(ones).tolist() == [0.0] * 63


def test_weights_are_rounded_to_float16_before_they_are_used(tmp_path: Path) -> None:
    """All but a batch norm's, which are made one factor and one summand first."""
    spec, poses = network_builder(with_weights, (2, 3, 21), 4).spec, random_poses(0, 2)
    found = NetworkModel(save_spec(tmp_path / "network.mlmodel", spec), "float16").blobs(poses)
    norms = [layer.batchnorm for layer in spec.neuralNetworkClassifier.layers if layer.HasField("batchnorm")]
    kept = [norm.SerializeToString() for norm in norms]
    for weights in weights_of(spec):
        weights.floatValue[:] = rounded_to_float16(np.array(weights.floatValue, np.float32))
    for norm, content in zip(norms, kept, strict=True):
        norm.ParseFromString(content)
    rounded = NetworkModel(save_spec(tmp_path / "rounded.mlmodel", spec), "float16").blobs(poses)
    assert all(np.array_equal(found[name], rounded[name]) for name in found)


def test_a_batch_norms_factor_is_rounded_to_float16(tmp_path: Path) -> None:
    """A little more than one, times 1024, less 1024: a quarter, or nothing once the factor is one."""
    gamma = np.array([(1 + 2**-12) * math.sqrt(1 + 1e-5)])

    def build(builder: Any) -> None:
        builder.add_batchnorm("norm", 1, gamma, np.array([-1024.0]), np.zeros(1), np.ones(1), "poses", "out")

    path = save_network(tmp_path / "network.mlmodel", build, (1, 1, 1), 1)
    window = np.full((1, 1, 1), 1024, np.float32)
    assert NetworkModel(path).run(window).tolist() == pytest.approx([0.25], abs=1e-3)
    assert NetworkModel(path, "float16").run(window).tolist() == [0.0]


def test_sums_stay_in_float32(tmp_path: Path) -> None:
    """In float16, 2048 + 1 is 2048: a sum of ones would never get past it."""

    def build(builder: Any) -> None:
        builder.add_inner_product("sum", np.ones((1, 3000), np.float32), None, 3000, 1, False, "poses", "out")

    path = save_network(tmp_path / "network.mlmodel", build, (3000,), 1)
    assert NetworkModel(path, "float16").run(np.ones(3000, np.float32)).tolist() == [3000]


# Shapes of windows and older rules


def test_by_the_rules_of_specification_3_a_window_has_five_axes(tmp_path: Path) -> None:
    def build(builder: Any) -> None:
        builder.add_permute("permute", (0, 3, 2, 1), "poses", "out")

    path = save_network(tmp_path / "network.mlmodel", build, (2, 3, 21), 126, exact_rank=False)
    poses = random_poses(0, 2)
    assert np.array_equal(NetworkModel(path).blobs(poses)["out"], poses.transpose(2, 1, 0)[None, None])


def test_a_window_of_another_length_is_refused(tmp_path: Path) -> None:
    path = save_network(tmp_path / "network.mlmodel", with_weights, (2, 3, 21), 4)
    with pytest.raises(DataError, match=r"takes windows of \[2, 3, 21\], not of \[3, 3, 21\]"):
        NetworkModel(path).run(random_poses(0, 3))


def test_probabilities_go_by_the_layer_that_the_file_names(tmp_path: Path) -> None:
    def build(builder: Any) -> None:
        builder.add_activation("first", "LINEAR", "poses", "out", [2.0, 0.0])
        builder.add_activation("last", "LINEAR", "out", "other", [3.0, 0.0])

    spec = network_builder(build, (1, 3, 21), 63).spec
    poses = random_poses(0, 1)
    for name, factor in [("out", 2), ("other", 6)]:
        spec.neuralNetworkClassifier.labelProbabilityLayerName = name
        found = NetworkModel(save_spec(tmp_path / "network.mlmodel", spec)).run(poses)
        np.testing.assert_allclose(found, poses.ravel() * factor, rtol=1e-6)
    spec.neuralNetworkClassifier.labelProbabilityLayerName = ""
    spec.description.predictedProbabilitiesName = "other"
    found = NetworkModel(save_spec(tmp_path / "network.mlmodel", spec)).run(poses)
    np.testing.assert_allclose(found, poses.ravel() * 6, rtol=1e-6)


# What cannot be run


def convolution(builder: Any, **options: bool) -> Any:
    weight = np.ones((3, 3, 2, 2), np.float32)
    return builder.add_convolution(
        "the layer", 2, 2, 3, 3, 1, 1, "valid", 1, weight, None, False, input_name="poses", output_name="out", **options
    )


def dynamic(layer: Any) -> None:
    layer.int8DynamicQuantize = True


UNKNOWN: dict[str, tuple[tuple[int, ...], Callable[[Any], Any], str]] = {
    "a type": ((1, 3, 21), lambda b: b.add_l2_normalize("the layer", "poses", "out"), "l2normalize"),
    "a deconvolution": ((1, 2, 5, 5), lambda b: convolution(b, is_deconv=True), "convolution as a deconvolution"),
    "a pooling": (
        (1, 2, 5, 5),
        lambda b: b.add_pooling("the layer", 3, 3, 1, 1, "L2", "VALID", "poses", "out"),
        "pooling of kind L2",
    ),
    "a reduction": (
        (1, 2, 5),
        lambda b: b.add_reduce("the layer", "poses", "out", "W", "logsum"),
        "reduce of kind LOGSUM",
    ),
    "dynamic weights": (
        (4,),
        lambda b: dynamic(
            b.add_inner_product(
                "the layer", np.ones((2, 4), np.float32), None, 4, 2, False, "poses", "out"
            ).innerProduct
        ),
        "innerProduct with 8-bit dynamic weights",
    ),
    "too few weights": (
        (4,),
        lambda b: b.add_inner_product("the layer", np.ones((2, 3), np.float32), None, 4, 2, False, "poses", "out"),
        "innerProduct with 6 stored weights in place of 8",
    ),
    "a rank": ((5,), lambda b: b.add_softmax("the layer", "poses", "out"), "softmax on a blob of rank 1"),
    "interleaving": (
        (1, 3, 21),
        lambda b: b.add_concat_nd("the layer", ["poses", "poses"], "out", 0, interleave=True),
        "concatND interleaved",
    ),
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_what_is_unknown_is_named_and_never_skipped(tmp_path: Path, name: str) -> None:
    shape, build, operation = UNKNOWN[name]
    path = save_network(tmp_path / "hand.mlmodel", build, shape, 2)
    with pytest.raises(UnknownOperation) as error:
        NetworkModel(path).run(np.ones(shape, np.float32))
    message = str(error.value)
    assert f"{operation} (layer 'the layer')" in message and str(path) in message and "\n" not in message


def test_a_layer_type_newer_than_the_reader_is_unknown(tmp_path: Path) -> None:
    spec = network_builder(lambda b: b.add_copy("copy", "poses", "out"), (1, 3, 21), 63).spec
    spec.neuralNetworkClassifier.layers[0].ClearField("copy")
    with pytest.raises(UnknownOperation, match="of unknown type"):
        NetworkModel(save_spec(tmp_path / "hand.mlmodel", spec))


def test_blobs_that_do_not_fit_are_the_files_fault(tmp_path: Path) -> None:
    path = save_network(
        tmp_path / "a.mlmodel", lambda b: b.add_reshape_static("bad", "poses", "out", (5, 5)), (1, 3, 21), 63
    )
    with pytest.raises(DataError, match=r"reshapeStatic layer 'bad'.*export the model again$"):
        NetworkModel(path).run(random_poses(0, 1))
    path = save_network(tmp_path / "b.mlmodel", lambda b: b.add_copy("bad", "nothing", "out"), (1, 3, 21), 63)
    with pytest.raises(DataError, match="'bad' that reads 'nothing'"):
        NetworkModel(path)
    path = save_network(tmp_path / "c.mlmodel", lambda b: b.add_copy("good", "poses", "out"), (1, 3, 21), 62)
    with pytest.raises(DataError, match="has 62 classes and 63 probabilities"):
        NetworkModel(path).run(random_poses(0, 1))


@pytest.mark.parametrize("content", [b"", b"\x89PNG\r\n\x1a\n" + bytes(100), b"poses and actions\n" * 9, b"\x08\x05"])
def test_a_foreign_file_is_one_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "foreign\n.mlmodel"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"^[^\n]*foreign\\n\.mlmodel[^\n]*export the model again$"):
        NetworkModel(path)


def test_no_file_and_a_folder_are_one_line(tmp_path: Path) -> None:
    for path in (tmp_path / "none.mlmodel", tmp_path):
        with pytest.raises(DataError, match=r"^[^\n]*(no such file|not a saved model)[^\n]*$"):
            NetworkModel(path)


def test_a_regressor_is_no_classifier(tmp_path: Path) -> None:
    spec = network_builder(lambda b: b.add_copy("copy", "poses", "out"), (1, 3, 21), 63).spec
    spec.neuralNetworkRegressor.MergeFromString(b"")
    with pytest.raises(DataError, match="holds neuralNetworkRegressor, not a neural-network classifier"):
        NetworkModel(save_spec(tmp_path / "regressor.mlmodel", spec))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_network(tmp_path_factory.mktemp("whole") / "whole.mlmodel", with_weights, (2, 3, 21), 4)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(share=st.floats(0, 1, exclude_max=True))
def test_a_part_of_a_file_is_one_line(whole: Path, share: float) -> None:
    content = whole.read_bytes()
    path = whole.with_name("part.mlmodel")
    path.write_bytes(content[: math.floor(share * len(content))])
    with pytest.raises(DataError) as error:
        NetworkModel(path)
    assert "\n" not in str(error.value) and "part.mlmodel" in str(error.value)
