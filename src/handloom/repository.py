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
        changes: the files that differ from it or are new, by their paths from the working folder; `dvc.lock` does not
            count, which every stage writes.
    """

    sha: str
    changes: tuple[str, ...] = ()

    @property
    def changed(self) -> bool:
        """Whether a file differs."""
        return bool(self.changes)


def current_commit() -> Commit | None:
    """The commit that is checked out; None outside a git repository, before the first commit, or without git."""
    sha = git("rev-parse", "HEAD").strip()
    if not sha:
        return None
    status = git("status", "--porcelain", "-z", "--no-renames", "--", ".", ":(exclude,glob)**/dvc.lock")
    names = [entry[3:] for entry in status.split("\0") if entry]  # two letters, a space, the path from git's root
    prefix = git("rev-parse", "--show-prefix").strip() if names else ""
    return Commit(sha, tuple(name.removeprefix(prefix) for name in names))


def git(*arguments: str, folder: Path | None = None) -> str:
    """What a git command prints, in the working folder or another; nothing where it fails, or without git."""
    try:
        result = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return ""
    return result.stdout if result.returncode == 0 else ""
