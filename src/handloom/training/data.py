"""Batches of windows; an epoch is a function of (seed, epoch) alone."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import pytorch_lightning as lightning
import torch
from numpy.typing import NDArray
from torch import Tensor
from typing_extensions import override

from handloom.config import Training
from handloom.dataset.examples import Example, Examples
from handloom.dataset.windows import Windows
from handloom.errors import ConfigurationError
from handloom.training.augmentation import augment

Batch = tuple[Tensor, Tensor]  # poses [N, window, 3, 21], class index [N]

CPU = torch.device("cpu")
# Few examples get as many steps as the schedule needs: an epoch has at least 4 batches, and they have 8 examples or
# more, for which examples come again. Batches of an epoch differ by one example at most, so no small one is left over.
LEAST_STEPS, LEAST_BATCH = 4, 8


def epoch_generator(seed: int, epoch: int, rank: int = 0, device: torch.device = CPU) -> torch.Generator:
    """The random generator of one epoch. No state outlives an epoch, so a resumed run draws the same numbers.

    Args:
        seed: of the training section.
        epoch: from 0 on; the two decide the numbers, on one kind of device.
        rank: which of several processes draws; each draws others.
        device: where the numbers are drawn.
    """
    (state,) = np.random.SeedSequence([seed, epoch, rank]).generate_state(1)
    return torch.Generator(device).manual_seed(int(state))


class TrainingBatches:
    """Shuffled, windowed and augmented batches of nearly equal size; iterate once an epoch, after `set_epoch`.

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
        self._chances = shared(examples.names.to_pylist(), settings.source_weights) if settings.source_weights else None
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
                f"devices: {processes} cannot share batches of {self._count // self._steps};"
                " lower devices, or raise batch_size"
            )

    def __len__(self) -> int:
        # Every process takes part in every step.
        return self._steps if self._count // self._steps >= self._processes else 0

    def __iter__(self) -> Iterator[Batch]:
        settings, options = self.settings, self.settings.augmentation_options
        speed_change = settings.augmentation.interpolate_frames if "interpolate_frames" in options else 0.0
        generator = epoch_generator(settings.seed, self.epoch, device=self._device)  # the order is that of all ranks
        order = torch.cat([self._drawn(generator) for _ in range(-(-self._count // len(self._targets)))])[: self._count]
        if self._rank:
            generator = epoch_generator(settings.seed, self.epoch, self._rank, self._device)
        for batch in order.tensor_split(len(self)):
            chosen = batch[self._rank :: self._processes]
            starts, lengths = self._starts[chosen], self._lengths[chosen]
            windows = random_windows(
                self._frames, starts, lengths, settings.prediction_window_size, speed_change, generator
            )
            yield augment(windows, options, settings.augmentation, generator), self._targets[chosen]

    @property
    def _count(self) -> int:
        """How many examples an epoch shows."""
        return max(len(self._targets), LEAST_STEPS * min(LEAST_BATCH, self.settings.batch_size))

    @property
    def _steps(self) -> int:
        """How many batches an epoch has."""
        return max(-(-self._count // self.settings.batch_size), LEAST_STEPS)

    def _drawn(self, generator: torch.Generator) -> Tensor:
        """As many examples as there are, in the order of an epoch."""
        if self._chances is not None:
            return drawn(self._chances, generator)
        return (balanced if self.settings.class_balance == "sampling" else shuffled)(self._targets, generator)


class PlainBatches:
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
            the extraction report names them. An empty validation set gives no validation.
        classes: labels in order.
        settings: the training section.
    """

    def __init__(
        self, training: Sequence[Example], validation: Sequence[Example], classes: list[str], settings: Training
    ) -> None:
        super().__init__()
        with_hand = Examples.of(training).with_hand()
        self.training_batches = TrainingBatches(with_hand, classes, settings)
        # Made when they are asked for: most trainings do not, and a large table has many windows.
        self.plain_training_batches = partial(PlainBatches, with_hand, classes, settings)
        self._validation_batches = PlainBatches(Examples.of(validation).with_hand(), classes, settings)

    def validation_batches(self) -> PlainBatches:
        """Poses and targets of the validation set, batch by batch; none if that is empty."""
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


def shuffled(targets: Tensor, generator: torch.Generator) -> Tensor:
    """Each of the N examples once: a random order of 0 to N - 1, on the generator's device."""
    return torch.randperm(len(targets), generator=generator, device=generator.device)


def balanced(targets: Tensor, generator: torch.Generator) -> Tensor:
    """N draws with replacement in which every class is equally likely, and so is each example of a class.

    Args:
        targets: int64 ``[N]``, the class of each example, on the generator's device.
        generator: source of all chance.

    Returns:
        int64 ``[N]``, examples; some come several times, some not at all.
    """
    by_class = torch.argsort(targets, stable=True)
    _, counts = torch.unique_consecutive(targets[by_class], return_counts=True)
    firsts = counts.cumsum(0) - counts
    drawn = torch.randint(len(counts), targets.shape, generator=generator, device=generator.device)
    member = torch.randint(2**31, targets.shape, generator=generator, device=generator.device) % counts[drawn]
    return by_class[firsts[drawn] + member]


def shared(names: Sequence[str], shares: Mapping[str, float]) -> Tensor:
    """What chance examples of joined sources have in each draw, so that every source gets its share.

    Args:
        names: of the N examples.
        shares: of all draws, by source; the sources that are not named share what is left by their numbers.

    Returns:
        float64 ``[N]``, summing to 1.

    Raises:
        ConfigurationError: a named source has no example, or nothing is left for the others, or they leave something.
    """
    sources = sources_of(names)
    chances = np.zeros(len(sources))
    others = np.ones(len(sources), bool)
    for source, share in shares.items():
        own = sources == source
        if not own.any():
            raise ConfigurationError(
                f"source_weights.{source}: no training example comes from a joined source of this name"
            )
        chances[own] = share / own.sum()
        others &= ~own
    left = 1 - sum(shares.values())
    if (left > 1e-9) != bool(others.any()) or left < -1e-9:
        raise ConfigurationError(
            f"source_weights: the sum is {1 - left:g}; it must be 1, or below 1 where there are other sources"
        )
    chances[others] = left / max(int(others.sum()), 1)
    return torch.from_numpy(chances)


def sources_of(names: Sequence[str]) -> NDArray[np.str_]:
    """The joined source of each example: it stands before the first slash of its name, ``[N]``."""
    return np.array([name.split("/", 1)[0] for name in names])


def drawn(chances: Tensor, generator: torch.Generator) -> Tensor:
    """N draws with replacement, with chances float64 ``[N]``: int64 ``[N]``."""
    ends = chances.cumsum(0)
    luck = torch.rand(len(chances), dtype=torch.float64, generator=generator, device=generator.device)
    return torch.searchsorted(ends, luck * ends[-1]).clamp(max=len(chances) - 1)


def random_windows(
    frames: Tensor, starts: Tensor, lengths: Tensor, window: int, speed_change: float, generator: torch.Generator
) -> Tensor:
    """A window from a random place of each clip, played at a random speed.

    Args:
        frames: ``[F, 3, 21]``, clips one after another; on the generator's device or in the computer's memory.
        starts: ``[N]``, the first frame of each clip that is to be cut.
        lengths: ``[N]``, its frames, at least 1.
        window: frames to cut; a shorter clip is filled up at its end with zeros.
        speed_change: the speed is drawn from 1 - this to 1 + this (`interpolate_frames`).
        generator: source of all chance; `starts` and `lengths` are on its device.

    Returns:
        ``[N, window, 3, 21]`` on the generator's device. Between two frames with a hand joints are interpolated. If
        one has no hand, the nearer frame is taken.
    """
    device, last = generator.device, (lengths - 1)[:, None]
    draws = torch.rand(2, len(starts), 1, generator=generator, device=device)
    speed = 1 + speed_change * (2 * draws[0] - 1)
    room = (last - (window - 1) * speed).clamp(min=0)
    places = draws[1] * room + speed * torch.arange(window, device=device)  # [N, window], in frames
    earlier = torch.minimum(places.long(), last)
    share = (places - earlier)[:, :, None, None]
    rows = starts[:, None] + torch.stack([earlier, torch.minimum(earlier + 1, last)])
    first, second = _rows(frames, rows).unbind()

    both = (first[:, :, 2:] > 0) & (second[:, :, 2:] > 0)
    cut = first.lerp(second, torch.where(both, share, (share >= 0.5).float()))
    return cut.mul_((places <= last)[:, :, None, None])


def _rows(frames: Tensor, rows: Tensor) -> Tensor:
    """The frames of these rows, on the device of the rows."""
    taken = frames.flatten(1).index_select(0, rows.flatten().to(frames.device))
    return taken.to(rows.device).view(*rows.shape, *frames.shape[1:])
