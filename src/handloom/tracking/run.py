"""The life of a run: it is opened by a training, found again by its file, and ended."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from uuid import uuid4

from handloom.config import Kind, Parameters, Pictures
from handloom.errors import DataError
from handloom.support.files import write_json
from handloom.support.repository import Commit, current_commit
from handloom.tracking import outbox
from handloom.tracking.calls import LOCAL_PREFIX, Call, now, open_on
from handloom.tracking.delivery import deliver, keep
from handloom.tracking.description import describing_tags
from handloom.tracking.parameters import run_parameters
from handloom.tracking.privacy import without_names_of_media
from handloom.tracking.store import client
from handloom.tracking.tags import CHANGES, COMMIT, DIRTY, KIND
from handloom.tracking.trouble import trouble_of

LONGEST_TAG = 4000  # MLflow allows 5000 bytes at least
_RUN_ID = re.compile(r"[A-Za-z0-9][\w.-]*")  # also the name of a folder of the outbox
JOB = "handloom.job"  # tag of a run that is one of many: which one, so that it is found again after a kill


def start_run(kind: Kind, parameters: Parameters, further_tags: Mapping[str, str] | None = None) -> str:
    """Open a run for a training, with all parameters that decide it; return its id.

    While the store is away that is an id of ours, which the run gets as its tag `handloom.run` when it is sent.

    Args:
        kind: "pose" or "action".
        parameters: all of them.
        further_tags: they win over its own. A run with the same `JOB` that is there already is taken up instead.

    Raises:
        HandloomError: the store's address is wrong, or the store cannot be used.
    """
    tags = dict(further_tags or {})
    if JOB not in tags:
        return _opened(f"{LOCAL_PREFIX}{uuid4().hex}", kind, parameters, tags, new=True)
    run_id = _opened(f"{LOCAL_PREFIX}{tags[JOB]}", kind, parameters, tags)
    resume_run(run_id)
    return run_id


def open_run(run_file: Path, kind: Kind, parameters: Parameters) -> str:
    """The id of the run that trained the model, from the file that travels with the model.

    Where the store does not hold that run (a model pulled from a DVC remote, say) a new one goes on for it.

    Raises:
        HandloomError: the store's address is wrong, or the store cannot be used.
    """
    return _opened(run_in(run_file), kind, parameters, {})


def run_in(run_file: Path) -> str:
    """The run's id in the file that `write_run_file` wrote, or `models/provenance.py`.

    Raises:
        DataError: there is no such file, or it names no run.
    """
    try:
        run_id = json.loads(run_file.read_text(encoding="utf-8"))["run_id"]
    except FileNotFoundError:
        raise DataError(f"{run_file}: no such file; train the model first (dvc repro)") from None
    except (ValueError, TypeError, KeyError, RecursionError):
        run_id = None
    if not isinstance(run_id, str) or not _RUN_ID.fullmatch(run_id):
        raise DataError(f"{run_file}: damaged, it names no MLflow run; remove it and train again (dvc repro)")
    return run_id


def write_run_file(path: Path, run_id: str) -> None:
    """Write the file that lets a training find its run again."""
    write_json(path, {"run_id": run_id})


def resume_run(run_id: str) -> None:
    """Set a run that was interrupted to RUNNING again."""
    _set_status(run_id, "RUNNING")


def end_run(run_id: str, status: str = "FINISHED") -> None:
    """Set a run to FINISHED or FAILED."""
    _set_status(run_id, status)


def _set_status(run_id: str, status: str) -> None:
    deliver(run_id, Call("status", {"status": status, "time": now()}))


def _opened(run_id: str, kind: Kind, parameters: Parameters, tags: Mapping[str, str], new: bool = False) -> str:
    commit = current_commit()
    call = Call(
        "open",
        {
            "experiment": f"{parameters.tracking.experiment}-{kind}",
            "time": now(),
            "tags": {
                KIND: kind,
                **describing_tags(kind, parameters, commit),
                **_git_tags(commit, parameters.tracking.pictures),
                **tags,
            },
            "params": run_parameters(kind, parameters),
        },
    )
    outbox.tidy()
    if outbox.holds(run_id):
        return run_id
    try:
        return open_on(client(), run_id, call, new)
    except Exception as error:
        trouble = trouble_of(error)
        if trouble is None:
            raise
        if not trouble.passes:
            raise trouble.as_error() from None
        keep(run_id, call, trouble.reason)
        return run_id


def _git_tags(commit: Commit | None, pictures: Pictures) -> dict[str, str]:
    if commit is None:
        return {}
    tags = {COMMIT: commit.sha, DIRTY: "yes" if commit.changed else "no"}
    changes = without_names_of_media(commit.changes, pictures)
    return tags | ({CHANGES: "\n".join(changes)[:LONGEST_TAG]} if commit.changed else {})
