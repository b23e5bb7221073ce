"""The LightningModule: network, loss, optimiser, and the history that its checkpoints carry."""

import math
from collections.abc import Iterable
from typing import Any, Literal

import pytorch_lightning as lightning
import torch
from pytorch_lightning.strategies import Strategy
from torch import Tensor, nn
from typing_extensions import override

from handloom.config import HandChoice, Kind, Training, as_plain, section_from
from handloom.models.checkpoint import SPEC, CheckpointSpec
from handloom.models.network import HandNetwork
from handloom.training.data import Batch, epoch_generator

History = list[dict[str, float]]


class HandModule(lightning.LightningModule):
    """Learns to tell hand poses or hand actions apart.

    Args:
        kind: "pose" or "action".
        classes: labels in the order of the outputs.
        frame_rate: frames/s of the data; kept for the exported model.
        training: the training section (`work.deciding`), as plain dictionaries, so that checkpoints hold plain types
            only.
        class_weights: what an example of each class counts in the loss; None: all the same.
        landmarks: what found the joints (`ModelSpec.landmarks`).
        hand: which of two hands they are of (`ModelSpec.hand`).
        landmarker: its name (`ModelSpec.landmarker`).
    """

    def __init__(
        self,
        kind: Kind,
        classes: list[str],
        frame_rate: float,
        training: dict[str, Any],
        class_weights: list[float] | None = None,
        landmarks: str = "",
        hand: HandChoice | Literal[""] = "",
        landmarker: str = "",
    ) -> None:
        super().__init__()
        self.save_hyperparameters(logger=False)  # MLflow has them by their full names already
        self.settings = section_from(Training, training)
        self.spec = CheckpointSpec(
            kind,
            classes,
            self.settings.prediction_window_size,
            frame_rate,
            self.settings.model,
            self.settings.background_label,
            "mirrored" if self.settings.left_hands == "mirrored" else "as_they_are",
            landmarks,
            hand,
            landmarker,
        )
        self.network = HandNetwork(len(classes), self.settings.prediction_window_size, self.settings.model)
        weight = None if class_weights is None else torch.tensor(class_weights)
        self.loss = nn.CrossEntropyLoss(weight, label_smoothing=self.settings.label_smoothing)
        self.history: History = []  # one row per report: iteration, loss, accuracy, and those of validation if any
        self._sums: dict[str, Sums] = {}  # by the prefix of the part

    def forward(self, poses: Tensor) -> Tensor:
        """``[N, window, 3, 21]`` to class scores ``[N, classes]``."""
        scores: Tensor = self.network(poses)
        return scores

    @override
    def configure_optimizers(self) -> Any:
        options = self.settings.optimizer
        optimizer = torch.optim.AdamW(self.parameters(), lr=options.lr, weight_decay=options.weight_decay)
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda epoch: rate_share(self.settings, epoch))
        return {"optimizer": optimizer, "lr_scheduler": schedule}

    @override
    def on_fit_start(self) -> None:
        torch.set_num_threads(self.settings.threads)  # here, because Lightning sets its own for several processes

    @override
    def on_train_epoch_start(self) -> None:
        self._sums = {"": Sums(self.device)}
        # Dropout draws from the global generator; batches from their own. Both start again each epoch.
        torch.manual_seed(epoch_generator(self.settings.seed, self.current_epoch).initial_seed())
        self.trainer.datamodule.training_batches.set_epoch(self.current_epoch)  # type: ignore[attr-defined]

    @override
    def training_step(self, batch: Batch, batch_index: int) -> Tensor:
        return self._step("", batch)

    @override
    def on_validation_epoch_start(self) -> None:
        self._sums["validation_"] = Sums(self.device)

    @override
    def validation_step(self, batch: Batch, batch_index: int) -> None:
        self._step("validation_", batch)

    def means(self, strategy: Strategy) -> dict[str, float]:
        """Mean loss and accuracy of the epoch by name, over the examples of all processes."""
        means: dict[str, float] = {}
        for part, sums in self._sums.items():
            loss, right, count = strategy.reduce(sums.vector(), reduce_op="sum").tolist()
            means |= {f"{part}loss": loss / count, f"{part}accuracy": right / count}
        return means

    def loss_of(self, batches: Iterable[Batch]) -> float:
        """The mean loss of examples as they are, without dropout; it changes nothing of the training."""
        training, sums = self.training, Sums(self.device)
        self.eval()
        with torch.no_grad():
            for poses, targets in batches:
                poses, targets = poses.to(self.device), targets.to(self.device)
                scores = self(poses)
                sums.add(self.loss(scores, targets), scores, targets)
        self.train(training)
        return float(sums.loss) / sums.count

    @override
    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        checkpoint["history"] = self.history
        checkpoint[SPEC] = as_plain(self.spec)

    @override
    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        self.history = checkpoint.get("history", [])  # a finished model has none

    def _step(self, part: str, batch: Batch) -> Tensor:
        poses, targets = batch
        scores = self(poses)
        loss: Tensor = self.loss(scores, targets)
        self._sums[part].add(loss, scores, targets)
        return loss


class Sums:
    """The sums of loss and right answers over the examples of one part.

    They are kept where the network runs, so that no batch waits for the processor. `torchmetrics.MeanMetric` would give
    other bits of the history, and so of when early stopping stops: it divides in float32, here it is float64.

    Args:
        device: where the network runs.
    """

    def __init__(self, device: torch.device | str) -> None:
        self.loss = torch.zeros((), device=device)
        self.right = torch.zeros((), device=device)
        self.count = 0

    def add(self, loss: Tensor, scores: Tensor, targets: Tensor) -> None:
        """Add a batch: its mean loss, ``[N, classes]`` scores and ``[N]`` class indices."""
        self.loss += loss.detach() * len(targets)
        self.right += (scores.argmax(dim=1) == targets).sum()
        self.count += len(targets)

    def vector(self) -> Tensor:
        """Loss, right answers and examples as one tensor, which may be summed over processes."""
        return torch.stack([self.loss, self.right, torch.full_like(self.loss, self.count)])


def rate_share(settings: Training, iteration: int) -> float:
    """The share of `optimizer.lr` that an iteration (0, 1, ...) learns at.

    It rises linearly through the warm-up; then it stays at 1, or falls to 0 along half a cosine, which it would reach
    one iteration after the last.
    """
    warmup = int(settings.optimizer.warmup * settings.maximum_iterations)
    if iteration < warmup:
        return (iteration + 1) / (warmup + 1)
    if settings.optimizer.schedule == "constant":
        return 1.0
    return 0.5 * (1 + math.cos(math.pi * (iteration - warmup) / (settings.maximum_iterations - warmup)))
