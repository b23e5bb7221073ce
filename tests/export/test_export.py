"""The saved Core ML file has Create ML's interface, read back from disk."""

import json
from dataclasses import replace
from pathlib import Path

import coremltools
import pytest
import torch

from handloom.config import KINDS, ExportCoreML, Kind, Model
from handloom.export.convert import ExportedNetwork, convert
from handloom.export.interface import feature_descriptions, user_metadata
from handloom.export.package import save_package
from handloom.hand import JOINTS
from handloom.models.calibration import Calibration, ClassThreshold
from handloom.models.checkpoint import TrainedModel
from handloom.models.network import HandNetwork

WINDOWS: dict[Kind, int] = {"pose": 1, "action": 31}  # steps of three frames, the last not full
SETTINGS = ExportCoreML(author="A", short_description="B", license="C", version="7")


def trained(kind: Kind) -> TrainedModel:
    torch.manual_seed(0)
    sizes = Model(width=8, frames_per_step=3, frame_features=16, temporal_layers=0 if kind == "pose" else 2)
    network = HandNetwork(3, WINDOWS[kind], sizes).eval()
    return TrainedModel(network, kind, ["b", "a", "c"], WINDOWS[kind], 30.0)


@pytest.fixture(scope="module", params=KINDS)
def saved(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory):
    path = tmp_path_factory.mktemp("export") / "Hand.mlpackage"
    save_package(convert(trained(request.param), SETTINGS), path)
    return request.param, coremltools.models.MLModel(str(path), skip_model_load=True).get_spec(), path


def test_input_and_outputs_have_create_mls_names_and_types(saved) -> None:
    kind, spec, _ = saved
    (poses,) = spec.description.input
    assert poses.name == "poses"
    array = poses.type.multiArrayType
    assert list(array.shape) == [WINDOWS[kind], 3, 21]
    assert array.dataType == array.ArrayDataType.Value("FLOAT32")
    outputs = {output.name: output.type for output in spec.description.output}
    assert set(outputs) == {"label", "labelProbabilities"}
    assert outputs["label"].WhichOneof("Type") == "stringType"
    assert outputs["labelProbabilities"].dictionaryType.WhichOneof("KeyType") == "stringKeyType"
    assert spec.description.predictedFeatureName == "label"
    assert spec.description.predictedProbabilitiesName == "labelProbabilities"
    assert not spec.isUpdatable


def test_metadata_is_what_xcode_looks_at_and_does_not_imitate_apples_app(saved) -> None:
    kind, spec, _ = saved
    metadata = spec.description.metadata
    user = dict(metadata.userDefined)
    assert (
        user["com.apple.coreml.model.preview.type"]
        == {"pose": "handPoseClassifier", "action": "handActionClassifier"}[kind]
    )
    assert user["Prediction Window Size"] == str(WINDOWS[kind])
    assert user["Target Frame Rate"] == "30.0"
    assert not [key for key in user if key.startswith("com.apple.createml")]
    assert (metadata.author, metadata.shortDescription, metadata.license, metadata.versionString) == (
        "A",
        "B",
        "C",
        "7",
    )


CALIBRATION = Calibration(
    temperature=1.5,
    examples=40,
    log_loss_before=0.5,
    log_loss=0.4,
    calibration_error_before=0.2,
    calibration_error=0.1,
    classes=(
        ClassThreshold("b", 20, 0.625, 0.9, 0.8),
        ClassThreshold("ä", 20, 0.75, 1.0, 0.7),
        ClassThreshold("c", 0, None, None, None),
    ),
    background_taken_for_gesture=0.25,
    background_taken_for_gesture_at_thresholds=0.125,
)


def test_what_validation_taught_is_in_the_saved_metadata(tmp_path: Path) -> None:
    calibrated = replace(trained("pose"), calibration=CALIBRATION)
    save_package(convert(calibrated, SETTINGS), tmp_path / "Hand.mlpackage")
    spec = coremltools.models.MLModel(str(tmp_path / "Hand.mlpackage"), skip_model_load=True).get_spec()
    user = dict(spec.description.metadata.userDefined)
    assert float(user["Temperature"]) == 1.5
    assert json.loads(user["Recommended Thresholds"]) == {"b": 0.625, "ä": 0.75}
    assert float(user["Background Taken For Gesture"]) == 0.25
    assert float(user["Background Taken For Gesture At Thresholds"]) == 0.125
    (probabilities,) = [one for one in spec.description.output if one.name == "labelProbabilities"]
    assert "Calibrated on 40 validation examples" in probabilities.shortDescription


