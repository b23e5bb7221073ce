"""The registered models: what is in them, and which one is the champion."""

import json
import shutil
from importlib.metadata import version as installed_version
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

import mlflow
import numpy as np
import pytest
import yaml
from mlflow.entities.model_registry import ModelVersion
from packaging.version import Version
from small_training import OUT, PARTS, SETTINGS, TABLE, WITH_VALIDATION, train_small, write_tables
from tracked import client, tracker, trained_run

from handloom import tracking
from handloom.config import Data, Evaluate, LabeledDirectories, Parameters, as_plain, raw_data
from handloom.evaluation.answers import Answer
from handloom.evaluation.evaluate import evaluate
from handloom.evaluation.plots import draw_plots
from handloom.models.calibration import reliability
from handloom.models.checkpoint import load_model
from handloom.models.provenance import read_provenance
from handloom.prediction.predictor import Predictor
from handloom.runs.recorded import recorded_runs
from handloom.support.files import sha256_of_file
from handloom.support.workspace import Workspace
from handloom.tracking.registry import ACCURACY, LOG_LOSS, TEST_DATA, replaces

LABELS = ["fist", "open hand", "é"] * 10
DATA = Data(pose=LabeledDirectories(path="photos"), action=LabeledDirectories(path="clips"))


@pytest.fixture(autouse=True)
def in_a_repository_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)


def evaluated(stride: int = 1) -> dict[str, float]:
    parameters = Parameters(data=DATA, train_pose=SETTINGS, evaluate=Evaluate(window_stride=stride))
    return evaluate(parameters, "pose", OUT, TABLE, PARTS, Path("report"), Workspace.here()).metrics


def versions() -> list[ModelVersion]:
    found = client().search_model_versions("name = 'handloom-pose'")
    return sorted(found, key=lambda version: int(version.version))


def champion() -> int:
    return int(client().get_model_version_by_alias("handloom-pose", "champion").version)


def rank_below(version: ModelVersion) -> None:
    """As if a version had been a little worse."""
    client().set_model_version_tag("handloom-pose", version.version, ACCURACY, "-1.0")


def test_a_run_has_all_of_its_story_and_its_model_predicts_as_trained(capsys: pytest.CaptureFixture[str]) -> None:
    write_tables(LABELS, WITH_VALIDATION)
    sheets = TABLE.with_suffix("")
    sheets.mkdir()
    for name in ("hands.png", "no_hand.png", "report.json"):
        (sheets / name).write_text("drawn")
    Path("dvc.lock").write_text("stages")
    train_small()
    metrics = evaluated()
    capsys.readouterr()
    assert evaluated() == metrics  # again: nothing is registered twice
    assert capsys.readouterr().err == ""

    store, run_id = client(), trained_run(OUT).run_id
    run = store.get_run(run_id)
    tags = run.data.tags
    assert tags["handloom.keypoints_sha256"] == sha256_of_file(TABLE)
    assert tags["handloom.split_sha256"] == sha256_of_file(PARTS)
    assert tags["handloom.dvc_lock_sha256"] == sha256_of_file(Path("dvc.lock"))
    found = {file.path for folder in ("", "data", "plots") for file in store.list_artifacts(run_id, folder or None)}
    assert found >= {"data/hands.png", "data/no_hand.png", "data/report.json", "environment.txt"}
    assert found >= {"plots/confusion.png", "plots/reliability.png"}
    recorded = Path(store.download_artifacts(run_id, "params.yaml")).read_text()
    parameters = Parameters(data=DATA, train_pose=SETTINGS, train_action=SETTINGS)
    plain = as_plain(parameters)
    assert yaml.safe_load(recorded) == plain | {"raw_data": raw_data(plain["data"])}  # as dvc.yaml needs it
    assert tags["handloom.model_sha256"] == sha256_of_file(OUT / "model.ckpt")
    environment = Path(store.download_artifacts(run_id, "environment.txt")).read_text()
    assert environment.startswith("# Python 3.") and "\nmlflow==" in environment
    assert "/" not in environment and "@" not in environment

    (version,) = versions()
    assert champion() == 1 and version.run_id == run_id
    assert float(version.tags[ACCURACY]) == metrics["accuracy_end_to_end"]
    assert float(version.tags[LOG_LOSS]) == metrics["log_loss"]
    assert version.tags["handloom.keypoints_sha256"] == sha256_of_file(TABLE)
    assert run.outputs is not None and version.source is not None
    (output,) = run.outputs.model_outputs
    assert output.model_id in version.source
    requirements = Path(url2pathname(urlsplit(version.source).path), "requirements.txt").read_text()
    assert f"torch=={Version(installed_version('torch')).public}\n" in requirements
    assert "+" not in requirements  # local parts, which no index has

    mlflow.set_tracking_uri(tracker().store.address.uri)
    loaded = mlflow.pyfunc.load_model("models:/handloom-pose@champion")
    poses = np.random.default_rng(0).random((5, 1, 3, 21), dtype=np.float32)
    answers = loaded.predict({"poses": poses})
    assert list(answers.columns) == ["fist", "open hand", "é"]
    trained = load_model(OUT / "model.ckpt")
    np.testing.assert_array_equal(answers.to_numpy(), trained.probabilities(poses))
    assert loaded.predict(loaded.input_example).shape == (1, 3)
    with pytest.raises(mlflow.MlflowException, match="poses"):
        loaded.predict({"joints": poses})
    with pytest.raises(mlflow.MlflowException, match="shape"):
        loaded.predict({"poses": poses[:, :, :, :20]})
    expected = Predictor.open(OUT / "model.ckpt").probabilities(poses)
    for address in ("models:/handloom-pose@champion", "models:/handloom-pose/1", f"runs:/{run_id}"):
        np.testing.assert_array_equal(Predictor.open(address).probabilities(poses), expected)
    saved = Path(mlflow.artifacts.download_artifacts("models:/handloom-pose@champion"))
    assert not list(saved.rglob("*.pkl"))
    assert str(Path.cwd()) not in (saved / "MLmodel").read_text()


