"""Where the main repository is, also from the copies in which DVC runs queued experiments, and its commit."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

_DVC = ".dvc"


def main_repository(start: Path | None = None) -> Path:
    """The root of the main repository.

    DVC sets `DVC_ROOT` to it in every stage, also in its temporary copies. Outside DVC it is the nearest folder upwards
    of `start` (None: the working folder) that holds `.dvc`, else `start`. From a further work tree of git (`git
    worktree add`) it is the same folder of the main one, where that is a DVC project too.
    """
    root = os.environ.get("DVC_ROOT")
    return _in_main_work_tree(Path(root).resolve()) if root else _project(start)


def within_dvc() -> bool:
    """Whether DVC runs this process as a stage, or the working folder is in a DVC project."""
    return bool(os.environ.get("DVC_ROOT")) or (main_repository() / _DVC).is_dir()


def anchor(start: Path | None = None) -> Path:
    """The folder from which relative addresses count: the root of the DVC project, else `start` or the working folder.

    It is the main repository, except where a command keeps its work in a folder that is no DVC project.
    """
    repository = main_repository(start)
    return repository if (repository / _DVC).is_dir() else _project(start)


def _project(start: Path | None) -> Path:
    here = (start or Path.cwd()).resolve()
    found = next((folder for folder in (here, *here.parents) if (folder / _DVC).is_dir()), here)
    return _in_main_work_tree(found)


def _in_main_work_tree(folder: Path) -> Path:
    """The same folder in git's main work tree; `folder` itself where it is there, or that holds no DVC project.

    Git's own files are read, because this is asked for each thing that is logged. See
    https://git-scm.com/docs/gitrepository-layout.
    """
    top = next((one for one in (folder, *folder.parents) if (one / ".git").exists()), folder)
    pointer = top / ".git"
    try:
        if not pointer.is_file():
            return folder
        own = top / pointer.read_text(encoding="utf-8").removeprefix("gitdir:").strip()
        common = (own / (own / "commondir").read_text(encoding="utf-8").strip()).resolve()
    except (OSError, UnicodeDecodeError):  # a submodule has no "commondir"
        return folder
    there = common.parent / folder.relative_to(top)
    return there if common.name == ".git" and all((one / _DVC).is_dir() for one in (folder, there)) else folder


@dataclass(frozen=True)
class Commit:
    """What git says of a folder.

    Attributes:
        sha: of the commit that is checked out.
        changes: the files that differ from it or are new, by their paths from the folder; `dvc.lock` does not
            count, which every stage writes.
    """

    sha: str
    changes: tuple[str, ...] = ()

    @property
    def changed(self) -> bool:
        """Whether a file differs."""
        return bool(self.changes)


def current_commit(folder: Path | None = None) -> Commit | None:
    """The commit that is checked out; None outside a git repository, before the first commit, or without git.

    Args:
        folder: whose changes count; None: the working folder.
    """
    sha = git("rev-parse", "HEAD", folder=folder).strip()
    if not sha:
        return None
    only_here = ("--", ".", ":(exclude,glob)**/dvc.lock")
    status = git("status", "--porcelain", "-z", "--no-renames", *only_here, folder=folder)
    names = [entry[3:] for entry in status.split("\0") if entry]  # two letters, a space, the path from git's root
    prefix = git("rev-parse", "--show-prefix", folder=folder).strip() if names else ""
    return Commit(sha, tuple(name.removeprefix(prefix) for name in names))


def git(*arguments: str, folder: Path | None = None) -> str:
    """What a git command prints, in the working folder or another; nothing where it fails, or without git."""
    try:
        result = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return ""
    return result.stdout if result.returncode == 0 else ""
