"""Resuming: what decides a training, where its work in progress lies, and how its results are kept until they are used.

DVC deletes a stage's outputs before it runs, so checkpoints live in the workspace, in a folder named by a fingerprint
of everything that decides the result. Other parameters, data or code have another folder and never resume; going back
to the old ones finds the old folder, as long as it is among the newest few.

DVC also runs a stage again that was killed before it noted the outputs. The results of a training that has ended are
therefore kept: otherwise it would run a second time, as a further MLflow run. They are used again where the last step
of the training (`LastStep`), which the fingerprint does not cover, is the same too.
"""

import json
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from pytorch_lightning.__version__ import version as lightning_version

from handloom import keypoint_table
from handloom.config import Kind, Training, as_plain
from handloom.errors import Paused
from handloom.models.files import HISTORY_FILE, MODEL_FILE, RUN_FILE
from handloom.support.code import code_version
from handloom.support.files import remove_remains, replacing, sha256_of_file, write_json
from handloom.support.fingerprint import fingerprint
from handloom.support.lock import alone
from handloom.support.workspace import Workspace
from handloom.tracking import flat
from handloom.training.checkpoints import KEPT_CHECKPOINTS, checkpoints_in, iteration_of

CODE = "handloom.training.train"  # with what it imports, it decides a training's result
KEYPOINTS, SPLIT = "the keypoint table", "the split"  # names in `made_of`, whose values are their sha256
MADE_OF_FILE = "made_of.json"
KEPT_FOLDERS = 5  # of a kind; so that the workspace does not grow without end
KEPT_SECONDS = 7 * 24 * 60 * 60.0  # since the last checkpoint; many may be in use at once, by a queue
# They say how long a session is and how often it is saved, and decide nothing else.
OF_THE_SESSION = ("iterations", "checkpoint_interval")

RESULT_FILES = (MODEL_FILE, HISTORY_FILE, RUN_FILE)
RESULT_FILE = "result.json"
KEPT_RESULTS = 5  # of a kind, the newest


def deciding(settings: Training) -> dict[str, Any]:
    """The training section as plain dictionaries, without what the result does not depend on."""
    return {name: value for name, value in as_plain(settings).items() if name not in OF_THE_SESSION}


@dataclass(frozen=True)
class TrainingTask:
    """What is to be trained on what: all that decides the result, but what a last step adds (`LastStep`).

    Attributes:
        kind: "pose" or "action".
        settings: the training section of the kind.
        table: keypoint table.
        split: its parts.
    """

    kind: Kind
    settings: Training
    table: Path
    split: Path

    @cached_property
    def made_of(self) -> dict[str, Any]:
        """Everything that decides the training's result, under the names that a user knows it by."""
        return {
            **flat(deciding(self.settings), f"train_{self.kind}"),
            KEYPOINTS: sha256_of_file(self.table),
            SPLIT: sha256_of_file(self.split),
            "the code": code_version(CODE),
            # Without the suffix of its build: "+cpu" and the build for CUDA give the same bits on a CPU.
            "PyTorch's version": torch.__version__.partition("+")[0],
            "Lightning's version": lightning_version,
        }

    @cached_property
    def fingerprint(self) -> str:
        """Of `made_of`: the training's identity."""
        return fingerprint(self.made_of)

    @property
    def frame_rate(self) -> float:
        """Frames/s of the table."""
        return float(keypoint_table.read_metadata(self.table)["frame_rate"])


@dataclass(frozen=True)
class LastStep:
    """What is added to the file of a model that has been trained, such as its stream settings.

    Attributes:
        add_to: gets the file.
        made_of: what decides it besides the training, under names: hashes of files, the version of the code. It is not
            part of the training's fingerprint, but a kept result of other values is not used.
    """

    add_to: Callable[[Path], None]
    made_of: Mapping[str, str]


@dataclass(frozen=True)
class Result:
    """A training that has ended.

    Attributes:
        loss: the validation loss of the model; None without a validation set.
    """

    loss: float | None


