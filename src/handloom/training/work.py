"""Work in progress: the folder of a training's checkpoints, and why that of another training is not continued.

DVC deletes a stage's outputs before it runs, so checkpoints live in `.handloom/` of the main repository, in a folder
named by a fingerprint of everything that decides the result. Other parameters, data or code have another folder and
never resume; going back to the old ones finds the old folder, as long as it is among the newest few.
"""

import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytorch_lightning as lightning
import torch

from handloom.config import Kind, Training, as_plain
from handloom.support.files import remove_remains, sha256_of_file, write_json
from handloom.support.fingerprint import code_version
from handloom.support.repository import main_repository
from handloom.tracking import flat
from handloom.training.checkpoints import checkpoints_in

# The code that decides a training's result.
CODE = ("hand.py", "keypoint_table.py", "dataset", "models", "training")
KEYPOINTS, SPLIT = "the keypoint table", "the split"  # names in `made_of`, whose values are their sha256
MADE_OF_FILE = "made_of.json"
KEPT_FOLDERS = 5  # of a kind; so that `.handloom/` does not grow for ever
KEPT_SECONDS = 7 * 24 * 60 * 60.0  # since the last checkpoint; many may be in use at once, by a queue
# They say how long a session is and how often it is saved, and decide nothing else.
OF_THE_SESSION = ("iterations", "checkpoint_interval")


def deciding(settings: Training) -> dict[str, Any]:
    """The training section as plain dictionaries, without what the result does not depend on."""
    return {name: value for name, value in as_plain(settings).items() if name not in OF_THE_SESSION}


def made_of(kind: Kind, settings: Training, table: Path, split: Path) -> dict[str, Any]:
    """Everything that decides the result of a training, under the names that a user knows it by."""
    return {
        **flat(deciding(settings), f"train_{kind}"),
        KEYPOINTS: sha256_of_file(table),
        SPLIT: sha256_of_file(split),
        "the code": code_version(*CODE),
        "PyTorch's version": torch.__version__,
        "Lightning's version": lightning.__version__,
    }


def work_folder(kind: Kind, mark: str) -> Path:
    """The folder for the checkpoints of the training with this fingerprint."""
    return main_repository() / ".handloom" / "training" / f"{kind}-{mark[:16]}"


def open_folder(folder: Path, kind: Kind, content: dict[str, Any], alone: bool = False) -> None:
    """Make the folder of a training with `made_of`'s `content`; unless it is alone, remove the oldest of its kind.

    None goes that was written to in the last week: another process may be training there.
    """
    write_json(folder / MADE_OF_FILE, content)
    remove_remains(folder)
    if alone:
        return
    for old in list(_others(folder, kind))[KEPT_FOLDERS - 1 :]:
        if time.time() - old.stat().st_mtime > KEPT_SECONDS:
            shutil.rmtree(old, ignore_errors=True)


def what_changed(folder: Path, kind: Kind, content: dict[str, Any]) -> list[str]:
    """The names of what differs between a training and the newest interrupted one of its kind; empty without one."""
    for other in _others(folder, kind):
        if checkpoints_in(other):
            try:
                before = json.loads((other / MADE_OF_FILE).read_text(encoding="utf-8"))
                return [name for name in before | content if before.get(name) != content.get(name)]
            except (OSError, ValueError, TypeError, AttributeError, RecursionError):
                continue  # it is missing or damaged: nothing can be said of that training
    return []


def _others(folder: Path, kind: Kind) -> Iterator[Path]:
    """The folders of other trainings of this kind, those that were written to last first."""
    others = [other for other in folder.parent.glob(f"{kind}-*") if other != folder and other.is_dir()]
    return iter(sorted(others, key=lambda other: other.stat().st_mtime_ns, reverse=True))
