"""Kills the training stage at random moments; what comes of it in the end must be what an undisturbed run gives.

    python benchmarks/kill_training.py [KILLS=10]

It makes up 240 clips of joints in a temporary folder and trains the action classifier of `params.yaml` on them there,
as `dvc repro` does, for 60 iterations: first undisturbed, which is timed; then with another work folder and another
MLflow store, killed with SIGKILL after a time that is drawn evenly between 0 and that duration, in turn the process
alone and its whole group. Each kill is followed by a new start. A stage that ends before its moment has come is no
kill: its outputs are compared, and the next start begins from nothing again. So it does after a kill that came when all
outputs were written and the work folder was gone. After KILLS kills a last start runs to its end.

Printed are the moments, and the last report and checkpoint at each. The status is 1 if, in any round, the model or the
history differ from the undisturbed ones in any byte, or the MLflow store has not one run with the same numbers at the
same steps, each once.
"""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from killing import kill_at, start

from handloom import keypoint_table
from handloom.config import Split, Validation
from handloom.dataset.split import split_table
from handloom.keypoint_table import SCHEMA

SCRIPT = "pipeline/train_action.py"
SHORT = ("train_action.maximum_iterations=60", "train_action.early_stopping.patience=12")
CLASSES, CLIPS, FRAMES = 6, 40, 60
SEED = 1


def main(kills: int = 10) -> None:
    with tempfile.TemporaryDirectory() as name:
        project = Path(name)
        for file in (SCRIPT, "params.yaml"):
            (project / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, project / file)
        table = project / "data/keypoints/action.parquet"
        keypoint_table.write(table, _clips(), {"frame_rate": "30"})
        split = Split(validation=Validation(strategy="fixed", ratio=0.2))
        split_table(table, split, project / "data/splits/action.parquet")
        sys.exit(0 if _try_to_break(project, kills) else 1)


def _clips() -> Iterator[pa.Table]:
    """Hands of random shape that open and close at a rhythm of their class, in noise."""
    random = np.random.default_rng(SEED)
    for number in range(CLASSES * CLIPS):
        rhythm = 1 + number % CLASSES
        opened = 1 + 0.5 * np.sin(rhythm * np.linspace(0, 2 * np.pi, FRAMES))[:, None, None]
        place = 0.5 + 0.1 * opened * random.standard_normal((1, 2, 21)) + 0.05 * random.standard_normal((FRAMES, 2, 21))
        poses = np.concatenate([place, np.ones((FRAMES, 1, 21))], axis=1).astype(np.float32)
        rows = [
            dict.fromkeys(SCHEMA.names)
            | {"session_id": number, "label": f"rhythm {rhythm}", "group": str(number), "part": ""}
            | {"path": f"{number}.mp4", "frame": frame, "time": frame / 30, "keypoints": pose.ravel()}
            for frame, pose in enumerate(poses)
        ]
        yield pa.Table.from_pylist(rows, schema=SCHEMA)


def _try_to_break(project: Path, kills: int) -> bool:
    started = time.perf_counter()
    if _start(project, project / "undisturbed").wait():
        sys.exit("the stage failed")
    duration, undisturbed = time.perf_counter() - started, _outcome(project, project / "undisturbed")
    reports = len(undisturbed["history"].splitlines()) - 1
    print(f"undisturbed: {duration:.1f} s, {reports} reports, model of {len(undisturbed['model'])} bytes")

    random = np.random.default_rng(SEED)
    hits, rounds, equal, ended = 0, 0, True, True
    while not ended or hits < kills:
        if ended:
            rounds += 1
            shutil.rmtree(project / "models")
        repository = project / f"round_{rounds}"
        process = _start(project, repository)
        moment = float(random.uniform(0, duration)) if hits < kills else None
        group = hits % 2 == 1
        killed = kill_at(process, moment, group)
        hits += killed
        written = (project / "models/action/run.json").exists() and not list(repository.glob(".handloom/training/*"))
        ended = written or not killed
        if killed:
            what = f"kill {hits:2} at {moment:4.1f} s, {'its group' if group else 'process'}"
            print(f"  {what:<30} last report {_last_report(repository):3}, checkpoint {_last_checkpoint(repository):3}")
        if ended:
            same = _outcome(project, repository) == undisturbed
            equal &= same
            print(f"  all is written: {'the same weights, history and MLflow numbers' if same else 'DIFFERENT'}")
    print(f"{hits} kills in {rounds} rounds: {'all the same' if equal else 'NOT the same'}")
    return equal


def _start(project: Path, repository: Path) -> subprocess.Popen[bytes]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}
    repository.mkdir(exist_ok=True)
    return start(project / SCRIPT, SHORT, {**kept, "DVC_ROOT": str(repository)})


def _outcome(project: Path, repository: Path) -> dict[str, Any]:
    """What a training leaves: the model, the history, and each metric's steps and values in its one MLflow run."""
    folder = project / "models/action"
    (note,) = (repository / ".handloom/runs").glob("*.json")
    run_id = json.loads(note.read_text())["run_id"]
    with closing(sqlite3.connect(repository / "mlflow.db")) as database:
        runs = [row[0] for row in database.execute("SELECT run_uuid FROM runs")]
        # Not by MLflow's own search, which might hide a number that was logged twice.
        numbers = database.execute("SELECT key, step, value FROM metrics ORDER BY key, step, value").fetchall()
    return {
        "model": (folder / "model.ckpt").read_bytes(),
        "history": (folder / "history.csv").read_text(),
        "runs": len(runs) if run_id in runs else 0,
        "numbers": numbers,
    }


def _last_report(repository: Path) -> int:
    if not (repository / "mlflow.db").exists():
        return 0
    with closing(sqlite3.connect(repository / "mlflow.db", timeout=60)) as database:
        if not database.execute("SELECT 1 FROM sqlite_master WHERE name = 'metrics'").fetchone():
            return 0
        return int(database.execute("SELECT coalesce(max(step), 0) FROM metrics WHERE key = 'loss'").fetchone()[0])


def _last_checkpoint(repository: Path) -> int:
    written = repository.glob(".handloom/training/*/iteration-*.ckpt")
    return max((int(path.stem.split("-")[1]) for path in written), default=0)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
