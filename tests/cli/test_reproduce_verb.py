"""A run is made again in a clean workspace; what is not the same is told."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import Project
from mlflow import MlflowClient
from tracked import trained_run

from handloom import tracking
from handloom.cli import main
from handloom.runs.reproduce import Checkout

KEYPOINTS = "handloom.keypoints_sha256"


@pytest.fixture(scope="module")
def trained(finished: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A copy of the finished project with a store of one run, whose parameters are not those of its commit."""
    root = tmp_path_factory.mktemp("trained") / "project"
    left_out = shutil.ignore_patterns("mlflow.db*", "mlruns", ".handloom", "exports")
    shutil.copytree(finished.root, root, ignore=left_out)
    project = Project.__new__(Project)
    project.root = root
    project.run("python", "pipeline/train_pose.py", "train_pose.maximum_iterations=5", "train_pose.seed=3")
    project.run("python", "pipeline/evaluate.py", "pose")
    return project


@pytest.fixture
def run_id(trained: Project) -> str:
    return trained_run(trained.root / "models/pose", trained.root).run_id


def set_tag(project: Project, run_id: str, key: str, value: str) -> str:
    """Change a record; what it said before."""
    client = MlflowClient(f"sqlite:///{project.root / 'mlflow.db'}")
    before: str = client.get_run(run_id).data.tags.get(key, "")
    client.set_tag(run_id, key, value)  # the empty text counts as no tag
    return before


def reproduce(project: Project, *words: str) -> subprocess.CompletedProcess[str]:
    return project.run("handloom", "reproduce", *words, check=False)


def runs(project: Project) -> list[tuple[str, int]]:
    client = MlflowClient(f"sqlite:///{project.root / 'mlflow.db'}")
    found = client.search_runs([one.experiment_id for one in client.search_experiments()])
    return [(one.info.run_id, len(client.search_model_versions(f"run_id = '{one.info.run_id}'"))) for one in found]


def test_a_run_comes_out_the_same_and_leaves_the_repository_as_it_is(
    trained: Project, run_id: str, tmp_path: Path
) -> None:
    result = reproduce(trained, run_id, "--into", str(tmp_path / "again"))
    assert result.returncode == 0, result.stderr
    rows = [line.rsplit(maxsplit=3) for line in result.stdout.splitlines()[1:]]
    assert {row[3] for row in rows} == {"yes"}
    metrics = json.loads((trained.root / "reports/pose/metrics.json").read_text())
    names = ["joints", "split", "model"]
    assert [row[0] for row in rows] == [f"sha256 of the {one}" for one in names] + [f"test {one}" for one in metrics]
    for name in ("data/keypoints/pose.parquet", "models/pose/model.ckpt", "reports/pose/metrics.json"):
        assert (tmp_path / "again" / name).read_bytes() == (trained.root / name).read_bytes()
    assert "they are written to params.yaml" in result.stderr
    assert "Running stage 'extract" not in (tmp_path / "again/.git/handloom_reproduce.log").read_text()
    assert runs(trained) == [(run_id, 1)]
    assert trained.git("status", "--short") == ""


def test_another_hash_of_the_data_and_another_number_are_told(trained: Project, run_id: str, tmp_path: Path) -> None:
    client = MlflowClient(f"sqlite:///{trained.root / 'mlflow.db'}")
    right = client.get_run(run_id).data.metrics["test_log_loss"]
    before = set_tag(trained, run_id, KEYPOINTS, "0" * 64)
    client.log_metric(run_id, "test_log_loss", right + 1e-9, step=1)
    try:
        result = reproduce(trained, run_id, "--json", "--into", str(tmp_path / "again"))
    finally:
        set_tag(trained, run_id, KEYPOINTS, before)
        client.log_metric(run_id, "test_log_loss", right, step=2)
    assert result.returncode == 1
    found = json.loads(result.stdout)
    assert [row["item"] for row in found["rows"] if not row["equal"]] == ["sha256 of the joints", "test log_loss"]
    assert found["rows"][0]["recorded"] == "0" * 12


@pytest.mark.parametrize(
    ("tags", "words", "told"),
    [
        ({"handloom.git.dirty": "True"}, (), "changes that are in no commit (files that it does not name); --force"),
        (
            {"handloom.git.dirty": "True", "handloom.git.changes": "params.yaml\nsrc/é.py"},
            (),
            "changes that are in no commit (src/é.py); --force",
        ),
        ({"mlflow.source.git.commit": "f" * 40}, (), f"holds no commit {'f' * 40}; fetch it"),
        ({"handloom.fold": "fold-1"}, (), "is a fold of a cross-validation; run that again: "),
        ({"handloom.given_up_at": "20"}, (), "was pruned by its search at iteration 20; "),
        ({tracking.MODEL_SHA256: ""}, (), "has no model of its own"),
        ({}, ("--into", "conf"), "conf: not empty; name a new folder"),
    ],
)
def test_what_cannot_be_made_again_is_one_line(
    trained: Project,
    run_id: str,
    tags: dict[str, str],
    words: tuple[str, ...],
    told: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(trained.root)
    monkeypatch.setenv("DVC_ROOT", str(trained.root))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    before = {key: set_tag(trained, run_id, key, value) for key, value in tags.items()}
    try:
        assert main(["reproduce", run_id, *words]) == 1
        assert main(["reproduce", "0123", *words]) == 1
    finally:
        for key, value in before.items():
            set_tag(trained, run_id, key, value)
    printed = capsys.readouterr()
    of_the_run, unknown = printed.err.splitlines()
    assert printed.out == ""
    assert told in of_the_run and of_the_run.startswith("handloom reproduce: ")
    assert "0123: no run of this id or name in " in unknown


@pytest.mark.parametrize(
    ("stages", "last"), [("split: {}\n  extract_streams: {}", "extract_streams"), ("split: {}", "split")]
)
def test_a_training_of_an_older_commit_needs_no_recordings(stages: str, last: str, tmp_path: Path) -> None:
    (tmp_path / "dvc.yaml").write_text(f"stages:\n  {stages}\n", encoding="utf-8")
    checkout = Checkout.__new__(Checkout)
    checkout.project = tmp_path
    assert checkout.last_before_training == last
