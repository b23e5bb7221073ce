"""Files that come from anywhere: a line or a row refuses each; none hangs, fills the memory or says "passed"."""

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_models import CALIBRATION, random_hands, save, trained, with_spec

from handloom.config import Kind
from handloom.errors import DataError, HandloomError
from handloom.export.onnx_file import save_onnx
from handloom.export.package import MANIFEST, SPECIFICATION, specification_file
from handloom.export.specification import operations
from handloom.export.verification import verify
from handloom.models.checkpoint import TrainedModel
from handloom.prediction.predictor import Predictor

THRESHOLDS = "Recommended Thresholds"


def model(kind: Kind = "pose") -> TrainedModel:
    classes = tuple(replace(one, label=label) for one, label in zip(CALIBRATION.classes, "bac", strict=True))
    return with_spec(replace(trained(kind), calibration=replace(CALIBRATION, classes=classes)), background_label="c")


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("saved")
    return {suffix: save(model(), folder / f"Hand{suffix}") for suffix in (".mlpackage", ".mlmodel")}


@pytest.fixture
def package(saved: dict[str, Path], tmp_path: Path) -> Path:
    return Path(shutil.copytree(saved[".mlpackage"], tmp_path / "Hand.mlpackage"))


@pytest.fixture
def network(saved: dict[str, Path], tmp_path: Path) -> Path:
    return Path(shutil.copy(saved[".mlmodel"], tmp_path / "Hand.mlmodel"))


def edit(path: Path, change: Callable[[Any], None]) -> None:
    from coremltools.proto import Model_pb2

    file = path / SPECIFICATION if path.is_dir() else path
    spec = Model_pb2.Model.FromString(file.read_bytes())
    change(spec)
    file.write_bytes(spec.SerializeToString(deterministic=True))


def with_metadata(path: Path, **entries: str) -> None:
    edit(path, lambda spec: spec.description.metadata.userDefined.update(entries))


def body(spec: Any) -> Any:
    (function,) = spec.mlProgram.functions.values()
    return function.block_specializations[function.opset]


def last_of(spec: Any, kind: str) -> Any:
    return [one for one in operations(spec) if one.type == kind][-1]


def repeated(spec: Any, kind: str, new_type: str, output: str) -> Any:
    """A copy of the last operation of a type, put at the end under another type and name."""
    added = body(spec).operations.add()
    added.CopyFrom(last_of(spec, kind))
    added.type = new_type
    added.outputs[0].name = output
    return added


def an_unknown_operation(spec: Any) -> None:
    last_of(spec, "softmax").type = "softmaximum"


def its_own_input(spec: Any) -> None:
    added = repeated(spec, "softmax", "relu", "loop")
    del added.inputs["axis"]
    added.inputs["x"].arguments[0].name = "loop"


def a_cast_of_itself(spec: Any) -> None:
    its_own_input(spec)
    body(spec).operations[-1].type = "cast"
    last_of(spec, "classify").inputs["probabilities"].arguments[0].name = "loop"


def an_output_without_value(spec: Any) -> None:
    body(spec).outputs.append("nope")


def a_described_output_without_value(spec: Any) -> None:
    spec.description.output.add().CopyFrom(spec.description.output[0])
    spec.description.output[-1].name = "nope"


def no_classes(spec: Any) -> None:
    del last_of(spec, "classify").inputs["classes"].arguments[:]


def no_probabilities(spec: Any) -> None:
    del last_of(spec, "classify").inputs["probabilities"]


def one_value_twice(spec: Any) -> None:
    body(spec).operations.add().CopyFrom(last_of(spec, "softmax"))


def tiled_to_terabytes(spec: Any) -> None:
    added = repeated(spec, "softmax", "tile", "huge")
    value = added.inputs["axis"].arguments[0].value
    constants = {one.outputs[0].name: one for one in operations(spec) if one.type == "const"}
    if added.inputs["axis"].arguments[0].name:
        value.CopyFrom(constants[added.inputs["axis"].arguments[0].name].attributes["val"])
    value.type.tensorType.rank = 1
    value.type.tensorType.dimensions.add().constant.size = 2
    value.immediateValue.tensor.ints.values[:] = [1_000_000, 1_000_000]
    added.inputs["reps"].CopyFrom(added.inputs["axis"])
    added.inputs["reps"].arguments[0].value.CopyFrom(value)
    del added.inputs["axis"]


