"""A training in a process of its own, killed without warning and started again, ends as if nothing had happened."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient
from small_training import WITH_VALIDATION, write_tables
from tracked import trained_run

SCRIPT = Path(__file__).parent.parent / "small_training.py"
LONG: dict[str, Any] = {
    "maximum_iterations": 20,
    "report_interval": 1,
    "checkpoint_interval": 4,
    "batch_size": 2,
    "optimizer": {"lr": 0.01, "warmup": 0.2},
    "early_stopping": {"patience": 19},  # its counts and its best network have to survive, too
}


@pytest.fixture(autouse=True)
def with_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_tables(["a", "b"] * 15, WITH_VALIDATION)


def run(repository: Path, *killed_after: int) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}
    return subprocess.run(
        [sys.executable, str(SCRIPT), json.dumps(LONG), *map(str, killed_after)],
        env=environment | {"DVC_ROOT": str(repository), "PYTHONWARNINGS": "ignore"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )


def what_came_of_it(repository: Path) -> dict[str, Any]:
    client = MlflowClient(f"sqlite:///{repository / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("handloom-pose")
    assert experiment is not None
    (run,) = client.search_runs([experiment.experiment_id])
    assert run.info.run_id == trained_run(Path("out"), repository).run_id
    assert run.info.status == "FINISHED"
    assert not list((repository / ".handloom/training").iterdir())
    return {
        "model": Path("out/model.ckpt").read_bytes(),
        "history": Path("out/history.csv").read_text(),
        "mlflow": {
            name: [(point.step, point.value) for point in client.get_metric_history(run.info.run_id, name)]
            for name in run.data.metrics
        },
    }


def test_killed_twice_it_ends_in_the_same_bits_and_one_run(tmp_path: Path) -> None:
    repositories = tmp_path / "undisturbed", tmp_path / "killed"
    for repository in repositories:
        repository.mkdir()
    assert run(repositories[0]).returncode == 0
    undisturbed = what_came_of_it(repositories[0])
    assert len(undisturbed["mlflow"]["validation_loss"]) > 15

    for report in (2, 7):  # before the first checkpoint, and reports after the last one
        assert run(repositories[1], report).returncode == -signal.SIGKILL
    assert "train_pose: resuming from iteration-0000" in run(repositories[1]).stdout
    assert what_came_of_it(repositories[1]) == undisturbed
