"""The state and progress of a training session."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Any


class Phase(Enum):
    """The phase of a session."""

    INITIALIZED = "initialized"
    EXTRACTING_FEATURES = "extracting_features"
    TRAINING = "training"
    EVALUATING = "evaluating"
    INFERENCING = "inferencing"


@dataclass(frozen=True)
class Progress:
    """The progress of a job.

    Attributes:
        phase: where it is.
        item_count: files while features are extracted, iterations while training.
        total_item_count: of how many; None where that is not known.
        metrics: the newest report by name: loss, accuracy, validation_loss, validation_accuracy;
            training_loss where early stopping goes by it.
        elapsed_time: seconds since the job began.
    """

    phase: Phase = Phase.INITIALIZED
    item_count: int = 0
    total_item_count: int | None = None
    metrics: dict[str, float] = field(default_factory=dict)
    elapsed_time: float = 0.0

    @property
    def fraction_completed(self) -> float:
        """The completed fraction of the phase, 0 to 1."""
        return self.item_count / self.total_item_count if self.total_item_count else 0.0


@dataclass(frozen=True)
class Checkpoint:
    """A saved state of a training: a classifier can be built from it, and a session resumes from it.

    Attributes:
        path: the file.
        phase: in which it was written.
        iteration: how many iterations are behind it.
        date: when it was written, local time.
        metrics: the report of its iteration or the newest before it; see `Progress`.
    """

    path: Path
    phase: Phase
    iteration: int
    date: datetime
    metrics: dict[str, float] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> "Checkpoint":
        """Read one of a session's files.

        Raises:
            DataError: it is missing or damaged.
        """
        from handloom.training.checkpoints import iteration_of, read_resumable

        history: list[dict[str, Any]] = read_resumable(path)["history"] or [{}]
        metrics = {name: value for name, value in history[-1].items() if name != "iteration"}
        date = datetime.fromtimestamp(path.stat().st_mtime).astimezone()
        return cls(path, Phase.TRAINING, iteration_of(path), date, metrics)