def weights_of_another_folder(spec: Any) -> None:
    for one in operations(spec):
        for value in one.attributes.values():
            if value.WhichOneof("value") == "blobFileValue":
                value.blobFileValue.fileName = "@model_path/../weights/weight.bin"


def a_window_of_years(spec: Any) -> None:
    spec.description.input[0].type.multiArrayType.shape[0] = 2**40
    (function,) = spec.mlProgram.functions.values()
    function.inputs[0].type.tensorType.dimensions[0].constant.size = 2**40


@pytest.mark.parametrize(("change", "says"), [
    (an_unknown_operation, "'softmaximum'"),
    (its_own_input, "takes 'loop'"),
    (a_cast_of_itself, "takes 'loop'"),
    (an_output_without_value, "an output 'nope'"),
    (a_described_output_without_value, "an output 'nope'"),
    (no_classes, "nothing for 'classes'"),
    (no_probabilities, "probabilities"),
    (one_value_twice, "twice"),
    (tiled_to_terabytes, "elements, at most"),
    (weights_of_another_folder, "@model_path/../weights/weight.bin"),
    (a_window_of_years, "1099511627776"),
])  # fmt: skip
def test_a_program_that_cannot_run_fails_in_a_row_that_says_why(
    package: Path, change: Callable[[Any], None], says: str
) -> None:
    edit(package, change)
    (row,) = [row for row in verify(package, None, {}).interface if row.item == "answers of a drawn hand"]
    assert not row.passed
    assert says in row.found
    with pytest.raises(HandloomError) as raised:
        Predictor.open(package).probabilities(random_hands(1, 1))
    assert "\n" not in str(raised.value)


def a_layer_of_tomorrow(spec: Any) -> None:
    layer = spec.neuralNetworkClassifier.layers[3]
    layer.ClearField(layer.WhichOneof("layer"))


def a_result_of_no_layer(spec: Any) -> None:
    spec.description.output.add().CopyFrom(spec.description.output[0])
    spec.description.output[-1].name = "nope"


def padded_to_terabytes(spec: Any) -> None:
    layer = spec.neuralNetworkClassifier.layers.add(name="huge", input=["poses"], output=["huge"])
    layer.constantPad.padAmounts[:] = [1_000_000, 1_000_000] * 3


def multiplied_to_terabytes(spec: Any) -> None:
    for name, shape in (("tall", [63, 1]), ("wide", [1, 63])):
        layer = spec.neuralNetworkClassifier.layers.add(name=name, input=["poses"], output=[name])
        layer.reshapeStatic.targetShape[:] = shape
    for step in range(5):
        tall, wide = f"tall{step}" if step else "tall", f"wide{step}" if step else "wide"
        square = spec.neuralNetworkClassifier.layers.add(name="square", input=[tall, wide], output=[f"square{step}"])
        square.multiplyBroadcastable.SetInParent()
        for name, shape in ((f"tall{step + 1}", [-1, 1]), (f"wide{step + 1}", [1, -1])):
            layer = spec.neuralNetworkClassifier.layers.add(name=name, input=[f"square{step}"], output=[name])
            layer.reshapeStatic.targetShape[:] = shape


@pytest.mark.parametrize(("change", "says"), [
    (a_layer_of_tomorrow, "of unknown type"),
    (a_result_of_no_layer, "an output 'nope'"),
    (padded_to_terabytes, "elements, at most"),
    (multiplied_to_terabytes, "elements, at most"),
])  # fmt: skip
def test_a_network_that_cannot_run_fails_in_a_row_that_says_why(
    network: Path, change: Callable[[Any], None], says: str
) -> None:
    edit(network, change)
    (row,) = [row for row in verify(network, None, {}).interface if row.item == "answers of a drawn hand"]
    assert not row.passed
    assert says in row.found


def test_answers_that_are_no_numbers_do_not_hold(tmp_path: Path) -> None:
    broken = model()
    broken.network.out.bias.data[0] = float("inf")  # less infinity, in the softmax, it is no number
    for path in (save(broken, tmp_path / "Hand.mlmodel"), save(broken, tmp_path / "Hand.mlpackage")):
        (problem,) = verify(path, None, {}).problems
        assert problem.startswith("answers of a drawn hand: [nan nan nan]")
        with pytest.raises(DataError, match="its probabilities are not finite numbers"):
            Predictor.open(path).probabilities(random_hands(1, 1))


