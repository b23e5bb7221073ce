"""A model that is asked for windows of joints, wherever it comes from."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from handloom.config import ExtractKeypoints, Kind, LeftHands
from handloom.dataset.left_hands import mirror_left_hands
from handloom.errors import expect
from handloom.hand import CHANNELS, JOINT_COUNT, Poses
from handloom.models.model import Model, StreamSettings
from handloom.prediction.results import Classification, Prediction, ranked


@dataclass(frozen=True)
class ReadyModel:
    """A model ready to predict.

    Attributes:
        model: what gives the probabilities.
    """

    model: Model

    @property
    def kind(self) -> Kind:
        """The kind: "pose" or "action"."""
        return self.model.spec.kind

    @property
    def classes(self) -> list[str]:
        """Labels, in the order of the probabilities."""
        return self.model.spec.classes

    @property
    def window(self) -> int:
        """Frames of a prediction; 1 for a pose."""
        return self.model.spec.window

    @property
    def frame_rate(self) -> float:
        """Frames/s it was trained at."""
        return self.model.spec.frame_rate

    @property
    def background_label(self) -> str:
        """The class of no gesture; it need not be among `classes`."""
        return self.model.spec.background_label

    @property
    def left_hands(self) -> LeftHands:
        """How left hands are read; with "mirrored", `answers` mirrors them first."""
        return self.model.spec.left_hands

    @property
    def extraction(self) -> ExtractKeypoints:
        """The default extraction settings, with the hand rule that the model was trained with."""
        hand = self.model.spec.hand
        return ExtractKeypoints(hand=hand) if hand else ExtractKeypoints()

    @property
    def thresholds(self) -> Mapping[str, float]:
        """The recommended threshold of each class that has one."""
        return self.model.thresholds

    @property
    def stream(self) -> StreamSettings | None:
        """When a gesture counts in a stream; None where that was not chosen."""
        return self.model.spec.stream

    @property
    def window_seconds(self) -> float:
        """Seconds that a prediction sees; 0 for a pose."""
        return 0.0 if self.kind == "pose" else self.window / self.frame_rate

    @property
    def note(self) -> str:
        """A line that the user should read before using the answers; usually empty."""
        return self.model.spec.note

    def probabilities(self, windows: Poses) -> NDArray[np.float64]:
        """Probabilities ``[K, classes]`` of windows ``[K, window, 3, 21]``, which are not mirrored: see `answers`.

        Raises:
            ConfigurationError: the windows are no array.
            ValueError: they have another shape.
        """
        expect("windows", windows, np.ndarray)
        shape = (self.window, len(CHANNELS), JOINT_COUNT)
        if windows.ndim != 4 or windows.shape[1:] != shape:
            raise ValueError(f"windows: expected shape [K, {', '.join(map(str, shape))}], got {list(windows.shape)}")
        return _on_one_thread(partial(self.model.probabilities, windows))

    def reaches_threshold(self, prediction: Prediction) -> bool | None:
        """Whether the confidence reaches the recommended threshold of the label; None for a label without one."""
        threshold = self.thresholds.get(prediction.label)
        return None if threshold is None else prediction.confidence >= threshold

    def answers(self, windows: Poses, votes: NDArray[np.int8]) -> list[list[Classification]]:
        """Predict windows, with left hands mirrored first if the model needs that.

        Args:
            windows: ``[K, window, 3, 21]``.
            votes: ``[K, window]``, the chirality of each frame: 1 left, -1 right, 0 where nothing is
                known. A window is mirrored as a whole, by the majority of its frames, so that no hand jumps.

        Returns:
            For each window all classes, the most likely first.
        """
        if self.left_hands == "mirrored" and len(windows):
            lengths = np.full(len(windows), self.window)
            frames = windows.reshape(-1, len(CHANNELS), JOINT_COUNT).copy()
            mirror_left_hands(frames, np.arange(len(windows)) * self.window, lengths, votes.reshape(-1))
            windows = frames.reshape(windows.shape)
        return [ranked(self.classes, row) for row in self.probabilities(windows)]


def _on_one_thread(ask: Callable[[], NDArray[np.float64]]) -> NDArray[np.float64]:
    """Ask a small network while other processes keep all cores busy: its threads would only wait for each other."""
    torch = sys.modules.get("torch")
    if torch is None:  # an exported file is asked without PyTorch
        return ask()
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return ask()
    finally:
        torch.set_num_threads(threads)
