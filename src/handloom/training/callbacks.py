"""Callbacks after an iteration: the report, the check for finite values, early stopping."""

from typing import Any

import numpy as np
import pytorch_lightning as lightning
import torch
from torch import Tensor
from typing_extensions import override

from handloom.config import Training
from handloom.support.progress import ProgressBar
from handloom.training.module import HandModule


def report_due(settings: Training, iteration: int) -> bool:
    """Whether loss and accuracy of an iteration (1, 2, ...) are reported: Create ML's interval, and the last one."""
    return iteration % settings.report_interval == 0 or iteration == settings.maximum_iterations


class ModuleCallback(lightning.Callback):
    """A callback with the training's module, typed, from the start of the fit."""

    module: HandModule

    @override
    def setup(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, stage: str) -> None:
        if not isinstance(pl_module, HandModule):
            raise TypeError(f"HandModule expected (got {type(pl_module).__name__})")
        self.module = pl_module


class Reporter(ModuleCallback):
    """A row in the module's history and in MLflow a report.

    A session that ends between two reports gets a row for its end in the history, but not in MLflow; the session that
    continues it drops the row again, so that both end as one that went through.

    Args:
        settings: the training section.
        description: what the progress bar says.
    """

    def __init__(self, settings: Training, description: str) -> None:
        self.settings = settings
        self.description = description
        self.progress: ProgressBar

    @override
    def on_train_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        self.module.history = [row for row in self.module.history if report_due(self.settings, int(row["iteration"]))]
        self.progress = ProgressBar(
            self.description,
            int(trainer.max_epochs or 0),
            "iteration",
            initial=trainer.current_epoch,
            disable=not trainer.is_global_zero,
        )

    @override
    def on_train_epoch_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        iteration = trainer.current_epoch + 1
        if iteration == trainer.max_epochs:
            trainer.check_val_every_n_epoch = iteration  # what is reported is validated, also at the end

    @override
    def on_train_epoch_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        iteration = trainer.current_epoch + 1
        means = self.module.means(trainer.strategy)
        check_finite(self.module, means, iteration)
        self.progress.update()
        due = report_due(self.settings, iteration)
        if not due and iteration != trainer.max_epochs:
            return
        self.module.history.append({"iteration": iteration, **means})
        self.progress.set_postfix({name: f"{value:.3f}" for name, value in means.items()}, refresh=False)
        if trainer.logger and due:
            trainer.logger.log_metrics(means, step=iteration)

    @override
    def on_train_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        self.progress.close()

    @override
    def on_exception(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, exception: BaseException
    ) -> None:
        if hasattr(self, "progress"):
            self.progress.close()  # ends the line, so that the error has one of its own


class EarlyStopping(ModuleCallback):
    """Keeps the network of the report with the least loss, and stops when no lower one comes for long.

    Lightning's own counts validations and knows them by logged metrics; this one counts reports. Checkpoints hold all
    of its state, so that a training that is started again stops at the same report.

    Args:
        settings: the training section; with `early_stopping.patience` 0 nothing is kept and nothing stops.

    Attributes:
        best: the state of the best network, on the CPU; empty before the first report.
        best_iteration: that of its report.
    """

    def __init__(self, settings: Training) -> None:
        self.settings = settings
        self.best: dict[str, Tensor] = {}
        self.best_iteration = 0
        self.best_loss = float("inf")
        self.waited = 0  # reports since

    @override
    def on_train_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        self._stop_if_due(trainer)  # it may have been killed after its last checkpoint, before the model was written

    @override
    def on_train_epoch_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        iteration = trainer.current_epoch + 1
        if not self.settings.early_stopping.patience or not report_due(self.settings, iteration):
            return
        if self.settings.early_stopping.monitor == "training_loss":
            self._report_training_loss(trainer, iteration)
        loss = self.module.history[-1][self.settings.early_stopping.monitor]
        if loss < self.best_loss - self.settings.early_stopping.minimum_change:
            self.best = {
                name: tensor.detach().cpu().clone() for name, tensor in self.module.network.state_dict().items()
            }
            self.best_iteration, self.best_loss, self.waited = iteration, loss, 0
        else:
            self.waited += 1
        self._stop_if_due(trainer)

    def _report_training_loss(self, trainer: lightning.Trainer, iteration: int) -> None:
        """Add the loss on the training set as it is to the report, and to MLflow."""
        loss = self.module.loss_of(trainer.datamodule.plain_training_batches())  # type: ignore[attr-defined]
        self.module.history[-1]["training_loss"] = loss
        if trainer.logger:
            trainer.logger.log_metrics({"training_loss": loss}, step=iteration)

    @override
    def state_dict(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in ("best", "best_iteration", "best_loss", "waited")}

    @override
    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        vars(self).update(state_dict)

    def _stop_if_due(self, trainer: lightning.Trainer) -> None:
        patience = self.settings.early_stopping.patience
        if patience and trainer.strategy.reduce_boolean_decision(self.waited >= patience, all=False):
            trainer.should_stop = True


def check_finite(module: HandModule, means: dict[str, float], iteration: int) -> None:
    """Stop before a value that is not finite gets into a checkpoint or a model.

    Raises:
        FloatingPointError: a mean of the iteration or a weight is not finite.
    """
    for name, value in means.items():
        if not np.isfinite(value):
            raise FloatingPointError(f"the {name.replace('_', ' ')} is {value} in iteration {iteration}")
    state = [tensor.flatten() for tensor in module.state_dict().values() if tensor.is_floating_point()]
    if not torch.isfinite(torch.cat(state)).all():
        raise FloatingPointError(f"the weights are not finite numbers after iteration {iteration}")
