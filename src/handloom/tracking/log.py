"""Numbers, tags and files of a run."""

import json
from collections.abc import Mapping
from pathlib import Path

from handloom.config import Pictures
from handloom.tracking import outbox
from handloom.tracking.calls import Call, find_run, metrics_of, now, plain_number
from handloom.tracking.delivery import deliver
from handloom.tracking.privacy import may_go, say_once_what_stays
from handloom.tracking.scratch import scratch
from handloom.tracking.store import client
from handloom.tracking.trouble import trouble_of

LONGEST_DIGEST = 36  # characters; MLflow's limit


def log_metrics(run_id: str, metrics: Mapping[str, float], step: int = 0, once: bool = False) -> None:
    """Log numbers under their names.

    Args:
        run_id: of the run.
        metrics: numbers by name.
        step: of a curve.
        once: a step that the run has by then stays as it is, where the numbers are sent later. The caller sees to it
            where they are not (`unlogged`), because asking the store each time takes as long as logging.
    """
    numbers = {name: plain_number(value) for name, value in metrics.items()}
    deliver(run_id, Call("metrics", {"metrics": numbers, "step": step, "time": now(), "once": once}))


def log_files(run_id: str, files: list[Path], folder: str = "") -> None:
    """Log files or folders as artifacts under `folder`."""
    if files:
        deliver(run_id, Call("files", {"folder": folder}, tuple(files)))


def log_private_files(run_id: str, files: list[Path], folder: str, pictures: Pictures) -> None:
    """Log files that show people or name their files, where `tracking.pictures` allows it.

    Where it does not, one line a process says where they stay.
    """
    if files and may_go(pictures):
        deliver(run_id, Call("files", {"folder": folder, "pictures": pictures}, tuple(files)))
    elif files and pictures == "local":
        say_once_what_stays(files)


def log_inputs(run_id: str, name: str, file: Path, sha256: str, examples: Mapping[str, int] | None = None) -> None:
    """Log a table that the run learns from as one of MLflow's data sets.

    Args:
        run_id: of the run.
        name: what it is.
        file: where it is; of a path outside the working folder only the file's name is logged.
        sha256: of the file.
        examples: how many are for what, where the table says so.
    """
    here = Path.cwd()
    shown = file.relative_to(here) if file.is_relative_to(here) else file
    source = shown.name if shown.is_absolute() else shown.as_posix()
    profile = json.dumps(examples) if examples else ""
    content = {"name": name, "digest": sha256[:LONGEST_DIGEST], "source": source, "profile": profile}
    deliver(run_id, Call("inputs", content | {"context": "training"}))


def log_text(run_id: str, text: str, name: str) -> None:
    """Log a text as an artifact."""
    with scratch() as folder:
        file = folder / name
        file.write_text(text, encoding="utf-8")
        log_files(run_id, [file])


def set_tags(run_id: str, tags: Mapping[str, str]) -> None:
    """Set tags of a run."""
    deliver(run_id, Call("tags", {"tags": dict(tags)}))


def logged_steps(run_id: str) -> dict[str, set[int]]:
    """The steps that a run has numbers for, by metric; where the store is away, those that wait to be sent."""
    steps: dict[str, set[int]] = {}
    if outbox.holds(run_id):
        for call, _ in outbox.read(run_id):
            for point in metrics_of(call) if call.name == "metrics" else []:
                steps.setdefault(point.key, set()).add(point.step)
        return steps
    try:
        store = client()
        mlflow_id = find_run(store, run_id)
        if mlflow_id:
            for name in store.get_run(mlflow_id).data.metrics:
                steps[name] = {point.step for point in store.get_metric_history(mlflow_id, name)}
    except Exception as error:
        if trouble_of(error) is None:
            raise
    return steps


def unlogged(logged: Mapping[str, set[int]], metrics: Mapping[str, float], step: int) -> dict[str, float]:
    """Of a step's numbers those that a run, by its `logged_steps`, does not have yet."""
    return {name: value for name, value in metrics.items() if step not in logged.get(name, ())}
