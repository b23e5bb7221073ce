"""Probabilities of whole photos and clips."""

import numpy as np
import torch

from handloom.config import Model
from handloom.dataset.examples import Example
from handloom.evaluation.answers import predict_examples
from handloom.models.checkpoint import TrainedModel
from handloom.models.model import ModelSpec
from handloom.models.network import HandNetwork


def model(window: int) -> TrainedModel:
    torch.manual_seed(0)
    network = HandNetwork(3, window, Model(width=8, frame_features=16, temporal_layers=1)).eval()
    return TrainedModel(network, ModelSpec("action", ["a", "b", "c"], window, 30.0))


def clip(frames: int, lost: slice = slice(0, 0)) -> Example:
    poses = np.random.default_rng(frames).random((frames, 3, 21), dtype=np.float32)
    poses[:, 2] = 1
    poses[lost] = 0
    return Example(poses, "a", "clip.mp4", "someone")


def test_a_clip_gets_the_mean_of_its_windows() -> None:
    trained, example = model(4), clip(9)
    windows = torch.from_numpy(np.stack([example.poses[start : start + 4] for start in (0, 3, 5)]))
    with torch.inference_mode():
        expected = torch.softmax(trained.network(windows).double(), dim=1).mean(dim=0).numpy()
    np.testing.assert_allclose(predict_examples(trained, [example], stride=3)[0], expected, rtol=1e-6)


def test_windows_without_a_hand_do_not_count() -> None:
    trained = model(4)
    lost_end = clip(12, lost=slice(4, 12))
    only_start = Example(lost_end.poses[:4], "a", "start.mp4", "someone")
    whole, start = predict_examples(trained, [lost_end, only_start], stride=4)
    np.testing.assert_allclose(whole, start, rtol=1e-6)


def test_no_hand_at_all_gives_equal_probabilities_and_never_fails() -> None:
    np.testing.assert_allclose(predict_examples(model(4), [clip(5, lost=slice(0, 5))], stride=2), 1 / 3)