def test_what_is_not_known_is_not_in_the_metadata(saved) -> None:
    _, spec, _ = saved
    keys = {"com.apple.coreml.model.preview.type", "Prediction Window Size", "Target Frame Rate"}
    assert keys <= set(spec.description.metadata.userDefined)
    own = {"Temperature", "Recommended Thresholds", "Background Taken For Gesture", "Left Hands"}
    assert not own & set(spec.description.metadata.userDefined)
    assert not [one for one in spec.description.output if "alibrated" in one.shortDescription]
    nothing = replace(CALIBRATION, classes=(), background_taken_for_gesture=None)
    metadata = user_metadata(replace(trained("pose"), calibration=nothing))
    assert "Temperature" in metadata
    assert not {"Recommended Thresholds", "Background Taken For Gesture"} & set(metadata)


def test_an_app_is_told_to_mirror_left_hands_if_it_has_to() -> None:
    mirrored = replace(trained("action"), left_hands="mirrored")
    assert user_metadata(mirrored)["Left Hands"] == "mirrored"
    assert "1 - x" in feature_descriptions(mirrored)["poses"]
    assert "1 - x" not in feature_descriptions(trained("action"))["poses"]


def test_the_joint_order_stands_in_the_description(saved) -> None:
    _, spec, _ = saved
    assert ", ".join(JOINTS) in spec.description.input[0].shortDescription
    assert all(output.shortDescription for output in spec.description.output)


def test_labels_keep_the_order_of_the_networks_outputs(saved) -> None:
    _, spec, _ = saved
    (operation,) = [one for one in _operations(spec) if one.type == "classify"]
    labels = operation.inputs["classes"].arguments[0].value.immediateValue.list.values
    assert [label.immediateValue.tensor.strings.values[0] for label in labels] == ["b", "a", "c"]
    probabilities = operation.inputs["probabilities"].arguments[0].name
    (maker,) = [one for one in _operations(spec) if probabilities in [output.name for output in one.outputs]]
    assert maker.type in ("softmax", "cast")


def _operations(spec):
    (function,) = spec.mlProgram.functions.values()
    (block,) = function.block_specializations.values()
    return list(block.operations)


def test_the_package_is_complete_and_small(saved) -> None:
    _, _, path = saved
    manifest = json.loads((path / "Manifest.json").read_text())
    for item in manifest["itemInfoEntries"].values():
        assert (path / "Data" / item["path"]).exists()
    assert sum(file.stat().st_size for file in path.rglob("*") if file.is_file()) < 1_200_000


def test_equal_models_are_equal_files(saved, tmp_path: Path) -> None:
    kind, _, path = saved
    save_package(convert(trained(kind), SETTINGS), tmp_path / "Again.mlpackage")
    for file in (file for file in path.rglob("*") if file.is_file()):
        assert (tmp_path / "Again.mlpackage" / file.relative_to(path)).read_bytes() == file.read_bytes(), file.name


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_exported_is_the_networks_softmax(kind: Kind) -> None:
    model = trained(kind)
    poses = torch.rand(WINDOWS[kind], 3, 21)
    probabilities = ExportedNetwork(model.network)(poses)
    assert probabilities.shape == (1, 3)
    torch.testing.assert_close(probabilities, torch.softmax(model.network(poses[None]), dim=1))
    assert probabilities.sum().item() == pytest.approx(1)


def test_precision_is_that_of_the_configuration() -> None:
    sizes = {}
    for precision in ("float16", "float32"):
        spec = convert(trained("pose"), ExportCoreML(precision=precision)).get_spec()
        sizes[precision] = {output.type.tensorType.dataType for one in _operations(spec) for output in one.outputs}
    float16 = 10  # MIL.DataType.FLOAT16
    assert float16 in sizes["float16"] and float16 not in sizes["float32"]
