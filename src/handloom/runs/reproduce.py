"""Repeat a run from its record in a clean checkout, and compare the results.

The reproduction is tracked in a store of its folder's own: it is no new result, so it neither shows among the runs
nor becomes a version in the registry, where it could move the champion.
"""

import json
import math
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from handloom import tracking
from handloom.config import Kind
from handloom.errors import HandloomError
from handloom.models.files import MODEL_FILE
from handloom.runs.recorded import RecordedRun
from handloom.support.files import sha256_of_file
from handloom.support.repository import git
from handloom.support.workspace import Workspace
from handloom.support.yaml_files import parse_yaml, read_yaml

TEST = "test_"  # how the names of metrics of the test set begin
SHOWN = 12  # digits of a hash
# What may differ from the commit, because the run has all parameters: they are written into the checkout.
_RECORDED_TOO = ("params.yaml", "conf/")
_NOT_PASSED_ON = ("DVC_", "MLFLOW_", "GIT_")  # they would lead to the main repository and its store
_LOG = "handloom_reproduce.log"


@dataclass(frozen=True)
class Row:
    """One thing that is compared.

    Attributes:
        item: what.
        recorded: of the run.
        reproduced: now.
        equal: whether it is the same, bit for bit.
    """

    item: str
    recorded: str
    reproduced: str
    equal: bool


def check(run: RecordedRun, force: bool = False) -> None:
    """Refuse a run that cannot be repeated.

    Raises:
        HandloomError: why, and what can be done.
    """
    changes = [name for name in run.changes if not name.startswith(_RECORDED_TOO)]
    if changes and not force:
        others = f" and {len(changes) - 3} more" if len(changes) > 3 else ""
        raise HandloomError(
            f"run {run.run_id} was trained with changes that are in no commit ({', '.join(changes[:3])}{others});"
            " --force runs the commit without them"
        )
    if not run.tags.get(tracking.MODEL_SHA256):
        raise HandloomError(f"run {run.run_id} has no model of its own to compare with; name a training that has ended")
    if run.tags.get(tracking.FOLD):
        raise HandloomError(
            f"run {run.run_id} is a fold of a cross-validation; run that again: handloom cross-validate {run.kind}"
        )
    given_up = run.tags.get(tracking.GIVEN_UP_AT)
    if given_up:
        raise HandloomError(
            f"run {run.run_id} was pruned by its search at iteration {given_up}; name one that finished"
        )


def reproduce(workspace: Workspace, run: RecordedRun, folder: Path) -> list[Row]:
    """Repeat a run in a folder, up to its evaluation, and compare.

    Joints and parts are taken from DVC's cache where it has them; the training and the evaluation always run.

    Raises:
        HandloomError: the commit is not there, the folder is not empty, or a stage fails.
    """
    parameters = run.artifact(tracking.PARAMETERS_FILE)
    if parameters is None:
        raise HandloomError(f"run {run.run_id} has no {tracking.PARAMETERS_FILE}: it was recorded by an older handloom")
    checkout = Checkout(workspace.root, folder, run.commit)
    print(f"commit {run.commit[:SHOWN]} in {folder}", file=sys.stderr)
    if checkout.set_parameters(parameters):
        print("the run's parameters are not those of the commit; they are written to params.yaml", file=sys.stderr)
    print("joints and parts", file=sys.stderr)
    checkout.dvc("repro", f"{checkout.last_before_training}@{run.kind}")
    print("training", file=sys.stderr)
    checkout.stage(f"train_{run.kind}")
    print("evaluation", file=sys.stderr)
    checkout.stage("evaluate", run.kind)
    return compared(run, checkout.project)


def compared(run: RecordedRun, project: Path) -> list[Row]:
    """Compare the record of a run with the outputs in a project."""
    rows = []
    for item, tag, file in _files(run.kind):
        recorded, now = run.tags.get(tag, ""), sha256_of_file(project / file)
        rows.append(Row(item, recorded[:SHOWN] or "not recorded", now[:SHOWN], recorded == now))
    metrics: Mapping[str, float] = json.loads((project / f"reports/{run.kind}/metrics.json").read_text("utf-8"))
    recorded_metrics = {name.removeprefix(TEST): n for name, n in run.metrics.items() if name.startswith(TEST)}
    for name in dict.fromkeys([*metrics, *recorded_metrics]):
        before, after = recorded_metrics.get(name, math.nan), metrics.get(name, math.nan)
        rows.append(Row(f"test {name}", _shown(before), _shown(after), before == after))
    return rows


def changed_packages(run: RecordedRun) -> list[str]:
    """What differs between the packages of the run and those of now, a line each: the usual reason of differences."""
    recorded = (run.artifact(tracking.ENVIRONMENT_FILE) or "").splitlines()
    now = tracking.environment_text().splitlines()
    if not recorded:
        return []
    return [f"then  {line}" for line in recorded if line not in now] + [
        f"now   {line}" for line in now if line not in recorded
    ]