@dataclass(frozen=True)
class Work:
    """Where a training lies while it is in progress.

    Attributes:
        task: the training.
        folder: of its checkpoints.
        results: the folder in which its results are kept when it has ended; None where `folder` is the caller's own,
            and stays with all checkpoints.
        last_step: adds to the model at the end; None: nothing does.
    """

    task: TrainingTask
    folder: Path
    results: Path | None
    last_step: LastStep | None = None

    @classmethod
    def of(cls, task: TrainingTask, place: Workspace | Path, last_step: LastStep | None = None) -> "Work":
        """In a workspace, in a folder named by the fingerprint; or in the caller's folder."""
        if isinstance(place, Path):
            return cls(task, place, None, last_step)
        name = f"{task.kind}-{task.fingerprint[:16]}"
        return cls(task, place.training / name, place.trained / name, last_step)

    @property
    def kept_checkpoints(self) -> int | None:
        """How many checkpoints stay, the newest; None: all."""
        return KEPT_CHECKPOINTS if self.results else None

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the work, after waiting for another process that trains the same; say of Ctrl-C how to go on.

        Raises:
            Paused: Ctrl-C.
        """
        # The caller of a folder of its own sees to it that no other process uses it.
        lock = alone(self.folder.with_suffix(".lock"), f"train_{self.task.kind}: the same training", wait=True)
        with lock if self.results else nullcontext():
            try:
                yield
            except KeyboardInterrupt:
                raise Paused(self._how_to_go_on()) from None

    def open(self) -> None:
        """Make the folder, and remove the oldest of its kind.

        None goes that was written to in the last week: another process may be training there.
        """
        write_json(self.folder / MADE_OF_FILE, self.task.made_of)
        remove_remains(self.folder)
        for old in list(self._others())[KEPT_FOLDERS - 1 :]:
            if time.time() - old.stat().st_mtime > KEPT_SECONDS:
                shutil.rmtree(old, ignore_errors=True)

    def what_changed(self) -> list[str]:
        """Names of settings, data and code that differ from the newest interrupted training; empty without one."""
        now = self.task.made_of
        for other in self._others():
            if checkpoints_in(other):
                try:
                    before = json.loads((other / MADE_OF_FILE).read_text(encoding="utf-8"))
                    return [name for name in before | now if before.get(name) != now.get(name)]
                except (OSError, ValueError, TypeError, AttributeError, RecursionError):
                    continue  # it is missing or damaged: nothing can be said of that training
        return []

    def remove(self) -> None:
        """Remove the checkpoints of a training that has ended, unless the folder is the caller's."""
        if self.results:
            shutil.rmtree(self.folder, ignore_errors=True)

    def keep_result(self, out: Path, loss: float | None) -> None:
        """Keep what a training has written to `out`, the loss that it ended with, and what its last step is made of."""
        if not self.results:
            return
        hashes = {name: sha256_of_file(out / name) for name in RESULT_FILES}
        content: Mapping[str, Any] = {"loss": loss, "sha256": hashes, "last_step": self._last_step_made_of}
        with replacing(self.results) as part:
            part.mkdir()
            for name in RESULT_FILES:
                shutil.copyfile(out / name, part / name)
            write_json(part / RESULT_FILE, content)
        kept = self.results.parent.glob(f"{self.task.kind}-*")
        for old in sorted(kept, key=lambda one: one.stat().st_mtime_ns)[:-KEPT_RESULTS]:
            shutil.rmtree(old, ignore_errors=True)

    def kept_result(self) -> Result | None:
        """The result of the same training with the same last step that has ended before.

        None if there is none, or it is damaged.
        """
        if not self.results:
            return None
        try:
            content = json.loads((self.results / RESULT_FILE).read_text(encoding="utf-8"))
            if content["sha256"] != {name: sha256_of_file(self.results / name) for name in RESULT_FILES}:
                return None
            if content["last_step"] != self._last_step_made_of:
                return None
            return Result(content["loss"])
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def take_result(self, out: Path) -> None:
        """Write the files of `kept_result` to `out`."""
        if self.results:
            for name in RESULT_FILES:
                with replacing(out / name) as part:
                    shutil.copyfile(self.results / name, part)

    def forget_result(self) -> None:
        """Remove it."""
        if self.results:
            shutil.rmtree(self.results, ignore_errors=True)

    @property
    def _last_step_made_of(self) -> dict[str, str]:
        return dict(self.last_step.made_of) if self.last_step else {}

    def _others(self) -> Iterator[Path]:
        """The folders of other trainings of the kind in the workspace, those that were written to last first."""
        if not self.results:
            return iter(())
        found = self.folder.parent.glob(f"{self.task.kind}-*")
        others = [other for other in found if other != self.folder and other.is_dir()]
        return iter(sorted(others, key=lambda other: other.stat().st_mtime_ns, reverse=True))

    def _how_to_go_on(self) -> str:
        saved = checkpoints_in(self.folder)
        if not saved:
            return "stopped before the first checkpoint; the same command starts it again"
        return f"paused; the same command resumes from iteration {iteration_of(saved[-1])}"
