"""Early stopping: when the validation loss no longer falls, and the best network until then."""

from typing import Any

import pytorch_lightning as lightning
from torch import Tensor
from typing_extensions import override

from handloom.config import Training
from handloom.training.module import HandClassifier
from handloom.training.reporter import report_due


class EarlyStopping(lightning.Callback):
    """Keeps the network of the report with the least validation loss, and stops when no lower one comes for long.

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
        assert isinstance(pl_module, HandClassifier)
        iteration = trainer.current_epoch + 1
        if not self.settings.early_stopping.patience or not report_due(self.settings, iteration):
            return
        loss = pl_module.history[-1]["validation_loss"]
        if loss < self.best_loss - self.settings.early_stopping.minimum_change:
            self.best = {name: tensor.detach().cpu().clone() for name, tensor in pl_module.network.state_dict().items()}
            self.best_iteration, self.best_loss, self.waited = iteration, loss, 0
        else:
            self.waited += 1
        self._stop_if_due(trainer)

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
