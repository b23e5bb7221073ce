"""How fast training is: against a plain ST-GCN, and against a bare PyTorch loop.

    python benchmarks/bench_training.py [ROUNDS=4]

Three loops take turns, on one thread, over the same batches (352 random clips of 60 frames, 13 classes, windowed and
augmented as `params.yaml` says): the trainer of the stage, which is Lightning with its reports and checkpoints; a bare
loop of the same network, loss and optimiser; and a bare loop of an ST-GCN of the same width (`st_gcn.py`). The first
epoch of a loop in each round is not counted. Limits: an epoch of the stage takes at most 1.3 times one of the bare
loop, and it sees at least 3 times as many clips a second as the ST-GCN's.
"""

import statistics
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytorch_lightning as lightning
import torch
import yaml
from st_gcn import STGCN
from torch import nn

from handloom.config import Training, as_plain, parameters_from
from handloom.dataset.examples import Example
from handloom.training.callbacks import Reporter
from handloom.training.checkpoints import Checkpoints
from handloom.training.data import HandData, TrainingBatches
from handloom.training.module import HandModule
from handloom.training.trainer import trainer_for

CLIPS, FRAMES = 352, 60
CLASSES = [f"class {number}" for number in range(13)]
EPOCHS = 3  # of a loop in each round; the first is not counted


class Clock(lightning.Callback):
    """When each epoch begins, and when the last one has ended."""

    def __init__(self) -> None:
        self.moments: list[float] = []

    def on_train_epoch_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """The beginning of an epoch, and so the end of the one before, with what came between."""
        self.moments.append(time.perf_counter())

    def on_train_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """The end of the last one."""
        self.moments.append(time.perf_counter())


def examples() -> list[Example]:
    random = np.random.default_rng(1)
    made = []
    for number in range(CLIPS):
        poses = np.ones((FRAMES, 3, 21), np.float32)
        poses[:, :2] = 0.3 + 0.4 * random.random((FRAMES, 2, 21))
        made.append(Example(poses, CLASSES[number % len(CLASSES)], f"{number}.mp4", str(number)))
    return made


def stage(settings: Training, clips: list[Example], folder: Path) -> list[float]:
    """Seconds of each counted epoch of the stage's trainer."""
    clock = Clock()
    callbacks = [Reporter(settings, "stage"), Checkpoints(folder, "benchmark", settings.checkpoint_interval), clock]
    trainer = trainer_for(settings, "action", folder, callbacks)
    module = HandModule("action", CLASSES, 30.0, as_plain(settings))
    trainer.fit(module, datamodule=HandData(clips, [], CLASSES, settings))
    return [float(seconds) for seconds in np.diff(clock.moments)[1:]]


def bare(network: nn.Module, settings: Training, clips: list[Example]) -> list[float]:
    """Seconds of each counted epoch of a plain loop."""
    batches = TrainingBatches(clips, CLASSES, settings)
    options = settings.optimizer
    optimizer = torch.optim.AdamW(network.parameters(), lr=options.lr, weight_decay=options.weight_decay)
    loss_of = nn.CrossEntropyLoss(label_smoothing=settings.label_smoothing)
    moments = [time.perf_counter()]
    for epoch in range(EPOCHS):
        batches.set_epoch(epoch)
        for poses, targets in batches:
            loss = loss_of(network(poses), targets)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), options.gradient_clip)
            optimizer.step()
        moments.append(time.perf_counter())
    return [float(seconds) for seconds in np.diff(moments)[1:]]


def main(rounds: int = 4) -> None:
    torch.set_num_threads(1)
    parameters = parameters_from(yaml.safe_load(Path("params.yaml").read_text(encoding="utf-8")))
    settings = replace(parameters.train_action, prediction_window_size=FRAMES, maximum_iterations=EPOCHS)
    clips = examples()
    seconds: dict[str, list[float]] = {"stage": [], "bare loop": [], "ST-GCN": []}
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            seconds["stage"] += stage(settings, clips, Path(folder))
        network = HandModule("action", CLASSES, 30.0, as_plain(settings)).network
        seconds["bare loop"] += bare(network, settings, clips)
        seconds["ST-GCN"] += bare(STGCN(len(CLASSES), settings.model.width), settings, clips)
    epoch = {name: statistics.median(times) for name, times in seconds.items()}
    for name, value in epoch.items():
        print(f"{name}: {value:.2f} s an epoch, {CLIPS / value:.0f} clips/s")
    print(f"stage over bare loop: {epoch['stage'] / epoch['bare loop']:.2f} times its epoch (limit 1.3)")
    print(f"stage over ST-GCN: {epoch['ST-GCN'] / epoch['stage']:.1f} times its clips/s (at least 3)")


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:2]))
