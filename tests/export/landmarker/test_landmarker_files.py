"""The exported networks, read back from disk: the joints of LiteRT, licence and names; other files are refused."""

import json
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from small_models import save, trained
from torch import Tensor, nn

from handloom.cli import main
from handloom.config import Data, ExportCoreML, ExtractKeypoints, LabeledDirectories, LandmarkModel, Parameters
from handloom.errors import ConfigurationError, DataError, HandloomError, LandmarkModelError
from handloom.export.core_ai_file import save_asset
from handloom.export.landmarker import export, proof, write
from handloom.export.landmarker.export import export_landmarker, landmarker_to_export
from handloom.export.landmarker.networks import HAND_LANDMARKS, IMAGE, NETWORKS, PALM_DETECTOR, ExportedNetwork
from handloom.export.landmarker.runtime import ExportedLandmarker, FileNetwork
from handloom.export.landmarker.tflite_network import TFLiteNetwork
from handloom.export.landmarker.write import write_landmarker
from handloom.export.package import SPECIFICATION, WEIGHTS
from handloom.export.specification import read_specification
from handloom.landmarks.landmark_model import landmark_model_path
from handloom.landmarks.litert_runtime import LiteRTLandmarker
from handloom.media.frame import Picture
from handloom.models.model import ModelSpec
from handloom.support.files import sha256_of_file

MODEL = landmark_model_path(LandmarkModel())
PARAMETERS = Parameters(
    data=Data(pose=LabeledDirectories(path="photos"), action=LabeledDirectories(path="clips")),
    export_coreml=ExportCoreML(formats=["mlpackage", "onnx"], landmarker=True),
)


@pytest.fixture(scope="module")
def pictures() -> list[Picture]:
    return proof.drawn_pictures()[::7]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    above = tmp_path_factory.mktemp("exports")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(proof, "PEOPLE", 1)  # two pictures are enough here
        found = f"LiteRT, hand landmark model with sha256 {sha256_of_file(MODEL)}"
        exported(PARAMETERS, above, replace(trained("pose").spec, landmarks=found))
    return above / "landmarker"


def exported(parameters: Parameters, project: Path, spec: ModelSpec | None = None) -> None:
    spec = spec or trained("pose").spec
    model = landmarker_to_export(parameters, project, spec)
    export_landmarker(model, parameters.export_coreml, spec, project / "landmarker")


def test_packages_read_from_disk_give_what_litert_gives(folder: Path, pictures: list[Picture]) -> None:
    files = [folder / f"{network.name}.mlpackage" for network in NETWORKS]
    proofs = proof.prove(files, MODEL, pictures)
    for one in proofs:
        assert one.passed and one.storage == "float16" and one.pictures == len(pictures), one.summary
        assert one.bytes < 6e6
        assert 0 < one.pixels < 0.3 and one.probability > 0
        assert json.loads(json.dumps(one.plain()))["passed"]


def test_the_files_say_what_they_are_and_whose(folder: Path) -> None:
    for network in NETWORKS:
        spec = read_specification(folder / f"{network.name}.mlpackage")
        about = spec.description.metadata
        assert "Apache" in about.license and "MediaPipe" in about.author
        assert network.original in about.userDefined["Original File"] and "converted" in about.userDefined["Changes"]
        assert [one.name for one in spec.description.input] == [IMAGE]
        assert {one.name: one.shortDescription for one in spec.description.output} == network.outputs
        shapes = {one.name: tuple(one.type.multiArrayType.shape) for one in spec.description.output}
        assert shapes == dict(zip(network.outputs, network.shapes, strict=True))
    assert "Apache License" in (folder / "LICENSE").read_text("utf-8")
    note = (folder / "README.md").read_text("utf-8")
    assert "Licensed under the Apache License" in note and "`HandLandmarks.mlpackage`" in note
    assert "the joints that the classifiers were trained with" in note
    assert not list(folder.glob("*.onnx"))
    verified = json.loads((folder / "verification.json").read_text("utf-8"))
    assert [one["file"] for one in verified] == ["PalmDetector.mlpackage", "HandLandmarks.mlpackage"]
    assert all(one["passed"] and one["pictures"] == 2 for one in verified)


