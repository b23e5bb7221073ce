"""A classifier ready to answer: from a checkpoint, an exported file, an MLflow run or a registered name."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from handloom.config import Kind
from handloom.errors import DataError, expect, printable
from handloom.export.package import require_model_file
from handloom.hand import CHANNELS, JOINT_COUNT, Poses
from handloom.models.files import CHECKPOINT, COMPILED, EXPORTED, EXPORTED_NAMES
from handloom.prediction.results import Classification, Prediction, ranked

if TYPE_CHECKING:
    from handloom.models.checkpoint import TrainedModel

# Windows that go through the network at once: enough to be quick, few enough that memory stays small.
WINDOWS_AT_ONCE = 256

LeftHands = Literal["as_they_are", "mirrored"]


@dataclass(frozen=True)
class Predictor:
    """A classifier ready to answer, wherever it was kept. Make it with `of` or `open`.

    Attributes:
        kind: "pose" or "action".
        classes: labels, in the order of the probabilities.
        window: frames a prediction sees; 1 for a pose.
        frame_rate: frames/s it was trained at.
        background_label: the class of no gesture; it need not be among `classes`.
        left_hands: "mirrored" where left hands have to be turned into right ones first; `answers` does it.
        thresholds: by class the probability from which on its answer is worth believing, where validation taught one.
        ask: probabilities ``[K, classes]`` of at most `WINDOWS_AT_ONCE` windows ``[K, window, 3, 21]``.
        note: what a person should know before believing its answers, a line; mostly empty.
    """

    kind: Kind
    classes: list[str]
    window: int
    frame_rate: float
    background_label: str
    left_hands: LeftHands
    thresholds: Mapping[str, float]
    ask: Callable[[Poses], NDArray[np.float64]] = field(repr=False)
    note: str = ""

    @classmethod
    def of(cls, model: "TrainedModel") -> "Predictor":
        """Of a model that is in memory."""
        from handloom.evaluation.predict import window_probabilities

        return cls(
            model.kind,
            list(model.classes),
            model.window,
            model.frame_rate,
            model.background_label,
            model.left_hands,
            dict(model.calibration.thresholds) if model.calibration else {},
            lambda windows: _on_one_thread(partial(window_probabilities, model, windows)),
        )

    @classmethod
    def open(cls, address: str | Path, kind: Kind | None = None) -> "Predictor":
        """Of a model that was kept.

        Args:
            address: `model.ckpt`, an exported file; a folder that holds one; ``runs:/<run id>``,
                the exported file of an MLflow run; ``models:/<name>@<alias>`` or ``models:/<name>/<version>``.
            kind: what it has to be; either if None.

        Raises:
            DataError: there is no such model, it cannot be read, or it is of the other kind.
            HandloomError: it needs a package that is not installed, or an operation that the interpreter lacks.
        """
        expect("address", address, str, os.PathLike, advice="pass a path, runs:/... or models:/...")
        from handloom.prediction.addresses import local_file

        with local_file(address) as path:
            predictor = cls._read(path)
        if kind is not None and kind != predictor.kind:
            raise DataError(
                f"{printable(str(address))}: a hand {predictor.kind} classifier, not a hand {kind} classifier;"
                f" give a model that was trained for {kind}s"
            )
        return predictor

    @classmethod
    def _read(cls, path: Path) -> "Predictor":
        if path.suffix in EXPORTED:
            from handloom.prediction.exported import read_exported

            return read_exported(path)
        if path.suffix == COMPILED:
            require_model_file(path)
        if path.suffix != CHECKPOINT and path.exists():
            raise DataError(f"{printable(str(path))}: not a model file; give a {CHECKPOINT}, {EXPORTED_NAMES}")
        from handloom.models.checkpoint import load_model

        return cls.of(load_model(path))

    def probabilities(self, windows: Poses) -> NDArray[np.float64]:
        """Probabilities ``[K, classes]`` of windows ``[K, window, 3, 21]``, taken as they are: see `answers`.

        Raises:
            ConfigurationError: the windows are no array.
            ValueError: they have another shape.
        """
        expect("windows", windows, np.ndarray)
        shape = (self.window, len(CHANNELS), JOINT_COUNT)
        if windows.ndim != 4 or windows.shape[1:] != shape:
            raise ValueError(f"windows: expected shape [K, {', '.join(map(str, shape))}], got {list(windows.shape)}")
        found = [
            self.ask(np.require(windows[first : first + WINDOWS_AT_ONCE], np.float32, ["C", "W"]))
            for first in range(0, len(windows), WINDOWS_AT_ONCE)
        ]
        return np.concatenate(found) if found else np.zeros((0, len(self.classes)))

    def believed(self, prediction: Prediction) -> bool | None:
        """Whether the confidence reaches the recommended threshold of the label; None for a label without one."""
        threshold = self.thresholds.get(prediction.label)
        return None if threshold is None else prediction.confidence >= threshold

    def answers(self, windows: Poses, votes: NDArray[np.int8]) -> list[list[Classification]]:
        """What the model says of windows, left hands mirrored before if it wants that.

        Args:
            windows: ``[K, window, 3, 21]``.
            votes: ``[K, window]``, what each frame says of its hand: 1 for left, -1 for right, 0 where nothing is
                known. A window is mirrored as a whole, by the majority of its frames, so that no hand jumps.

        Returns:
            For each window all classes, the most likely first.
        """
        if self.left_hands == "mirrored" and len(windows):
            from handloom.dataset.left_hands import mirror_left_hands

            lengths = np.full(len(windows), self.window)
            frames = windows.reshape(-1, len(CHANNELS), JOINT_COUNT).copy()
            mirror_left_hands(frames, np.arange(len(windows)) * self.window, lengths, votes.reshape(-1))
            windows = frames.reshape(windows.shape)
        return [ranked(self.classes, row) for row in self.probabilities(windows)]


def _on_one_thread(ask: Callable[[], NDArray[np.float64]]) -> NDArray[np.float64]:
    """Ask a small network while other processes keep all cores busy: its threads would only wait for each other."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return ask()
    finally:
        torch.set_num_threads(threads)
