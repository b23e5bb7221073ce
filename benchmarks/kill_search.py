"""Kills a search at random moments; what comes of it must be what an undisturbed one gives.

    python benchmarks/kill_search.py [KILLS=3] [TRIALS=12] [ROUNDS=1]

It makes up 400 photos of joints in a temporary folder and searches `conf/space/pose.yaml` there as a user does
(`python pipeline/search.py pose`): first undisturbed; then with another main repository,
killed with SIGKILL a moment after one of its trials has begun, which one being drawn, and started again.

The status is 1 unless each search ends with exactly TRIALS trials, none with the values of another, in the same values
and losses as the undisturbed one, and with one MLflow run a trial below one parent.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import optuna
import pyarrow as pa
from killing import kill_at, start
from mlflow import MlflowClient
from optuna.storages import RDBStorage

from handloom import keypoint_table
from handloom.config import Split, Validation
from handloom.dataset.split import split_table
from handloom.keypoint_table import SCHEMA

SCRIPT = "pipeline/search.py"
CLASSES, PHOTOS, SEED = 5, 400, 1
Trials = list[tuple[int, str, dict[str, float], float]]


def main(kills: int = 3, trials: int = 12, rounds: int = 1) -> None:
    with tempfile.TemporaryDirectory() as name:
        project = Path(name)
        for folder in ("pipeline", "conf"):
            shutil.copytree(folder, project / folder, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy("params.yaml", project)
        (project / "conf/train_pose/best.yaml").unlink(missing_ok=True)
        table = project / "data/keypoints/pose.parquet"
        keypoint_table.write(table, [_photos()], {"frame_rate": "30"})
        split = Split(validation=Validation(strategy="fixed", ratio=0.25))
        split_table(table, split, project / "data/splits/pose.parquet")

        if _start(project, project / "undisturbed", trials).wait():
            sys.exit("the search failed")
        expected = trials_of(project / "undisturbed")
        print(f"undisturbed: {summary_of(project / 'undisturbed')}", flush=True)
        wrong = 0
        for number in range(rounds):
            repository = project / f"round_{number}"
            _kill(project, repository, kills, trials, np.random.default_rng(SEED + number))
            same = trials_of(repository) == expected and well_kept(repository, trials)
            wrong += not same
            print(f"round {number + 1}, {kills} kills: {summary_of(repository)}: {'the same' if same else 'DIFFERENT'}")
    sys.exit(1 if wrong else 0)


def _photos() -> pa.Table:
    random = np.random.default_rng(SEED)
    shapes = 0.5 + 0.15 * random.standard_normal((CLASSES, 2, 21))
    rows = []
    for number in range(PHOTOS):
        label = number % CLASSES
        place = shapes[label] + 0.12 * random.standard_normal((2, 21))
        pose = np.concatenate([place, np.ones((1, 21))]).astype(np.float32)
        rows.append(
            dict.fromkeys(SCHEMA.names)
            | {"session_id": number, "label": f"shape {label}", "group": str(number), "part": "", "frame": 0}
            | {"path": f"{number}.jpg", "time": 0.0, "keypoints": pose.ravel()}
        )
    return pa.Table.from_pylist(rows, schema=SCHEMA)


def _start(project: Path, repository: Path, trials: int) -> subprocess.Popen[bytes]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}
    repository.mkdir(exist_ok=True)
    words = ("pose", f"search.trials={trials}", "train_pose.maximum_iterations=40")
    return start(project / SCRIPT, words, {**kept, "DVC_ROOT": str(repository)})


def _kill(project: Path, repository: Path, kills: int, trials: int, random: np.random.Generator) -> None:
    victims = sorted(random.choice(np.arange(1, trials + 1), kills, replace=False))
    for number, victim in enumerate(victims, start=1):
        process = _start(project, repository, trials)
        while process.poll() is None and len(trials_of(repository)) < victim - 1:
            time.sleep(0.02)
        if not kill_at(process, float(random.uniform(0, 1)), group=True):
            sys.exit(f"kill {number}: the search had ended before")
        print(f"  kill {number}, in trial {victim}: {summary_of(repository)}", flush=True)
    if _start(project, repository, trials).wait():
        sys.exit("the search failed")


def trials_of(repository: Path) -> Trials:
    """Number, state, values and loss of each trial."""
    path = repository / ".handloom/search/searches.sqlite"
    if not path.exists():
        return []
    storage = RDBStorage(f"sqlite:///{path}", engine_kwargs={"connect_args": {"timeout": 60}})
    names = optuna.get_all_study_names(storage)
    found = [one for name in names for one in optuna.load_study(study_name=name, storage=storage).get_trials()]
    return [(one.number, one.state.name, one.params, one.value or 0.0) for one in found]


def well_kept(repository: Path, trials: int) -> bool:
    """Whether there are just so many trials, none twice, each with one MLflow run below the one parent."""
    values = [str(sorted(one[2].items())) for one in trials_of(repository)]
    client = MlflowClient(f"sqlite:///{repository / 'mlflow.db'}")
    runs = client.search_runs([one.experiment_id for one in client.search_experiments()])
    parents = [run.info.run_id for run in runs if "mlflow.parentRunId" not in run.data.tags]
    children = [run for run in runs if run.data.tags.get("mlflow.parentRunId") in parents]
    finished = all(run.info.status == "FINISHED" for run in runs)
    return len(values) == len(set(values)) == len(children) == trials and len(parents) == 1 and finished


def summary_of(repository: Path) -> str:
    """How many trials are in which state."""
    states = [state for _, state, _, _ in trials_of(repository)]
    return ", ".join(f"{states.count(state)} {state.lower()}" for state in dict.fromkeys(states)) or "no trial"


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