def test_the_landmarker_of_the_files_finds_the_hands_that_litert_finds(folder: Path, pictures: list[Picture]) -> None:
    with ExportedLandmarker.at(folder).open(0.5) as ours, LiteRTLandmarker(MODEL, 0.5) as reference:
        for picture in pictures:
            (found,), (expected,) = ours.find(picture, 1), reference.find(picture, 1)
            assert found.chirality == expected.chirality
            assert np.abs(found.points - expected.points).max() < 5e-3
        with ours.follow(1) as follower:
            assert [len(follower.find(picture, number)) for number, picture in enumerate(pictures[:1] * 2)] == [1, 1]


def test_from_pixels_to_label_through_files_alone(
    folder: Path, drawn: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save(trained("pose"), tmp_path / "pose.mlmodel")
    photo = str(sorted((drawn / "photos").rglob("*.jpg"))[0])
    given = ["predict", photo, "--json", "--model", str(tmp_path / "pose.mlmodel")]
    assert main(given) == 0
    expected = json.loads(capsys.readouterr().out)
    assert main([*given, "--landmarker", str(folder)]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["label"] == expected["label"]
    assert found["confidence"] == pytest.approx(expected["confidence"], abs=0.02)
    assert found["confidence"] != expected["confidence"]  # others have rounded
    assert main([*given, "--landmarker", str(tmp_path)]) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_a_changed_weight_fails_the_proof(folder: Path, pictures: list[Picture], tmp_path: Path) -> None:
    path = Path(shutil.copytree(folder / "HandLandmarks.mlpackage", tmp_path / "HandLandmarks.mlpackage"))
    file = path / SPECIFICATION.parent / WEIGHTS / "weight.bin"
    content = bytearray(file.read_bytes())
    with zipfile.ZipFile(MODEL) as archive:
        network = TFLiteNetwork(archive.read(HAND_LANDMARKS.original), 1)
    weight = next(layer.weight for layer in network.layers if isinstance(layer, nn.Linear)).detach().numpy()
    stored = weight.astype(np.float16).tobytes()
    place = content.index(stored)
    content[place : place + len(stored)] = (weight * 1.01).astype(np.float16).tobytes()
    file.write_bytes(content)
    (found,) = proof.prove([path], MODEL, pictures[:1])
    assert not found.passed


def no_archive(path: Path) -> None:
    path.write_bytes(b"torn")


def no_network(path: Path) -> None:
    with zipfile.ZipFile(MODEL) as source, zipfile.ZipFile(path, "w") as target:
        target.writestr(PALM_DETECTOR.original, source.read(PALM_DETECTOR.original))


def another_network(path: Path) -> None:
    with zipfile.ZipFile(MODEL) as source, zipfile.ZipFile(path, "w") as target:
        for network in NETWORKS:
            target.writestr(network.original, source.read(PALM_DETECTOR.original))


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (no_archive, "not a hand landmark model; it must hold"),
        (no_network, "not a hand landmark model; it must hold"),
        (another_network, "another network than the one that is known here; .* export_coreml.landmarker to false"),
    ],
)
def test_a_landmark_model_of_ones_own_that_cannot_be_exported_is_one_line(
    make: Callable[[Path], None], said: str, tmp_path: Path
) -> None:
    make(tmp_path / "own.task")
    extract = ExtractKeypoints(landmark_model=LandmarkModel(path="own.task"))
    with pytest.raises(LandmarkModelError, match=f"own.task: .*{said}"):
        exported(replace(PARAMETERS, extract_keypoints=extract), tmp_path)
    assert not (tmp_path / "landmarker").exists()


def test_networks_that_did_not_find_the_joints_of_the_training_are_refused(tmp_path: Path) -> None:
    other = replace(trained("pose").spec, landmarks="LiteRT, hand landmark model with sha256 0123")
    with pytest.raises(
        ConfigurationError, match=r"^export_coreml\.landmarker: .* has not found the joints of this training"
    ):
        exported(PARAMETERS, tmp_path, other)
    assert not list(tmp_path.iterdir())


