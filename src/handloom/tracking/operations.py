"""The operations on a run, as plain data, and their execution.

Each operation may be done twice with the effect of once: it may have reached a store whose answer was lost.
"""

import json
import math
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from handloom.tracking.record import FINGERPRINT, GIVEN_UP_AT, PARENT, say_once_what_stays, stays_here
from handloom.tracking.registry import log_and_register
from handloom.tracking.store import Store
from handloom.tracking.store_errors import NONSENSE, WrongAddressError

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Metric, Run

Name = Literal["open", "metrics", "tags", "status", "files", "inputs", "model"]

FORM: Mapping[Name, Mapping[str, type]] = {  # what the content of an operation holds
    "open": {"experiment": str, "time": int, "tags": dict, "params": dict},
    "metrics": {"metrics": dict, "step": int, "time": int, "once": bool},
    "tags": {"tags": dict},
    "status": {"status": str, "time": int},
    "files": {"folder": str},
    "inputs": {"name": str, "digest": str, "source": str, "profile": str, "context": str},
    "model": {"name": str, "tags": dict},
}
LOCAL_PREFIX = "local-"  # of the id of a run that was opened while the store was away
TRAINED_PREFIX = "trained-"  # of the id of the run of a training, before its fingerprint
RUN_TAG = "handloom.run"  # the id by which this computer knows a run, where it is not MLflow's own
AT_ONCE = {"metrics": 1000, "params": 100, "tags": 100}  # MLflow's limits of one request


@dataclass(frozen=True)
class Operation:
    """One operation on a run.

    Attributes:
        name: what.
        content: how, as JSON can hold it.
        files: files or folders that go with it.
    """

    name: Name
    content: Mapping[str, Any]
    files: tuple[Path, ...] = field(default=())


def now() -> int:
    """This moment, in MLflow's milliseconds."""
    return round(time.time() * 1000)


def find_run(client: "MlflowClient", run_id: str) -> str | None:
    """MLflow's id of a run that is known here by `run_id`; None if the store does not have it.

    Args:
        client: of the store.
        run_id: MLflow's own, one that begins with `LOCAL_PREFIX`, or a fingerprint after `TRAINED_PREFIX`.
    """
    from mlflow.exceptions import MlflowException

    if run_id.startswith(TRAINED_PREFIX):
        return find_training(client, run_id.removeprefix(TRAINED_PREFIX))
    if not run_id.startswith(LOCAL_PREFIX):
        try:
            if client.get_run(run_id).info.run_id != run_id:
                raise WrongAddressError(NONSENSE)
            return run_id
        except MlflowException as error:
            if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise
    runs = client.search_runs(_experiments(client), f"tags.`{RUN_TAG}` = '{run_id}'", max_results=1)
    return _id_of(runs[0]) if runs else None


def find_training(client: "MlflowClient", fingerprint: str) -> str | None:
    """MLflow's id of the run of a training: the newest finished one with this fingerprint, else the newest.

    One that its search gave up does not count: its model is not that of the whole training.
    """
    wanted = f"tags.`{FINGERPRINT}` = '{fingerprint}'"
    found = client.search_runs(_experiments(client), wanted, order_by=["attributes.start_time DESC"])
    runs = [run for run in found if GIVEN_UP_AT not in run.data.tags]
    finished = [run for run in runs if run.info.status == "FINISHED"]
    return next((_id_of(run) for run in (*finished, *runs)), None)


def _experiments(client: "MlflowClient") -> list[str]:
    return [one.experiment_id for one in client.search_experiments()]


def open_on(store: Store, client: "MlflowClient", run_id: str, operation: Operation, new: bool = False) -> str:
    """Find or create the run with the operation's tags and parameters. Returns its MLflow id.

    Args:
        store: where.
        client: of the store.
        run_id: as it is known here, see `find_run`.
        operation: "open".
        new: it cannot be there yet.
    """
    content = operation.content
    found = None if new else find_run(client, run_id)
    if found == run_id:
        return found
    run = client.get_run(found) if found else _create(store, client, run_id, content)
    missing = {key: value for key, value in content["params"].items() if key not in run.data.params}
    run_id = _id_of(run)
    _log_parameters(client, run_id, missing)
    return run_id


def _id_of(run: "Run") -> str:
    """MLflow's id of a run; MLflow reads a run without one out of any JSON object."""
    if not run.info.run_id:
        raise WrongAddressError(NONSENSE)
    return str(run.info.run_id)


