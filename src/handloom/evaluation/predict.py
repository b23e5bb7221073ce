"""Class probabilities of whole examples."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from handloom.dataset.examples import Example, Examples
from handloom.dataset.windows import Windows
from handloom.hand import Poses, present
from handloom.models.checkpoint import TrainedModel

WINDOWS_AT_ONCE = 256


def predict_examples(model: TrainedModel, examples: Sequence[Example], stride: int) -> NDArray[np.float64]:
    """Probabilities ``[examples, classes]``; those of a clip's windows, `stride` frames apart, are averaged.

    Windows without any hand do not count, as an app would not ask for them; an example without any hand gets equal
    probabilities.
    """
    examples = Examples.of(examples)
    sums = np.zeros((len(examples), len(model.classes)))
    counts = np.zeros((len(examples), 1))
    windows = Windows.over(examples.starts, examples.lengths, model.window, stride)
    for some in windows.some_at_a_time(WINDOWS_AT_ONCE):
        poses = some.cut(examples.frames)
        seen = present(poses).any(axis=1)
        np.add.at(sums, some.clip[seen], window_probabilities(model, poses[seen]))
        np.add.at(counts, some.clip[seen], 1)
    return np.where(counts > 0, sums / np.maximum(counts, 1), 1 / len(model.classes))


def window_probabilities(model: TrainedModel, windows: Poses) -> NDArray[np.float64]:
    """Probabilities ``[K, classes]`` of windows ``[K, T, 3, 21]``."""
    with torch.inference_mode():
        scores = model.network(torch.from_numpy(windows))
    return torch.softmax(scores.double(), dim=1).numpy()
