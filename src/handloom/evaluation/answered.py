"""A test set with a model's answers, and every number that is counted of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from handloom.dataset.examples import Examples, read_examples
from handloom.errors import DataError
from handloom.evaluation.answers import Answer, answers_of, labels_of
from handloom.evaluation.metrics import (
    calibration_metrics,
    confidence_bins,
    confusion,
    per_class,
    per_class_at_thresholds,
    summary,
)
from handloom.evaluation.robustness import robustness
from handloom.models.calibration import ConfidenceBin
from handloom.models.checkpoint import load_model
from handloom.models.files import MODEL_FILE
from handloom.models.model import Model


@dataclass(frozen=True)
class Answered:
    """A model's answers for a test set. Each number is counted once, when it is first asked for.

    Attributes:
        model: the trained model.
        examples: the test set.
        stride: frames from one window of a clip to the next.
        answers: what the model says of each example.
    """

    model: Model
    examples: Examples
    stride: int
    answers: Sequence[Answer]

    @classmethod
    def by(cls, model: Model, examples: Examples, stride: int) -> "Answered":
        """Ask a model for all examples."""
        return cls(model, examples, stride, answers_of(model, examples, stride))

    @cached_property
    def labels(self) -> list[str]:
        """The model's classes, then the examples' labels that it does not know."""
        return labels_of(self.answers, self.model.spec.classes)

    @cached_property
    def metrics(self) -> dict[str, float]:
        """Accuracy and calibration by name."""
        background = self.model.spec.background_label
        return summary(self.answers) | calibration_metrics(self.answers, background, self.model.thresholds)

    @cached_property
    def robustness(self) -> dict[str, float]:
        """The accuracy with moved joints by name. It asks the model for each example again, ten times."""
        return robustness(self.model, self.examples, self.stride)

    @cached_property
    def per_class(self) -> list[dict[str, Any]]:
        """A row for each class that has examples, with its threshold and the numbers there."""
        rows = per_class(self.answers, self.labels)
        at_thresholds = per_class_at_thresholds(self.answers, self.labels, self.model.thresholds)
        return [row | more for row, more in zip(rows, at_thresholds, strict=True)]

    @cached_property
    def confidence_bins(self) -> list[ConfidenceBin]:
        """Confidence and accuracy of the answers in which a hand was found."""
        return confidence_bins(self.answers)

    @cached_property
    def confusion(self) -> list[dict[str, Any]]:
        """The confusion table in long form."""
        return confusion(self.answers, self.labels)


def answer_test_set(model: Path, table: Path, split: Path, stride: int) -> Answered:
    """Predict the test set with a trained model.

    Args:
        model: the folder with the trained model.
        table: keypoint table.
        split: its parts.
        stride: frames from one window of a clip to the next.

    Raises:
        DataError: the test set is empty or has no hand.
    """
    trained = load_model(model / MODEL_FILE)
    examples = read_examples(table, split, "test", left_hands=trained.spec.left_hands)
    if not examples.hand_found.any():
        raise DataError(
            f"{split}: the test set has no example with a hand; raise split.test_ratio or add a test folder"
        )
    return Answered.by(trained, examples, stride)
