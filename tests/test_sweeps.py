"""Sweeps as they are run: DVC's queue, a search that is killed, cross-validation that is killed."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from conftest import REPOSITORY
from mlflow import MlflowClient
from mlflow.entities import Run
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from handloom import keypoint_table
from handloom.cli import main
from handloom.config import Split, Validation
from handloom.dataset.groups import folds_by_group
from handloom.dataset.split import split_table
from handloom.errors import ConfigurationError, DataError
from handloom.keypoint_table import SCHEMA
from handloom.search.search import search
from handloom.search.space import space_of, with_space_file
from handloom.search.trials import open_study
from handloom.stages.compose import composed_text
from handloom.stages.layout import Layout
from handloom.stages.multirun import Multirun
from handloom.support.workspace import Workspace

LEARNING_RATE = "train_pose.optimizer.lr=tag(log,interval(0.0005,0.02))"
WORDS = ("space=none", "train_pose.maximum_iterations=20", LEARNING_RATE)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Stage scripts, parameters and the tables of 120 made-up photos of three classes by 12 people."""
    for folder in ("pipeline", "conf"):
        shutil.copytree(REPOSITORY / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(REPOSITORY / "params.yaml", tmp_path)
    random = np.random.default_rng(0)
    shapes = 0.5 + 0.15 * random.standard_normal((3, 2, 21))
    rows = []
    for number in range(120):
        place = shapes[number % 3] + 0.1 * random.standard_normal((2, 21))
        rows.append(
            dict.fromkeys(SCHEMA.names)
            | {"session_id": number, "label": "abc"[number % 3], "group": f"{number // 10}", "part": "", "frame": 0}
            | {"path": f"{number}.jpg", "keypoints": np.concatenate([place, np.ones((1, 21))]).ravel()}
        )
    table = tmp_path / "data/keypoints/pose.parquet"
    keypoint_table.write(table, [pa.Table.from_pylist(rows, schema=SCHEMA)], {"frame_rate": "30"})
    split_table(
        table, Split(validation=Validation(strategy="fixed", ratio=0.25)), tmp_path / "data/splits/pose.parquet"
    )
    return tmp_path


def command(project: Path, script: str, *words: str) -> dict[str, Any]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}
    environment = {**kept, "DVC_ROOT": str(project), "PYTHONWARNINGS": "ignore"}
    return {"args": [sys.executable, str(project / "pipeline" / script), *words], "env": environment, "cwd": project}


