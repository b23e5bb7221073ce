"""What a training tells of itself to MLflow, and to those who watch it on this computer."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pytorch_lightning.loggers import Logger
from pytorch_lightning.utilities import rank_zero_only
from typing_extensions import override

from handloom import tracking
from handloom.config import Parameters
from handloom.models.calibration import Calibration
from handloom.models.checkpoint import read_checkpoint
from handloom.models.files import REPORTS_FILE
from handloom.support.files import sha256_of_file
from handloom.support.workspace import Workspace
from handloom.training.resume import KEYPOINTS, SPLIT, TrainingTask, Work

EVALUATED = "test_"  # with what the names of the metrics begin that evaluation logs to the run


class RunLogger(Logger):
    """Lightning's way to the run of a training: logs its numbers, each step once, and ends it.

    Args:
        run: of the training.
        tracker: that has opened it.
        fingerprint: of the training.
        reports: the file that gets each report too, for who watches.
    """

    def __init__(self, run: tracking.Run, tracker: tracking.Tracker, fingerprint: str, reports: Path) -> None:
        super().__init__()
        self.run, self.tracker, self.fingerprint, self.reports = run, tracker, fingerprint, reports
        self.logged = run.logged_steps()  # by metric; a session that goes on repeats some

    @property
    @override
    def name(self) -> str:
        return "handloom"

    @property
    @override
    def version(self) -> str:
        return self.run.run_id

    @override
    def log_hyperparams(self, params: Any, *args: Any, **kwargs: Any) -> None:
        """Nothing: the run has all parameters since it was opened."""

    @override
    @rank_zero_only
    def log_metrics(self, metrics: dict[str, float], step: int | None = None) -> None:
        if "loss" in metrics:
            with self.reports.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"iteration": step, **metrics}) + "\n")
        if fresh := tracking.unlogged(self.logged, metrics, step or 0):
            self.run.log_metrics(fresh, step or 0, once=True)

    @override
    @rank_zero_only
    def finalize(self, status: str) -> None:
        self.run.end("FAILED" if status == "failed" else "FINISHED")

    def finish(self, model: Path, calibration: Calibration | None, iteration: int) -> None:
        """Log the hash of the model's file and its calibration; note that the training has ended with this run."""
        self.run.set_tags({tracking.MODEL_SHA256: sha256_of_file(model)})
        if calibration:
            self.log_metrics({f"calibration_{name}": number for name, number in calibration.metrics.items()}, iteration)
        self.tracker.note(self.fingerprint, self.run)


@dataclass(frozen=True)
class TrainingTracker:
    """Tracks a training as a run of its own.

    Attributes:
        workspace: whose tracking store it is, where no other is named.
        parameters: all of them, for the run.
        tags: further ones of the run (`tracking.Tracker.start`).
    """

    workspace: Workspace
    parameters: Parameters
    tags: Mapping[str, str] = field(default_factory=dict)

    def open(self, work: Work, checkpoint: Path | None, examples: Mapping[str, int], warning: str | None) -> RunLogger:
        """Open the run, or that of the training in progress again, and log what the training is made of.

        Args:
            work: the training.
            checkpoint: from which it resumes.
            examples: how many are for what.
            warning: of the data.
        """
        task, parameters = work.task, self.parameters
        known = (read_checkpoint(checkpoint)["run_id"] or None) if checkpoint else None
        tracker = tracking.Tracker(self.workspace)
        run = tracker.begin(work.folder, task.kind, parameters, task.fingerprint, self.tags, known)
        made_of = task.made_of
        run.set_tags(tracking.origin_tags(made_of[KEYPOINTS], made_of[SPLIT], self.workspace.project))
        run.log_text(tracking.parameters_text(parameters), tracking.PARAMETERS_FILE)
        run.log_text(tracking.environment_text(), tracking.ENVIRONMENT_FILE)
        shown = task.table.with_suffix("")
        shows_people = [*sorted(shown.glob("*.png")), *shown.glob("report.json")]  # the report names files
        run.log_private_files(shows_people, "data", parameters.tracking.pictures)
        run.log_inputs("keypoints", task.table, made_of[KEYPOINTS])
        run.log_inputs("split", task.split, made_of[SPLIT], examples)
        if warning:
            run.set_tags({tracking.WARNING: warning})
        return RunLogger(run, tracker, task.fingerprint, work.folder / REPORTS_FILE)

    def not_evaluated(self, task: TrainingTask) -> tracking.Run | None:
        """The run of the same training that has ended; None where it is not known, or was evaluated since."""
        run = tracking.Tracker(self.workspace).noted(task.fingerprint)
        return None if run and any(name.startswith(EVALUATED) for name in run.logged_steps()) else run