@pytest.mark.parametrize(("name", "value"), [
    ("Target Frame Rate", "nan"),
    ("Target Frame Rate", "inf"),
    ("Target Frame Rate", "0"),
    ("Target Frame Rate", "-30"),
    ("Target Frame Rate", "thirty"),
    ("Prediction Window Size", "2"),
    ("Prediction Window Size", "\u00b2"),
    ("Background Label", "z"),
    ("Left Hands", "yes"),
    ("Hand", "both"),
    (THRESHOLDS, "[1,2"),
    (THRESHOLDS, "[" * 100_000),
    (THRESHOLDS, '[["a", 0.5]]'),
    (THRESHOLDS, '{"a": 1.5}'),
    (THRESHOLDS, '{"a": NaN}'),
    (THRESHOLDS, '{"a": 1e999}'),
    (THRESHOLDS, '{"a": "0.5"}'),
    (THRESHOLDS, '{"a": true}'),
    (THRESHOLDS, '{"z": 0.5}'),
    (THRESHOLDS, '{"a": 0.5, "a": 0.9}'),
])  # fmt: skip
@pytest.mark.parametrize("suffix", [".mlpackage", ".mlmodel", ".onnx"])
def test_metadata_that_cannot_be_used_do_not_hold(
    request: pytest.FixtureRequest, tmp_path: Path, suffix: str, name: str, value: str
) -> None:
    if suffix == ".onnx":
        path = request.getfixturevalue("onnx_file")(tmp_path, {name: value})
    else:
        path = request.getfixturevalue({".mlpackage": "package", ".mlmodel": "network"}[suffix])
        with_metadata(path, **{name: value})
    assert [one for one in verify(path, None, {}).problems if one.startswith(f"metadata: {name}: ")]
    if name in ("Target Frame Rate", "Left Hands", "Hand", THRESHOLDS):
        with pytest.raises(DataError, match="its metadata cannot be used"):
            Predictor.open(path)


@pytest.fixture(scope="module")
def onnx_file(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path, dict[str, str]], Path]:
    onnx = pytest.importorskip("onnx")
    from handloom.export.interface import user_metadata

    made = tmp_path_factory.mktemp("onnx") / "Hand.onnx"
    save_onnx(model(), made, user_metadata(model()))
    assert verify(made, None, {}).problems == []

    def changed(folder: Path, entries: dict[str, str]) -> Path:
        proto = onnx.load(made)
        known = {one.key: one.value for one in proto.metadata_props}
        del proto.metadata_props[:]
        onnx.helper.set_model_props(proto, known | entries)
        onnx.save(proto, folder / "Hand.onnx")
        return folder / "Hand.onnx"

    return changed


@pytest.mark.parametrize(("name", "value"), [
    (THRESHOLDS, '{"b": 0.1, "a": 0.75}'),
    ("Target Frame Rate", "25.0"),
    ("Left Hands", "mirrored"),
    ("Background Label", "a"),
    ("Temperature", "1.0"),
])  # fmt: skip
def test_metadata_that_are_not_the_models_do_not_hold_against_it(package: Path, name: str, value: str) -> None:
    assert verify(package, model(), {}).problems == []
    with_metadata(package, **{name: value})
    assert verify(package, None, {}).problems == []  # by itself it could be another model's
    (problem,) = verify(package, model(), {}).problems
    assert problem.startswith(f"metadata as the model's: {name}: ")


def manifest_path(package: Path, new: str) -> None:
    content = json.loads((package / MANIFEST).read_text())
    entry = content["itemInfoEntries"][content["rootModelIdentifier"]]
    entry["path"] = new
    (package / MANIFEST).write_text(json.dumps(content))


