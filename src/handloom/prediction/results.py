"""The result of a prediction: classes with probabilities, and the part of the source."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from handloom.hand import Poses
from handloom.pictures.skeleton import skeleton_svg

SHOWN = 5  # classes in a notebook


class Classification(NamedTuple):
    """A class and its probability, 0 to 1."""

    label: str
    confidence: float


@dataclass(frozen=True, eq=False)
class Prediction:
    """The prediction for one window of a clip, or for one hand of a photo.

    Attributes:
        results: every class, the highest confidence first; of equal ones the label that sorts first. Empty without a
            hand.
        frame_range: half-open, the source's own frames, counted from 0; ``range(0, 1)`` for a photo.
        start, end: the same in seconds since the source's first frame; both 0 for a photo.
        chirality: "left", "right", or "" where nothing is known; of a window the side of most of its frames.
        poses: float32 ``[T, 3, 21]``, the window's joints as they lie in the picture, oldest first, zeros where there
            was no hand or no frame. Left hands are not mirrored here, also where the model wants them to be.
    """

    results: list[Classification]
    frame_range: range
    start: float
    end: float
    chirality: str
    poses: Poses = field(repr=False)

    @property
    def label(self) -> str:
        """The most likely class; empty without a hand."""
        return self.results[0].label if self.results else ""

    @property
    def confidence(self) -> float:
        """Its probability, 0 to 1; 0 without a hand."""
        return self.results[0].confidence if self.results else 0.0

    def _repr_html_(self) -> str:
        """In a notebook: the hand in the middle of the window, and the most likely classes as bars."""
        rows = "".join(
            f"<tr><td>{escape(one.label)}</td><td><progress max='1' value='{one.confidence:.4f}'></progress></td>"
            f"<td>{one.confidence:.1%}</td></tr>"
            for one in self.results[:SHOWN]
        )
        return f"<div style='display: flex'>{skeleton_svg(self.poses)}<table>{rows or 'no hand'}</table></div>"


def ranked(classes: Sequence[str], probabilities: NDArray[np.floating]) -> list[Classification]:
    """The classes with their probabilities ``[classes]``, the highest first, equal ones by their labels."""
    found = (Classification(label, float(value)) for label, value in zip(classes, probabilities, strict=True))
    return sorted(found, key=lambda one: (-one.confidence, one.label))
