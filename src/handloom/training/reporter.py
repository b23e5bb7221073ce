"""Reports loss and accuracy every few iterations: to the history, to MLflow and on the terminal."""

import sys
from typing import Any

import pytorch_lightning as lightning
from tqdm import tqdm
from typing_extensions import override

from handloom.training.module import HandClassifier


class Reporter(lightning.Callback):
    """Create ML's `report_interval`: a row in the module's history and in the logger every so many iterations.

    Args:
        interval: iterations between reports; the last iteration is always reported.
        description: what the progress bar says.
    """

    def __init__(self, interval: int, description: str) -> None:
        self.interval = interval
        self.description = description
        self.progress: Any = None

    @override
    def on_train_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        self.progress = tqdm(
            total=trainer.max_epochs,
            initial=trainer.current_epoch,
            desc=self.description,
            unit="iteration",
            file=sys.stderr,
        )

    @override
    def on_train_epoch_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        assert isinstance(pl_module, HandClassifier)
        iteration = trainer.current_epoch + 1
        means = pl_module.means()
        self.progress.update()
        if iteration % self.interval and iteration != trainer.max_epochs:
            return
        pl_module.history.append({"iteration": iteration, **means})
        self.progress.set_postfix({name: f"{value:.3f}" for name, value in means.items()})
        if trainer.logger:
            trainer.logger.log_metrics(means, step=iteration)

    @override
    def on_train_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        self.progress.close()