def test_the_champion_is_only_replaced_by_a_better_one_measured_on_the_same(
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_tables(LABELS, WITH_VALIDATION)
    train_small(seed=1)
    evaluated()
    rank_below(versions()[0])
    train_small(seed=2)
    evaluated()
    assert champion() == 2  # better
    train_small(seed=1)
    evaluated()  # the same bits from another run are the version that is there, with its true numbers again
    assert len(versions()) == 2
    assert versions()[0].tags[ACCURACY] != "-1.0"

    capsys.readouterr()
    train_small(seed=3)
    before = champion()
    evaluated(stride=2)
    assert len(versions()) == 3 and champion() == before
    said = capsys.readouterr().err
    assert f"handloom-pose 3 was measured on another test set than the champion, handloom-pose {before}," in said


@pytest.mark.parametrize(
    ("accuracy", "log_loss", "data", "moves"),
    [
        (0.91, 0.9, "same", True),
        (0.9, 0.2, "same", True),
        (0.9, 0.3, "same", False),
        (0.9, 0.4, "same", False),
        (0.89, 0.1, "same", False),
        (0.99, 0.1, "other", None),
        (0.99, 0.1, "", None),
    ],
)
def test_the_rule(accuracy: float, log_loss: float, data: str, moves: bool | None) -> None:
    now = {ACCURACY: "0.9", LOG_LOSS: "0.3", TEST_DATA: "same"}
    assert replaces({ACCURACY: repr(accuracy), LOG_LOSS: repr(log_loss), TEST_DATA: data}, now) is moves


@pytest.mark.filterwarnings("error")  # Matplotlib's, of letters that it draws as boxes
def test_plots_of_the_same_answers_have_the_same_bytes(tmp_path: Path) -> None:
    labels = ["a", "$b$", "手"]
    answers = [Answer(f"{n}", labels[n % 3], labels[n % 2], 0.3 + n / 50, 0.5, n != 5) for n in range(30)]
    bins = reliability([answer.confidence for answer in answers], [n % 2 == 0 for n in range(30)])
    drawn = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        drawn.append([file.read_bytes() for file in draw_plots(answers, labels, bins, tmp_path / name)])
    assert drawn[0] == drawn[1] and all(picture[:4] == b"\x89PNG" for picture in drawn[0])


def test_a_model_from_elsewhere_goes_on_in_one_new_run() -> None:
    write_tables(LABELS, WITH_VALIDATION)
    train_small()
    content = json.loads((OUT / "run.json").read_text())
    old = {name: text for name, text in content.items() if name != "fingerprint"} | {"git_commit": ""}
    for changed in (content | {"fingerprint": "0" * 64}, old | {"run_id": "1" * 32}):
        (OUT / "run.json").write_text(json.dumps(changed))
        evaluated()
        evaluated()
    experiment = client().get_experiment_by_name("handloom-pose")
    assert experiment is not None
    for tag in (f"tags.handloom.fingerprint = '{'0' * 64}'", f"tags.handloom.run = '{'1' * 32}'"):
        (going_on,) = client().search_runs([experiment.experiment_id], tag)
        assert "test_accuracy" in going_on.data.metrics


def test_a_model_that_was_trained_elsewhere_finds_the_newest_run_of_its_training_that_finished() -> None:
    write_tables(LABELS, WITH_VALIDATION)
    train_small()
    fingerprint = read_provenance(OUT / "run.json").fingerprint
    trained = trained_run(OUT).run_id
    shutil.rmtree(".handloom/runs")  # as on another computer
    parameters = Parameters(data=DATA, train_pose=SETTINGS)
    given_up = tracker().start("pose", parameters, {tracking.FINGERPRINT: fingerprint, tracking.GIVEN_UP_AT: "2"})
    given_up.end()
    tracker().start("pose", parameters, {tracking.FINGERPRINT: fingerprint})  # goes on
    assert tracker().run_of(fingerprint, "pose", parameters).run_id == trained
    again = tracker().start("pose", parameters, {tracking.FINGERPRINT: fingerprint})
    again.end()
    evaluated()
    assert "test_accuracy" in client().get_run(again.run_id).data.metrics
    assert recorded_runs(Workspace.here(), fingerprint)["pose"].run_id == again.run_id
