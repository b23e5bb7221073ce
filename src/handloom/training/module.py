"""The LightningModule: network, loss, optimiser, and the history that its checkpoints carry."""

from typing import Any

import pytorch_lightning as lightning
import torch
from torch import Tensor, nn
from typing_extensions import override

from handloom.config import Kind, Training, section_from
from handloom.models.network import HandNetwork
from handloom.training.batches import Batch, epoch_generator

History = list[dict[str, float]]


class HandClassifier(lightning.LightningModule):
    """Learns to tell hand poses or hand actions apart.

    Args:
        kind: "pose" or "action".
        classes: labels in the order of the outputs.
        frame_rate: frames/s of the data; kept for the exported model.
        training: the training section, as plain dictionaries, so that checkpoints hold plain types only.
    """

    def __init__(self, kind: Kind, classes: list[str], frame_rate: float, training: dict[str, Any]) -> None:
        super().__init__()
        self.save_hyperparameters(logger=False)  # MLflow has them by their full names already
        self.settings = section_from(Training, training)
        self.network = HandNetwork(len(classes), self.settings.prediction_window_size, self.settings.model)
        self.loss = nn.CrossEntropyLoss(label_smoothing=self.settings.label_smoothing)
        self.history: History = []  # a row a report: iteration, loss, accuracy, and those of validation if any
        self._sums: dict[str, Tensor] = {}

    def forward(self, poses: Tensor) -> Tensor:
        """``[N, window, 3, 21]`` to class scores ``[N, classes]``."""
        return self.network(poses)

    @override
    def configure_optimizers(self) -> Any:
        options = self.settings.optimizer
        optimizer = torch.optim.AdamW(self.parameters(), lr=options.lr, weight_decay=options.weight_decay)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=self.settings.maximum_iterations)
        return {"optimizer": optimizer, "lr_scheduler": schedule}

    @override
    def on_train_epoch_start(self) -> None:
        # Dropout draws from the global generator; batches from their own. Both start anew each epoch.
        torch.manual_seed(epoch_generator(self.settings.seed, self.current_epoch).initial_seed())
        self.trainer.datamodule.training_batches.set_epoch(self.current_epoch)  # type: ignore[attr-defined]

    @override
    def training_step(self, batch: Batch, batch_index: int) -> Tensor:
        loss = self._step("", batch)
        if not torch.isfinite(loss):
            raise FloatingPointError(f"the loss is {loss.item()} in iteration {self.current_epoch + 1}")
        return loss

    @override
    def validation_step(self, batch: Batch, batch_index: int) -> None:
        self._step("validation_", batch)

    def means(self) -> dict[str, float]:
        """Mean loss and accuracy of the epoch so far, by name; reading them starts afresh."""
        sums, self._sums = self._sums, {}
        parts = [name.removesuffix("count") for name in sums if name.endswith("count")]
        return {
            f"{part}{metric}": float(sums[f"{part}{metric}"] / sums[f"{part}count"])
            for part in parts
            for metric in ("loss", "accuracy")
        }

    @override
    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        checkpoint["history"] = self.history

    @override
    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        self.history = checkpoint.get("history", [])  # a finished model has none

    def _step(self, part: str, batch: Batch) -> Tensor:
        poses, targets = batch
        scores = self(poses)
        loss: Tensor = self.loss(scores, targets)
        count = len(targets)
        right = (scores.argmax(dim=1) == targets).sum()
        for name, value in (("loss", loss.detach() * count), ("accuracy", right), ("count", torch.tensor(count))):
            self._sums[part + name] = self._sums.get(part + name, torch.tensor(0.0)) + value
        return loss
