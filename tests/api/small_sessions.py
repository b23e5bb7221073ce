"""Trainings through the classes that are small enough for tests; those that many tests look at are made once."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from handloom import (
    Checkpoint,
    DataSource,
    HandActionClassifier,
    HandPoseClassifier,
    Job,
    ModelParameters,
    Progress,
    TrainingSession,
    TrainingSessionParameters,
    ValidationData,
)

# Labels that would be markup where they are not escaped.
LABELS = ("<3 fist", "one & 'two'")
ITERATIONS = 16
WINDOW = 6
SMALL = {
    "model": {"width": 8, "frame_features": 8, "frames_per_step": 1, "temporal_layers": 0},
    "optimizer": {"lr": 0.01},
}

_folders: list[Any] = []


def new_folder() -> Path:
    """A folder that is gone when the tests are."""
    folder = tempfile.TemporaryDirectory(prefix="handloom-tests-")
    _folders.append(folder)
    return Path(folder.name)


def joints(sessions: int = 60, frames: int = 1, seed: int = 0, labels: Sequence[str] = LABELS) -> pd.DataFrame:
    """Hands that differ little inside a class; one row per frame, as Create ML has it."""
    random = np.random.default_rng(seed)
    shapes = np.random.default_rng(99).random((len(labels), 3, 21))
    rows = []
    for number in range(sessions):
        for _ in range(frames):
            pose = shapes[number % len(labels)] + random.normal(0, 0.02, (3, 21))
            pose[2] = 1
            rows.append(
                {"session_id": f"{number}", "label": labels[number % len(labels)], "keypoints": pose.ravel().tolist()}
            )
    return pd.DataFrame(rows)


def pose_source(sessions: int = 60, seed: int = 0) -> DataSource:
    """Poses in memory."""
    return DataSource.labeled_keypoints_data_frame(joints(sessions, seed=seed))


def pose_parameters(**changes: Any) -> ModelParameters:
    """How the small trainings of poses are done."""
    settings: dict[str, Any] = {
        "validation": ValidationData.split("fixed", ratio=0.3),
        "batch_size": 2,  # so many steps that there is time to stop it
        "maximum_iterations": ITERATIONS,
        "training": SMALL,
    }
    return ModelParameters(**settings | changes)


def every_iteration(folder: Path | None, **changes: Any) -> TrainingSessionParameters:
    """A session that reports and is saved at every iteration."""
    settings: dict[str, Any] = {"report_interval": 1, "checkpoint_interval": 1}
    return TrainingSessionParameters(folder, **settings | changes)


def model_bytes(folder: Path) -> bytes:
    """The model that a session has written."""
    return (folder / "model" / "model.ckpt").read_bytes()


@dataclass
class Undisturbed:
    """A pose classifier whose training nothing disturbed, and what its job said."""

    job: Job[HandPoseClassifier]
    classifier: HandPoseClassifier
    phase_at_return: str
    done_at_return: bool
    text_at_return: str
    progress: list[Progress] = field(default_factory=list)
    checkpoints: list[Checkpoint] = field(default_factory=list)
    done: list[Job[Any]] = field(default_factory=list)

    @property
    def folder(self) -> Path:
        """Its session's."""
        return self.job.session.folder


@cache
def undisturbed() -> Undisturbed:
    """The pose training that others are compared with. Leave it as it is."""
    job = HandPoseClassifier.train(pose_source(), pose_parameters(), every_iteration(new_folder()))
    finish = job._finish

    def cancelled(session: TrainingSession[HandPoseClassifier]) -> HandPoseClassifier:
        job.cancel()  # in the last moment, which is too late
        return finish(session)

    job._finish = cancelled
    progress: list[Progress] = []
    checkpoints: list[Checkpoint] = []
    done: list[Job[Any]] = []
    job.on_progress(progress.append)
    job.on_progress(_broken_listener)
    job.on_checkpoint(checkpoints.append)
    job.on_done(done.append)
    early = job.phase.value, job.is_done, repr(job)
    return Undisturbed(job, job.result(300), *early, progress, checkpoints, done)


def _broken_listener(progress: Progress) -> None:
    raise ValueError("the listener is broken, the training is not")


@dataclass
class TrainedAction:
    """An action classifier that was trained while its construction waited."""

    classifier: HandActionClassifier
    parameters: ModelParameters


@cache
def trained_action() -> TrainedAction:
    """Trained on clips in an Arrow table, with validation clips of their own in a file. Leave it as it is."""
    folder = new_folder()
    pq.write_table(pa.Table.from_pandas(joints(6, 8, seed=5)), folder / "validation.parquet")
    parameters = ModelParameters(
        validation=ValidationData.data_source(DataSource.labeled_keypoints_data_frame(folder / "validation.parquet")),
        batch_size=8,
        maximum_iterations=3,
        prediction_window_size=WINDOW,
        augmentation_options=list(HandActionClassifier.VideoAugmentationOptions),
        target_frame_rate=15,
        training=SMALL,
    )
    source = DataSource.labeled_keypoints_data_frame(pa.Table.from_pandas(joints(20, 16)), frame_rate=30)
    return TrainedAction(HandActionClassifier(training_data=source, parameters=parameters), parameters)