def _create(store: Store, client: "MlflowClient", run_id: str, content: Mapping[str, Any]) -> "Run":
    tags = dict(content["tags"]) | {RUN_TAG: run_id}
    if tags.get(PARENT, "").startswith(LOCAL_PREFIX):  # which was opened while the store was away, and is sent by now
        tags[PARENT] = find_run(client, tags[PARENT]) or tags[PARENT]
    return client.create_run(_experiment(store, client, content["experiment"]), start_time=content["time"], tags=tags)


def _log_parameters(client: "MlflowClient", run_id: str, values: Mapping[str, str]) -> None:
    from mlflow.entities import Param

    params = [Param(key, value) for key, value in values.items()]
    for start in range(0, len(params), AT_ONCE["params"]):
        client.log_batch(run_id, params=params[start : start + AT_ONCE["params"]])


def _experiment(store: Store, client: "MlflowClient", name: str) -> str:
    from mlflow.exceptions import MlflowException

    experiment = client.get_experiment_by_name(name)
    if experiment is not None:
        return str(experiment.experiment_id)
    folder = store.artifact_folder()
    location = (folder / name.replace("/", "_")).as_uri() if folder else None
    try:
        return str(client.create_experiment(name, artifact_location=location))
    except MlflowException:
        experiment = client.get_experiment_by_name(name)  # another process may have made it just now
        if experiment is None:
            raise
        return str(experiment.experiment_id)


def do(store: Store, client: "MlflowClient", run_id: str, operation: Operation) -> None:
    """Do an operation, other than "open", on a run that MLflow knows by `run_id`."""
    if operation.name == "files":
        _files(store, client, run_id, operation)
    else:
        _DONE_BY[operation.name](client, run_id, operation)


def metrics_of(operation: Operation) -> "list[Metric]":
    """The numbers of an operation "metrics"."""
    from mlflow.entities import Metric

    content = operation.content
    return [Metric(key, float(value), content["time"], content["step"]) for key, value in content["metrics"].items()]


def plain_number(value: float) -> float | str:
    """A number as JSON can hold it, which does not know NaN and infinity."""
    return float(value) if math.isfinite(value) else str(float(value))


def log_points(client: "MlflowClient", run_id: str, points: "list[Metric]") -> None:
    """Log numbers in as few requests as MLflow allows."""
    for start in range(0, len(points), AT_ONCE["metrics"]):
        client.log_batch(run_id, metrics=points[start : start + AT_ONCE["metrics"]])


def _metrics(client: "MlflowClient", run_id: str, operation: Operation) -> None:
    log_points(client, run_id, metrics_of(operation))


def _tags(client: "MlflowClient", run_id: str, operation: Operation) -> None:
    from mlflow.entities import RunTag

    client.log_batch(run_id, tags=[RunTag(key, value) for key, value in operation.content["tags"].items()])


def _status(client: "MlflowClient", run_id: str, operation: Operation) -> None:
    status = operation.content["status"]
    if status == "RUNNING":
        client.update_run(run_id, status=status)
    else:
        client.set_terminated(run_id, status, operation.content["time"])


def _files(store: Store, client: "MlflowClient", run_id: str, operation: Operation) -> None:
    folder = operation.content["folder"] or None
    if operation.content.get("pictures") == "local" and not stays_here(client.get_run(run_id), store.address):
        say_once_what_stays(
            operation.files, store.address
        )  # kept for a store on this computer, and sent to another, say
        return
    for path in operation.files:
        if path.is_dir():
            client.log_artifacts(run_id, str(path), f"{folder}/{path.name}" if folder else path.name)
        else:
            client.log_artifact(run_id, str(path), folder)


def _inputs(client: "MlflowClient", run_id: str, operation: Operation) -> None:
    """Log a data set; a store keeps one of the same name and digest once a run."""
    from mlflow.entities import Dataset, DatasetInput, InputTag
    from mlflow.exceptions import MlflowException

    content = operation.content
    source = json.dumps({"uri": content["source"]})  # the form of mlflow.data's "local"
    data_set = Dataset(content["name"], content["digest"], "local", source, profile=content["profile"] or None)
    tags = [InputTag("mlflow.data.context", content["context"])]
    try:
        client.log_inputs(run_id, [DatasetInput(data_set, tags)])
    except MlflowException as error:
        # Two runs that log the same data set at once both find it missing, and the store refuses the second one.
        if not re.search(r"unique|duplicate", str(error), re.IGNORECASE):
            raise
        client.log_inputs(run_id, [DatasetInput(data_set, tags)])


def _model(client: "MlflowClient", run_id: str, operation: Operation) -> None:
    log_and_register(client, run_id, operation.files[0], operation.content)


_DONE_BY: "dict[Name, Callable[[MlflowClient, str, Operation], None]]" = {
    "metrics": _metrics,
    "tags": _tags,
    "status": _status,
    "inputs": _inputs,
    "model": _model,
}
