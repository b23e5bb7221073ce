"""The interface of every model, from any file: a description, and probabilities of windows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from handloom.config import HandChoice, Kind, LeftHands, Training
from handloom.hand import Poses

# Windows that go through a network at once: enough to be quick, few enough that memory stays small.
WINDOWS_AT_ONCE = 256
# Where validation taught none: the probability from which on an answer is worth believing. HandloomKit has the same.
DEFAULT_THRESHOLD = 0.8
# The share of a live window's frames that has to hold a hand, as in Apple's own sample. HandloomKit has the same.
MINIMUM_PRESENCE = 0.6


@dataclass(frozen=True)
class ModelSpec:
    """The description that prediction needs.

    Attributes:
        kind: "pose" or "action".
        classes: labels, in the order of the probabilities.
        window: frames a prediction sees; 1 for a pose.
        frame_rate: frames/s it was trained at.
        background_label: the class of no gesture; it need not be among `classes`.
        left_hands: "mirrored" where left hands have to be turned into right ones before a prediction.
        landmarks: library, version and model file that found the joints; empty where that is not known.
        hand: which of two hands its joints are of (`extract_keypoints.hand`); empty where that is not known.
        landmarker: what made the joints, by name; several with commas between them; empty where that is not known.
        note: what a person should know before believing its answers, a line; mostly empty.
    """

    kind: Kind
    classes: list[str]
    window: int
    frame_rate: float
    background_label: str = Training.background_label
    left_hands: LeftHands = "as_they_are"
    landmarks: str = ""
    hand: HandChoice | Literal[""] = ""
    landmarker: str = ""
    note: str = ""


class Model(Protocol):
    """A hand classifier: a checkpoint, an exported file of any format, or anything else that answers so."""

    @property
    def spec(self) -> ModelSpec:
        """Its description."""
        ...

    @property
    def thresholds(self) -> Mapping[str, float]:
        """The recommended threshold of each class that has one."""
        ...

    def probabilities(self, windows: Poses) -> NDArray[np.float64]:
        """Probabilities ``[K, classes]`` of windows ``[K, window, 3, 21]``, which are not mirrored."""
        ...
