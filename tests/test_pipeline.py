"""End to end: `dvc repro` on drawn hands, with the real MediaPipe, DVC, MLflow and Core ML tools."""

import csv
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import Project, can_trace, network_trace
from mlflow import MlflowClient
from tracked import trained_run

from handloom import keypoint_table
from handloom.hand import palm_length, present
from handloom.models.files import HISTORY_COLUMNS
from handloom.support.files import write_csv

KINDS = ("pose", "action")


def to_run(project: Project, *targets: str) -> list[str]:
    """The stages that `dvc repro` would run now, without the first, which runs always."""
    result = project.run("dvc", "repro", "--dry", *targets)
    named = [line.split("'")[1] for line in result.stdout.splitlines() if line.startswith("Running stage")]
    assert named.pop(0) == "code_versions"
    return named


def run_id(project: Project, kind: str) -> str:
    return trained_run(project.root / f"models/{kind}", project.root).run_id


@pytest.mark.parametrize("kind", KINDS)
def test_every_output_is_there_and_the_metrics_count_the_test_part(finished: Project, kind: str) -> None:
    name = {"pose": "HandPoseClassifier", "action": "HandActionClassifier"}[kind]
    assert (finished.root / f"exports/{kind}/{name}.mlpackage/Manifest.json").is_file()
    metrics = json.loads((finished.root / f"reports/{kind}/metrics.json").read_text())
    rows = list(csv.DictReader((finished.root / f"reports/{kind}/predictions.csv").open()))
    right = [row["label"] == row["predicted"] and row["hand_found"] == "True" for row in rows]
    assert metrics["examples"] == len(rows) > 0
    assert metrics["accuracy_end_to_end"] == pytest.approx(np.mean(right))
    assert metrics["hands_found"] == pytest.approx(np.mean([row["hand_found"] == "True" for row in rows]))
    assert metrics["accuracy_end_to_end"] == pytest.approx(metrics["accuracy"] * metrics["hands_found"])
    assert metrics["accuracy"] > 0.5  # four and three classes; an untrained network is right a third of the time
    assert 0 < metrics["macro_f1"] <= 1


@pytest.mark.parametrize("kind", KINDS)
def test_no_person_is_in_two_parts(finished: Project, kind: str) -> None:
    import pyarrow.parquet as pq

    rows = pq.read_table(finished.root / f"data/splits/{kind}.parquet").to_pylist()
    parts_of_person: dict[str, set[str]] = {}
    for row in rows:
        parts_of_person.setdefault(row["group"], set()).add(row["part"])
    assert set(parts_of_person) == {f"person_{number:02}" for number in range(4)}
    assert all(len(parts) == 1 for parts in parts_of_person.values())
    assert set.union(*parts_of_person.values()) == {"train", "validation", "test"}


def test_extracted_joints_agree_with_the_drawn_ones_and_y_points_up(finished: Project) -> None:
    found = keypoint_table.read(finished.root / "data/keypoints/pose.parquet").sort_by("path")
    drawn = keypoint_table.read(finished.root / "data/sample/photos.parquet").sort_by("path")
    assert found.column("path").to_pylist() == drawn.column("path").to_pylist()
    seen, true = keypoint_table.poses_of(found), keypoint_table.poses_of(drawn)
    chosen = present(seen) & (np.array(found.column("label").to_pylist()) == "five")
    assert chosen.sum() >= 7

    def error(poses: np.ndarray) -> float:
        errors = []
        for row in np.flatnonzero(chosen):
            width, height = (drawn.column(name)[int(row)].as_py() for name in ("width", "height"))
            apart = (poses[row, :2] - true[row, :2]) * np.array([[width], [height]])
            errors.append(np.hypot(*apart).mean() / palm_length(true[row : row + 1], width, height)[0])
        return float(np.mean(errors))

    upside_down = seen.copy()
    upside_down[:, 1] = 1 - upside_down[:, 1]
    assert error(seen) < 0.06
    assert error(upside_down) > 0.5
    # In most pictures an upright open hand has its middle finger's tip above the wrist.
    assert np.median(seen[chosen, 1, 12] - seen[chosen, 1, 0]) > 0.1


@pytest.mark.skipif(not can_trace(), reason="strace is not installed (apt-get install strace), or may not trace")
def test_the_pipeline_asks_nothing_of_the_network(finished: Project) -> None:
    """Neither a server nor a name: the landmarker of today's MediaPipe would ask for its maker's logging host."""
    calls = network_trace(finished).read_text().splitlines()
    assert any("exited with 0" in call for call in calls)
    asked = (
        "connect(",
        "sendto(",
        "sendmsg(",
        "sendmmsg(",
    )  # a socket alone is how urllib3 learns whether there is IPv6
    assert [call for call in calls if "AF_INET" in call and any(name in call for name in asked)] == []


def test_a_second_repro_runs_nothing(finished: Project) -> None:
    assert to_run(finished) == []


def test_a_parameter_of_training_runs_the_training_and_nothing_before_it(finished: Project) -> None:
    finished.set({"train_pose.seed": 7})
    try:
        assert to_run(finished) == ["train_pose"]
    finally:
        finished.git("checkout", "params.yaml")


def test_data_of_ones_own_leaves_the_sample_alone(finished: Project) -> None:
    shutil.copytree(finished.root / "data/sample/photos", finished.root / "data/photos")
    finished.set(
        {
            "data.pose.path": "data/photos",
            "raw_data.pose.path": "data/photos",
            "sample.seed": 99,
        }
    )
    try:
        assert to_run(finished, "extract_keypoints@pose") == ["raw_data_pose@path", "extract_keypoints@pose"]
    finally:
        finished.git("checkout", "params.yaml")
        shutil.rmtree(finished.root / "data/photos")


