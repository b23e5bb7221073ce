"""A folder of its own in which a commit runs again: a clone, with the cache of the main repository's DVC."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from handloom.errors import HandloomError
from handloom.support.repository import git, main_repository
from handloom.support.yaml_files import parse_yaml, read_yaml

_NOT_PASSED_ON = ("DVC_", "MLFLOW_", "GIT_")  # they would lead to the main repository and its store
_LOG = "handloom_reproduce.log"


class Workspace:
    """A commit, checked out; its store of MLflow runs is its own.

    Attributes:
        folder: where the clone is.
        project: in it, the folder that is the project.
    """

    def __init__(self, folder: Path, commit: str) -> None:
        repository = main_repository()
        self.folder = folder.resolve()
        if self.folder.exists() and any(self.folder.iterdir()):
            raise HandloomError(f"{folder}: not empty; name a new folder")
        top = git("rev-parse", "--show-toplevel", folder=repository).strip()
        if not top or not git("cat-file", "-t", f"{commit}^{{commit}}", folder=repository):
            raise HandloomError(
                f"{repository}: holds no commit {commit or '(the run names none)'}; fetch it (git fetch --all), or go"
                " to the repository in which it was trained"
            )
        self.project = self.folder / repository.relative_to(top)
        self.folder.mkdir(parents=True, exist_ok=True)
        self._log = self.folder.parent / f".{self.folder.name}.{_LOG}"
        self._run(["git", "clone", "--quiet", "--no-checkout", top, "."], self.folder)
        self._run(["git", "checkout", "--quiet", "--detach", commit], self.folder)
        self._log.replace(self.folder / ".git" / _LOG)
        self._log = self.folder / ".git" / _LOG
        cache = self._run([sys.executable, "-m", "dvc", "cache", "dir"], repository).splitlines()[-1]
        config = self.project / ".dvc" / "config.local"
        config.parent.mkdir(exist_ok=True)
        config.write_text(f"[cache]\n    dir = {cache}\n", encoding="utf-8")
        data = git("ls-files", "*.dvc", folder=self.project).splitlines()
        if data:
            self.dvc("checkout", "--quiet", *data)

    def set_parameters(self, text: str) -> bool:
        """Write `params.yaml` where it says something else than `text`; whether it did."""
        file = self.project / "params.yaml"
        known: Any = read_yaml(file) if file.exists() else None
        if known == parse_yaml(text, "the run's params.yaml"):
            return False
        file.write_text(text, encoding="utf-8")
        return True

    def dvc(self, *words: str) -> None:
        """Run a command of DVC.

        Raises:
            HandloomError: it fails.
        """
        self._run([sys.executable, "-m", "dvc", *words], self.project)

    def stage(self, script: str, *words: str) -> None:
        """Run a stage's script; the code is the commit's, where the commit holds that of handloom.

        Raises:
            HandloomError: it fails.
        """
        self._run([sys.executable, f"pipeline/{script}.py", *words], self.project)

    def _run(self, command: Sequence[str], folder: Path) -> str:
        result = subprocess.run(
            command, cwd=folder, env=self._environment(), capture_output=True, text=True, check=False
        )
        with self._log.open("a", encoding="utf-8") as log:
            log.write(f"$ {' '.join(command)}\n{result.stdout}{result.stderr}")
        if result.returncode:
            said = [line for line in f"{result.stdout}\n{result.stderr}".splitlines() if line.strip()]
            errors = [line for line in said if line.startswith("ERROR")] or said
            what = " ".join(command[2:] if command[0] == sys.executable else command)
            raise HandloomError(f"{what}: {errors[-1].strip() if errors else 'failed'} (all of it: {self._log})")
        return result.stdout

    def _environment(self) -> Mapping[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_NOT_PASSED_ON)}
        kept["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{kept.get('PATH', '')}"  # stages call `python`
        source = self.project / "src"
        if (source / "handloom").is_dir():
            kept["PYTHONPATH"] = os.pathsep.join([str(source), *filter(None, [kept.get("PYTHONPATH")])])
        return kept
