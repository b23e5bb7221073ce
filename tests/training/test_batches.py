"""Batches are a function of the seed and the epoch, and of nothing that happened before."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import pytorch_lightning as lightning
import torch

from handloom.config import Training
from handloom.dataset.examples import Example, Examples
from handloom.errors import ConfigurationError
from handloom.training.data import HandData, TrainingBatches

SETTINGS = Training(batch_size=4, prediction_window_size=6, augmentation_options=["rotate", "interpolate_frames"])
CLASSES = ["fist", "open"]


def examples(count: int = 10) -> list[Example]:
    random = np.random.default_rng(0)
    made = []
    for number in range(count):
        poses = random.random((3 + number, 3, 21), dtype=np.float32)
        poses[:, 2] = 1
        made.append(Example(poses, CLASSES[number % 2], f"{number}.mp4", "someone"))
    return made


def epoch(batches: TrainingBatches, number: int) -> list[tuple[torch.Tensor, torch.Tensor]]:
    batches.set_epoch(number)
    return list(batches)


def test_every_example_comes_once_an_epoch_in_even_batches() -> None:
    batches = TrainingBatches(examples(18), CLASSES, SETTINGS)
    drawn = epoch(batches, 0)
    assert len(drawn) == len(batches) == 5
    assert [tuple(poses.shape) for poses, _ in drawn] == [(size, 6, 3, 21) for size in (4, 4, 4, 3, 3)]
    assert torch.cat([targets for _, targets in drawn]).bincount().tolist() == [9, 9]


@pytest.mark.parametrize(("count", "sizes"), [(2, [8] * 4), (39, [10, 10, 10, 9]), (130, [26] * 5)])
def test_few_examples_get_as_many_steps(count: int, sizes: list[int]) -> None:
    batches = TrainingBatches(examples(count), CLASSES, replace(SETTINGS, batch_size=32))
    assert [len(targets) for _, targets in epoch(batches, 0)] == sizes


def test_an_epoch_can_be_drawn_again_without_those_before_it() -> None:
    went_through = TrainingBatches(examples(), CLASSES, SETTINGS)
    for number in range(3):
        last = epoch(went_through, number)
    resumed = epoch(TrainingBatches(examples(), CLASSES, SETTINGS), 2)
    for one, other in zip(last, resumed, strict=True):
        assert torch.equal(one[0], other[0]) and torch.equal(one[1], other[1])


def test_epochs_and_seeds_differ() -> None:
    batches = TrainingBatches(examples(), CLASSES, SETTINGS)
    other_seed = TrainingBatches(examples(), CLASSES, replace(SETTINGS, seed=2))
    first = epoch(batches, 0)[0][0]
    assert not torch.equal(first, epoch(batches, 1)[0][0])
    assert not torch.equal(first, epoch(other_seed, 0)[0][0])


def test_examples_without_a_hand_teach_nothing() -> None:
    lost = Example(np.zeros((4, 3, 21), np.float32), "open", "lost.mp4", "someone")
    data = HandData([*examples(16), lost], [lost], CLASSES, SETTINGS)
    assert sum(len(targets) for _, targets in epoch(data.train_dataloader(), 0)) == 16
    assert data.val_dataloader() == []


def test_validation_sees_every_window_as_it_is() -> None:
    data = HandData(examples(4), examples(10)[8:], CLASSES, SETTINGS)
    ((poses, targets),) = list(data.val_dataloader())
    long_clips = examples(10)[8:]
    np.testing.assert_array_equal(poses[0], long_clips[0].poses[:6])
    np.testing.assert_array_equal(poses[-1], long_clips[1].poses[-6:])
    assert targets.tolist() == sorted(targets.tolist())


CPU = torch.device("cpu")


def in_a_file(made: list[Example], folder: Path) -> Examples:
    inside = Examples.of(made)
    frames = np.memmap(folder / "frames", np.float32, "w+", shape=inside.frames.shape)
    frames[:] = inside.frames
    return replace(inside, frames=frames)


def test_frames_in_a_file_give_the_same_bits(tmp_path: Path) -> None:
    inside = HandData(examples(), examples(), CLASSES, SETTINGS)
    outside = HandData(in_a_file(examples(), tmp_path), in_a_file(examples(), tmp_path), CLASSES, SETTINGS)
    for batches in (inside.training_batches, outside.training_batches):
        batches.set_epoch(3)
    for kind in ("train_dataloader", "val_dataloader"):
        for one, other in zip(getattr(inside, kind)(), getattr(outside, kind)(), strict=True):
            assert torch.equal(one[0], other[0]) and torch.equal(one[1], other[1])


def test_one_long_clip_does_not_make_all_others_long() -> None:
    count, long = 100_000, 50_000  # padded to the longest they were 1.3 TB
    lengths = np.ones(count, np.int64)
    lengths[7] = long
    frames = np.ones((lengths.sum(), 3, 21), np.float32)
    names = pa.array([""] * count)
    labels = pa.array(CLASSES * (count // 2)).dictionary_encode()
    found = np.ones(count, bool)
    data = Examples(frames, np.cumsum(lengths) - lengths, lengths, labels, names, names, found)
    poses, _ = next(iter(TrainingBatches(data, CLASSES, SETTINGS)))
    assert poses.shape == (4, 6, 3, 21)


def shares_of(settings: Training, count: int, processes: int) -> list[list[tuple[torch.Tensor, torch.Tensor]]]:
    shares = []
    for rank in range(processes):
        batches = TrainingBatches(examples(count), CLASSES, settings)
        batches.place(CPU, rank, processes)
        shares.append(epoch(batches, 1))
        assert len(batches) == len(shares[-1])
    return shares


@pytest.mark.parametrize(("count", "processes", "number"), [(10, 2, 4), (9, 2, 4), (18, 3, 5), (19, 2, 5), (4, 4, 4)])
def test_every_process_takes_its_share_of_every_batch(count: int, processes: int, number: int) -> None:
    shares = shares_of(SETTINGS, count, processes)
    assert [len(share) for share in shares] == [number] * processes
    (whole,) = shares_of(SETTINGS, count, 1)
    for step in range(number):
        together = torch.cat([share[step][1] for share in shares])
        assert together.bincount(minlength=2).tolist() == whole[step][1].bincount(minlength=2).tolist()
        assert all(len(share[step][0]) == len(share[step][1]) > 0 for share in shares)


def test_processes_disturb_their_shares_differently() -> None:
    still = [Example(np.ones((9, 3, 21), np.float32) * 0.25, label, "", "") for label in CLASSES * 2]
    first, second = (TrainingBatches(still, CLASSES, SETTINGS) for _ in range(2))
    first.place(CPU, 0, 2)
    second.place(CPU, 1, 2)
    assert not torch.equal(epoch(first, 0)[0][0], epoch(second, 0)[0][0])


@pytest.mark.parametrize(("count", "batch_size"), [(10, 4), (3, 2)])
def test_more_processes_than_examples_of_a_batch_are_refused(count: int, batch_size: int) -> None:
    batches = TrainingBatches(examples(count), CLASSES, replace(SETTINGS, batch_size=batch_size))
    with pytest.raises(ConfigurationError, match=r"^devices: 5 [^\n]*$"):
        batches.place(CPU, 0, 5)


def test_sampling_shows_rare_classes_as_often() -> None:
    made = [replace(example, label=CLASSES[number < 4]) for number, example in enumerate(examples(40))]
    batches = TrainingBatches(made, CLASSES, replace(SETTINGS, class_balance="sampling"))
    drawn = torch.cat([targets for number in range(20) for _, targets in epoch(batches, number)])
    assert len(drawn) == 20 * 40
    assert 340 < drawn.sum() < 460
    assert not torch.equal(drawn[:40], drawn[40:80])


def test_the_trainer_says_where_batches_are_made() -> None:
    data = HandData(examples(), [], CLASSES, SETTINGS)
    elsewhere = HandData(examples(), [], CLASSES, SETTINGS)
    elsewhere.trainer = lightning.Trainer(accelerator="cpu", devices=1, logger=False, enable_checkpointing=False)
    for one, other in zip(epoch(data.train_dataloader(), 1), epoch(elsewhere.train_dataloader(), 1), strict=True):
        assert torch.equal(one[0], other[0])
        assert other[0].device == elsewhere.trainer.strategy.root_device
