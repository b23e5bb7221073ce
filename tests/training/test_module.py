"""The LightningModule in Lightning's own trainer."""

from typing import Any

import numpy as np
import pytest
import pytorch_lightning as lightning
import torch
from torch.nn.functional import cross_entropy

from handloom.config import Model, Training
from handloom.dataset.examples import Example
from handloom.training.data import HandData
from handloom.training.module import HandModule
from handloom.training.resume import deciding

SETTINGS = Training(maximum_iterations=3, batch_size=4, model=Model(width=8, frame_features=8, dropout=0.0))
CLASSES = ["a", "b"]


def examples(count: int = 8) -> list[Example]:
    random = np.random.default_rng(0)
    poses = random.random((count, 1, 3, 21), dtype=np.float32)
    poses[:, :, 2] = 1
    return [Example(pose, "ab"[number % 2], f"{number}.jpg", str(number)) for number, pose in enumerate(poses)]


def classifier(class_weights: list[float] | None = None) -> HandModule:
    torch.manual_seed(0)
    return HandModule("pose", CLASSES, 30.0, deciding(SETTINGS), class_weights)


def trainer(**options: Any) -> lightning.Trainer:
    quiet: dict[str, Any] = {
        "logger": False,
        "enable_checkpointing": False,
        "enable_progress_bar": False,
        "enable_model_summary": False,
    }
    return lightning.Trainer(accelerator="cpu", **quiet, **options)


def fitted(module: HandModule, **options: Any) -> HandData:
    data = HandData(examples(), examples(6), CLASSES, SETTINGS)
    trainer(max_epochs=SETTINGS.maximum_iterations, **options).fit(module, datamodule=data)
    return data


def test_every_iteration_draws_batches_of_its_own() -> None:
    assert fitted(classifier()).training_batches.epoch == SETTINGS.maximum_iterations - 1


def test_training_changes_the_weights_and_brings_the_rate_to_zero() -> None:
    module = classifier()
    fitted(module)
    assert not torch.equal(module.network.out.weight, classifier().network.out.weight)
    scheduler: Any = module.lr_schedulers()
    assert abs(scheduler.get_last_lr()[0]) < 1e-9


@pytest.mark.parametrize("class_weights", [None, [0.5, 1.5]])
def test_means_are_of_all_examples_of_the_epoch(class_weights: list[float] | None) -> None:
    class KeepMeans(lightning.Callback):
        means: dict[str, float]

        def on_train_epoch_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
            assert isinstance(pl_module, HandModule)
            self.means = pl_module.means(trainer.strategy)

    module, kept = classifier(class_weights), KeepMeans()
    fitted(module, callbacks=[kept])
    poses = torch.from_numpy(np.stack([example.poses for example in examples(6)]))
    targets = torch.tensor([0, 1] * 3)
    with torch.inference_mode():
        scores = module.eval()(poses)
    weight = None if class_weights is None else torch.tensor(class_weights)
    expected = cross_entropy(scores, targets, weight, label_smoothing=SETTINGS.label_smoothing).item()
    assert kept.means["validation_loss"] == pytest.approx(expected, rel=1e-5)
    assert kept.means["validation_accuracy"] == pytest.approx((scores.argmax(1) == targets).float().mean().item())
    assert set(kept.means) == {"loss", "accuracy", "validation_loss", "validation_accuracy"}
