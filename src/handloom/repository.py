"""Where the main repository is, also from the copies in which DVC runs queued experiments, and its commit."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path


def main_repository() -> Path:
    """The root of the main repository.

    DVC sets `DVC_ROOT` to it in every stage, also in its temporary copies. Outside DVC it is the nearest folder upwards
    of the working folder that holds `.dvc`, else the working folder.
    """
    root = os.environ.get("DVC_ROOT")
    if root:
        return Path(root).resolve()
    here = Path.cwd().resolve()
    return next((folder for folder in (here, *here.parents) if (folder / ".dvc").is_dir()), here)


@dataclass(frozen=True)
class Commit:
    """What git says of the working folder.

    Attributes:
        sha: of the commit that is checked out.
        changed: whether a file differs from it or is new; `dvc.lock` does not count, which every stage writes.
    """

    sha: str
    changed: bool


def current_commit() -> Commit | None:
    """The commit that is checked out; None outside a git repository, before the first commit, or without git."""
    sha = _git("rev-parse", "HEAD")
    return Commit(sha, bool(_git("status", "--porcelain", "--", ".", ":(exclude,glob)**/dvc.lock"))) if sha else None


def _git(*arguments: str) -> str:
    try:
        result = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return ""
    return result.stdout.strip() if result.returncode == 0 else ""
