"""Training in one process and in two, and what MLflow's sqlite store takes in: figures of docs/scaling.md.

    python benchmarks/scaling_training.py [ROUNDS=2]

The stages `train_pose` and `train_action` on random joints (as in `bench_million_rows.py`, fewer), as `dvc repro`
starts them, with one device and with two processes of Lightning's `ddp` on the CPU, in turns. An iteration is what
further ones add to the time of the whole stage, which other work on the machine disturbs, unlike processor
time. Then the metrics of an iteration are written into a new MLflow store, by one process and by several at once.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import bench_million_rows as million

SIZES = {"pose": (20_000, 1), "action": (2000, 50)}  # clips and frames
FEW, MANY = 1, 3  # iterations
DEVICES = {"one process": ["devices=1"], "two": ["devices=2", "strategy=ddp"]}
WRITERS = (1, 4)
WRITES = 200
METRICS = 6


def main(rounds: int = 2) -> None:
    with tempfile.TemporaryDirectory() as name:
        project = Path(name)
        (project / "pipeline").mkdir()
        shutil.copy("params.yaml", project)
        for kind in SIZES:
            shutil.copy(f"pipeline/train_{kind}.py", project / "pipeline")
            _compare(project, kind, rounds)
        for writers in WRITERS:
            rate = _written(f"sqlite:///{project}/metrics-{writers}.db", writers)
            print(
                f"  MLflow's sqlite store, {writers} at once: {rate:.0f} times {METRICS} metrics a second", flush=True
            )


def _compare(project: Path, kind: str, rounds: int) -> None:
    million.CLIPS, million.FRAMES = SIZES[kind]
    million.TABLE, million.SPLIT = f"data/keypoints/{kind}.parquet", f"data/splits/{kind}.parquet"
    million._write(project)
    print(f"train_{kind}: {million.CLIPS * million.FRAMES:,} rows, {million.CLIPS:,} examples, {os.cpu_count()} cores")
    for _ in range(rounds):
        spent = {}
        for what, words in DEVICES.items():
            few, many = _stage(project, kind, FEW, words), _stage(project, kind, MANY, words)
            spent[what] = [(late - early) / (MANY - FEW) for early, late in zip(few, many, strict=True)]
        for what, (seconds, busy) in spent.items():
            print(f"  an iteration in {what}: {seconds:.1f} s, {busy:.1f} s of processors")
        print(f"  two are {spent['one process'][0] / spent['two'][0]:.2f} times as fast", flush=True)


def _stage(project: Path, kind: str, iterations: int, words: list[str]) -> tuple[float, float]:
    """Seconds of a training with so many iterations, and those of all its processes on processors."""
    shutil.rmtree(project / "models", ignore_errors=True)
    environment = {**os.environ, "DVC_ROOT": str(project), "MLFLOW_TRACKING_URI": f"sqlite:///{project}/mlflow.db"}
    changes = [f"train_{kind}.{word}" for word in (f"maximum_iterations={iterations}", *words)]
    command = [sys.executable, str(project / f"pipeline/train_{kind}.py"), *changes]
    started, before = time.perf_counter(), os.times()
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    seconds, after = time.perf_counter() - started, os.times()
    return seconds, sum(after[2:4]) - sum(before[2:4])  # of the children


def _written(store: str, writers: int) -> float:
    """Batches of metrics a second, of all writers together; each has a run of its own."""
    from mlflow import MlflowClient

    experiment = MlflowClient(store).create_experiment("scaling")
    processes = [
        subprocess.Popen(
            [sys.executable, __file__, "write", store, experiment], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        for _ in range(writers)
    ]
    moments = []
    for process in processes:
        content, _ = process.communicate()
        if process.returncode:
            sys.exit("a writer failed")
        moments.append([float(word) for word in content.split()])
    seconds = max(end for _, end in moments) - min(start for start, _ in moments)
    return writers * WRITES / seconds


def _write(store: str, experiment: str) -> None:
    from mlflow import MlflowClient
    from mlflow.entities import Metric

    client = MlflowClient(store)
    run = client.create_run(experiment).info.run_id
    started = time.time()
    for step in range(WRITES):
        client.log_batch(run, [Metric(f"metric {n}", step, 0, step) for n in range(METRICS)])
    print(started, time.time())


if __name__ == "__main__":
    if sys.argv[1:2] == ["write"]:
        _write(*sys.argv[2:])
    else:
        main(*map(int, sys.argv[1:]))
