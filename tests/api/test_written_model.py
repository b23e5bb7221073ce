# Its arguments are wrong on purpose.
# mypy: disable-error-code="arg-type, dict-item"
"""Writing a classifier for an app."""

from pathlib import Path
from typing import Any

import coremltools
import numpy as np
import onnx
import pytest
from small_sessions import LABELS, trained_action, undisturbed

from handloom import HandloomError, ModelMetadata
from handloom.prediction.predictor import Predictor

METADATA = ModelMetadata(
    author="Ada <ada@example.org>",
    short_description="Fists.",
    license="MIT",
    version="2.1",
    additional={"Shot With": "a phone"},
)


@pytest.mark.parametrize("suffix", [".mlmodel", ".mlpackage", ".onnx"])
def test_every_format_answers_as_the_classifier_does_and_says_what_it_was_told(tmp_path: Path, suffix: str) -> None:
    classifier = undisturbed().classifier
    path = classifier.write(tmp_path / "deep" / f"Fists{suffix}", METADATA)
    assert path == tmp_path / "deep" / f"Fists{suffix}"
    assert [one.name for one in path.parent.iterdir()] == [path.name]
    windows = np.random.default_rng(0).random((5, 1, 3, 21), np.float32)
    saved = Predictor.open(path)
    assert saved.classes == sorted(LABELS)
    assert np.allclose(saved.probabilities(windows), classifier.predictor.probabilities(windows), atol=0.01)
    if suffix == ".onnx":
        known = {one.key: one.value for one in onnx.load(path).metadata_props}
        said = [known[name] for name in ("Author", "Short Description", "License", "Version")]
    else:
        model = coremltools.models.MLModel(str(path), skip_model_load=True)
        known = model.user_defined_metadata
        said = [model.author, model.short_description, model.license, model.version]
    assert said == [METADATA.author, METADATA.short_description, METADATA.license, METADATA.version]
    assert known["Shot With"] == "a phone"
    assert (known["Target Frame Rate"], len(known["Training Fingerprint"])) == ("30.0", 64)


def test_a_folder_gets_what_create_ml_writes_in_place_of_an_older_file(tmp_path: Path) -> None:
    path = tmp_path / "models" / "HandActionClassifier.mlmodel"
    path.parent.mkdir()
    path.write_bytes(b"old")
    assert trained_action().classifier.write(str(path.parent)) == path
    model = coremltools.models.MLModel(str(path), skip_model_load=True)
    assert (model.version, model.author) == ("1", "")
    assert model.user_defined_metadata["Target Frame Rate"] == "15.0"


def test_model_is_a_core_ml_model() -> None:
    model = trained_action().classifier.model
    assert isinstance(model, coremltools.models.MLModel)
    (poses,) = model.get_spec().description.input
    assert list(poses.type.multiArrayType.shape) == [6, 3, 21]


@pytest.mark.parametrize(
    ("to", "metadata", "said"),
    [
        (
            "a.pt",
            None,
            "to: a file that ends in .mlpackage, .mlmodel, .aimodel, .onnx, .tflite, .task was expected (got a.pt)",
        ),
        (5, None, "to: str or Path expected (got 5"),
        ("a.onnx", {"author": "Ada"}, "metadata: ModelMetadata expected"),
        ("a.onnx", ModelMetadata(author=None), "metadata.author: str expected (got None"),
        ("a.onnx", ModelMetadata(version=2), "metadata.version: str expected (got 2"),
        ("a.onnx", ModelMetadata(additional={"Year": 2026}), "metadata.additional.Year: str expected (got 2026"),
        ("a.onnx", ModelMetadata(additional={"Target Frame Rate": "5"}), "'Target Frame Rate' is a key of handloom's"),
    ],
)
def test_what_cannot_be_written_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, to: Any, metadata: Any, said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(HandloomError) as caught:
        undisturbed().classifier.write(to, metadata)
    assert said in str(caught.value) and "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(HandloomError, match=r"file/a\.mlmodel: cannot be written") as caught:
        undisturbed().classifier.write(tmp_path / "file" / "a.mlmodel")
    assert "\n" not in str(caught.value)
