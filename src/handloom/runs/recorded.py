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
from handloom.tracking.address import shown_address
from handloom.tracking.calls import find_run
from handloom.tracking.store import missing_store, reading_client
from handloom.tracking.tags import CHANGES, COMMIT, DIRTY, KIND, present_names
from handloom.tracking.trouble import trouble_of

if TYPE_CHECKING:
    from mlflow.entities import Run

_ID = re.compile(r"[A-Za-z0-9][\w-]*")  # of a run; MLflow refuses to look for others
_NAME = re.compile(r"[^'\"`\\\x00-\x1f]+")  # what can stand in quotes


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
        if self.tags.get(DIRTY) not in ("yes", "True"):
            return []
        return self.tags.get(CHANGES, "files that it does not name").split("\n")

    def artifact(self, name: str) -> str | None:
        """A text that was logged; None if there is none of that name."""
        with reading(), TemporaryDirectory() as folder:
            client = reading_client()
            if name not in [file.path for file in client.list_artifacts(self.run_id)]:
                return None
            return Path(client.download_artifacts(self.run_id, name, folder)).read_text(encoding="utf-8")


def recorded_runs(reference: str) -> dict[Kind, RecordedRun]:
    """The run of an id, or of each kind the newest one of a name: a whole one, or one up to a comma.

    Raises:
        HandloomError: the store holds none, or cannot be read.
    """
    with reading():
        found = _found(reference) if _NAME.fullmatch(reference) else []
    runs: dict[Kind, RecordedRun] = {}
    for run in found:  # the newest first
        kind = next((kind for kind in KINDS if kind == present_names(run.data.tags).get(KIND)), None)
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
    client = reading_client()
    run_id = find_run(client, reference) if _ID.fullmatch(reference) else None
    if run_id:
        return [client.get_run(run_id)]
    experiments = [one.experiment_id for one in client.search_experiments()]
    name = "tags.`mlflow.runName`"
    found = [*client.search_runs(experiments, f"{name} = '{reference}'")]
    longer = client.search_runs(experiments, f"{name} LIKE '{reference},%'")  # where % and _ stand for any character
    found += [run for run in longer if str(run.info.run_name).startswith(f"{reference},")]
    return sorted(found, key=lambda run: run.info.start_time, reverse=True)


def _recorded(run: "Run", kind: Kind) -> RecordedRun:
    data = run.data
    name = str(run.info.run_name or "")
    return RecordedRun(run.info.run_id, name, kind, dict(data.params), dict(data.metrics), present_names(data.tags))
