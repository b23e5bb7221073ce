"""DVC's queue of experiments, on two workers, from an MLflow store that does not exist yet.

    python benchmarks/experiment_queue.py [ROUNDS=3] [KINDS_OF_RATE=3] [JOBS=2]

It clones the repository into a temporary folder, draws a small sample there and runs the pose half of the pipeline up
to the evaluation. Then, in each round, the MLflow store is removed, KINDS_OF_RATE x 2 experiments are queued (learning
rates and two networks) and run by `dvc queue start -j JOBS`.

The status is 1 unless in each round every experiment succeeds and is in `dvc exp show`, has one finished MLflow run of
its name in the clone's own store, with its files there too, and no joints were extracted.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml
from mlflow import MlflowClient

SMALL = {
    "sample": {"people": 4, "photos_per_class": 8},
    "split": {"test_ratio": 0.25, "validation": {"strategy": "fixed", "ratio": 0.3}},
    "train_pose": {"maximum_iterations": 20},
}
LEFT_OUT = ("DVC_", "MLFLOW_", "GIT_", "PYTHONPATH")


def main(rounds: int = 3, rates: int = 3, jobs: int = 2) -> None:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        project = Path(name).resolve() / "clone"
        subprocess.run(["git", "clone", "--quiet", ".", str(project)], check=True)
        config = project / "conf/config.yaml"
        config.write_text(config.read_text() + yaml.safe_dump(SMALL))
        for gesture in (project / "data/sample/gestures/pose").glob("*.yaml"):
            if gesture.stem not in ("background", "five", "one", "zero"):
                gesture.unlink()
        run(project, "handloom", "params")
        run(project, "dvc", "repro", "--quiet", "evaluate@pose")
        run(project, "git", "add", "--all")
        run(project, "git", "-c", "user.name=x", "-c", "user.email=x@example.org", "commit", "--quiet", "-m", "small")
        wrong = sum(not tried(project, number, rates, jobs) for number in range(1, rounds + 1))
    sys.exit(1 if wrong else 0)


def tried(project: Path, number: int, rates: int, jobs: int) -> bool:
    """Whether a round went well."""
    for path in (*project.glob("mlflow.db*"), project / "mlruns"):
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    before = set(experiments(project))
    values = ",".join(f"{0.001 * (1 + one):.3f}" for one in range(rates))
    # Another seed each round, or DVC would give back what was computed before, without a run.
    run(
        project,
        *(
            "dvc",
            "exp",
            "run",
            "--queue",
            "-S",
            f"train_pose.optimizer.lr={values}",
            "-S",
            f"train_pose.seed={100 + number}",
        ),
        *("-S", "model@train_pose.model=single_frame,window", "evaluate@pose"),
    )
    began = time.perf_counter()
    run(project, "dvc", "queue", "start", "-j", str(jobs))
    while waiting(project) and time.perf_counter() - began < 600:
        time.sleep(1)
    duration = time.perf_counter() - began
    states = {name: state for name, state in experiments(project).items() if name not in before}
    logs = {name: run(project, "dvc", "queue", "logs", name) for name in states}
    extracted = sum("Running stage 'extract_keypoints" in log for log in logs.values())
    client = MlflowClient(f"sqlite:///{project / 'mlflow.db'}")
    runs = client.search_runs([one.experiment_id for one in client.search_experiments()])
    places = [one.info.artifact_uri for one in runs]
    places += [str(one.artifact_location) for one in client.search_experiments()]
    elsewhere = [place for place in places if not place.startswith((project / "mlruns").as_uri())]
    finished = [one for one in runs if one.info.status == "FINISHED" and "test_accuracy" in one.data.metrics]
    well = list(states.values()).count("success")
    print(
        f"round {number}: {well} of {2 * rates} finished in {duration:.0f} s, {len(finished)} runs,"
        f" {len(elsewhere)} in a temporary place, extraction ran {extracted} times",
        flush=True,
    )
    right = sorted(str(one.info.run_name) for one in finished) == sorted(states) and len(runs) == len(finished)
    return well == 2 * rates == len(finished) and right and not elsewhere and not extracted


def waiting(project: Path) -> bool:
    """Whether an experiment is still to run."""
    tasks = run(project, "dvc", "queue", "status").splitlines()
    return any(line.split()[-1:] in (["Queued"], ["Running"]) for line in tasks)


def experiments(project: Path) -> dict[str, str]:
    """The state of each experiment in `dvc exp show`."""
    shown = json.loads(run(project, "dvc", "exp", "show", "--json"))
    return {
        one["name"]: "failed" if one["revs"][0]["error"] else (one["executor"] or {}).get("state", "success")
        for revision in shown
        for one in revision.get("experiments") or []
    }


def run(project: Path, *command: str) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(LEFT_OUT)}
    environment |= {"PYTHONPATH": str(project / "src"), "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    result = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True)
    if result.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{result.stdout}\n{result.stderr}")
    return result.stdout


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
