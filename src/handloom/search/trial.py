"""One trial of a search: a training that Optuna watches."""

import sys
import traceback
from dataclasses import dataclass
from pathlib import Path

from omegaconf import DictConfig

from handloom import tracking
from handloom.config import Kind
from handloom.errors import DivergenceError, HandloomError
from handloom.models.folder import RUN_FILE
from handloom.multirun import Multirun
from handloom.search.pruning import Pruning
from handloom.search.studies import best_trial, finished_trials, folder_of, open_study, running_trial
from handloom.stage import parameters_of
from handloom.training.train import train


@dataclass(frozen=True)
class TrialRunner:
    """What Hydra runs for each trial: gives the validation loss; None where the training diverged.

    Attributes:
        multirun: knows how to stop.
        kind: "pose" or "action".
        table: keypoint table.
        split: its parts.
        name: of the study.
        parent: the MLflow run above those of the trials.
        count: of all trials.
    """

    multirun: Multirun
    kind: Kind
    table: Path
    split: Path
    name: str
    parent: str
    count: int

    def __call__(self, composed: DictConfig) -> float | None:
        """Run the trial that the sweeper has just asked for."""
        try:
            return self._loss(composed)
        except HandloomError as error:
            self.multirun.stop(error)
            raise
        except Exception:  # raised, it would count as failed for good; so the trial runs again at the next start
            traceback.print_exc()
            sys.exit(1)

    def _loss(self, composed: DictConfig) -> float | None:
        parameters = parameters_of(composed)
        settings = parameters.training(self.kind)
        study = open_study(self.name, parameters, settings.maximum_iterations)
        trial = running_trial(study)
        what = f"trial {trial.number + 1} of {self.count}"
        out = folder_of(self.name) / f"trial-{trial.number + 1}"
        tags = {
            tracking.JOB: f"{self.name}-{trial.number}",
            tracking.PARENT: self.parent,
            "mlflow.runName": f"trial {trial.number + 1} of {self.name}",
        }
        try:
            watching = Pruning(trial, settings)
            loss = train(parameters, self.kind, self.table, self.split, out, callbacks=[watching], tags=tags)
        except DivergenceError as error:
            print(f"{what}: failed, {error}", flush=True)
            if len(finished_trials(study)) == self.count - 1:
                best_trial(study)  # Hydra's sweeper would end in a traceback where there is none
            return None
        end = ""
        if watching.given_up_at:
            end = f", given up at iteration {watching.given_up_at}"
            given_up = {tracking.GIVEN_UP_AT: str(watching.given_up_at)}
            tracking.set_tags(tracking.run_in(out / RUN_FILE), given_up)
        print(f"{what}: validation loss {loss:.5f}{end}", flush=True)
        return loss
