"""Cross-validation: the training of `params.yaml` once per fold and seed, its mean and spread below one MLflow run."""

import json
import shutil
import statistics
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from handloom import tracking
from handloom.config import Kind, Parameters
from handloom.dataset.groups import folds_by_group
from handloom.dataset.split import parts_to_learn_from
from handloom.errors import ConfigurationError
from handloom.stages.layout import Layout
from handloom.stages.run import run_stages
from handloom.support.code import code_version
from handloom.support.files import replacing, write_csv, write_json
from handloom.support.fingerprint import fingerprint
from handloom.support.lock import alone
from handloom.support.text_table import text_table
from handloom.support.workspace import Workspace
from handloom.training.resume import TrainingTask

LEFT_ALONE = "left_alone"  # the part of sessions that no fold has


@dataclass(frozen=True)
class Summary:
    """A metric over all trainings.

    Attributes:
        metric: its name.
        mean: over all.
        spread_of_folds: standard deviation of the folds' means over their seeds.
        spread_of_seeds: standard deviation of the seeds' means over their folds; None with one seed.
    """

    metric: str
    mean: float
    spread_of_folds: float
    spread_of_seeds: float | None


def cross_validate(parameters: Parameters, kind: Kind, layout: Layout, workspace: Workspace) -> list[Summary]:
    """Train and test each fold with each seed; write `folds.csv` and `summary.json`, print mean and spread.

    Folds are of the training and the validation set, unless `cross_validate.include_test_set`; there is no validation
    part within a fold. Started again, it repeats no training that is done, and goes on with the one that was killed.

    Raises:
        ConfigurationError: a parameter needs a validation set, or several devices.
        DataError: there are too few examples or groups.
    """
    settings, training = parameters.cross_validate, parameters.training(kind)
    if training.early_stopping.needs_validation:
        raise ConfigurationError(
            f"train_{kind}.early_stopping.patience: folds have no validation set; set it to 0 here, or"
            f" train_{kind}.early_stopping.monitor to training_loss"
        )
    if training.devices > 1:
        raise ConfigurationError(f"train_{kind}.devices: a fold trains on one device (got {training.devices})")
    table, split, out = layout.keypoints, layout.split, layout.cross_validation
    parts = parts_to_learn_from(kind, table, split)
    sessions = pq.read_table(split).to_pydict()
    ids = [one for one in sessions["session_id"] if settings.include_test_set or parts[one] != "test"]
    rows = {one: row for row, one in enumerate(sessions["session_id"])}
    labels, groups = ([sessions[name][rows[one]] for one in ids] for name in ("label", "group"))
    folds = folds_by_group(labels, groups, settings.folds, settings.fold_seed)

    made = TrainingTask(kind, replace(training, seed=0), table, split).made_of
    dealt = [settings.folds, settings.fold_seed, settings.include_test_set, parameters.evaluate.window_stride]
    name = f"{kind}-{fingerprint([made, dealt, code_version('handloom.evaluation.evaluate')])[:12]}"
    folder = workspace.cross_validation / name
    results: list[dict[str, float]] = []
    with alone(folder.with_suffix(".lock"), f"cross-validation {name}"):
        parent = tracking.Tracker(workspace).start(
            kind, parameters, {tracking.JOB: name, "mlflow.runName": f"cross-validation {name}"}
        )
        for number, tested in enumerate(folds, start=1):
            part = folder / f"fold-{number}.parquet"
            chosen = {ids[row] for row in tested}
            write_fold(part, sessions, chosen, set(sessions["session_id"]) - set(ids))
            for seed in settings.seeds:
                which = {"fold": number, "seed": seed}
                metrics = _one(
                    parameters,
                    kind,
                    replace(layout, split=part),
                    workspace,
                    parent.run_id,
                    seed,
                    f"{name}-{number}-{seed}",
                )
                print("  ".join(f"{key} {value:.5g}" for key, value in (which | metrics).items()), flush=True)
                results.append(which | metrics)
        summaries = summarised(results)
        write_csv(out / "folds.csv", results)
        write_json(out / "summary.json", [asdict(one) for one in summaries])
        parent.log_metrics(_as_metrics(summaries))
        parent.log_files([out], "cross_validation")
        parent.end()
    print(as_table(summaries))
    return summaries


def _one(
    parameters: Parameters, kind: Kind, layout: Layout, workspace: Workspace, parent: str, seed: int, name: str
) -> dict[str, float]:
    """The metrics of one training, from the file of one that is done, or trained and tested now."""
    fold = layout.split.stem
    folder = layout.split.parent / f"{fold}-seed-{seed}"
    done = folder.with_suffix(".json")
    if done.exists():
        known: dict[str, float] = json.loads(done.read_text(encoding="utf-8"))
        return known
    section = f"train_{kind}"
    mine = replace(parameters, **{section: replace(parameters.training(kind), seed=seed)})  # type: ignore[arg-type]
    tags = {
        tracking.JOB: name,
        tracking.PARENT: parent,
        tracking.FOLD: fold,
        "mlflow.runName": f"{fold}, seed {seed}",
    }
    within = replace(layout, model=folder, report=folder / "reports", streams=None)
    results = run_stages(mine, kind, within, workspace, "train", "evaluate", tags=tags, register=False)
    write_json(done, results.metrics)
    shutil.rmtree(folder)
    return results.metrics


def write_fold(
    path: Path, sessions: Mapping[str, Sequence[Any]], tested: Collection[int], left_alone: Collection[int] = ()
) -> None:
    """Write the split of a fold: its sessions are the test set, all others but those left alone are for training.

    Args:
        path: where to.
        sessions: the columns `session_id`, `label` and `group`.
        tested: session ids.
        left_alone: session ids.
    """
    parts = [
        "test" if session in tested else LEFT_ALONE if session in left_alone else "train"
        for session in sessions["session_id"]
    ]
    columns = {name: sessions[name] for name in ("session_id", "label", "group")}
    with replacing(path) as temporary:
        pq.write_table(pa.table({**columns, "part": parts}), temporary)


def summarised(results: Sequence[Mapping[str, float]]) -> list[Summary]:
    """Mean and spread of each metric over results with `fold` and `seed`."""
    summaries = []
    for metric in [name for name in results[0] if name not in ("fold", "seed", "examples")]:
        known = [result for result in results if metric in result]
        summaries.append(
            Summary(
                metric,
                statistics.fmean(result[metric] for result in known),
                _spread(known, metric, "fold") or 0.0,
                _spread(known, metric, "seed"),
            )
        )
    return summaries


def as_table(summaries: Sequence[Summary]) -> str:
    """The summaries as lines for the terminal."""
    rows = [
        [one.metric, *("" if value is None else f"{value:.5f}" for value in values)]
        for one in summaries
        for values in [(one.mean, one.spread_of_folds, one.spread_of_seeds)]
    ]
    return text_table(rows, ["", "mean", "spread of folds", "of seeds"])


def _spread(results: Sequence[Mapping[str, float]], metric: str, by: str) -> float | None:
    members: dict[float, list[float]] = {}
    for result in results:
        members.setdefault(result[by], []).append(result[metric])
    means = [statistics.fmean(values) for values in members.values()]
    return statistics.stdev(means) if len(means) > 1 else None


def _as_metrics(summaries: Sequence[Summary]) -> dict[str, float]:
    metrics: dict[str, float] = {}
    for one in summaries:
        metrics |= {f"{one.metric}_mean": one.mean, f"{one.metric}_spread": one.spread_of_folds}
        if one.spread_of_seeds is not None:
            metrics[f"{one.metric}_spread_of_seeds"] = one.spread_of_seeds
    return metrics
