"""What shows people or names their files, and where `tracking.pictures` lets it go.

A file of a run is on this computer if its store is (`Address.is_on_this_computer`), and if that keeps the files of its
runs here too. A tunnel to another computer looks like a server on this one: with it, set `tracking.pictures=never`.
"""

import sys
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from handloom.config import Pictures
from handloom.tracking.address import SERVER, Address

if TYPE_CHECKING:
    from mlflow.entities import Run

_CODE = (".py", ".yaml", ".yml", ".toml", ".cfg", ".md", ".sh", ".dvc", ".gitignore", "Makefile", "dvc.lock")


def may_go(pictures: Pictures, address: Address) -> bool:
    """Whether such files may go to the store of an address."""
    return pictures == "always" or (pictures == "local" and address.is_on_this_computer)


def without_names_of_media(files: Sequence[str], pictures: Pictures, address: Address) -> list[str]:
    """Names of changed files, those of photos, clips and tables only as a number where such may not go."""
    if may_go(pictures, address):
        return list(files)
    kept = [name for name in files if PurePosixPath(name).suffix in _CODE or PurePosixPath(name).name in _CODE]
    return kept + ([f"{len(files) - len(kept)} other files"] if len(files) > len(kept) else [])


def stays_here(run: "Run", address: Address) -> bool:
    """Whether the files of a run of this store stay on this computer."""
    kept_by = urlsplit(str(run.info.artifact_uri)).scheme
    return address.is_on_this_computer and kept_by in ("", "file", "mlflow-artifacts", *SERVER)


def say_once_what_stays(files: Sequence[Path], address: Address) -> None:
    """Say, once a process and store, that files like these are not logged."""
    shown = address.shown
    if shown not in _said:
        _said.add(shown)
        folders = ", ".join(dict.fromkeys(str(file.parent) for file in files))
        print(
            f"MLflow at {shown}: contact sheets and tables with the names of files stay on this computer ({folders});"
            " tracking.pictures=always sends them too",
            file=sys.stderr,
        )


_said: set[str] = set()
