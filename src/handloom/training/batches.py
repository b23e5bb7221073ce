"""What the trainer is fed: whole batches cut from tensors, each epoch a function of (seed, epoch) alone."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytorch_lightning as lightning
import torch
from torch import Tensor
from typing_extensions import override

from handloom.config import Training
from handloom.dataset.examples import Example, Examples
from handloom.dataset.windows import Windows
from handloom.errors import ConfigurationError
from handloom.training.augment import augment
from handloom.training.random_windows import random_windows
from handloom.training.sampling import balanced, drawn, shared, shuffled

Batch = tuple[Tensor, Tensor]  # poses [N, window, 3, 21], class index [N]

CPU = torch.device("cpu")


def epoch_generator(seed: int, epoch: int, rank: int = 0, device: torch.device = CPU) -> torch.Generator:
    """The source of all chance in one epoch. No state outlives an epoch, so a resumed run draws the same numbers.

    Args:
        seed: of the training section.
        epoch: from 0 on; the two decide the numbers, on one kind of device.
        rank: which of several processes draws; each draws others.
        device: where the numbers are drawn.
    """
    (state,) = np.random.SeedSequence([seed, epoch, rank]).generate_state(1)
    return torch.Generator(device).manual_seed(int(state))


class TrainingBatches:
    """Shuffled, windowed and augmented batches; iterate once an epoch, after `set_epoch`.

    Args:
        examples: those with a hand.
        classes: labels in order.
        settings: the training section.

    Raises:
        ConfigurationError: see `shared`.
    """

    def __init__(self, examples: Sequence[Example], classes: list[str], settings: Training) -> None:
        examples = Examples.of(examples)
        self.settings = settings
        self.epoch = 0
        self._stays = isinstance(examples.frames, np.memmap)  # frames that memory is too small for are read as needed
        self._frames = torch.from_numpy(examples.frames)
        self._starts, self._lengths = torch.from_numpy(examples.starts), torch.from_numpy(examples.lengths)
        self._targets = torch.from_numpy(examples.targets(classes))
        self._chances = shared(examples.names.to_pylist(), settings.source_shares) if settings.source_shares else None
        self._device, self._rank, self._processes = CPU, 0, 1

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch whose batches the next iteration yields."""
        self.epoch = epoch

    def place(self, device: torch.device, rank: int, processes: int) -> None:
        """Keep the frames on `device` and make the batches there; of several processes, take the share of `rank`.

        Raises:
            ConfigurationError: there are more processes than examples in any batch.
        """
        self._device, self._rank, self._processes = device, rank, processes
        if not self._stays:
            self._frames = self._frames.to(device)
        self._starts, self._lengths = self._starts.to(device), self._lengths.to(device)
        self._targets = self._targets.to(device)
        self._chances = None if self._chances is None else self._chances.to(device)
        if not len(self):
            raise ConfigurationError(
                f"devices: {processes} cannot share batches of {min(self.settings.batch_size, len(self._targets))};"
                " lower devices, or raise batch_size"
            )

    def __len__(self) -> int:
        full, rest = divmod(len(self._targets), self.settings.batch_size)
        # Every process has to take part in every step: a rest that has not one example for each is left out.
        return full * (self.settings.batch_size >= self._processes) + (rest >= max(1, self._processes))

    def __iter__(self) -> Iterator[Batch]:
        settings, options = self.settings, self.settings.augmentation_options
        speed_change = settings.augmentation.interpolate_frames if "interpolate_frames" in options else 0.0
        generator = epoch_generator(settings.seed, self.epoch, device=self._device)  # the order is that of all ranks
        if self._chances is not None:
            order = drawn(self._chances, generator)
        else:
            order = (balanced if settings.class_balance == "sampling" else shuffled)(self._targets, generator)
        if self._rank:
            generator = epoch_generator(settings.seed, self.epoch, self._rank, self._device)
        for batch in order.split(settings.batch_size)[: len(self)]:
            chosen = batch[self._rank :: self._processes]
            starts, lengths = self._starts[chosen], self._lengths[chosen]
            windows = random_windows(
                self._frames, starts, lengths, settings.prediction_window_size, speed_change, generator
            )
            yield augment(windows, options, settings.augmentation, generator), self._targets[chosen]


class ValidationBatches:
    """Every window of every example as it is, half a window apart, in order; in the computer's memory.

    Args:
        examples: those with a hand.
        classes: labels in order.
        settings: the training section.
    """

    def __init__(self, examples: Sequence[Example], classes: list[str], settings: Training) -> None:
        examples = Examples.of(examples)
        window = settings.prediction_window_size
        self._frames, self._targets = examples.frames, examples.targets(classes)
        self._windows = Windows.over(examples.starts, examples.lengths, window, stride=max(1, window // 2))
        self._size = max(64, settings.batch_size)

    def __len__(self) -> int:
        return -(-len(self._windows) // self._size)

    def __iter__(self) -> Iterator[Batch]:
        for windows in self._windows.some_at_a_time(self._size):
            yield torch.from_numpy(windows.cut(self._frames)), torch.from_numpy(self._targets[windows.clip])


class HandData(lightning.LightningDataModule):
    """The training and validation parts of one kind.

    Of several processes each trains on its share of every batch, and validates on all.

    Args:
        training, validation: the examples of the two parts. Those without any hand teach nothing and are left out here;
            the extraction report names them. An empty validation part gives no validation.
        classes: labels in order.
        settings: the training section.
    """

    def __init__(
        self, training: Sequence[Example], validation: Sequence[Example], classes: list[str], settings: Training
    ) -> None:
        super().__init__()
        self.training_batches = TrainingBatches(Examples.of(training).with_hand(), classes, settings)
        self._validation_batches = ValidationBatches(Examples.of(validation).with_hand(), classes, settings)

    def validation_batches(self) -> ValidationBatches:
        """Poses and targets of the validation part, batch by batch; none if that is empty."""
        return self._validation_batches

    @override
    def train_dataloader(self) -> TrainingBatches:
        if self.trainer is not None:
            device = self.trainer.strategy.root_device
            self.training_batches.place(device, self.trainer.global_rank, self.trainer.world_size)
        return self.training_batches

    @override
    def val_dataloader(self) -> Any:
        return self._validation_batches if len(self._validation_batches) else []