def run(project: Path, script: str, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(**command(project, script, *words), capture_output=True, text=True, check=False)


# Runs a script that is killed when a training has its first checkpoint after so many others have ended.
KILLED = """
import os, runpy, signal, sqlite3, sys
from contextlib import closing
from pathlib import Path
from handloom.training.checkpoints import AtomicCheckpointIO
trainings, *sys.argv = sys.argv[1:]
save, searches = AtomicCheckpointIO.save_checkpoint, Path(".handloom/search/searches.sqlite")
def ended():
    if not searches.exists():
        return len(list(Path(".handloom/cross_validation").glob("*/*.json")))
    with closing(sqlite3.connect(searches, timeout=60)) as database:
        return database.execute("SELECT count(*) FROM trials WHERE state != 'RUNNING'").fetchone()[0]
def save_and_die(*given, **named):
    save(*given, **named)
    if ended() >= int(trainings):
        os.killpg(0, signal.SIGKILL)
AtomicCheckpointIO.save_checkpoint = save_and_die
sys.path[0] = str(Path(sys.argv[0]).parent)
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def kill_after(project: Path, trainings: int, script: str, *words: str) -> None:
    """Run a stage that is killed, with all its children, in the middle of the next training after these."""
    how = command(project, script, *words)
    python, *rest = how.pop("args")
    process = subprocess.run([python, "-c", KILLED, str(trainings), *rest], **how, start_new_session=True)
    assert process.returncode == -signal.SIGKILL


def one_line_of(project: Path, script: str, *words: str) -> str:
    result = run(project, script, *words)
    assert (result.returncode, len(result.stderr.splitlines())) == (1, 1), result.stderr
    return result.stderr


def in_studies(project: Path, question: str) -> list[Any]:
    path = project / ".handloom/search/searches.sqlite"
    if not path.exists():
        return []
    with closing(sqlite3.connect(path, timeout=60)) as database:
        return database.execute(question).fetchall()


def trials(project: Path) -> list[Any]:
    """Number, state, loss and value of each trial."""
    return in_studies(
        project,
        "SELECT number, state, value, param_value FROM trials JOIN trial_values USING (trial_id)"
        " JOIN trial_params USING (trial_id) ORDER BY number",
    )


def runs_of(project: Path) -> tuple[list[Run], list[Run]]:
    """The MLflow runs without and with a parent; each one with has the same."""
    client = MlflowClient(f"sqlite:///{project / 'mlflow.db'}")
    runs = client.search_runs([one.experiment_id for one in client.search_experiments()])
    children = [one for one in runs if "mlflow.parentRunId" in one.data.tags]
    parents = [one for one in runs if one not in children]
    assert {one.data.tags["mlflow.parentRunId"] for one in children} <= {one.info.run_id for one in parents}
    return parents, children


def test_a_killed_search_goes_on_to_the_same_trials(project: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    undisturbed = tmp_path_factory.mktemp("undisturbed") / "project"
    shutil.copytree(project, undisturbed)
    words = (
        "pose",
        *WORDS,
        "search.trials=6",
        "search.prune_after_trials=2",
        "search.percentile=50",
        "train_pose.checkpoint_interval=2",
    )
    result = run(undisturbed, "search.py", *words)
    assert result.returncode == 0, result.stderr

    kill_after(project, 4, "search.py", *words)
    assert list(project.glob(".handloom/training/*/*.ckpt"))
    assert len(trials(project)) == 4
    result = run(project, "search.py", *words)
    assert result.returncode == 0, result.stderr

    found = trials(project)
    assert found == trials(undisturbed)
    assert [one[0] for one in found] == list(range(6))
    assert len({one[3] for one in found}) == 6
    assert {one[1] for one in found} == {"COMPLETE", "PRUNED"}
    parents, children = runs_of(project)
    assert (len(parents), len(children)) == (1, 6)
    assert {one.info.status for one in (*parents, *children)} == {"FINISHED"}
    assert not (project / "models").exists()  # the pipeline's own model is none of a search's business

    best = min((one for one in found if one[1] == "COMPLETE"), key=lambda one: one[2])
    assert parents[0].data.metrics["best_validation_loss"] == best[2]
    with_best = yaml.safe_load(composed_text(project / "conf", ["train_pose=best"]))["train_pose"]
    assert with_best["optimizer"]["lr"] == best[3]
    assert with_best["maximum_iterations"] == 20
    assert with_best["batch_size"] == 32


def test_a_sweep_over_a_key_that_is_not_there_ends_in_one_line(project: Path) -> None:
    assert "did you mean train_pose.optimizer.lr" in one_line_of(
        project, "train_pose.py", "-m", "train_pose.optimzer.lr=0.1,0.2"
    )
    assert not (project / "mlflow.db").exists()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("search", "pose", "search.trials=0"), "search: search.trials: "),
        (("search", "pose", "space=face"), "search: space=face: no such file"),
        (("search", "pose", "space=none"), "search: nothing to search"),
        (("cross-validate", "pose", "cross_validate.folds=1"), "cross-validate: cross_validate.folds: "),
    ],
)
def test_the_verbs_run_the_scripts(
    project: Path,
    words: tuple[str, ...],
    told: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(project / "conf")
    assert main(words) == 1
    said = capsys.readouterr().err
    assert told in said and said.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("-m", "train_pose.optimizer.lr=0.1,-1"), "train_pose.optimizer.lr: "),
        (("-m", "+train_pose=face"), "train_pose"),
        (("-m", "train_pose.seed=1,2", "train_pose.seed=("), "train_pose.seed="),
    ],
)
def test_a_wrong_sweep_is_refused(project: Path, words: tuple[str, ...], told: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Multirun(project, words).check()
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("space=none",), "nothing to search"),
        (("space=none", "train_pose.optimizer.lr=0.1"), "nothing to search"),
        (("space=none", "train_pose.optimizer.lr=interval(0.01,0.001)"), "train_pose.optimizer.lr: "),
        (("space=none", "train_pose.optimizer.lr=interval(-1,1)"), "train_pose.optimizer.lr: "),
        (("space=none", "train_pose.augmentation_options=choice([rotate],[scale])"), "train_pose.augmentation_options"),
        (("space=none", "train_pose.seed=shuffle(range(1,3))", "train_pose.iterations=3"), "train_pose.iterations: "),
        (("space=none", "split.seed=1,2"), "split.seed: "),
        (("space=none", "train_pose.label_smoothing=0.0,0.1"), "train_pose.label_smoothing: "),
        (("space=action",), "train_action.augmentation"),
        (("space=face",), "space=face: no such file in conf/space; use action, pose, none"),
        (("space=../params",), "space=../params: no such file"),
        (("search.trials=0",), "search.trials: "),
    ],
)
def test_a_wrong_search_is_refused(project: Path, words: tuple[str, ...], told: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        search(project, "pose", words)
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (project / "mlflow.db").exists()


def test_a_search_needs_a_validation_part(project: Path) -> None:
    table, split = project / "data/keypoints/pose.parquet", project / "data/splits/pose.parquet"
    split_table(table, Split(validation=Validation(strategy="none")), split)
    with pytest.raises(DataError, match="no validation set"):
        search(project, "pose", WORDS)


def space(project: Path, *words: str) -> dict[str, Any]:
    multirun = Multirun(project, words)
    return dict(space_of("pose", multirun.composed(), multirun).ranges)


def test_a_trial_chooses_no_stream_settings(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def trained(parameters: Any, kind: str, layout: Layout, *others: Any, **more: Any) -> float:
        assert layout.streams is None
        raise KeyboardInterrupt

    monkeypatch.setattr("handloom.search.search.train", trained)
    monkeypatch.setattr("handloom.tracking.Tracker.start", lambda *arguments: SimpleNamespace(run_id="parent"))
    with pytest.raises(KeyboardInterrupt):
        search(project, "pose", WORDS)


def test_a_range_in_hydras_grammar_is_what_optuna_tries(project: Path) -> None:
    assert space(
        project,
        "train_pose.optimizer.lr=tag(log,interval(0.001,0.1))",
        "train_pose.model.dropout=interval(0,0.5)",
        "train_pose.model.frame_features=int(interval(64,128))",
        "train_pose.batch_size=choice(16,32)",
        "train_pose.seed=range(1,10,4)",
        "train_pose.left_hands='as_they_are','mirrored'",
    ) == {
        "train_pose.optimizer.lr": FloatDistribution(0.001, 0.1, log=True),
        "train_pose.model.dropout": FloatDistribution(0.0, 0.5),
        "train_pose.model.frame_features": IntDistribution(64, 128),
        "train_pose.batch_size": CategoricalDistribution([16, 32]),
        "train_pose.seed": IntDistribution(1, 9, step=4),
        "train_pose.left_hands": CategoricalDistribution(["as_they_are", "mirrored"]),
    }


def test_the_command_line_wins_over_the_file_of_the_space(project: Path) -> None:
    multirun = Multirun(project, with_space_file("pose", project, ["train_pose.batch_size=8"]))
    found = space_of("pose", multirun.composed(), multirun)
    assert "train_pose.batch_size" not in found.ranges
    assert "train_pose.model.dropout" in found.ranges
    assert found.fixed == ["train_pose.batch_size"]


def test_killed_cross_validation_repeats_no_fold_and_leaves_the_test_part_alone(project: Path) -> None:
    words = ("pose", "cross_validate.folds=3", "cross_validate.seeds=[1,2]", "train_pose.maximum_iterations=4")
    done = ".handloom/cross_validation/*/*.json"
    kill_after(project, 3, "cross_validate.py", *words, "train_pose.checkpoint_interval=1")
    before = {path: path.stat().st_mtime_ns for path in project.glob(done)}
    assert len(before) == 3
    result = run(project, "cross_validate.py", *words)
    assert result.returncode == 0, result.stderr
    assert all(path.stat().st_mtime_ns == moment for path, moment in before.items())

    rows = pq.read_table(project / "data/splits/pose.parquet").to_pylist()
    tested: list[int] = []
    for path in project.glob(".handloom/cross_validation/*/fold-*.parquet"):
        fold = {row["session_id"]: row["part"] for row in pq.read_table(path).to_pylist()}
        tested += [session for session, part in fold.items() if part == "test"]
        groups = [{row["group"] for row in rows if fold[row["session_id"]] == part} for part in ("test", "train")]
        assert not groups[0] & groups[1]
    assert sorted(tested) == [row["session_id"] for row in rows if row["part"] != "test"]

    parents, children = runs_of(project)
    assert (len(parents), len(children)) == (1, 6)
    accuracies = {one.info.run_name: one.data.metrics["test_accuracy"] for one in children}
    assert set(accuracies) == {f"fold-{fold}, seed {seed}" for fold in (1, 2, 3) for seed in (1, 2)}
    metrics = parents[0].data.metrics
    means = [np.mean([accuracies[f"fold-{fold}, seed {seed}"] for seed in (1, 2)]) for fold in (1, 2, 3)]
    assert metrics["accuracy_mean"] == pytest.approx(np.mean(means))
    assert metrics["accuracy_spread"] == pytest.approx(np.std(means, ddof=1))
    summary = json.loads((project / "reports/cross_validation/pose/summary.json").read_text())
    assert summary[0]["metric"] == "accuracy"
    assert summary[0]["mean"] == metrics["accuracy_mean"]


def test_studies_lie_in_the_project_whatever_its_path_is(tmp_path: Path) -> None:
    project = tmp_path / "what? #1 100%20 größe"
    project.mkdir()
    assert open_study(Workspace(project).search, "search").get_trials() == []
    assert [path.name for path in project.glob(".handloom/search/*")] == ["searches.sqlite"]
    assert [path.name for path in tmp_path.iterdir()] == [project.name]


@pytest.mark.parametrize(
    ("labels", "groups", "told"),
    [
        ("aabb", "1122", "2 groups cannot be divided into 3 folds"),
        ("aaabbb", "111234", "class 'a': all of its examples are in one fold"),
        ("abc", "123", "no class has 3 examples"),
    ],
)
def test_folds_that_cannot_be_are_refused(labels: str, groups: str, told: str) -> None:
    with pytest.raises(DataError, match=told):
        folds_by_group(list(labels), list(groups), 3, seed=1)
