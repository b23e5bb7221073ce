"""What tracking costs: whole trainings with it and without, in turns.

    python benchmarks/bench_tracking.py [ROUNDS=3]

The training stage runs as `params.yaml` says on a table of random clips: the table is read, the run opened with
parameters, hashes, packages and pictures, each report logged, the run ended. Off is the same stage with the functions
of `handloom.tracking` replaced by ones that do nothing. The store is a sqlite file, as by default. A short training
before imports MLflow and makes the store, which takes 2 to 7 s once. Limit: 1.03 times as long. On a machine that does
other things too the two differ by more than tracking costs; the time that was spent inside the functions of
`handloom.tracking` is printed beside it.
"""

import contextlib
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
import yaml

from handloom import keypoint_table, tracking
from handloom.config import Parameters, Split, Validation, parameters_from
from handloom.dataset.split import split_table
from handloom.training import callbacks, resume
from handloom.training import train as stage

CLIPS, FRAMES, CLASSES = 360, 60, 13
LIMIT = 1.03
USERS = (stage, resume, callbacks)


def write_table(folder: Path) -> tuple[Path, Path]:
    """A table of random clips and its parts."""
    random = np.random.default_rng(0)
    rows = []
    for clip in range(CLIPS):
        for frame in range(FRAMES):
            pose = random.random((3, 21), dtype=np.float32)
            pose[2] = 1
            known = {"session_id": clip, "label": f"class {clip % CLASSES}", "group": str(clip), "part": ""}
            known |= {"path": f"{clip}.mp4", "frame": frame, "keypoints": pose.ravel()}
            rows.append(dict.fromkeys(keypoint_table.SCHEMA.names) | known)
    table, split = folder / "action.parquet", folder / "parts.parquet"
    keypoint_table.write(table, [pa.Table.from_pylist(rows, schema=keypoint_table.SCHEMA)], {"frame_rate": "30"})
    split_table(table, Split(validation=Validation(strategy="fixed", ratio=0.2)), split)
    return table, split


def nothing() -> SimpleNamespace:
    """`handloom.tracking` that does nothing."""
    names = {name: (lambda *_, **__: None) if callable(own) else own for name, own in _names().items()}
    names |= {"start_run": lambda *_: "none", "logged_steps": lambda *_: {}}
    names |= {name: getattr(tracking, name) for name in ("unlogged", "write_run_file", "run_in", "flat")}
    return SimpleNamespace(**names)


def timed(spent: list[float]) -> SimpleNamespace:
    """`handloom.tracking`, the seconds in each call added to `spent`."""

    def timing(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            begin = time.perf_counter()
            try:
                return function(*arguments, **named)
            finally:
                spent.append(time.perf_counter() - begin)

        return call

    return SimpleNamespace(**{name: timing(own) if callable(own) else own for name, own in _names().items()})


def _names() -> dict[str, Any]:
    return {name: getattr(tracking, name) for name in tracking.__all__}


def seconds(tracker: Any, parameters: Parameters, table: Path, split: Path, folder: Path) -> float:
    """One training."""
    for module in USERS:
        module.tracking = tracker  # type: ignore[attr-defined]
    begin = time.perf_counter()
    with Path(os.devnull).open("w") as nowhere, contextlib.redirect_stderr(nowhere):
        stage.train(parameters, "action", table, split, folder / "model")
    return time.perf_counter() - begin


def main(rounds: int = 3) -> None:
    parameters = parameters_from(yaml.safe_load(Path("params.yaml").read_text(encoding="utf-8")))
    training = replace(parameters.train_action, prediction_window_size=FRAMES)
    short = replace(parameters, train_action=replace(training, maximum_iterations=1))
    parameters = replace(parameters, train_action=training)
    on: list[float] = []
    off: list[float] = []
    spent: list[float] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["DVC_ROOT"] = name
        os.environ.pop("MLFLOW_TRACKING_URI", None)
        table, split = write_table(folder)
        seconds(tracking, short, table, split, folder)
        for number in range(rounds):
            turns: list[tuple[list[float], Any]] = [(on, timed(spent)), (off, nothing())]
            for times, tracker in turns if number % 2 else reversed(turns):
                times.append(seconds(tracker, parameters, table, split, folder))
    for label, times in (("with tracking", on), ("without", off)):
        each = ", ".join(f"{one:.2f}" for one in times)
        print(f"{label}: {statistics.median(times):.2f} s a training (median of {each})")
    print(f"ratio: {statistics.median(on) / statistics.median(off):.3f} (limit {LIMIT})")
    print(f"inside handloom.tracking: {sum(spent) / rounds:.2f} s a training, {sum(spent) / sum(on):.1%} of it")


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:2]))