def test_the_note_says_where_it_is_not_known_what_found_the_joints(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(write, "NETWORKS", ())  # the note alone
    monkeypatch.setattr(export, "prove", lambda *_: [])
    monkeypatch.setattr(export, "drawn_pictures", list)
    exported(PARAMETERS, tmp_path)
    note = (tmp_path / "landmarker" / "README.md").read_text("utf-8")
    assert "Whether the classifier was trained with such joints is not known" in note
    assert "the joints that the classifiers were trained with" not in note
    (tmp_path / "vision").mkdir()
    exported(PARAMETERS, tmp_path / "vision", replace(trained("pose").spec, landmarker="vision"))
    note = (tmp_path / "vision" / "landmarker" / "README.md").read_text("utf-8")
    assert "The joints of the training were found by vision" in note


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_a_network_that_gives_no_numbers_is_refused_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrong: float
) -> None:
    """The files are not written: something stands for them that gives no numbers."""

    class Broken:
        def __init__(self, path: Path, network: ExportedNetwork) -> None:
            self.shapes = network.shapes

        def __call__(self, *crop: object) -> list[np.ndarray]:
            return [np.full(shape, wrong, np.float32) for shape in self.shapes]

    def written(_: object, __: object, folder: Path, **___: object) -> list[Path]:
        (folder / "HandLandmarks.aimodel").mkdir()
        return [folder / "HandLandmarks.aimodel"]

    monkeypatch.setattr(proof, "PEOPLE", 1)
    monkeypatch.setattr(proof, "FileNetwork", Broken)
    monkeypatch.setattr(export, "write_landmarker", written)
    with pytest.raises(HandloomError, match=r"within inf pixels .*: too far; the landmarker is not exported$"):
        exported(PARAMETERS, tmp_path)
    (one,) = json.loads((tmp_path / "landmarker" / "verification.json").read_text("utf-8"))
    assert (one["pixels"], one["probability"], one["passed"]) == (None, None, False)


class Means(nn.Module):
    """Takes a picture, gives numbers in the shapes of the landmark network's outputs."""

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        mean = image.mean().reshape(1, 1)
        return mean + torch.arange(63), mean / 2, mean / 4


def saved_means(path: Path, outputs: list[str]) -> Path:
    side = HAND_LANDMARKS.side
    example = torch.zeros(1, side, side, 3)
    save_asset(Means(), example, path, inputs=[IMAGE], outputs=outputs, about={}, custom={})
    return path


def test_apples_runtime_runs_a_core_ai_network(tmp_path: Path) -> None:
    pytest.importorskip("coreai_torch", reason="the extra coreai is not installed")
    path = saved_means(tmp_path / "HandLandmarks.aimodel", list(HAND_LANDMARKS.outputs))
    crop = np.full((224, 224, 3), 255, np.uint8)
    landmarks, presence, handedness = FileNetwork(path, HAND_LANDMARKS).run(crop)
    np.testing.assert_allclose(landmarks, [1 + np.arange(63)], rtol=1e-5)
    np.testing.assert_allclose([presence, handedness], [[[0.5]], [[0.25]]], rtol=1e-5)
    other = saved_means(tmp_path / "Other.aimodel", ["a", "b", "c"])
    with pytest.raises(DataError, match=r"Other.aimodel: not handloom's Other"):
        FileNetwork(other, HAND_LANDMARKS)


def test_another_network_is_refused_in_one_line(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"HandLandmarks.mlpackage: not handloom's HandLandmarks \(it takes image"):
        FileNetwork(folder / "HandLandmarks.mlpackage", PALM_DETECTOR)
    broken = Path(shutil.copytree(folder / "PalmDetector.mlpackage", tmp_path / "PalmDetector.mlpackage"))
    (broken / SPECIFICATION).write_bytes(b"torn")
    with pytest.raises(DataError, match=r"PalmDetector.mlpackage"):
        FileNetwork(broken, PALM_DETECTOR)


@pytest.mark.parametrize(
    ("named", "ending"),
    [
        (lambda folder: folder, ".mlpackage"),
        (lambda folder: folder / "HandLandmarks.aimodel", ".aimodel"),
        (lambda folder: folder / "PalmDetector.mlpackage", ".mlpackage"),
        (lambda folder: folder.parent, ".mlpackage"),
    ],
    ids=["folder", "a file", "another file", "the folder above"],
)
def test_a_folder_or_one_of_the_files_names_the_networks(
    tmp_path: Path, named: Callable[[Path], Path], ending: str
) -> None:
    folder = tmp_path / "landmarker"
    for network in NETWORKS:
        for suffix in (".mlpackage", ".aimodel"):
            (folder / f"{network.name}{suffix}").mkdir(parents=True)
    found = ExportedLandmarker.at(named(folder))
    assert found.files == tuple(folder / f"{network.name}{ending}" for network in NETWORKS)


def test_without_a_network_or_a_format_the_error_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no hand landmark networks; give the folder that dvc repro writes"):
        ExportedLandmarker.at(tmp_path)
    with pytest.raises(ConfigurationError, match=r"add one to export_coreml.formats"):
        write_landmarker(MODEL, ExportCoreML(formats=["onnx"]), tmp_path)
    assert not list(tmp_path.iterdir())
