"""The saved Core ML files have Create ML's interface, read back from disk."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from small_models import CALIBRATION, CLASSES, WINDOWS, save, trained, with_spec

from handloom.config import KINDS, ExportCoreML, Kind
from handloom.export.convert import ExportedNetwork
from handloom.export.interface import feature_descriptions, user_metadata
from handloom.export.interface_check import check_interface
from handloom.export.package import size_of
from handloom.export.read import read_exported
from handloom.export.specification import class_labels, operations, read_specification, storage
from handloom.hand import JOINTS
from handloom.models.checkpoint import TrainedModel
from handloom.models.provenance import Provenance

SETTINGS = ExportCoreML(author="A", short_description="B", license="C", version="7")
SUFFIXES = (".mlpackage", ".mlmodel")


Saved = tuple[Kind, Any, Path]  # the kind, what the file specifies, the file


def write(model: TrainedModel, path: Path, provenance: Provenance | None = None, **changes: Any) -> Path:
    return save(model, path, replace(SETTINGS, **changes), provenance)


@pytest.fixture(scope="module", params=[(kind, suffix) for kind in KINDS for suffix in SUFFIXES], ids="".join)
def saved(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Saved:
    kind, suffix = request.param
    path = write(trained(kind), tmp_path_factory.mktemp("export") / f"Hand{suffix}")
    return kind, read_specification(path), path


def test_input_and_outputs_have_create_mls_names_and_types(saved: Saved) -> None:
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


def test_metadata_is_what_xcode_looks_at_and_does_not_imitate_apples_app(saved: Saved) -> None:
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


def test_what_validation_taught_is_in_the_saved_metadata(tmp_path: Path) -> None:
    calibrated = replace(trained("pose"), calibration=CALIBRATION)
    spec = read_specification(write(calibrated, tmp_path / "Hand.mlpackage"))
    user = dict(spec.description.metadata.userDefined)
    assert float(user["Temperature"]) == 1.5
    assert json.loads(user["Recommended Thresholds"]) == {"b": 0.625, "ä": 0.75}
    assert float(user["False Activation Rate"]) == 0.25
    assert float(user["False Activation Rate At Thresholds"]) == 0.125
    (probabilities,) = [one for one in spec.description.output if one.name == "labelProbabilities"]
    assert "Calibrated on 40 validation examples" in probabilities.shortDescription


def test_what_is_not_known_is_not_in_the_metadata(saved: Saved) -> None:
    _, spec, _ = saved
    keys = {"com.apple.coreml.model.preview.type", "Prediction Window Size", "Target Frame Rate"}
    assert keys <= set(spec.description.metadata.userDefined)
    own = {"Temperature", "Recommended Thresholds", "False Activation Rate", "Left Hands"}
    assert not own & set(spec.description.metadata.userDefined)
    assert not [one for one in spec.description.output if "alibrated" in one.shortDescription]
    nothing = replace(CALIBRATION, classes=(), false_activation_rate=None)
    metadata = user_metadata(replace(trained("pose"), calibration=nothing))
    assert "Temperature" in metadata
    assert not {"Recommended Thresholds", "False Activation Rate"} & set(metadata)


def test_an_app_is_told_to_mirror_left_hands_if_it_has_to() -> None:
    mirrored = with_spec(trained("action"), left_hands="mirrored")
    assert user_metadata(mirrored)["Left Hands"] == "mirrored"
    assert "1 - x" in feature_descriptions(mirrored)["poses"]
    assert "1 - x" not in feature_descriptions(trained("action"))["poses"]


def test_the_joint_order_stands_in_the_description(saved: Saved) -> None:
    _, spec, _ = saved
    assert ", ".join(JOINTS) in spec.description.input[0].shortDescription
    assert all(output.shortDescription for output in spec.description.output)


def test_labels_keep_the_order_of_the_networks_outputs(saved: Saved) -> None:
    _, spec, _ = saved
    assert class_labels(spec) == CLASSES


def test_every_row_of_create_mls_interface_is_met(saved: Saved) -> None:
    _, spec, path = saved
    rows = check_interface(path, spec)
    assert len(rows) == (12 if path.suffix == ".mlpackage" else 15)
    assert [row for row in rows if not row.passed] == []


# Section 6.1 of what is known of Create ML's models, line by line: seven files, versions 3.0 to 6.1 of the app.
def test_a_neural_network_is_what_create_ml_itself_writes(saved: Saved) -> None:
    kind, spec, path = saved
    if path.suffix == ".mlpackage":
        return  # the format that Create ML does not write
    network, description = spec.neuralNetworkClassifier, spec.description
    assert path.is_file()
    assert spec.specificationVersion == 4
    assert spec.WhichOneof("Type") == "neuralNetworkClassifier"
    assert not spec.isUpdatable
    assert [feature.name for feature in description.input] == ["poses"]
    array = description.input[0].type.multiArrayType
    assert array.dataType == array.ArrayDataType.Value("FLOAT32")
    assert list(array.shape) == [WINDOWS[kind], 3, 21]
    assert array.WhichOneof("ShapeFlexibility") is None
    assert not description.input[0].type.isOptional
    assert [feature.name for feature in description.output] == ["labelProbabilities", "label"]
    assert description.output[0].type.dictionaryType.WhichOneof("KeyType") == "stringKeyType"
    assert description.output[1].type.WhichOneof("Type") == "stringType"
    assert description.predictedFeatureName == "label"
    assert description.predictedProbabilitiesName == "labelProbabilities"
    assert network.labelProbabilityLayerName == "labelProbabilities"
    assert network.WhichOneof("ClassLabels") == "stringClassLabels"
    assert network.arrayInputShapeMapping == 1  # exact
    assert not network.preprocessing
    (last,) = [layer for layer in network.layers if "labelProbabilities" in layer.output]
    assert last.name == "labelProbabilities"
    assert last.WhichOneof("layer") in ("softmax", "softmaxND")


def test_the_package_is_complete(saved: Saved) -> None:
    _, _, path = saved
    if path.suffix == ".mlpackage":
        manifest = json.loads((path / "Manifest.json").read_text())
        for item in manifest["itemInfoEntries"].values():
            assert (path / "Data" / item["path"]).exists()


def test_equal_models_are_equal_files(saved: Saved, tmp_path: Path) -> None:
    kind, _, path = saved
    again = write(trained(kind), tmp_path / path.name)
    for file in (file for file in [path, *path.rglob("*")] if file.is_file()):
        assert (again / file.relative_to(path)).read_bytes() == file.read_bytes(), file.name


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_exported_is_the_networks_softmax(kind: Kind) -> None:
    model = trained(kind)
    poses = torch.rand(WINDOWS[kind], 3, 21)
    probabilities = ExportedNetwork(model.network)(poses)
    assert probabilities.shape == (1, 3)
    torch.testing.assert_close(probabilities, torch.softmax(model.network(poses[None]), dim=1))
    assert probabilities.sum().item() == pytest.approx(1)


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("compression", ["none", "8_bit", "palettized"])
def test_weights_are_stored_as_configured_and_the_same_bytes_each_time(
    suffix: str, compression: str, tmp_path: Path
) -> None:
    sizes = {}
    for precision in ("float32", "float16"):
        names = ("one_float32",) if precision == "float32" else ("one_float16", "two_float16")
        files = [tmp_path / name / f"Hand{suffix}" for name in names]
        for file in files:
            file.parent.mkdir()
            write(trained("pose"), file, precision=precision, weight_compression=compression)
        spec = read_specification(files[0])
        assert storage(spec) == (precision if compression == "none" else compression)
        assert all(row.passed for row in check_interface(files[0], spec))
        for part in (part for part in [files[0], *files[0].rglob("*")] if part.is_file()):
            assert (files[-1] / part.relative_to(files[0])).read_bytes() == part.read_bytes()
        sizes[precision] = size_of(files[0])
    if compression == "none":
        assert sizes["float16"] < sizes["float32"]


def test_a_package_brings_the_hand_to_its_size_before_it_goes_to_half_precision(tmp_path: Path) -> None:
    spec = read_specification(write(trained("pose"), tmp_path / "Hand.mlpackage", precision="float16"))
    float16 = 10  # MIL.DataType.FLOAT16
    types = [(one.type, {output.type.tensorType.dataType for output in one.outputs}) for one in operations(spec)]
    (first, *_) = [place for place, (name, _) in enumerate(types) if name == "linear"]
    before = [kinds for name, kinds in types[:first] if name in ("sub", "real_div", "reduce_sum", "mul")]
    assert before and all(float16 not in kinds for kinds in before)
    assert all(kinds == {float16} for name, kinds in types if name == "linear")


def test_where_a_model_comes_from_is_in_its_metadata(tmp_path: Path) -> None:
    provenance = Provenance("f1" * 32, "keypoints", "split", "MediaPipe 1")
    for suffix in SUFFIXES:
        model = with_spec(trained("pose"), landmarker="vision")
        file = write(model, tmp_path / f"Hand{suffix}", provenance)
        assert read_exported(file).spec.landmarker == "vision"
        user = dict(read_specification(file).description.metadata.userDefined)
        assert user["Landmarker"] == "vision"
        assert user["Training Fingerprint"] == "f1" * 32
        assert "MLflow Run" not in user
        assert user["Training Data SHA-256"] == "keypoints"
        assert user["Split SHA-256"] == "split"
        assert user["Landmarks"] == "MediaPipe 1"
    assert "Landmarks" not in user_metadata(trained("pose"), replace(provenance, landmarks=""))
