"""The same answers wherever a model was kept; one clear line where there is none."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import small_models
import torch
from small_models import random_hands, save, trained
from tracked import client, start_run

from handloom.config import Data, ExportCoreML, Kind, LabeledDirectories, Model, Parameters, Training, as_plain
from handloom.errors import DataError
from handloom.export.hard_cases import plain_hand
from handloom.export.interface import user_metadata
from handloom.export.onnx_file import save_onnx
from handloom.hand import mirror
from handloom.models.checkpoint import load_model
from handloom.prediction.predictor import Predictor
from handloom.prediction.results import Classification, Prediction
from handloom.training.checkpoints import save_model
from handloom.training.module import HandModule

CLASSES = ["nothing", "b", "a"]
WINDOW = 7
# Of these classes, as training makes it.
THRESHOLDS = small_models.CALIBRATION.classes
LABELLED = zip((THRESHOLDS[2], *THRESHOLDS[:2]), CLASSES, strict=True)
CALIBRATION = replace(small_models.CALIBRATION, classes=tuple(replace(one, label=label) for one, label in LABELLED))


def write_checkpoint(path: Path, kind: Kind = "action", frame_rate: float = 24.0) -> Path:
    torch.manual_seed(0)
    training = Training(
        prediction_window_size=WINDOW if kind == "action" else 1,
        left_hands="mirrored",
        background_label="nothing",
        model=Model(width=8, frame_features=16),
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    save_model(HandModule(kind, CLASSES, frame_rate, as_plain(training)), CALIBRATION, path)
    return path


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_checkpoint(tmp_path_factory.mktemp("kept") / "model.ckpt")


@pytest.mark.parametrize("suffix", [".mlpackage", ".mlmodel", ".onnx"])
def test_an_exported_file_says_and_answers_what_the_checkpoint_does(
    checkpoint: Path, tmp_path: Path, suffix: str
) -> None:
    model, path = load_model(checkpoint), tmp_path / f"HandActionClassifier{suffix}"
    if suffix == ".onnx":
        save_onnx(model, path, user_metadata(model))
    else:
        save(model, path, ExportCoreML(precision="float32"))
    here, there = Predictor.open(checkpoint, "action"), Predictor.open(tmp_path, "action")
    for name in ("kind", "classes", "window", "frame_rate", "background_label", "left_hands", "thresholds"):
        assert getattr(there, name) == getattr(here, name)
    assert (here.window, here.frame_rate, here.background_label, here.left_hands) == (7, 24.0, "nothing", "mirrored")
    assert here.thresholds == CALIBRATION.thresholds
    windows = random_hands(WINDOW, 5)
    np.testing.assert_allclose(there.probabilities(windows), here.probabilities(windows), atol=2e-4)
    assert there.probabilities(windows[:0]).shape == (0, 3)


def test_a_file_that_handloom_did_not_make_gets_the_confidence_that_vision_gives(tmp_path: Path) -> None:
    """MediaPipe's joints have confidence 1, which Vision never gives; its own confidences stay."""
    from coremltools.proto import Model_pb2

    from handloom.export.read import read_exported

    path = save(trained("pose"), tmp_path / "Hand.mlmodel")
    ours = Predictor.open(path)
    spec = Model_pb2.Model.FromString(path.read_bytes())
    del spec.description.metadata.userDefined["Trained With"]
    path.write_bytes(spec.SerializeToString())
    foreign = Predictor.open(path)
    assert ours.note == "" and "0.94, as Vision gives it" in foreign.note

    windows = np.repeat(plain_hand(1)[None], 3, axis=0)
    windows[1, :, 2] = 0.94
    windows[2, :, 2] = [[0.7, 0, *[1.0] * 19]]
    given = windows.copy()
    given[0, :, 2] = 0.94
    given[2, :, 2] = [[0.7, 0, *[0.94] * 19]]
    runner = read_exported(path)
    np.testing.assert_array_equal(foreign.probabilities(windows), [runner.run(one) for one in given])
    np.testing.assert_array_equal(ours.probabilities(windows), [runner.run(one) for one in windows])


def test_a_left_hand_is_mirrored_as_a_whole_where_the_model_wants_it(checkpoint: Path) -> None:
    predictor = Predictor.open(checkpoint)
    windows = random_hands(WINDOW, 2)
    mostly_left = np.array([[1, 1, -1, 1, 0, 1, 1], [-1, -1, 1, 0, -1, 0, 0]], np.int8)
    kept = windows.copy()
    said = predictor.answers(windows, mostly_left)
    np.testing.assert_array_equal(windows, kept)
    expected = predictor.probabilities(np.stack([mirror(windows[0]), windows[1]]))
    for answer, row in zip(said, expected, strict=True):
        assert dict(answer) == pytest.approx(dict(zip(CLASSES, row.tolist(), strict=True)))
        assert [one.confidence for one in answer] == sorted(row.tolist(), reverse=True)


