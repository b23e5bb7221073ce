"""What `make` installs and removes; a stub stands for pip, which would fetch gigabytes."""

import os
import platform
import shutil
import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
MADE = ("models/pose/model.ckpt", "mlruns/1/run", ".dvc/cache/files/a", ".handloom/keypoints.sqlite", "mlflow.db")
OWN = ("data/photos/five/1.jpg", "conf/config.yaml", "params.yaml", "dvc.lock")
STUB = """#!/bin/sh
echo "$@" >> said
case "$*" in *--no-deps*) exit %d ;; esac
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("Makefile", "constraints.txt", "pyproject.toml"):
        shutil.copy(REPOSITORY / name, tmp_path)
    return tmp_path


def make(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    # Without what a make that runs the tests was given, such as EXTRAS.
    outer = ("EXTRAS", "TORCH_INDEX", "MAKEFLAGS", "MAKEOVERRIDES", "MFLAGS", "MAKELEVEL")
    own = {name: value for name, value in os.environ.items() if name not in outer}
    return subprocess.run(["make", *words], cwd=folder, env=own, capture_output=True, text=True, check=False)


def fill(folder: Path) -> None:
    for name in (*MADE, *OWN, ".venv/bin/python", ".mypy_cache/a"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def test_clean_leaves_data_models_and_runs(folder: Path) -> None:
    fill(folder)
    assert make(folder, "clean").returncode == 0
    assert all((folder / name).exists() for name in (*MADE, *OWN))
    assert not (folder / ".venv").exists() and not (folder / ".mypy_cache").exists()


def test_purge_lists_and_asks_and_then_leaves_what_is_ones_own(folder: Path) -> None:
    fill(folder)
    asked = make(folder, "purge")
    assert asked.returncode != 0
    assert "make purge CONFIRM=1" in asked.stderr
    assert {line.split()[1] for line in asked.stdout.splitlines()} >= {"models", "mlruns", ".dvc/cache", "mlflow.db"}
    assert all((folder / name).exists() for name in (*MADE, *OWN))
    assert make(folder, "purge", "CONFIRM=1").returncode == 0
    assert not any((folder / name).exists() for name in MADE)
    assert all((folder / name).exists() for name in OWN)


def test_purge_keeps_what_mlflow_has_not_got(folder: Path) -> None:
    fill(folder)
    (folder / ".handloom/outbox/1").mkdir(parents=True)
    (folder / ".handloom/outbox/1/calls.jsonl").touch()
    assert "run handloom send first" in make(folder, "purge", "CONFIRM=1").stderr
    assert (folder / "models").exists()


@pytest.mark.skipif(platform.system() != "Linux", reason="elsewhere the package index's build has no CUDA")
@pytest.mark.parametrize(("reached", "index"), [(True, None), (False, None), (True, "")])
def test_the_cpu_build_of_torch_is_taken_unless_it_cannot_be_had_or_is_not_wanted(
    reached: bool, index: str | None, folder: Path
) -> None:
    (folder / ".venv/bin").mkdir(parents=True)
    for stub in (folder / "python", folder / ".venv/bin/python"):
        stub.write_text(STUB % (not reached))
        stub.chmod(0o755)
    given = [] if index is None else [f"TORCH_INDEX={index}"]
    done = make(folder, "install", "PYTHON=./python", *given)
    assert done.returncode == 0, done.stderr
    assert "about 220 packages into .venv, 3.4 GB on disk; this takes minutes" in done.stdout
    said = (folder / "said").read_text().splitlines()
    torch = [line for line in said if "--no-deps" in line]
    assert [line.split()[-1].startswith("torch==") for line in torch] == ([True] if index is None else [])
    assert ("no CPU build of PyTorch from" in done.stdout) == (not reached)
    assert said[-1].endswith("--constraint constraints.txt --editable .[dev]")


@pytest.mark.parametrize("verb", ["params", "ui", "send", "reproduce"])
def test_a_target_that_is_a_verb_only_calls_it(verb: str, folder: Path) -> None:
    """So that a project without a Makefile lacks nothing."""
    text = (folder / "Makefile").read_text()
    recipe = text.partition(f"\n{verb}: $(READY)")[2].partition("\n\n")[0].splitlines()[1:]
    assert [line.partition(' "')[0] for line in recipe] == [f"\t@handloom {verb}"]