@pytest.mark.parametrize("path", ["../../outside.mlmodel", "/etc/passwd", "com.apple.CoreML/../../../outside.mlmodel"])
def test_a_manifest_names_no_file_outside(package: Path, path: str) -> None:
    shutil.copy(package / SPECIFICATION, package.parent / "outside.mlmodel")
    manifest_path(package, path)
    for read in (lambda: verify(package, None, {}), lambda: Predictor.open(package)):
        with pytest.raises(DataError, match=r"which is not in the package"):
            read()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[" * 100_000,
        "{}",
        '{"itemInfoEntries": {}, "rootModelIdentifier": "' + "a" * 100_000 + '"}',
        "[1]",
        '{"itemInfoEntries": 1, "rootModelIdentifier": {}}',
    ],
)
def test_a_damaged_manifest_is_one_line(package: Path, text: str) -> None:
    (package / MANIFEST).write_text(text)
    with pytest.raises(DataError, match=r"Hand.mlpackage: its Manifest.json cannot be read") as raised:
        verify(package, None, {})
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 1000


def test_a_package_without_its_manifest_is_told_apart_from_a_damaged_one(package: Path) -> None:
    (package / MANIFEST).unlink()
    with pytest.raises(DataError, match=r"Hand.mlpackage: it has no Manifest.json; copy the whole folder"):
        verify(package, None, {})
    shutil.rmtree(package)
    with pytest.raises(DataError, match=r"Hand.mlpackage: no such folder; export the model first"):
        specification_file(package)


def test_nothing_but_files_is_opened(package: Path, network: Path) -> None:
    """A pipe would be waited for; a link may lead anywhere."""
    weights = package / SPECIFICATION.parent / "weights" / "weight.bin"
    kept = Path(shutil.move(weights, package.parent / "kept.bin"))
    weights.symlink_to(kept)
    with pytest.raises(DataError, match=r"weight.bin: a link inside a package; copy the package with cp -rL"):
        verify(package, None, {})
    weights.unlink()
    os.mkfifo(weights)
    with pytest.raises(DataError, match=r"weight.bin: a pipe or a device"):
        verify(package, None, {})
    network.unlink()
    os.mkfifo(network)
    for read in (lambda: verify(network, None, {}), lambda: Predictor.open(network)):
        with pytest.raises(DataError, match=r"Hand.mlmodel: a pipe or a device"):
            read()


def test_what_is_no_saved_model_by_its_name_says_what_to_give(tmp_path: Path) -> None:
    (tmp_path / "model.ckpt").touch()
    for path in (tmp_path, tmp_path / "model.ckpt"):
        with pytest.raises(DataError, match=r"not a saved model; give a \.mlpackage, \.mlmodel, .* or \.task$"):
            verify(path, None, {})


def test_a_label_without_text_does_not_hold(network: Path) -> None:
    edit(network, lambda spec: spec.neuralNetworkClassifier.stringClassLabels.vector.__setitem__(0, ""))
    (row,) = [row for row in verify(network, None, {}).interface if row.item == "labels"]
    assert not row.passed and row.found == "an empty text"


def test_a_compiled_model_says_what_to_give(tmp_path: Path) -> None:
    compiled = tmp_path / "Hand.mlmodelc"
    compiled.mkdir()
    for read in (lambda: verify(compiled, None, {}), lambda: Predictor.open(compiled)):
        with pytest.raises(DataError, match=r"compiled by Xcode.*give the .mlpackage or .mlmodel"):
            read()


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from([".mlpackage", ".mlmodel"]),
    st.lists(st.tuples(st.integers(0, 2**32), st.integers(1, 255)), min_size=1, max_size=5),
)
def test_changed_bytes_end_in_a_row_or_a_line(
    saved: dict[str, Path], tmp_path_factory: pytest.TempPathFactory, suffix: str, changes: list[tuple[int, int]]
) -> None:
    path = tmp_path_factory.mktemp("changed") / f"Hand{suffix}"
    file = path
    if suffix == ".mlpackage":
        shutil.copytree(saved[suffix], path)
        file = path / SPECIFICATION
    else:
        shutil.copy(saved[suffix], path)
    content = bytearray(file.read_bytes())
    for place, change in changes:
        content[place % len(content)] ^= change
    file.write_bytes(bytes(content))
    try:
        found = verify(path, None, {})
        assert "\n" not in found.summary + "".join(found.problems)
        answers = Predictor.open(path).probabilities(random_hands(1, 2))
        assert found.problems or np.isfinite(answers).all()
    except HandloomError as error:
        assert "\n" not in str(error)