def test_loss_and_accuracy_are_drawn_also_without_a_validation_part(finished: Project) -> None:
    history = finished.root / "models/pose/history.csv"
    before = history.read_bytes()
    rows = list(csv.DictReader(history.open()))
    write_csv(history, [{name: "" if "validation" in name else row[name] for name in HISTORY_COLUMNS} for row in rows])
    try:
        shown = json.loads(finished.run("dvc", "plots", "show", "--json").stdout)
    finally:
        history.write_bytes(before)
    assert not shown.get("errors")
    for name, column in [("accuracy pose", "accuracy"), ("loss pose", "loss"), ("loss action", "validation_loss")]:
        values = shown["data"][name][0]["content"]["data"]["values"]
        drawn = [float(one["dvc_inferred_y_value"]) for one in values if one["field"] == column]
        assert len(drawn) == 12, name


@pytest.mark.parametrize("kind", KINDS)
def test_one_mlflow_run_follows_the_training_to_the_export(finished: Project, kind: str) -> None:
    client = MlflowClient(f"sqlite:///{finished.root / 'mlflow.db'}")
    experiment = client.get_experiment_by_name(f"handloom-{kind}")
    assert experiment is not None
    runs = client.search_runs([experiment.experiment_id])
    assert [run.info.run_id for run in runs] == [run_id(finished, kind)]
    run = runs[0]
    assert run.info.status == "FINISHED"
    assert run.data.params[f"train_{kind}.optimizer.lr"] == "0.003"
    metrics = json.loads((finished.root / f"reports/{kind}/metrics.json").read_text())
    assert run.data.metrics["test_accuracy_end_to_end"] == pytest.approx(metrics["accuracy_end_to_end"])
    for name in ("loss", "accuracy", "validation_loss", "validation_accuracy"):
        assert [point.step for point in client.get_metric_history(run.info.run_id, name)] == list(range(5, 65, 5))
    logged = {Path(file.path).name for folder in ("reports", "exports") for file in _files(client, run, folder)}
    assert {"metrics.json", "confusion.csv", "model.mlmodel", "weight.bin"} <= logged


def _files(client: MlflowClient, run: object, folder: str) -> list[Any]:
    files: list[Any] = []
    for item in client.list_artifacts(run.info.run_id, folder):  # type: ignore[attr-defined]
        files.extend(_files(client, run, item.path) if item.is_dir else [item])
    return files


def test_experiments_take_overrides_and_do_not_extract_again(
    finished: Project, make_project: Callable[[str], Project]
) -> None:
    result = finished.run("dvc", "exp", "run", "--set-param", "train_pose.maximum_iterations=2", "evaluate@pose")
    try:
        assert "Running stage 'train_pose'" in result.stdout
        assert "Running stage 'extract_keypoints@pose'" not in result.stdout
        assert finished.parameters()["train_pose"]["maximum_iterations"] == 2
    finally:
        finished.git("checkout", ".")
        finished.run("dvc", "checkout", "--force")


def copy_of(finished: Project, make_project: Callable[[str], Project], name: str) -> Project:
    """A clone whose inputs of training are already there, and whose training is long enough to be killed."""
    project = make_project(name)
    for folder in ("data/keypoints", "data/splits"):
        shutil.copytree(finished.root / folder, project.root / folder)
    shutil.copy(finished.root / "params.yaml", project.root)
    project.set({"train_action.maximum_iterations": 12, "train_action.checkpoint_interval": 1})
    return project


def test_training_killed_and_started_again_ends_in_the_same_bits(
    finished: Project, make_project: Callable[[str], Project]
) -> None:
    undisturbed = copy_of(finished, make_project, "undisturbed")
    undisturbed.run("python", "pipeline/train_action.py")

    killed = copy_of(finished, make_project, "killed")
    for checkpoints in (3, 7):
        start_and_kill(killed, after_checkpoint=checkpoints)
    last = killed.run("python", "pipeline/train_action.py")

    assert "resuming from iteration-" in last.stdout
    for name in ("model.ckpt", "history.csv", "run.json"):
        assert (killed.root / f"models/action/{name}").read_bytes() == (
            undisturbed.root / f"models/action/{name}"
        ).read_bytes(), name
    client = MlflowClient(f"sqlite:///{killed.root / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("handloom-action")
    assert experiment is not None
    runs = client.search_runs([experiment.experiment_id])
    assert [run.info.run_id for run in runs] == [run_id(killed, "action")]
    assert runs[0].info.status == "FINISHED"
    assert not list((killed.root / ".handloom/training").iterdir())


def start_and_kill(project: Project, after_checkpoint: int) -> None:
    """Start the training and kill it, with all its children, once the checkpoint of that iteration is written."""
    process = subprocess.Popen(
        ["python", "pipeline/train_action.py"],
        cwd=project.root,
        env=project.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    deadline = time.monotonic() + 900
    while time.monotonic() < deadline and process.poll() is None:
        written = [int(path.stem.split("-")[1]) for path in project.root.glob(".handloom/training/*/iteration-*.ckpt")]
        if written and max(written) + 1 >= after_checkpoint:
            break
        time.sleep(0.01)
    assert process.poll() is None, "the training ended before it could be killed"
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def test_other_parameters_never_resume(finished: Project, make_project: Callable[[str], Project]) -> None:
    project = copy_of(finished, make_project, "changed")
    start_and_kill(project, after_checkpoint=3)
    result = project.run(
        "python", "pipeline/train_action.py", "train_action.seed=2", "train_action.maximum_iterations=2"
    )
    assert "going on" not in result.stdout
