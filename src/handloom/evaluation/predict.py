"""Class probabilities of whole examples."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from handloom.dataset.examples import Example
from handloom.dataset.windows import windows_of
from handloom.models.checkpoint import TrainedModel

WINDOWS_AT_ONCE = 256


def predict_examples(model: TrainedModel, examples: Sequence[Example], stride: int) -> NDArray[np.float64]:
    """Probabilities ``[examples, classes]``; those of a clip's windows, `stride` frames apart, are averaged.

    Windows without any hand do not count, as an app would not ask for them; an example without any hand gets equal
    probabilities.
    """
    probabilities = np.full((len(examples), len(model.classes)), 1 / len(model.classes))
    for row, example in enumerate(examples):
        windows = windows_of(example.poses, model.window, stride)
        windows = windows[(windows[:, :, 2] > 0).any(axis=(1, 2))]
        if len(windows):
            chunks = [windows[start : start + WINDOWS_AT_ONCE] for start in range(0, len(windows), WINDOWS_AT_ONCE)]
            probabilities[row] = np.concatenate([_probabilities(model, chunk) for chunk in chunks]).mean(axis=0)
    return probabilities


def _probabilities(model: TrainedModel, windows: NDArray[np.float32]) -> NDArray[np.float64]:
    with torch.inference_mode():
        scores = model.network(torch.from_numpy(windows))
    return torch.softmax(scores.double(), dim=1).numpy()
