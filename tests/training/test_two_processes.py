"""Two devices: Lightning runs the script again for the second, and the two act as one."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import torch
from mlflow import MlflowClient
from small_training import WITH_VALIDATION, write_tables

from handloom.models.checkpoint import read_checkpoint

SCRIPT = Path(__file__).parent.parent / "small_training.py"
TWO: dict[str, Any] = {
    "devices": 2,
    "strategy": "ddp",
    "batch_size": 8,
    "maximum_iterations": 8,
    "report_interval": 1,
}


@pytest.fixture(autouse=True)
def with_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_tables(["a", "b"] * 30, WITH_VALIDATION)  # enough for an iteration to show each once


def run(**changes: Any) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}
    return subprocess.run(
        [sys.executable, str(SCRIPT), json.dumps(TWO | changes)],
        env=environment | {"DVC_ROOT": str(Path.cwd()), "PYTHONWARNINGS": "ignore"},
        capture_output=True,
        text=True,
        timeout=1000,
    )


def test_two_processes_train_one_model_in_one_run_and_go_on_with_it() -> None:
    paused = run(iterations=2)
    assert paused.returncode == 0, paused.stderr
    assert paused.stderr.count("little training data") == 1
    done = run()
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("resuming from iteration-000002") == 1
    assert not list(Path(".handloom/training").iterdir())

    with Path("out/history.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["iteration"] for row in rows] == [str(iteration) for iteration in range(1, 9)]
    # A share of all examples, of both processes: some of those are not shares of the half that each one sees.
    count = sum(row["part"] == "train" for row in pq.read_table("parts.parquet").to_pylist())
    right = [float(row["accuracy"]) * count for row in rows]
    assert right == pytest.approx([round(number) for number in right])
    assert any(round(number) % 2 for number in right)
    state = read_checkpoint(Path("out/model.ckpt"))["state_dict"]
    assert all(torch.isfinite(tensor).all() for tensor in state.values())
    client = MlflowClient("sqlite:///mlflow.db")
    experiment = client.get_experiment_by_name("handloom-pose")
    assert experiment is not None
    (one,) = client.search_runs([experiment.experiment_id])
    assert one.info.status == "FINISHED"
    assert [point.step for point in client.get_metric_history(one.info.run_id, "loss")] == list(range(1, 9))


def test_a_mistake_is_told_once_and_ends_both() -> None:
    failed = run(optimizer={"lr": 1e30, "gradient_clip": 0.0}, maximum_iterations=20)
    assert failed.returncode == 1
    assert failed.stderr.count("lower train_pose.optimizer.lr") == 1
    assert "Traceback" not in failed.stderr
