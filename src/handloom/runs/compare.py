"""Two runs beside each other: parameters that differ, metrics, and what they were made of."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from handloom import tracking
from handloom.runs.recorded import RecordedRun

_MADE_OF = {
    "training": tracking.FINGERPRINT,
    "joints": tracking.KEYPOINTS_SHA256,
    "split": tracking.SPLIT_SHA256,
    "model": tracking.MODEL_SHA256,
}


@dataclass(frozen=True)
class Comparison:
    """What two runs have in common and what not, each row with a name and both values.

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
