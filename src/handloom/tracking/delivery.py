"""A call's way: to the store at once, or into the outbox where the store cannot be reached."""

import sys
from functools import cache
from pathlib import Path

from tqdm import tqdm

from handloom.tracking import outbox
from handloom.tracking.address import shown_address
from handloom.tracking.calls import LOCAL_PREFIX, Call, find_run, make
from handloom.tracking.store import client, tracking_uri
from handloom.tracking.trouble import trouble_of

SEND = "handloom send"


def deliver(run_id: str, call: Call) -> None:
    """Make a call on a run, or keep it. What follows a kept call of the same run is kept too, so that order stays.

    Raises:
        HandloomError: it can neither be made nor kept: the disk is full, say.
    """
    if not outbox.holds(run_id):
        try:
            make(client(), _mlflow_id(tracking_uri(), run_id), call)
            return
        except Exception as error:
            trouble = trouble_of(error)
            if trouble is None:
                raise
            keep(run_id, call, trouble.reason)
            return
    keep(run_id, call, "earlier calls of this run wait too")


def keep(run_id: str, call: Call, reason: str) -> None:
    """Keep a call in the outbox; the first time in a process, say so.

    Raises:
        HandloomError: it cannot be kept.
    """
    outbox.keep(run_id, call)
    _say_once(outbox.folder(), reason)


_said: set[Path] = set()


def _say_once(folder: Path, reason: str) -> None:
    if folder not in _said:
        _said.add(folder)
        line = f"MLflow at {shown_address()}: {reason}; what is logged is kept in {folder}, send it with: {SEND}"
        tqdm.write(line, file=sys.stderr)  # above a progress bar, not into it


@cache
def _mlflow_id(uri: str, run_id: str) -> str:
    """MLflow's id of a run; for one that was opened while the store was away, the store is asked."""
    if not run_id.startswith(LOCAL_PREFIX):
        return run_id
    found = find_run(client(), run_id)
    if found is None:
        raise LookupError(f"{shown_address()} holds no run with the tag handloom.run={run_id}")
    return found
