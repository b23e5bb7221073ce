"""What tracking costs: whole trainings with it and without, in turns.

    python benchmarks/bench_tracking.py [ROUNDS=3]

The training stage runs as `params.yaml` says on a table of random clips: the table is read, the run opened with
parameters, hashes, packages and pictures, each report logged, the run ended. Off is the same training without a
tracker. The store is a sqlite file, as by default. A short training
before imports MLflow and makes the store, which takes 2 to 7 s once. Limit: 1.03 times as long. On a machine that does
other things too the two differ by more than tracking costs; the time that was spent in the tracker is printed too.
"""

import contextlib
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import yaml

from handloom import keypoint_table
from handloom.config import Split, Training, Validation, parameters_from
from handloom.dataset.split import split_table
from handloom.support.workspace import Workspace
from handloom.training.resume import TrainingTask
from handloom.training.tracker import RunLogger, TrainingTracker
from handloom.training.train import train

CLIPS, FRAMES, CLASSES = 360, 60, 13
LIMIT = 1.03


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


class TimedTracker(TrainingTracker):
    """Adds up the seconds in which a training is tracked before and after it learns."""

    spent: ClassVar[list[float]] = []

    def open(self, *arguments: Any) -> RunLogger:
        """As it is, timed; and so is what the logger does at its end."""
        logger: RunLogger = self._timed(super().open)(*arguments)
        for name in ("log_metrics", "finish", "finalize"):
            setattr(logger, name, self._timed(getattr(logger, name)))
        return logger

    def _timed(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            begin = time.perf_counter()
            try:
                return function(*arguments, **named)
            finally:
                self.spent.append(time.perf_counter() - begin)

        return call


def seconds(tracker: TrainingTracker | None, settings: Training, table: Path, split: Path, folder: Path) -> float:
    """One training."""
    begin = time.perf_counter()
    with Path(os.devnull).open("w") as nowhere, contextlib.redirect_stderr(nowhere):
        train(TrainingTask("action", settings, table, split), folder / "model", folder / "checkpoints", tracker)
    shutil.rmtree(folder / "checkpoints")  # or the next one would go on from them
    return time.perf_counter() - begin


def main(rounds: int = 3) -> None:
    parameters = parameters_from(yaml.safe_load(Path("params.yaml").read_text(encoding="utf-8")))
    training = replace(parameters.train_action, prediction_window_size=FRAMES)
    parameters = replace(parameters, train_action=training)
    on: list[float] = []
    off: list[float] = []
    os.environ.pop("MLFLOW_TRACKING_URI", None)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        table, split = write_table(folder)
        tracker = TimedTracker(Workspace(folder), parameters)
        seconds(tracker, replace(training, maximum_iterations=1), table, split, folder)
        tracker.spent.clear()
        for number in range(rounds):
            turns: list[tuple[list[float], TrainingTracker | None]] = [(on, tracker), (off, None)]
            for times, chosen in turns if number % 2 else reversed(turns):
                times.append(seconds(chosen, training, table, split, folder))
    for label, times in (("with tracking", on), ("without", off)):
        each = ", ".join(f"{one:.2f}" for one in times)
        print(f"{label}: {statistics.median(times):.2f} s a training (median of {each})")
    print(f"ratio: {statistics.median(on) / statistics.median(off):.3f} (limit {LIMIT})")
    print(f"in the tracker: {sum(tracker.spent) / rounds:.2f} s a training, {sum(tracker.spent) / sum(on):.1%} of it")


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:2]))
