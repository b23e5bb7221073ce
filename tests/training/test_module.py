"""The LightningModule in Lightning's own trainer."""

import numpy as np
import pytorch_lightning as lightning
import torch

from handloom.config import Model, Training, as_plain
from handloom.dataset.examples import Example
from handloom.training.batches import HandData
from handloom.training.module import HandClassifier

SETTINGS = Training(maximum_iterations=3, batch_size=4, model=Model(width=8, frame_features=8))


def examples(count: int = 8) -> list[Example]:
    random = np.random.default_rng(0)
    poses = random.random((count, 1, 3, 21), dtype=np.float32)
    poses[:, :, 2] = 1
    return [Example(pose, "ab"[number % 2], f"{number}.jpg", str(number)) for number, pose in enumerate(poses)]


def fitted() -> tuple[HandClassifier, HandData]:
    torch.manual_seed(0)
    module = HandClassifier("pose", ["a", "b"], 30.0, as_plain(SETTINGS))
    data = HandData(examples(), examples(4), ["a", "b"], SETTINGS)
    quiet = {
        "logger": False,
        "enable_checkpointing": False,
        "enable_progress_bar": False,
        "enable_model_summary": False,
    }
    trainer = lightning.Trainer(max_epochs=SETTINGS.maximum_iterations, accelerator="cpu", **quiet)
    trainer.fit(module, datamodule=data)
    return module, data


def test_every_iteration_draws_batches_of_its_own() -> None:
    _, data = fitted()
    assert data.training_batches.epoch == SETTINGS.maximum_iterations - 1


def test_training_changes_the_weights_and_brings_the_rate_to_zero() -> None:
    torch.manual_seed(0)
    before = HandClassifier("pose", ["a", "b"], 30.0, as_plain(SETTINGS)).network.out.weight
    module, _ = fitted()
    assert not torch.equal(module.network.out.weight, before)
    scheduler = module.lr_schedulers()
    assert abs(scheduler.get_last_lr()[0]) < 1e-9


def test_means_are_of_all_examples_since_they_were_last_read() -> None:
    module = HandClassifier("pose", ["a", "b"], 30.0, as_plain(SETTINGS)).eval()
    poses = torch.from_numpy(np.stack([example.poses for example in examples()]))
    targets = torch.tensor([0, 1] * 4)
    for part in (slice(0, 6), slice(6, 8)):
        module.validation_step((poses[part], targets[part]), 0)
    with torch.inference_mode():
        expected = (module(poses).argmax(dim=1) == targets).float().mean().item()
    assert abs(module.means()["validation_accuracy"] - expected) < 1e-6
    assert module.means() == {}
