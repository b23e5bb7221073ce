"""The MLflow store on this machine survives what the stages survive."""

import logging
import os
import signal
import subprocess
import sys
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit
from urllib.request import url2pathname

import mlflow.data
import pytest
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from PIL import Image
from tracked import client, start_run

from handloom import tracking
from handloom.cli import main
from handloom.cli.doctor.tracking_store import check_store
from handloom.config import Data, LabeledDirectories, Parameters, Tracking
from handloom.config.fields import Pictures
from handloom.errors import HandloomError
from handloom.runs.recorded import recorded_runs
from handloom.support.workspace import Workspace
from handloom.tracking import operations
from handloom.tracking.operations import Operation
from handloom.tracking.store import mlflow_settings

PARAMETERS = Parameters(data=Data(pose=LabeledDirectories(path="photos"), action=LabeledDirectories(path="clips")))
MAKE_A_STORE = """
from handloom.support.workspace import Workspace
from handloom.tracking.store import Store
with Store(Workspace.here()).opened() as client:
    client.search_experiments()
"""

KILLED_WHILE_IT_MAKES_A_STORE = f"""
import os, signal
from mlflow.store.db import utils
def make_and_die(engine):
    utils.InitialBase.metadata.create_all(engine)  # half of the work: no migration yet
    os.kill(os.getpid(), signal.SIGKILL)
utils._initialize_tables = make_and_die
{MAKE_A_STORE}
"""


@pytest.fixture(autouse=True)
def in_a_repository_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)


def test_a_store_whose_making_was_killed_does_not_stop_the_next_run(tmp_path: Path) -> None:
    process = subprocess.run([sys.executable, "-c", KILLED_WHILE_IT_MAKES_A_STORE])
    assert process.returncode == -signal.SIGKILL
    assert [path.stat().st_size > 0 for path in tmp_path.glob("*mlflow*.db")] == [True]
    assert not (tmp_path / "mlflow.db").exists()
    run = start_run("pose", PARAMETERS)
    assert run.logged_steps() == {}


def test_numbers_of_a_step_that_the_run_has_are_known() -> None:
    run = start_run("pose", PARAMETERS)
    run.log_metrics({"loss": 1.0, "accuracy": 0.5}, step=5)
    logged = run.logged_steps()
    assert tracking.unlogged(logged, {"loss": 1.0, "accuracy": 0.5}, step=5) == {}
    assert tracking.unlogged(logged, {"loss": 0.9, "validation_loss": 0.8}, step=10) == {
        "loss": 0.9,
        "validation_loss": 0.8,
    }
    assert {path.name for path in Path.cwd().glob("*mlflow*")} == {"mlflow.db"}


def test_mlflow_leaves_the_environment_and_the_logging_of_the_process_as_they_were(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def state() -> object:
        loggers = ("mlflow.store", "mlflow.tracking", "mlflow.pyfunc", "urllib3.connectionpool", "alembic")
        return dict(os.environ), [logging.getLogger(name).level for name in loggers]

    monkeypatch.delenv("MLFLOW_DISABLE_TELEMETRY", raising=False)
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "somebody")
    before = state()
    with mlflow_settings(("me", "secret")):
        assert os.environ["MLFLOW_DISABLE_TELEMETRY"] == "true" and os.environ["MLFLOW_TRACKING_USERNAME"] == "me"
    start_run("pose", PARAMETERS).log_metrics({"loss": 1.0})
    assert state() == before


def test_a_store_in_a_file_of_ones_own_is_made_once_and_keeps_its_files_next_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "elsewhere"
    other.mkdir()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{other}/runs.db")
    processes = [subprocess.Popen([sys.executable, "-c", MAKE_A_STORE], stderr=subprocess.PIPE) for _ in range(3)]
    assert [process.communicate()[1] for process in processes] == [b""] * 3
    run = start_run("pose", PARAMETERS)
    run.log_text("hello", "greeting.txt")
    assert [path.read_text() for path in (other / "mlruns").rglob("greeting.txt")] == ["hello"]
    assert {path.name for path in other.iterdir()} == {"runs.db", "mlruns"}


