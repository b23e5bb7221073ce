"""What tests ask of the tracking store of the working folder."""

from pathlib import Path
from typing import Any

from mlflow import MlflowClient

from handloom.models.files import RUN_FILE
from handloom.models.provenance import read_provenance
from handloom.support.workspace import Workspace
from handloom.tracking import Run, Tracker
from handloom.tracking.outbox import Outbox


def tracker() -> Tracker:
    return Tracker(Workspace.here())


def outbox() -> Outbox:
    return Outbox(tracker().store)


def client() -> MlflowClient:
    """A client of the store, which is made where it is missing."""
    with tracker().store.opened() as found:
        return found


def start_run(*arguments: Any) -> Run:
    return tracker().start(*arguments)


def trained_run(model: Path, project: Path | None = None) -> Run:
    """The run of a model that was trained in the working folder, or in another project."""
    run = (Tracker(Workspace(project)) if project else tracker()).noted(read_provenance(model / RUN_FILE).fingerprint)
    assert run is not None
    return run
