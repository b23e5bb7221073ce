"""A training small enough for a test; as a script, it runs one in a process of its own, which may kill itself.

The working folder holds its table, its split and its outputs.
"""

import json
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytorch_lightning as lightning

from handloom import keypoint_table
from handloom.config import Data, LabeledDirectories, Model, Parameters, Split, Training, Validation, section_from
from handloom.config import as_plain as plain
from handloom.dataset.split import split_table
from handloom.errors import HandloomError
from handloom.keypoint_table import SCHEMA
from handloom.support.workspace import Workspace
from handloom.training.resume import LastStep, TrainingTask
from handloom.training.tracker import TrainingTracker
from handloom.training.train import train

SETTINGS = Training(
    maximum_iterations=4, report_interval=2, checkpoint_interval=1, model=Model(width=8, frame_features=8)
)
WITHOUT_VALIDATION = Split(validation=Validation(strategy="none"))
WITH_VALIDATION = Split(validation=Validation(strategy="fixed", ratio=0.3))
TABLE, PARTS, OUT = Path("pose.parquet"), Path("parts.parquet"), Path("out")


def write_tables(labels: Sequence[str], split: Split, lost: str = "", frames: int = 1) -> tuple[Path, Path]:
    """A table with a random hand, or a clip of them, for each label, or none for the class `lost`, and its parts."""
    random = np.random.default_rng(0)
    rows = []
    for number, label in enumerate(labels):
        for frame in range(frames):
            pose = random.random((3, 21), dtype=np.float32)
            pose[2] = 0 if label == lost else 1
            rows.append(
                dict.fromkeys(SCHEMA.names)
                | {"session_id": number, "label": label, "group": str(number), "part": "", "path": f"{number}.jpg"}
                | {"frame": frame, "keypoints": (pose * (pose[2] > 0)).ravel()}
            )
    keypoint_table.write(TABLE, [pa.Table.from_pylist(rows, schema=SCHEMA)], {"frame_rate": "30"})
    split_table(TABLE, split, PARTS)
    return TABLE, PARTS


def settings_with(**changes: Any) -> Training:
    """The small training's section with other values."""
    return section_from(Training, plain(SETTINGS) | changes)


def train_small(
    kind: Any = "pose", callbacks: Sequence[Any] = (), last_step: LastStep | None = None, **changes: Any
) -> None:
    """Train on the tables in the working folder."""
    section = settings_with(**changes)
    data = Data(pose=LabeledDirectories(path="photos"), action=LabeledDirectories(path="clips"))
    train_with(Parameters(data=data, train_pose=section, train_action=section), kind, callbacks, last_step)


def train_with(
    parameters: Parameters, kind: Any = "pose", callbacks: Sequence[Any] = (), last_step: LastStep | None = None
) -> None:
    """Train on the tables in the working folder, with these parameters."""
    task, workspace = TrainingTask(kind, parameters.training(kind), TABLE, PARTS), Workspace.here()
    train(task, OUT, workspace, TrainingTracker(workspace, parameters), callbacks, last_step)


class KilledAfter(lightning.Callback):
    """Kills this process and its children when the report of an iteration is logged and the next one begins."""

    def __init__(self, iteration: int) -> None:
        self.iteration = iteration

    def on_train_epoch_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        if trainer.current_epoch == self.iteration:
            os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    try:
        train_small(callbacks=[KilledAfter(int(iteration)) for iteration in sys.argv[2:]], **json.loads(sys.argv[1]))
    except HandloomError as error:
        sys.exit(f"{error}")
