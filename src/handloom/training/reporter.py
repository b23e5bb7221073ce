"""Reports loss and accuracy every few iterations: to the history, to MLflow and on the terminal."""

import pytorch_lightning as lightning
from typing_extensions import override

from handloom import tracking
from handloom.config import Training
from handloom.support.progress import ProgressBar
from handloom.training.divergence import check_finite
from handloom.training.module import HandClassifier
from handloom.training.run_logger import RunLogger


def report_due(settings: Training, iteration: int) -> bool:
    """Whether loss and accuracy of an iteration (1, 2, ...) are reported: Create ML's interval, and the last one."""
    return iteration % settings.report_interval == 0 or iteration == settings.maximum_iterations


class Reporter(lightning.Callback):
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
        self.logged: dict[str, set[int]] = {}  # iterations that the MLflow run has already, by metric

    @override
    def on_train_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        assert isinstance(pl_module, HandClassifier)
        pl_module.history = [row for row in pl_module.history if report_due(self.settings, int(row["iteration"]))]
        if trainer.is_global_zero and isinstance(trainer.logger, RunLogger):
            self.logged = tracking.logged_steps(trainer.logger.run_id)
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
        assert isinstance(pl_module, HandClassifier)
        iteration = trainer.current_epoch + 1
        means = pl_module.means(trainer.strategy)
        check_finite(pl_module, means, iteration)
        self.progress.update()
        due = report_due(self.settings, iteration)
        if not due and iteration != trainer.max_epochs:
            return
        pl_module.history.append({"iteration": iteration, **means})
        self.progress.set_postfix({name: f"{value:.3f}" for name, value in means.items()}, refresh=False)
        if trainer.logger and due and (fresh := tracking.unlogged(self.logged, means, iteration)):
            trainer.logger.log_metrics(fresh, step=iteration)

    @override
    def on_train_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        self.progress.close()

    @override
    def on_exception(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, exception: BaseException
    ) -> None:
        if hasattr(self, "progress"):
            self.progress.close()  # ends the line, so that the error has one of its own
