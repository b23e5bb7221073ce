"""Runs as the MLflow store has them."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from handloom.config import KINDS, Kind
from handloom.errors import HandloomError, printable
from handloom.tracking.calls import find_run
from handloom.tracking.run import CHANGES, COMMIT, DIRTY, KIND
from handloom.tracking.store import client_of, missing_store, shown_address, tracking_uri
from handloom.tracking.trouble import trouble_of

if TYPE_CHECKING:
    from mlflow.entities import Run

_REFERENCE = re.compile(r"[\w.-]+")  # what ids of runs and names of experiments are made of


@dataclass(frozen=True)
class RecordedRun:
    """A run.

    Attributes:
        run_id: MLflow's.
        name: that of the experiment of `dvc exp`, where it was one.
        kind: "pose" or "action".
        parameters: by their full names.
        metrics: the last of each.
        tags: all of them.
    """

    run_id: str
    name: str
    kind: Kind
    parameters: Mapping[str, str]
    metrics: Mapping[str, float]
    tags: Mapping[str, str]

    @property
    def commit(self) -> str:
        """The sha of the commit that it was trained at; empty without git."""
        return self.tags.get(COMMIT, "")

    @property
    def changes(self) -> list[str]:
        """The files that differed from the commit; of a run that only knows that some did, that."""
        if self.tags.get(DIRTY) != "True":
            return []
        return self.tags.get(CHANGES, "files that it does not name").split("\n")

    def artifact(self, name: str) -> str | None:
        """A text that was logged; None if there is none of that name."""
        with reading(), TemporaryDirectory() as folder:
            client = client_of(tracking_uri())
            if name not in [file.path for file in client.list_artifacts(self.run_id)]:
                return None
            return Path(client.download_artifacts(self.run_id, name, folder)).read_text(encoding="utf-8")


def recorded_runs(reference: str) -> dict[Kind, RecordedRun]:
    """The run of an id, or of each kind the newest one of an experiment's name.

    Raises:
        HandloomError: the store holds none, or cannot be read.
    """
    with reading():
        found = _found(reference) if _REFERENCE.fullmatch(reference) else []
    runs: dict[Kind, RecordedRun] = {}
    for run in found:  # the newest first
        kind = next((kind for kind in KINDS if kind == run.data.tags.get(KIND)), None)
        if kind:
            runs.setdefault(kind, _recorded(run, kind))
    if not runs:
        raise HandloomError(
            f"{printable(reference)}: no run of this id or name in {shown_address()}; see them with `handloom ui`"
        )
    return runs


@contextmanager
def reading() -> Iterator[None]:
    """Within, what is wrong with the store is said in one line; none is made.

    Raises:
        HandloomError: it is.
    """
    missing = missing_store()
    if missing:
        raise HandloomError(f"there is no MLflow store at {missing}; train a model first, or set MLFLOW_TRACKING_URI")
    try:
        yield
    except Exception as error:
        trouble = trouble_of(error)
        if trouble is None:
            raise
        raise trouble.as_error() from None


def _found(reference: str) -> "list[Run]":
    client = client_of(tracking_uri())
    run_id = find_run(client, reference)
    if run_id:
        return [client.get_run(run_id)]
    experiments = [one.experiment_id for one in client.search_experiments()]
    return list(client.search_runs(experiments, f"tags.`mlflow.runName` = '{reference}'"))


def _recorded(run: "Run", kind: Kind) -> RecordedRun:
    data = run.data
    name = str(run.info.run_name or "")
    return RecordedRun(run.info.run_id, name, kind, dict(data.params), dict(data.metrics), dict(data.tags))