def test_the_threads_of_the_caller_stay_as_they_are(checkpoint: Path) -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        Predictor.open(checkpoint).probabilities(random_hands(WINDOW, 1))
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_windows_of_another_shape_are_a_mistake_of_the_program(checkpoint: Path) -> None:
    with pytest.raises(ValueError, match=r"expected shape \[K, 7, 3, 21\], got \[1, 6, 3, 21\]"):
        Predictor.open(checkpoint).probabilities(random_hands(6, 1))


def older(path: Path) -> Path:
    content = torch.load(path, weights_only=True)
    content["spec"]["model"]["of_another_version"] = 1
    torch.save(content, path)
    return path


def no_classifier(path: Path) -> Path:
    return Path(shutil.copy(path, path.with_suffix(".zip")))


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (older, "model.ckpt: not a model that this version of handloom can use"),
        (
            no_classifier,
            "model.zip: not a model file; give a .ckpt, .mlpackage, .mlmodel, .aimodel, .onnx, .tflite or .task",
        ),
        (lambda path: path.parent / "else.ckpt", "else.ckpt: no such file"),
        (lambda path: path.parent / "else.mlpackage", "else.mlpackage: no such folder; export the model first"),
        (lambda path: path.parent.parent, "no model in this folder; give one that holds model.ckpt"),
    ],
)
def test_what_cannot_be_opened_is_one_line(tmp_path: Path, spoil: Callable[[Path], Path], says: str) -> None:
    path = spoil(write_checkpoint(tmp_path / "models" / "model.ckpt"))
    with pytest.raises(DataError, match=says) as raised:
        Predictor.open(path)
    assert "\n" not in str(raised.value)


def test_a_model_of_the_wrong_kind_is_one_line(checkpoint: Path) -> None:
    with pytest.raises(DataError, match=r"model.ckpt: a hand action classifier, not a hand pose classifier; give"):
        Predictor.open(checkpoint, "pose")


def test_models_in_mlflow(checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:

    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    with pytest.raises(DataError, match=r"runs:/1: there is no MLflow store at .*mlflow.db; train a model first"):
        Predictor.open("runs:/1")

    data = Data(pose=LabeledDirectories(path="photos"), action=LabeledDirectories(path="clips"))
    run = start_run("action", Parameters(data=data))
    run_id = run.run_id
    with pytest.raises(DataError, match=f"runs:/{run_id}: "):
        Predictor.open(f"runs:/{run_id}")
    exported = save(load_model(checkpoint), tmp_path / "HandActionClassifier.mlpackage")
    run.log_files([exported], "exports")
    run.log_files([checkpoint], "model")
    store = client()
    store.create_registered_model("handloom-action")
    store.create_model_version("handloom-action", f"runs:/{run_id}/model", run_id)
    store.set_registered_model_alias("handloom-action", "champion", "1")

    windows = random_hands(WINDOW, 2)
    expected = Predictor.open(checkpoint).probabilities(windows)
    addresses = [
        f"runs:/{run_id}",
        f"runs:/{run_id}/model",
        "models:/handloom-action@champion",
        "models:/handloom-action/1",
    ]
    for address in addresses:
        np.testing.assert_allclose(Predictor.open(address).probabilities(windows), expected, atol=2e-4)
    with pytest.raises(DataError, match=r"models:/handloom-action@challenger: cannot be loaded from the MLflow store"):
        Predictor.open("models:/handloom-action@challenger")


def test_a_notebook_shows_the_hand_and_the_classes_as_text() -> None:
    results = [Classification("<script>", 0.75), Classification("open", 0.25)]
    joints = np.random.default_rng(1).uniform(0.2, 0.8, (1, 3, 21)).astype(np.float32)
    shown = Prediction(results, range(1), 0.0, 0.0, "", joints)._repr_html_()
    assert "&lt;script&gt;" in shown and "75.0%" in shown and shown.count("<circle") == 21
    nothing = Prediction([], range(1), 0.0, 0.0, "", np.zeros((1, 3, 21), np.float32))._repr_html_()
    assert "no hand" in nothing and "<svg" not in nothing
