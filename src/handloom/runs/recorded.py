"""Runs in the MLflow store, and the comparison of two."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from handloom import tracking
from handloom.config import KINDS, Kind
from handloom.errors import HandloomError, printable
from handloom.support.workspace import Workspace
from handloom.tracking.operations import find_run, find_training
from handloom.tracking.record import CHANGES, COMMIT, DIRTY, KIND, present_names
from handloom.tracking.store import Store

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

_ID = re.compile(r"[A-Za-z0-9][\w-]*")  # of a run; MLflow refuses to look for others
_FINGERPRINT = re.compile(r"[0-9a-f]{64}")
_NAME = re.compile(r"[^'\"`\\\x00-\x1f]+")  # what can stand in quotes
_MADE_OF = {
    "training": tracking.FINGERPRINT,
    "joints": tracking.KEYPOINTS_SHA256,
    "split": tracking.SPLIT_SHA256,
    "model": tracking.MODEL_SHA256,
}


@dataclass(frozen=True)
class RecordedRun:
    """A run.

    Attributes:
        run_id: MLflow's.
        name: that of the experiment of `dvc exp`, where it was one, else one that says how it differs.
        kind: "pose" or "action".
        parameters: by their full names.
        metrics: the last of each.
        tags: all of them.
        store: that has it.
    """

    run_id: str
    name: str
    kind: Kind
    parameters: Mapping[str, str]
    metrics: Mapping[str, float]
    tags: Mapping[str, str]
    store: Store

    @property
    def commit(self) -> str:
        """The sha of the commit that it was trained at; empty without git."""
        return self.tags.get(COMMIT, "")

    @property
    def changes(self) -> list[str]:
        """The files that differed from the commit, or a note that some did."""
        if self.tags.get(DIRTY) not in ("yes", "True"):
            return []
        return self.tags.get(CHANGES, "files that it does not name").split("\n")

    def artifact(self, name: str) -> str | None:
        """A logged text; None if there is none of that name."""
        with self.store.opened(to_write=False) as client, TemporaryDirectory() as folder:
            if name not in [file.path for file in client.list_artifacts(self.run_id)]:
                return None
            return Path(client.download_artifacts(self.run_id, name, folder)).read_text(encoding="utf-8")


def recorded_runs(workspace: Workspace, reference: str) -> dict[Kind, RecordedRun]:
    """The run of an id, the one of a training, or of each kind the newest one of a name.

    Args:
        workspace: whose store is asked.
        reference: an id of MLflow, a training's fingerprint, or a name: a whole one, or one up to a comma.

    Raises:
        HandloomError: the store holds none, or cannot be read.
    """
    store = Store(workspace)
    with store.opened(to_write=False) as client:
        found = _found(client, reference) if _NAME.fullmatch(reference) else []
    runs: dict[Kind, RecordedRun] = {}
    for run in found:  # the newest first
        kind = next((kind for kind in KINDS if kind == present_names(run.data.tags).get(KIND)), None)
        if kind:
            runs.setdefault(kind, _recorded(store, run, kind))
    if not runs:
        raise HandloomError(
            f"{printable(reference)}: no run of this id or name in {store.address.shown}; see them with `handloom ui`"
        )
    return runs


def _found(client: "MlflowClient", reference: str) -> "list[Run]":
    run_id = find_run(client, reference) if _ID.fullmatch(reference) else None
    if run_id is None and _FINGERPRINT.fullmatch(reference):
        run_id = find_training(client, reference)
    if run_id:
        return [client.get_run(run_id)]
    experiments = [one.experiment_id for one in client.search_experiments()]
    name = "tags.`mlflow.runName`"
    found = [*client.search_runs(experiments, f"{name} = '{reference}'")]
    longer = client.search_runs(experiments, f"{name} LIKE '{reference},%'")  # where % and _ stand for any character
    found += [run for run in longer if str(run.info.run_name).startswith(f"{reference},")]
    return sorted(found, key=lambda run: run.info.start_time, reverse=True)


def _recorded(store: Store, run: "Run", kind: Kind) -> RecordedRun:
    data = run.data
    name = str(run.info.run_name or "")
    return RecordedRun(
        run.info.run_id, name, kind, dict(data.params), dict(data.metrics), present_names(data.tags), store
    )


@dataclass(frozen=True)
class Comparison:
    """The comparison of two runs, each row with a name and both values.

    Attributes:
        made_of: commit, changed files, the training's fingerprint, hashes of the data and of the model.
        parameters: those that differ.
        metrics: all that either has; with the difference, where both have it.
    """

    made_of: list[dict[str, Any]]
    parameters: list[dict[str, Any]]
    metrics: list[dict[str, Any]]


def compare(a: RecordedRun, b: RecordedRun) -> Comparison:
    """Two runs of one kind."""
    origins = [_origin(run) for run in (a, b)]
    made_of = [_row("of", name, *origins) | {"same": origins[0][name] == origins[1][name]} for name in origins[0]]
    names = sorted({*a.parameters, *b.parameters})
    parameters = [
        _row("parameter", name, a.parameters, b.parameters)
        for name in names
        if a.parameters.get(name) != b.parameters.get(name)
    ]
    metrics = []
    for name in sorted({*a.metrics, *b.metrics}, key=lambda name: (not name.startswith("test_"), name)):
        row = _row("metric", name, a.metrics, b.metrics)
        if name in a.metrics and name in b.metrics:
            row["difference"] = b.metrics[name] - a.metrics[name]
        metrics.append(row)
    return Comparison(made_of, parameters, metrics)


def _origin(run: RecordedRun) -> dict[str, str]:
    changes = ", ".join(run.changes[:3]) + (", …" if len(run.changes) > 3 else "")
    return {"commit": run.commit, "changed files": changes} | {
        name: run.tags.get(tag, "") for name, tag in _MADE_OF.items()
    }


def _row(what: str, name: str, a: Mapping[str, Any], b: Mapping[str, Any]) -> dict[str, Any]:
    return {what: name, "A": a.get(name), "B": b.get(name)}
