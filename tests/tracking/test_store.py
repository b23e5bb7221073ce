"""The MLflow store on this machine survives what the stages survive."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from handloom import tracking
from handloom.config import Data, LabeledDirectories, Parameters

PARAMETERS = Parameters(data=Data(pose=LabeledDirectories(path="photos"), action=LabeledDirectories(path="clips")))
MAKE_A_STORE = "from handloom.tracking.store import client; client().search_experiments()"


@pytest.fixture(autouse=True)
def in_a_repository_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)


def test_a_store_whose_making_was_killed_does_not_stop_the_next_run(tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", MAKE_A_STORE], stderr=subprocess.DEVNULL, start_new_session=True)
    while process.poll() is None and not any(path.stat().st_size for path in tmp_path.glob("*mlflow*.db")):
        time.sleep(0.005)
    assert process.poll() is None
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    run_id = tracking.start_run("pose", PARAMETERS)
    assert tracking.logged_steps(run_id) == {}


def test_numbers_of_a_step_that_the_run_has_are_known() -> None:
    run_id = tracking.start_run("pose", PARAMETERS)
    tracking.log_metrics(run_id, {"loss": 1.0, "accuracy": 0.5}, step=5)
    logged = tracking.logged_steps(run_id)
    assert tracking.unlogged(logged, {"loss": 1.0, "accuracy": 0.5}, step=5) == {}
    assert tracking.unlogged(logged, {"loss": 0.9, "validation_loss": 0.8}, step=10) == {
        "loss": 0.9,
        "validation_loss": 0.8,
    }
    assert {path.name for path in Path.cwd().glob("*mlflow*")} == {"mlflow.db"}


def test_a_store_in_a_file_of_ones_own_is_made_once_and_keeps_its_files_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "elsewhere"
    other.mkdir()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{other}/runs.db")
    processes = [subprocess.Popen([sys.executable, "-c", MAKE_A_STORE], stderr=subprocess.PIPE) for _ in range(3)]
    assert [process.communicate()[1] for process in processes] == [b""] * 3
    run_id = tracking.start_run("pose", PARAMETERS)
    tracking.log_text(run_id, "hello", "greeting.txt")
    assert [path.read_text() for path in (other / "mlruns").rglob("greeting.txt")] == ["hello"]
    assert {path.name for path in other.iterdir()} == {"runs.db", "mlruns"}
