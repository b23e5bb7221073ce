"""A run made again from what was recorded of it, in a clean workspace, and compared with the record.

The reproduction is tracked in a store of its workspace's own: it is no new result, so it neither shows among the runs
nor becomes a version in the registry, where it could move the champion.
"""

import json
import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from handloom import tracking
from handloom.config import Kind
from handloom.errors import HandloomError
from handloom.models.files import MODEL_FILE
from handloom.runs.recorded import RecordedRun
from handloom.runs.workspace import Workspace
from handloom.support.files import sha256_of_file
from handloom.tracking.environment import KEYPOINTS_SHA256, SPLIT_SHA256
from handloom.tracking.tags import FOLD, GIVEN_UP_AT

TEST = "test_"  # how the names of metrics of the test part begin
SHOWN = 12  # digits of a hash
# What may differ from the commit, because the run has all parameters: they are written into the workspace.
_RECORDED_TOO = ("params.yaml", "conf/")


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


def check(run: RecordedRun, anyway: bool = False) -> None:
    """Refuse a run that cannot be made again.

    Raises:
        HandloomError: why, and what can be done.
    """
    changes = [name for name in run.changes if not name.startswith(_RECORDED_TOO)]
    if changes and not anyway:
        others = f" and {len(changes) - 3} more" if len(changes) > 3 else ""
        raise HandloomError(
            f"run {run.run_id} was trained with changes that are in no commit ({', '.join(changes[:3])}{others});"
            " --anyway runs the commit without them"
        )
    if not run.tags.get(tracking.MODEL_SHA256):
        raise HandloomError(f"run {run.run_id} has no model of its own to compare with; name a training that has ended")
    if run.tags.get(FOLD):
        raise HandloomError(
            f"run {run.run_id} is a fold of a cross-validation; run that again: python pipeline/cross_validate.py"
            f" {run.kind}"
        )
    given_up = run.tags.get(GIVEN_UP_AT)
    if given_up:
        raise HandloomError(
            f"run {run.run_id} was given up by its search at iteration {given_up}; name one that came to its end"
        )


def reproduce(run: RecordedRun, folder: Path) -> list[Row]:
    """Make a run again in a folder, up to its evaluation, and compare.

    Joints and parts are taken from DVC's cache where it has them; the training and the evaluation always run.

    Raises:
        HandloomError: the commit is not there, the folder is not empty, or a stage fails.
    """
    parameters = run.artifact(tracking.PARAMETERS_FILE)
    if parameters is None:
        raise HandloomError(f"run {run.run_id} has no {tracking.PARAMETERS_FILE}: an older handloom recorded it")
    workspace = Workspace(folder, run.commit)
    print(f"commit {run.commit[:SHOWN]} in {folder}", file=sys.stderr)
    if workspace.set_parameters(parameters):
        print("the run's parameters are not those of the commit; they are written to params.yaml", file=sys.stderr)
    print("joints and parts", file=sys.stderr)
    workspace.dvc("repro", f"split@{run.kind}")
    print("training", file=sys.stderr)
    workspace.stage(f"train_{run.kind}")
    print("evaluation", file=sys.stderr)
    workspace.stage("evaluate", run.kind)
    return compared(run, workspace.project)


def compared(run: RecordedRun, project: Path) -> list[Row]:
    """The record of a run beside what the stages have left in a project."""
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
        ("sha256 of the joints", KEYPOINTS_SHA256, f"data/keypoints/{kind}.parquet"),
        ("sha256 of the split", SPLIT_SHA256, f"data/splits/{kind}.parquet"),
        ("sha256 of the model", tracking.MODEL_SHA256, f"models/{kind}/{MODEL_FILE}"),
    ]


def _shown(value: float) -> str:
    return "not recorded" if math.isnan(value) else f"{value:.10g}"
