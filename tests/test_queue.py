"""DVC's queue of experiments, from an MLflow store that does not exist yet, at an address that is relative."""

import json
import shutil
import time
from pathlib import Path

from conftest import Project
from mlflow import MlflowClient


class QueueProject(Project):
    """A project whose store has an address that is relative, and whose experiments run in temporary copies."""

    def environment(self) -> dict[str, str]:
        return super().environment() | {"MLFLOW_TRACKING_URI": "sqlite:///mlflow.db"}


def experiment_names(project: Project) -> set[str]:
    shown = json.loads(project.run("dvc", "exp", "show", "--json").stdout)
    return {one["name"] for revision in shown for one in revision["experiments"] or []}


def test_a_queue_from_no_store_keeps_every_run(finished: Project, tmp_path: Path) -> None:
    left_out = shutil.ignore_patterns("mlflow.db*", "mlruns", ".handloom", "exports")
    shutil.copytree(finished.root, tmp_path / "queue", ignore=left_out)
    project = QueueProject.__new__(QueueProject)
    project.root = tmp_path / "queue"
    before = experiment_names(project)  # of other tests
    rate = "train_pose.optimizer.lr=0.002"
    networks = "model@train_pose.model=single_frame,window"
    short = "train_pose.maximum_iterations=3"
    project.run("dvc", "exp", "run", "--queue", "-S", rate, "-S", networks, "-S", short, "evaluate@pose")
    project.run("dvc", "queue", "start", "-j", "2")
    deadline = time.monotonic() + 900
    while time.monotonic() < deadline:
        tasks = [line.split() for line in project.run("dvc", "queue", "status").stdout.splitlines()[1:3]]
        if not {task[-1] for task in tasks} & {"Queued", "Running"}:
            break
        time.sleep(3)  # asking costs a second of work
    assert [task[-1] for task in tasks] == ["Success"] * 2
    names = sorted(task[1] for task in tasks)
    assert experiment_names(project) - before == set(names)
    for name in names:
        assert "Running stage 'extract" not in project.run("dvc", "queue", "logs", name).stdout

    client = MlflowClient(f"sqlite:///{project.root / 'mlflow.db'}")
    experiments = client.search_experiments()
    runs = client.search_runs([one.experiment_id for one in experiments])
    assert sorted(one.info.run_name for one in runs) == names
    assert {one.info.status for one in runs} == {"FINISHED"}
    assert {one.data.params["train_pose.optimizer.lr"] for one in runs} == {"0.002"}
    assert {one.data.params["train_pose.model.temporal_layers"] for one in runs} == {"0", "3"}
    places = [*(one.info.artifact_uri for one in runs), *(one.artifact_location for one in experiments)]
    assert all(place.startswith((project.root / "mlruns").as_uri()) for place in places)
