"""Batches are a function of the seed and the epoch, and of nothing that happened before."""

import numpy as np
import pytest
import torch

from handloom.config import Training
from handloom.dataset.examples import Example
from handloom.training.batches import HandData, TrainingBatches

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


def test_every_example_comes_once_an_epoch() -> None:
    batches = TrainingBatches(examples(), CLASSES, SETTINGS)
    drawn = epoch(batches, 0)
    assert len(drawn) == len(batches) == 3
    assert [tuple(poses.shape) for poses, _ in drawn] == [(4, 6, 3, 21), (4, 6, 3, 21), (2, 6, 3, 21)]
    assert torch.cat([targets for _, targets in drawn]).bincount().tolist() == [5, 5]


def test_an_epoch_can_be_drawn_again_without_those_before_it() -> None:
    went_through = TrainingBatches(examples(), CLASSES, SETTINGS)
    for number in range(3):
        last = epoch(went_through, number)
    resumed = epoch(TrainingBatches(examples(), CLASSES, SETTINGS), 2)
    for one, other in zip(last, resumed, strict=True):
        assert torch.equal(one[0], other[0]) and torch.equal(one[1], other[1])


def test_epochs_and_seeds_differ() -> None:
    batches = TrainingBatches(examples(), CLASSES, SETTINGS)
    other_seed = TrainingBatches(examples(), CLASSES, Training(**{**vars(SETTINGS), "seed": 2}))
    first = epoch(batches, 0)[0][0]
    assert not torch.equal(first, epoch(batches, 1)[0][0])
    assert not torch.equal(first, epoch(other_seed, 0)[0][0])


def test_examples_without_a_hand_teach_nothing() -> None:
    lost = Example(np.zeros((4, 3, 21), np.float32), "open", "lost.mp4", "someone")
    data = HandData([*examples(4), lost], [lost], CLASSES, SETTINGS)
    assert sum(len(targets) for _, targets in epoch(data.train_dataloader(), 0)) == 4
    assert data.val_dataloader() == []


def test_validation_sees_every_window_as_it_is() -> None:
    data = HandData(examples(4), examples(10)[8:], CLASSES, SETTINGS)
    ((poses, targets),) = list(data.val_dataloader())
    long_clips = examples(10)[8:]
    np.testing.assert_array_equal(poses[0], long_clips[0].poses[:6])
    np.testing.assert_array_equal(poses[-1], long_clips[1].poses[-6:])
    assert targets.tolist() == sorted(targets.tolist())


@pytest.mark.parametrize("count", [1, 4, 5])
def test_the_number_of_batches_is_rounded_up(count: int) -> None:
    assert len(TrainingBatches(examples(count), CLASSES, SETTINGS)) == -(-count // 4)
