"""What the trainer is fed: whole batches cut from tensors, each epoch a function of (seed, epoch) alone."""

from collections.abc import Iterator, Sequence

import numpy as np
import pytorch_lightning as lightning
import torch
from torch import Tensor
from torch.utils.data import DataLoader, TensorDataset
from typing_extensions import override

from handloom.config import Training
from handloom.dataset.examples import Example
from handloom.dataset.windows import windows_of
from handloom.training.augment import augment, random_windows

Batch = tuple[Tensor, Tensor]  # poses [N, window, 3, 21], class index [N]


def epoch_generator(seed: int, epoch: int) -> torch.Generator:
    """The source of all chance in one epoch. No state outlives an epoch, so a resumed run draws the same numbers."""
    return torch.Generator().manual_seed(int(np.random.SeedSequence([seed, epoch]).generate_state(1)[0]))


class TrainingBatches:
    """Shuffled, windowed and augmented batches; iterate once an epoch, after `set_epoch`.

    Args:
        examples: those with a hand.
        classes: labels in order.
        settings: the training section.
    """

    def __init__(self, examples: Sequence[Example], classes: list[str], settings: Training) -> None:
        self.settings = settings
        self.clips, self.lengths = _padded([example.poses for example in examples])
        self.targets = _targets(examples, classes)
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch whose batches the next iteration yields."""
        self.epoch = epoch

    def __len__(self) -> int:
        return -(-len(self.targets) // self.settings.batch_size)

    def __iter__(self) -> Iterator[Batch]:
        settings = self.settings
        generator = epoch_generator(settings.seed, self.epoch)
        options = settings.augmentation_options
        speed_change = settings.augmentation.interpolate_frames if "interpolate_frames" in options else 0.0
        order = torch.randperm(len(self.targets), generator=generator)
        for chosen in order.split(settings.batch_size):
            windows = random_windows(
                self.clips[chosen], self.lengths[chosen], settings.prediction_window_size, speed_change, generator
            )
            yield augment(windows, options, settings.augmentation, generator), self.targets[chosen]


class HandData(lightning.LightningDataModule):
    """The training and validation parts of one kind; all of it in memory.

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
        self.settings = settings
        self.training_batches = TrainingBatches([one for one in training if one.hand_found], classes, settings)
        self.validation_windows = _validation_windows([one for one in validation if one.hand_found], classes, settings)

    @override
    def train_dataloader(self) -> TrainingBatches:
        return self.training_batches

    @override
    def val_dataloader(self) -> DataLoader[tuple[Tensor, ...]] | list[DataLoader[tuple[Tensor, ...]]]:
        if self.validation_windows is None:
            return []
        return DataLoader(self.validation_windows, batch_size=max(64, self.settings.batch_size))


def _padded(clips: Sequence[np.ndarray]) -> tuple[Tensor, Tensor]:
    lengths = torch.tensor([len(clip) for clip in clips])
    padded = torch.zeros(len(clips), int(lengths.max()), *clips[0].shape[1:])
    for row, clip in enumerate(clips):
        padded[row, : len(clip)] = torch.from_numpy(clip.copy())
    return padded, lengths


def _targets(examples: Sequence[Example], classes: list[str]) -> Tensor:
    index = {label: number for number, label in enumerate(classes)}
    return torch.tensor([index[example.label] for example in examples])


def _validation_windows(examples: Sequence[Example], classes: list[str], settings: Training) -> TensorDataset | None:
    if not examples:
        return None
    window = settings.prediction_window_size
    cut = [windows_of(example.poses, window, stride=max(1, window // 2)) for example in examples]
    targets = _targets(examples, classes).repeat_interleave(torch.tensor([len(windows) for windows in cut]))
    return TensorDataset(torch.from_numpy(np.concatenate(cut)), targets)