def test_a_relative_store_of_an_experiment_in_a_copy_is_the_one_that_the_commands_see(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    project = tmp_path / "what? #1 100%20 größe"  # each of these means something in an address
    copy = project / ".dvc/tmp/exps/temporary"
    (copy / ".dvc").mkdir(parents=True)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:///mlflow.db")
    monkeypatch.setenv("DVC_ROOT", str(project))
    monkeypatch.chdir(copy)
    run = start_run("pose", PARAMETERS)
    run.log_text("hello", "greeting.txt")

    monkeypatch.delenv("DVC_ROOT")
    (project / "sub").mkdir()
    monkeypatch.chdir(project / "sub")
    name = recorded_runs(Workspace.here(), run.run_id)["pose"].name
    assert main(["compare", run.run_id, name]) == 0
    assert recorded_runs(Workspace.here(), name)["pose"].artifact("greeting.txt") == "hello"
    (found,) = check_store()
    assert found.text == f"{project}/mlflow.db, 1 runs"
    Image.new("RGB", (64, 64)).save("hand.jpg")
    assert main(["predict", "--model", f"runs:/{run.run_id}", "hand.jpg"]) == 1
    assert "exports" in capsys.readouterr().err  # the run is found, it has no exported model
    assert {path.name for path in project.iterdir()} == {".dvc", "mlflow.db", "mlruns", "sub"}
    assert [path.name for path in tmp_path.iterdir()] == [project.name]
    assert [path.name for path in copy.iterdir()] == [".dvc"]


def test_runs_say_what_they_are_and_how_they_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", [str(Path("pipeline/train_pose.py").absolute())])
    first, second = (replace(PARAMETERS, train_pose=replace(PARAMETERS.train_pose, seed=seed)) for seed in (2, 3))
    runs = [start_run("pose", one) for one in (PARAMETERS, first, second)]
    runs[0].log_inputs("split", Path("data/split.parquet"), "ab" * 32, {"training": 3})
    runs[0].log_inputs("split", Path("data/split.parquet"), "ab" * 32, {"training": 3})  # again: nothing new
    found = [client().get_run(run.run_id) for run in runs]
    assert [run.info.run_name for run in found] == ["pose", "pose,seed=2", "pose,seed=3"]
    assert "`train_pose.seed`: 2" in found[1].data.tags["mlflow.note.content"]
    assert found[0].data.tags["mlflow.source.name"] == "pipeline/train_pose.py"
    assert found[0].data.tags["kind"] == "pose"
    assert found[0].inputs is not None
    (given,) = found[0].inputs.dataset_inputs
    assert (given.dataset.name, given.dataset.digest) == ("split", ("ab" * 32)[:36])
    assert mlflow.data.get_source(given).to_dict()["uri"] == "data/split.parquet"

    client().set_tag(runs[0].run_id, "handloom.git.dirty", "True")  # as an older handloom named it
    client().set_tag(runs[0].run_id, "handloom.git.changes", "a.py")
    assert recorded_runs(Workspace.here(), runs[0].run_id)["pose"].changes == ["a.py"]
    monkeypatch.setenv("DVC_EXP_NAME", "quirky-gnat")
    assert recorded_runs(Workspace.here(), start_run("pose", first).run_id)["pose"].name == "quirky-gnat"
    for name in ("pose,seed=2", "quirky-gnat"):
        assert recorded_runs(Workspace.here(), name)["pose"].parameters["train_pose.seed"] == "2"
    assert recorded_runs(Workspace.here(), "pose")["pose"].name == "pose,seed=3"  # the newest
    for name in ("pos", "pose,see", "no.such", "it's", "a/b", 'two "words"', ".."):
        with pytest.raises(HandloomError, match="no run of this id or name"):
            recorded_runs(Workspace.here(), name)


def test_pictures_do_not_go_where_a_run_keeps_its_files_elsewhere(capsys: pytest.CaptureFixture[str]) -> None:
    sheet = Path("sheets/hands.png")
    sheet.parent.mkdir()
    sheet.write_text("people")
    client().create_experiment("bucket-pose", artifact_location="s3://bucket/runs")
    cases: list[tuple[str, Pictures, bool]] = [
        *(("here", "local", False), ("here", "never", True), ("bucket", "local", True))
    ]
    for experiment, pictures, stays in cases:
        run = start_run("pose", replace(PARAMETERS, tracking=Tracking(experiment)))
        run.log_private_files([sheet], "data", pictures)
        place = client().get_run(run.run_id).info.artifact_uri
        assert stays is (place.startswith("s3:") or not (Path(url2pathname(urlsplit(place).path)) / "data").exists())
    (line,) = capsys.readouterr().err.splitlines()
    assert "stay on this computer (sheets)" in line and "tracking.pictures=always" in line


def test_the_user_interface_is_not_opened_for_a_store_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ui"]) == 1
    assert "no such store, since nothing was trained yet" in capsys.readouterr().err
    assert not Path("mlflow.db").exists()


@pytest.mark.parametrize(("said", "asked"), [("UNIQUE constraint failed: datasets.name", 2), ("no such table", 1)])
def test_a_data_set_that_another_run_logs_at_the_same_time_is_logged(said: str, asked: int) -> None:
    class Refusing:
        calls = 0

        def log_inputs(self, run_id: str, data_sets: list[Any]) -> None:
            self.calls += 1
            if self.calls == 1:
                raise MlflowException(said)

    client = Refusing()
    content = {"name": "pose", "digest": "1", "source": "a", "profile": "", "context": "training"}
    with pytest.raises(MlflowException) if asked == 1 else nullcontext():
        operations._inputs(cast(MlflowClient, client), "run", Operation("inputs", content))
    assert client.calls == asked
