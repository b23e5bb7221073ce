"""Resuming: the folder of a training's checkpoints, why another training is not continued, and results that are kept.

DVC deletes a stage's outputs before it runs, so checkpoints live in `.handloom/` of the main repository, in a folder
named by a fingerprint of everything that decides the result. Other parameters, data or code have another folder and
never resume; going back to the old ones finds the old folder, as long as it is among the newest few.
"""

import json
import shutil
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytorch_lightning as lightning
import torch

from handloom import tracking
from handloom.config import Kind, Training, as_plain
from handloom.models.files import HISTORY_FILE, MODEL_FILE, RUN_FILE
from handloom.support.files import remove_remains, replacing, sha256_of_file, write_json
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


FILES = (MODEL_FILE, HISTORY_FILE, RUN_FILE)
RESULT_FILE = "result.json"
KEPT = 5  # of a kind, the newest
EVALUATED = "test_"  # with what the names of the metrics begin that evaluation logs to the run


@dataclass(frozen=True)
class Finished:
    """The results of one training.

    Attributes:
        folder: where they are kept.
        mark: the fingerprint of the training.
        tracker: that knows its run.
    """

    folder: Path
    mark: str
    tracker: tracking.Tracker

    @classmethod
    def of(cls, kind: Kind, mark: str, tracker: tracking.Tracker) -> "Finished":
        """Those of the training with this fingerprint; there need not be any."""
        return cls(main_repository() / ".handloom" / "trained" / f"{kind}-{mark[:16]}", mark, tracker)

    def keep(self, out: Path, loss: float | None) -> None:
        """Keep what a training has written to `out`, and the validation loss that it ended with."""
        content: Mapping[str, Any] = {"loss": loss, "sha256": {name: sha256_of_file(out / name) for name in FILES}}
        with replacing(self.folder) as part:
            part.mkdir()
            for name in FILES:
                shutil.copyfile(out / name, part / name)
            write_json(part / RESULT_FILE, content)
        others = self.folder.parent.glob(f"{self.folder.name.partition('-')[0]}-*")
        for old in sorted(others, key=lambda other: other.stat().st_mtime_ns)[:-KEPT]:
            shutil.rmtree(old, ignore_errors=True)

    def take(self, out: Path) -> tuple[str, float | None] | None:
        """Write the results to `out`; return the id of their MLflow run and the loss.

        None, and nothing is written, if there are none, they are damaged, their run is not known, or it was evaluated:
        then the stage had come to its end, and somebody wants to train again.
        """
        try:
            content = json.loads((self.folder / RESULT_FILE).read_text(encoding="utf-8"))
            if content["sha256"] != {name: sha256_of_file(self.folder / name) for name in FILES}:
                return None
            run, loss = self.tracker.noted(self.mark), content["loss"]
        except (OSError, ValueError, KeyError, TypeError):
            return None
        if run is None or any(name.startswith(EVALUATED) for name in run.logged_steps()):
            return None
        for name in FILES:
            with replacing(out / name) as part:
                shutil.copyfile(self.folder / name, part)
        return run.run_id, loss

    def forget(self) -> None:
        """Remove the results."""
        shutil.rmtree(self.folder, ignore_errors=True)
