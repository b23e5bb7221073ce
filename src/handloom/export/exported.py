"""A saved file as a model that answers, whatever its format."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from handloom.config import Kind, Training
from handloom.errors import DataError, printable
from handloom.export.interface import (
    BACKGROUND_LABEL,
    LANDMARKER,
    LONGEST_WINDOW,
    NOT_OURS,
    PREVIEW_TYPE,
    PREVIEW_TYPES,
    frame_rate_of,
    hand_of,
    left_hands_of,
    made_by_handloom,
    stream_settings_of,
    thresholds_of,
    with_vision_confidence,
)
from handloom.hand import CHANNELS, JOINT_COUNT, Poses
from handloom.models.model import ModelSpec

# How a Core ML file is computed: as it says, or with each result rounded, as the Neural Engine computes.
Precision = Literal["stored", "float16"]


class ExportedModel(ABC):
    """A saved file that is run, a subclass a format: handloom's, or one that Create ML made.

    Attributes:
        runtime: what runs the file.
        path: the file.
        classes: labels, in the file's order.
        shape: of the windows that it takes, ``(T, 3, 21)`` for a hand classifier.
        metadata: what the file says of itself, by the keys of `handloom.export.interface`.
    """

    runtime: ClassVar[str]
    path: Path
    classes: list[str]
    shape: tuple[int, ...]
    metadata: Mapping[str, str]

    def run(self, poses: NDArray[np.float32]) -> NDArray[np.float32]:
        """One window ``[T, 3, 21]``, as it is, to the probability of each class ``[classes]``.

        Raises:
            DataError: the file takes windows of another `shape`, or its parts do not fit together.
        """
        if poses.shape != self.shape:
            raise DataError(
                f"{self._name} takes windows of {list(self.shape)}, not of {list(poses.shape)}; give it the frames that"
                " it was trained on"
            )
        return self._probabilities_of(poses)

    @abstractmethod
    def _probabilities_of(self, poses: NDArray[np.float32]) -> NDArray[np.float32]:
        """`run` on a window of the file's `shape`."""

    @cached_property
    def spec(self) -> ModelSpec:
        """What the file says of itself; what its metadata leave out has defaults.

        Raises:
            DataError: it is no hand classifier, or its metadata cannot be used.
        """
        self._require_hand_classifier()
        kinds: dict[str, Kind] = {preview: kind for kind, preview in PREVIEW_TYPES.items()}
        window = self.shape[0]
        try:
            return ModelSpec(
                kind=kinds.get(self.metadata.get(PREVIEW_TYPE, ""), "pose" if window == 1 else "action"),
                classes=list(self.classes),
                window=window,
                frame_rate=frame_rate_of(self.metadata),
                background_label=self.metadata.get(BACKGROUND_LABEL, Training.background_label),
                left_hands=left_hands_of(self.metadata),
                hand=hand_of(self.metadata),
                landmarker=self.metadata.get(LANDMARKER, ""),
                stream=stream_settings_of(self.metadata, self.classes),
                note="" if made_by_handloom(self.metadata) else f"{self._name}: {NOT_OURS}",
            )
        except ValueError as error:
            raise self._unusable(error) from None

    @cached_property
    def thresholds(self) -> Mapping[str, float]:
        """The recommended thresholds by class.

        Raises:
            DataError: they cannot be used.
        """
        try:
            return thresholds_of(self.metadata, self.classes)
        except ValueError as error:
            raise self._unusable(error) from None

    def probabilities(self, windows: Poses) -> NDArray[np.float64]:
        """Probabilities ``[K, classes]`` of windows ``[K, T, 3, 21]``, one after the other.

        A file that handloom did not make gets the confidences that Vision gives, see `NOT_OURS`.

        Raises:
            DataError: they are no numbers.
        """
        given = windows if made_by_handloom(self.metadata) else with_vision_confidence(windows)
        rows = [self.run(window) for window in given]
        found = np.array(rows, np.float64).reshape(len(rows), len(self.classes))
        if not np.isfinite(found).all():
            raise DataError(f"{self._name}: its probabilities are not finite numbers; export the model again")
        return found

    @property
    def _name(self) -> str:
        return printable(str(self.path))

    def _require_hand_classifier(self) -> None:
        shape, labels = self.shape, self.classes
        if len(shape) != 3 or shape[1:] != (len(CHANNELS), JOINT_COUNT) or not 1 <= shape[0] <= LONGEST_WINDOW:
            raise DataError(
                f"{self._name}: not a hand classifier, its input has shape {list(shape)} instead of [frames,"
                f" {len(CHANNELS)}, {JOINT_COUNT}]; give a model that handloom or Create ML trained on hands"
            )
        if not labels or not all(labels) or len(set(labels)) < len(labels):
            raise DataError(
                f"{self._name}: it has no labels, an empty one, or one of them twice; export the model again"
            )

    def _unusable(self, error: ValueError) -> DataError:
        return DataError(
            f"{self._name}: its metadata cannot be used ({printable(str(error))[:200]}); see handloom verify"
            f" {self._name}"
        )
