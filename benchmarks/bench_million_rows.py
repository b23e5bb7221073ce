"""How soon training starts on a million rows of joints, and how much memory it takes.

    python benchmarks/bench_million_rows.py

It writes a keypoint table of 20,000 clips of 50 frames (random walks, 20 classes) and its split in a temporary folder.
There it runs the stage `train_action` as `dvc repro` does, for one iteration, in a new Python process each time: with
the joints in memory, and with the joints in a file that is mapped into memory (`keypoints_in_memory=0`). The time runs
from the start of the process, imports, hash of the table and a new MLflow store included, to the end of the first step
of the optimiser; memory is the largest that the process held until the iteration and its validation were done. Pages of
the mapped file count too, as long as the system has no other use for them.
"""

import json
import os
import resource
import runpy
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

CLIPS, FRAMES, CLASSES = 20_000, 50, 20
CLIPS_AT_ONCE = 400
STAGE = "pipeline/train_action.py"
TABLE, SPLIT = "data/keypoints/action.parquet", "data/splits/action.parquet"
MODES = {"in memory": 100.0, "in a mapped file": 0.0}  # GiB
LATEST = 20.0  # seconds
MOST = 4.0  # GB


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        project = Path(name)
        (project / STAGE).parent.mkdir()
        for file in (STAGE, "params.yaml"):
            shutil.copy(file, project / file)
        print(f"{CLIPS * FRAMES:,} rows, {CLIPS:,} clips, {os.cpu_count()} cores", flush=True)
        _start("write", project)
        print(f"table of {(project / TABLE).stat().st_size / 1e6:.0f} MB", flush=True)
        for mode, gib in MODES.items():
            found = json.loads(_start("train", project, str(gib)).splitlines()[-1])
            late, large = found["first_step"] > LATEST, found["peak"] > MOST
            print(
                f"{mode:>16}: first step after {found['first_step']:.1f} s ({'NOT ' * late}within {LATEST:g} s),"
                f" the iteration of {found['steps']} steps done after {found['done']:.1f} s;"
                f" at most {found['peak']:.2f} GB ({'NOT ' * large}below {MOST:g} GB)",
                flush=True,
            )


def _start(*arguments: str | Path) -> str:
    """This script in a process of its own: what one holds would count as held by those that it starts."""
    project = arguments[1]
    environment = {**os.environ, "DVC_ROOT": str(project), "MLFLOW_TRACKING_URI": f"sqlite:///{project}/mlflow.db"}
    command = [sys.executable, __file__, *map(str, arguments)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    return done.stdout


def _write(project: Path) -> None:
    from handloom import keypoint_table
    from handloom.config import Split
    from handloom.dataset.split import split_table

    keypoint_table.write(project / TABLE, _clips(), {"frame_rate": "30"})
    split_table(project / TABLE, Split(test_ratio=0.0), project / SPLIT)


def _clips() -> Iterator[Any]:
    import numpy as np
    import pyarrow as pa

    from handloom.keypoint_table import SCHEMA, poses_to_column

    random = np.random.default_rng(1)
    count = CLIPS_AT_ONCE * FRAMES
    for first in range(0, CLIPS, CLIPS_AT_ONCE):
        steps = random.normal(0, 0.01, (CLIPS_AT_ONCE, FRAMES, 3, 21))
        poses = (0.5 + steps.cumsum(axis=1)).reshape(-1, 3, 21).astype(np.float32)
        poses[:, 2] = 1
        session = np.repeat(np.arange(first, first + CLIPS_AT_ONCE), FRAMES)
        known: dict[str, Any] = {
            "session_id": session,
            "label": [f"class_{number % CLASSES:02}" for number in session],
            "group": [f"person_{number // 10}" for number in session],
            "part": [""] * count,
            "path": [f"class_{number % CLASSES:02}/clip_{number}.mp4" for number in session],
            "frame": np.tile(np.arange(FRAMES), CLIPS_AT_ONCE),
            "time": np.tile(np.arange(FRAMES) / 30, CLIPS_AT_ONCE),
            "keypoints": poses_to_column(poses),
            "chirality": ["right"] * count,
        }
        columns = {field.name: known.get(field.name, pa.nulls(count, field.type)) for field in SCHEMA}
        yield pa.table(columns).cast(SCHEMA)


def _train(project: Path, gib: str) -> None:
    import psutil
    from torch.optim.optimizer import register_optimizer_step_post_hook

    started = psutil.Process().create_time()
    steps: list[float] = []
    register_optimizer_step_post_hook(lambda *_: steps.append(time.time() - started))
    sys.argv = [STAGE, "train_action.maximum_iterations=1", f"train_action.keypoints_in_memory={gib}"]
    runpy.run_path(str(project / STAGE), run_name="__main__")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    done = time.time() - started
    print(json.dumps({"first_step": steps[0], "steps": len(steps), "done": done, "peak": peak / 1e9}))


if __name__ == "__main__":
    if len(sys.argv) == 1:
        main()
    elif sys.argv[1] == "write":
        _write(Path(sys.argv[2]))
    else:
        _train(Path(sys.argv[2]), sys.argv[3])
