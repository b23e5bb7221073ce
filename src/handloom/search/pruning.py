"""Ends a hopeless trial at a report."""

import pytorch_lightning as lightning
from optuna.trial import Trial
from typing_extensions import override

from handloom.config import Training
from handloom.search.studies import GIVEN_UP_AT
from handloom.training.module import HandClassifier
from handloom.training.reporter import report_due


class Pruning(lightning.Callback):
    """Tells Optuna the validation loss of each report, and stops the training where Optuna gives the trial up.

    The training ends as by early stopping, so that its run, its history and its model are whole. A trial that was
    killed tells nothing a second time.

    Args:
        trial: of Optuna.
        settings: the training section.
    """

    def __init__(self, trial: Trial, settings: Training) -> None:
        self.trial = trial
        self.settings = settings
        self.told = set(trial.study.trials[trial.number].intermediate_values)
        self.given_up_at: int | None = trial.user_attrs.get(GIVEN_UP_AT)

    @override
    def on_train_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        self._stop_if_given_up(trainer, trainer.current_epoch)  # it may have been killed before its model was written

    @override
    def on_train_epoch_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        assert isinstance(pl_module, HandClassifier)
        iteration = trainer.current_epoch + 1
        due = report_due(self.settings, iteration) and iteration != self.settings.maximum_iterations
        if due and iteration not in self.told:
            self.trial.report(pl_module.history[-1]["validation_loss"], iteration)
            self.told.add(iteration)
        if due and iteration == max(self.told) and self.trial.should_prune():
            self.given_up_at = iteration
            self.trial.set_user_attr(GIVEN_UP_AT, iteration)
        self._stop_if_given_up(trainer, iteration)

    def _stop_if_given_up(self, trainer: lightning.Trainer, iteration: int) -> None:
        if self.given_up_at and iteration >= self.given_up_at:
            trainer.should_stop = True