def _files(kind: Kind) -> list[tuple[str, str, str]]:
    return [
        ("sha256 of the joints", tracking.KEYPOINTS_SHA256, f"data/keypoints/{kind}.parquet"),
        ("sha256 of the split", tracking.SPLIT_SHA256, f"data/splits/{kind}.parquet"),
        ("sha256 of the model", tracking.MODEL_SHA256, f"models/{kind}/{MODEL_FILE}"),
    ]


def _shown(value: float) -> str:
    return "not recorded" if math.isnan(value) else f"{value:.10g}"


class Checkout:
    """A commit, checked out; its store of MLflow runs is its own.

    Attributes:
        folder: where the clone is.
        project: in it, the folder that is the project.

    Args:
        repository: of the project, whose commit it is.
        folder: a new one.
        commit: its sha.

    Raises:
        HandloomError: the folder is not empty, or the repository holds no such commit.
    """

    def __init__(self, repository: Path, folder: Path, commit: str) -> None:
        self.folder = folder.resolve()
        if self.folder.exists() and any(self.folder.iterdir()):
            raise HandloomError(f"{folder}: not empty; name a new folder")
        top = git("rev-parse", "--show-toplevel", folder=repository).strip()
        if not top or not git("cat-file", "-t", f"{commit}^{{commit}}", folder=repository):
            raise HandloomError(
                f"{repository}: holds no commit {commit or '(the run names none)'}; fetch it (git fetch --all), or go"
                " to the repository in which it was trained"
            )
        self.project = self.folder / repository.relative_to(top)
        self.folder.mkdir(parents=True, exist_ok=True)
        self._log = self.folder.parent / f".{self.folder.name}.{_LOG}"
        self._run(["git", "clone", "--quiet", "--no-checkout", top, "."], self.folder)
        self._run(["git", "checkout", "--quiet", "--detach", commit], self.folder)
        self._log.replace(self.folder / ".git" / _LOG)
        self._log = self.folder / ".git" / _LOG
        cache = self._run([sys.executable, "-m", "dvc", "cache", "dir"], repository).splitlines()[-1]
        config = self.project / ".dvc" / "config.local"
        config.parent.mkdir(exist_ok=True)
        config.write_text(f"[cache]\n    dir = {cache}\n", encoding="utf-8")
        data = git("ls-files", "*.dvc", folder=self.project).splitlines()
        if data:
            self.dvc("checkout", "--quiet", *data)

    def set_parameters(self, text: str) -> bool:
        """Write `params.yaml` where it says something else than `text`; whether it did."""
        file = self.project / "params.yaml"
        known: Any = read_yaml(file) if file.exists() else None
        if known == parse_yaml(text, "the run's params.yaml"):
            return False
        file.write_text(text, encoding="utf-8")
        return True

    @property
    def last_before_training(self) -> str:
        """The stage that a training needs last; older commits have no whole recordings."""
        stages = read_yaml(self.project / "dvc.yaml").get("stages", {})
        return "extract_streams" if "extract_streams" in stages else "split"

    def dvc(self, *words: str) -> None:
        """Run a command of DVC.

        Raises:
            HandloomError: it fails.
        """
        self._run([sys.executable, "-m", "dvc", *words], self.project)

    def stage(self, script: str, *words: str) -> None:
        """Run a stage's script; the code is the commit's, where the commit holds that of handloom.

        Raises:
            HandloomError: it fails.
        """
        self._run([sys.executable, f"pipeline/{script}.py", *words], self.project)

    def _run(self, command: Sequence[str], folder: Path) -> str:
        result = subprocess.run(
            command, cwd=folder, env=self._environment(), capture_output=True, text=True, check=False
        )
        with self._log.open("a", encoding="utf-8") as log:
            log.write(f"$ {' '.join(command)}\n{result.stdout}{result.stderr}")
        if result.returncode:
            said = [line for line in f"{result.stdout}\n{result.stderr}".splitlines() if line.strip()]
            errors = [line for line in said if line.startswith("ERROR")] or said
            what = " ".join(command[2:] if command[0] == sys.executable else command)
            raise HandloomError(f"{what}: {errors[-1].strip() if errors else 'failed'} (all of it: {self._log})")
        return result.stdout

    def _environment(self) -> Mapping[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_NOT_PASSED_ON)}
        kept["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{kept.get('PATH', '')}"  # stages call `python`
        source = self.project / "src"
        if (source / "handloom").is_dir():
            kept["PYTHONPATH"] = os.pathsep.join([str(source), *filter(None, [kept.get("PYTHONPATH")])])
        return kept
