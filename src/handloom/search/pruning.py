"""Ends a hopeless trial at a report."""

import pytorch_lightning as lightning
from typing_extensions import override

from handloom.config import Training
from handloom.search.studies import GivingUp
from handloom.training.callbacks import report_due
from handloom.training.module import HandModule


class Pruning(lightning.Callback):
    """Stops the training at the first report at which the trial is given up.

    The training ends as by early stopping, so that its run, its history and its model are whole. What decides is the
    history, which checkpoints carry: a trial that was killed and goes on is given up where it would have been.

    Args:
        giving_up: the rule.
        settings: the training section.
    """

    def __init__(self, giving_up: GivingUp, settings: Training) -> None:
        self.giving_up = giving_up
        self.settings = settings
        self.reported: dict[int, float] = {}  # validation loss by iteration
        self.given_up_at: int | None = None

    @override
    def on_train_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        self._look(trainer, pl_module)  # it may have been killed before its model was written

    @override
    def on_train_epoch_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        if report_due(self.settings, trainer.current_epoch + 1):
            self._look(trainer, pl_module)

    def _look(self, trainer: lightning.Trainer, module: lightning.LightningModule) -> None:
        assert isinstance(module, HandModule)
        last = self.settings.maximum_iterations  # at the end there is nothing left to save
        rows = [row for row in module.history if row["iteration"] != last]
        self.reported = {int(row["iteration"]): row["validation_loss"] for row in rows}
        self.given_up_at = self.giving_up.first(self.reported)
        if self.given_up_at is not None:
            trainer.should_stop = True
