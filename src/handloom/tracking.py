"""MLflow: one run a training, followed from start through evaluation to export."""

import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from handloom.config import Kind, Parameters, as_plain
from handloom.files import write_json
from handloom.repository import current_commit, main_repository

if TYPE_CHECKING:
    from mlflow import MlflowClient

TRAINED_IN = "handloom.trained_in_run"  # tag of a run that goes on for one that this store does not hold
JOB = "handloom.job"  # tag of a run that is one of many: which one, so that it is found again after a kill
PARENT = "mlflow.parentRunId"  # MLflow's own tag: it shows such runs below their parent


def tracking_uri() -> str:
    """The MLflow store: `MLFLOW_TRACKING_URI`, else one sqlite file at the root of the main repository."""
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{_local_store()}"


def start_run(kind: Kind, parameters: Parameters, further_tags: Mapping[str, str] | None = None) -> str:
    """Open a run for a training, with all parameters that decide it; return its id.

    Args:
        kind: "pose" or "action".
        parameters: all of them.
        further_tags: they win over its own. A run with the same `JOB` that is there already is taken up instead.
    """
    from mlflow.entities import Param

    client = _client()
    tags = {
        "mlflow.runName": os.environ.get("DVC_EXP_NAME") or f"{kind}",
        "handloom.kind": kind,
        **_git_tags(),
        **(further_tags or {}),
    }
    experiment = _experiment(client, kind, parameters)
    if JOB in tags and (known := _run_of_job(client, experiment, tags[JOB])):
        run_id = known
        client.update_run(run_id, status="RUNNING")
    else:
        run_id = client.create_run(experiment, tags=tags).info.run_id
    sections = {"data": parameters.source(kind), f"train_{kind}": parameters.training(kind)}
    for name in ("extract_keypoints", "split", "evaluate", "export_coreml"):
        sections[name] = getattr(parameters, name)
    values = {key: value for name, section in sections.items() for key, value in flat(as_plain(section), name).items()}
    client.log_batch(run_id, params=[Param(key, str(value)) for key, value in values.items()])
    return run_id


def open_run(run_file: Path, kind: Kind, parameters: Parameters) -> str:
    """The id of the run that trained the model, from the file that travels with the model.

    Where the store does not hold that run (a model pulled from a DVC remote, say) a new one goes on for it.
    """
    from mlflow.exceptions import MlflowException

    trained_in = run_in(run_file)
    client = _client()
    try:
        client.get_run(trained_in)
    except MlflowException:
        run_id = start_run(kind, parameters)
        client.set_tag(run_id, TRAINED_IN, trained_in)
        return run_id
    return trained_in


def run_in(run_file: Path) -> str:
    """The run's id in the file that `write_run_file` wrote, or `models/provenance.py`."""
    run_id: str = json.loads(run_file.read_text(encoding="utf-8"))["run_id"]
    return run_id


def write_run_file(path: Path, run_id: str) -> None:
    """Write the file that lets a training find its run again."""
    write_json(path, {"run_id": run_id})


def log_metrics(run_id: str, metrics: Mapping[str, float], step: int = 0) -> None:
    """Log numbers under their names."""
    from mlflow.entities import Metric

    now = round(time.time() * 1000)
    _client().log_batch(run_id, metrics=[Metric(name, value, now, step) for name, value in metrics.items()])


def log_files(run_id: str, files: list[Path], folder: str) -> None:
    """Log files or folders as artifacts under `folder`."""
    client = _client()
    for path in files:
        if path.is_dir():
            client.log_artifacts(run_id, str(path), f"{folder}/{path.name}")
        else:
            client.log_artifact(run_id, str(path), folder)


def resume_run(run_id: str) -> None:
    """Set a run that was interrupted to RUNNING again."""
    _client().update_run(run_id, status="RUNNING")


def end_run(run_id: str) -> None:
    """Set a run to FINISHED."""
    _client().set_terminated(run_id)


def set_tag(run_id: str, name: str, value: str) -> None:
    """Set a tag of a run."""
    _client().set_tag(run_id, name, value)


def logged_steps(run_id: str) -> dict[str, set[int]]:
    """The steps that a run has numbers for, by metric."""
    client = _client()
    names = client.get_run(run_id).data.metrics
    return {name: {point.step for point in client.get_metric_history(run_id, name)} for name in names}


def unlogged(logged: Mapping[str, set[int]], metrics: Mapping[str, float], step: int) -> dict[str, float]:
    """Of a step's numbers those that a run, by its `logged_steps`, does not have yet."""
    return {name: value for name, value in metrics.items() if step not in logged.get(name, ())}


def flat(content: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """Nested dictionaries as one, its keys in full: ``train_pose.optimizer.lr``."""
    values: dict[str, Any] = {}
    for key, value in content.items():
        name = f"{prefix}.{key}"
        values |= flat(value, name) if isinstance(value, Mapping) else {name: value}
    return values


def _run_of_job(client: "MlflowClient", experiment: str, job: str) -> str | None:
    runs = client.search_runs([experiment], f"tags.`{JOB}` = '{job}'", max_results=1)
    return str(runs[0].info.run_id) if runs else None


def _client() -> "MlflowClient":
    from mlflow import MlflowClient

    if not os.environ.get("MLFLOW_TRACKING_URI") and not _local_store().exists():
        _make_store(_local_store())
    return MlflowClient(tracking_uri())


def _local_store() -> Path:
    return main_repository() / "mlflow.db"


def _make_store(path: Path) -> None:
    """Make an empty store. MLflow cannot open one whose making was killed, so it is made beside its place.

    The experiment that MLflow makes with it would otherwise keep its files in the working folder, which may be one of
    DVC's temporary copies.
    """
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    beside = path.with_name(f".{path.stem}.{os.getpid()}.part{path.suffix}")
    try:
        SqlAlchemyStore(f"sqlite:///{beside}", (main_repository() / "mlruns").as_uri())
        try:
            path.hardlink_to(beside)  # not a rename: another stage may have made one just now, with a run in it
        except FileExistsError:
            pass
        except OSError:  # no hard links on this file system
            beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def _experiment(client: "MlflowClient", kind: Kind, parameters: Parameters) -> str:
    from mlflow.exceptions import MlflowException

    name = f"{parameters.tracking.experiment}-{kind}"
    experiment = client.get_experiment_by_name(name)
    if experiment is not None:
        return str(experiment.experiment_id)
    local = not os.environ.get("MLFLOW_TRACKING_URI")
    location = (main_repository() / "mlruns" / name).as_uri() if local else None
    try:
        return str(client.create_experiment(name, artifact_location=location))
    except MlflowException:
        experiment = client.get_experiment_by_name(name)  # another process may have made it just now
        if experiment is None:
            raise
        return str(experiment.experiment_id)


def _git_tags() -> dict[str, str]:
    commit = current_commit()
    if commit is None:
        return {}
    return {"mlflow.source.git.commit": commit.sha, "handloom.git.dirty": str(commit.changed)}
