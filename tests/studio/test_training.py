"""A training outlives the server that started it, is stopped, and resumed; with DVC itself, and stages that wait."""

import json
import multiprocessing
import os
import signal
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest

from handloom.errors import HandloomError
from handloom.models.files import REPORTS_FILE
from handloom.studio import repro
from handloom.studio.project import StudioProject
from handloom.studio.training import TrainingRuns, TrainingState
from handloom.support.lock import holder

# The first run waits for the signal of Stop, the second one goes through.
STAGES = """
stages:
  train_pose: {cmd: "test -e begun || (touch begun; sleep 300); touch model", outs: [model]}
  evaluate: {foreach: [pose], do: {cmd: "echo 'evaluate:  50%|##   | 1/2 [00:01<00:01]'", deps: [conf]}}
  export_coreml: {foreach: [pose], do: {cmd: "true", deps: [model]}}
"""


def start_and_die(project: StudioProject) -> None:
    TrainingRuns(project).start("pose")


def awaited(runs: TrainingRuns, met: Callable[[TrainingState], bool]) -> TrainingState:
    until = time.monotonic() + 300
    while not met(state := runs.state("pose")):
        assert time.monotonic() < until, state
        time.sleep(0.1)
    return state


@pytest.fixture
def waiting(project: StudioProject) -> StudioProject:
    (project.root / "dvc.yaml").write_text(STAGES)
    return project


def test_it_outlives_its_server_and_is_stopped_and_resumed_by_another(waiting: StudioProject) -> None:
    server = multiprocessing.get_context("fork").Process(target=start_and_die, args=[waiting])
    server.start()
    server.join()
    other = TrainingRuns(waiting)
    assert other.running() == "pose"
    with pytest.raises(HandloomError, match="runs already"):
        other.start("pose")
    awaited(other, lambda _: (waiting.root / "begun").exists())
    assert other.state("pose").stages[-1] == "train_pose" and other.state("action").state == "none"
    other.stop()
    state = awaited(other, lambda state: state.state != "running")
    assert (state.state, other.running()) == ("stopped", "")
    other.start("pose")
    state = awaited(other, lambda state: state.state != "running")
    assert state.state == "finished", state.log
    assert state.stages[-1] == "export_coreml@pose"


def test_what_fails_says_why(waiting: StudioProject) -> None:
    (waiting.root / "dvc.yaml").write_text(STAGES.replace('cmd: "true"', 'cmd: "echo the reason; false"'))
    (waiting.root / "begun").touch()
    runs = TrainingRuns(waiting)
    runs.start("pose")
    state = awaited(runs, lambda state: state.state != "running")
    assert (state.state, state.error) == ("failed", "the reason")


def test_a_killed_training_says_so_and_is_resumed(waiting: StudioProject) -> None:
    runs = TrainingRuns(waiting)
    runs.start("pose")
    awaited(runs, lambda _: (waiting.root / "begun").exists())
    (dvc,) = psutil.Process(holder(waiting.own_folder / "training.lock")).children()
    for one in dvc.children(recursive=True):  # the stage
        one.kill()
    state = awaited(runs, lambda state: state.state != "running")
    said = "train_pose was killed, often for lack of memory; train again: it goes on from its last checkpoint, if there"
    assert (state.state, state.error) == ("failed", f"{said} is one"), state.log
    (waiting.own_folder / "pose.json").unlink()  # as where what wrote it was killed too
    assert runs.state("pose").error == f"{said} is one"
    runs.start("pose")
    assert awaited(runs, lambda state: state.state != "running").state == "finished"


def test_of_clicks_at_once_in_two_servers_one_starts(waiting: StudioProject) -> None:
    servers = [TrainingRuns(waiting), TrainingRuns(waiting)]

    def click(runs: TrainingRuns) -> str:
        try:
            runs.start("pose")
        except HandloomError as error:
            return str(error)
        return "started"

    with ThreadPoolExecutor() as threads:
        said = sorted(threads.map(click, servers * 2))
    assert said[:3] == ["a training runs already; wait for it, or stop it"] * 3 and said[3] == "started"
    servers[0].stop()
    assert awaited(servers[1], lambda state: state.state != "running").state == "stopped"


def test_a_stop_that_comes_just_before_dvc_is_started_stops_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[subprocess.Popen[bytes]] = []

    def start(_: object) -> subprocess.Popen[bytes]:
        os.kill(os.getpid(), signal.SIGINT)
        started.append(popen(["sleep", "300"]))
        return started[0]

    popen: Any = subprocess.Popen
    monkeypatch.setattr(subprocess, "Popen", start)
    before = signal.getsignal(signal.SIGINT)
    try:
        assert repro.run("pose", tmp_path) == -signal.SIGINT
    finally:
        signal.signal(signal.SIGINT, before)
    assert json.loads(repro.status_file(tmp_path, "pose").read_text()) == {"status": -signal.SIGINT, "stopped": True}
    assert started[0].returncode == -signal.SIGINT


def test_the_reports_of_a_training_in_progress(project: StudioProject, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = TrainingRuns(project)
    monkeypatch.setattr(runs, "running", lambda: "pose")
    folder = project.workspace.training / "pose-0123"
    folder.mkdir(parents=True)
    lines = ['{"iteration": 5, "loss": 1.0}', '{"iteration": 10, "loss": 0.5}', '{"iteration": 5, "loss": 0.9}', '{"it']
    (folder / REPORTS_FILE).write_text("\n".join(lines))
    assert runs.state("pose").reports == [{"iteration": 5, "loss": 0.9}, {"iteration": 10, "loss": 0.5}]
