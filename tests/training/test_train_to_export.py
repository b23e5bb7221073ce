"""What validation taught is one set of numbers, from training over the report to the model that an app gets."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest
from small_training import OUT, PARTS, SETTINGS, TABLE, WITH_VALIDATION, WITHOUT_VALIDATION, train_small, write_tables
from tracked import client, trained_run

from handloom import keypoint_table
from handloom.config import Data, LabeledDirectories, Parameters, Split
from handloom.dataset.split import read_split
from handloom.evaluation.evaluate import evaluate
from handloom.export.export import export_coreml
from handloom.export.specification import read_specification
from handloom.hand import mirror
from handloom.models.checkpoint import load_model
from handloom.support.workspace import Workspace
from handloom.training.resume import TrainingTask
from handloom.training.train import left_hands_for

PARAMETERS = Parameters(data=Data(pose=LabeledDirectories(path="photos"), action=LabeledDirectories(path="clips")))
LABELS = ["background", "fist", "open"] * 20


@pytest.fixture(autouse=True)
def in_a_repository_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)


def run(split: Split) -> tuple[dict[str, float], list[dict[str, str]], dict[str, str], dict[str, float]]:
    """Train, evaluate and export; metrics, rows per class, the exported metadata and the run's metrics."""
    write_tables(LABELS, split)
    train_small()
    metrics = evaluate(PARAMETERS, "pose", OUT, TABLE, PARTS, Path("report"), Workspace.here()).metrics
    parameters = replace(PARAMETERS, train_pose=SETTINGS)
    (package, *_) = export_coreml(parameters, "pose", OUT, TABLE, PARTS, Path("export"), Workspace.here())
    user = read_specification(package.path).description.metadata.userDefined
    logged = client().get_run(trained_run(OUT).run_id).data.metrics
    return metrics, rows_of(Path("report/per_class.csv")), dict(user), logged


def rows_of(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text().splitlines()))


def test_model_report_metadata_and_run_have_the_same_numbers() -> None:
    metrics, classes, user, logged = run(WITH_VALIDATION)
    calibration = load_model(OUT / "model.ckpt").calibration
    assert calibration is not None and calibration.thresholds
    assert float(user["Temperature"]) == calibration.temperature == logged["calibration_temperature"]
    reported = {row["label"]: float(row["recommended_threshold"]) for row in classes if row["recommended_threshold"]}
    assert json.loads(user["Recommended Thresholds"]) == calibration.thresholds == reported
    assert float(user["False Activation Rate"]) == logged["calibration_false_activation_rate"]
    assert calibration.examples == logged["calibration_examples"] > 0
    assert all((row["precision_at_threshold"] == "") == (row["recommended_threshold"] == "") for row in classes)
    for name in ("log_loss", "calibration_error", "false_activation_rate_at_thresholds"):
        assert logged[f"test_{name}"] == metrics[name]

    bins = rows_of(Path("report/reliability.csv"))
    assert sum(int(row["count"]) for row in bins) == metrics["examples"]
    right = sum(int(row["count"]) * float(row["accuracy"]) for row in bins)
    assert right == pytest.approx(metrics["accuracy"] * metrics["examples"])


def test_without_validation_nothing_is_said_of_it() -> None:
    metrics, classes, user, logged = run(WITHOUT_VALIDATION)
    assert load_model(OUT / "model.ckpt").calibration is None
    assert not {"Temperature", "Recommended Thresholds", "False Activation Rate"} & set(user)
    assert not [name for name in logged if name.startswith(("calibration", "validation"))]
    assert "false_activation_rate" in metrics  # of the test set
    assert not [name for name in metrics if name.endswith("_at_thresholds")]
    assert {row["recommended_threshold"] for row in classes} == {""}


@pytest.mark.parametrize(("known", "left_hands"), [(0.6, "mirrored"), (0.4, "as_they_are")])
def test_photos_are_mirrored_where_most_say_which_hand_it_is(known: float, left_hands: str) -> None:
    """What the training set decides is in the checkpoint; clips stay as they are, since a swipe has a direction."""
    write_tables(LABELS, WITHOUT_VALIDATION)
    rows = keypoint_table.read(TABLE)
    parts = read_split(PARTS)
    training = [row for row, one in enumerate(rows.column("session_id").to_pylist()) if parts[one] == "train"]
    sides = ["left"] * len(rows)  # also of the test set, which does not count
    for row in training[round(known * len(training)) :]:
        sides[row] = ""
    rows = rows.set_column(rows.column_names.index("chirality"), "chirality", pa.array(sides))
    keypoint_table.write(TABLE, [rows], {"frame_rate": "30"})
    train_small(left_hands="auto")
    assert load_model(OUT / "model.ckpt").spec.left_hands == left_hands
    assert left_hands_for(TrainingTask("action", replace(SETTINGS, left_hands="auto"), TABLE, PARTS)) == "as_they_are"


def test_left_hands_of_the_test_part_are_mirrored_for_a_model_that_wants_them_so() -> None:
    write_tables(LABELS, WITHOUT_VALIDATION)
    train_small(left_hands="mirrored")
    evaluate(PARAMETERS, "pose", OUT, TABLE, PARTS, Path("right"), Workspace.here())
    rows = keypoint_table.read(TABLE)
    for name, column in (
        ("keypoints", keypoint_table.poses_to_column(mirror(keypoint_table.poses_of(rows)))),
        ("chirality", pa.array(["left"] * len(rows))),
    ):
        rows = rows.set_column(rows.column_names.index(name), name, column)
    keypoint_table.write(TABLE, [rows], {"frame_rate": "30"})
    evaluate(PARAMETERS, "pose", OUT, TABLE, PARTS, Path("left"), Workspace.here())
    for right, left in zip(rows_of(Path("right/predictions.csv")), rows_of(Path("left/predictions.csv")), strict=True):
        assert left["predicted"] == right["predicted"]
        assert float(left["confidence"]) == pytest.approx(float(right["confidence"]), abs=1e-4)
