"""Calibration of a model's probabilities, measured on the validation set and stored in its file."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from handloom.config import section_from

BINS = 15  # as usual since Guo et al. 2017
NO_ANSWER = ""  # in place of a class, where its probability is below its threshold; no class is called so


@dataclass(frozen=True)
class ClassThreshold:
    """The recommended threshold of a class.

    Attributes:
        label: the class.
        examples: validation windows of it.
        threshold: the recommended one; None where no validation window was rightly taken for the class.
        precision, recall: of the class on validation, with the threshold; None without one.
    """

    label: str
    examples: int
    threshold: float | None
    precision: float | None
    recall: float | None


@dataclass(frozen=True)
class Calibration:
    """The calibration of a model's probabilities; every number is from validation windows.

    Attributes:
        temperature: what the network's scores were divided by; above 1 where it was too sure of itself. It is inside
            the saved weights already.
        examples: how many windows.
        log_loss_before, log_loss: mean negative log likelihood at temperature 1 and calibrated, nats.
        calibration_error_before, calibration_error: expected calibration error, likewise.
        classes: thresholds, in the order of the network's outputs.
        false_activation_rate: share of the windows of the background class that were taken for another; None
            without any.
        false_activation_rate_at_thresholds: the same where an answer below its threshold is none.
    """

    temperature: float
    examples: int
    log_loss_before: float
    log_loss: float
    calibration_error_before: float
    calibration_error: float
    classes: tuple[ClassThreshold, ...]
    false_activation_rate: float | None
    false_activation_rate_at_thresholds: float | None

    @property
    def thresholds(self) -> dict[str, float]:
        """The recommended thresholds by class; a class without one is missing."""
        return {one.label: one.threshold for one in self.classes if one.threshold is not None}

    @property
    def metrics(self) -> dict[str, float]:
        """Its metrics by name, without those of single classes."""
        numbers = {
            "temperature": self.temperature,
            "examples": self.examples,
            "log_loss_before": self.log_loss_before,
            "log_loss": self.log_loss,
            "error_before": self.calibration_error_before,
            "error": self.calibration_error,
            "false_activation_rate": self.false_activation_rate,
            "false_activation_rate_at_thresholds": self.false_activation_rate_at_thresholds,
        }
        return {name: number for name, number in numbers.items() if number is not None}


def calibration_from(content: Any, classes: Sequence[str]) -> Calibration | None:
    """The calibration from a checkpoint's plain dictionaries; None if it has none.

    Raises:
        ValueError: it is for other classes, or has a value that is not finite.
        TypeError: it is no plain content.
    """
    if content is None:
        return None
    found = section_from(Calibration, content)
    shares = [
        *(value for one in found.classes for value in (one.threshold, one.precision, one.recall)),
        *(found.calibration_error_before, found.calibration_error),
        *(found.false_activation_rate, found.false_activation_rate_at_thresholds),
    ]
    if not (all(0 <= number < math.inf for number in found.metrics.values()) and found.temperature > 0):
        raise ValueError("its calibration has values that are not finite numbers")
    if any(value is not None and not 0 <= value <= 1 for value in shares):
        raise ValueError("its calibration has a share that is not between 0 and 1")
    if [one.label for one in found.classes] != list(classes):
        raise ValueError("its calibration is for other classes")
    return found


def answer_at(predicted: str, probability: float, thresholds: Mapping[str, float]) -> str:
    """The most likely class if its probability reaches its threshold, or it has none; else `NO_ANSWER`."""
    return predicted if probability >= thresholds.get(predicted, 0.0) else NO_ANSWER


def false_activation_rate(labels: Sequence[str], answers: Sequence[str], background_label: str) -> float | None:
    """Share of the background's examples that were answered with another class; None where it has no examples."""
    said = [answer for label, answer in zip(labels, answers, strict=True) if label == background_label]
    return sum(answer not in (background_label, NO_ANSWER) for answer in said) / len(said) if said else None


@dataclass(frozen=True)
class ConfidenceBin:
    """The answers whose confidence lies in ``(start, end]``; the first bin includes 0.

    Attributes:
        start, end: the bin's edges.
        mean_confidence: of its answers.
        accuracy: the share of them that is right.
        count: how many they are.
    """

    start: float
    end: float
    mean_confidence: float
    accuracy: float
    count: int


def reliability(confidences: ArrayLike, right: ArrayLike) -> list[ConfidenceBin]:
    """Answers by confidence in `BINS` bins of equal width; bins without answers are left out.

    Args:
        confidences: ``[N]``, the probability of each answer.
        right: ``[N]``, whether it is the true one.
    """
    confidence, is_right = np.asarray(confidences, float), np.asarray(right, bool)
    places = np.clip(np.ceil(confidence * BINS).astype(int) - 1, 0, BINS - 1)
    return [
        ConfidenceBin(
            start=place / BINS,
            end=(place + 1) / BINS,
            mean_confidence=float(confidence[places == place].mean()),
            accuracy=float(is_right[places == place].mean()),
            count=int((places == place).sum()),
        )
        for place in np.unique(places).tolist()
    ]


def calibration_error(bins: list[ConfidenceBin]) -> float:
    """Expected calibration error: the mean difference of confidence and accuracy, over bins weighted by answers.

    From Naeini et al. 2015, "Obtaining well calibrated probabilities using Bayesian binning".
    """
    total = sum(one.count for one in bins)
    return sum(one.count * abs(one.mean_confidence - one.accuracy) for one in bins) / total


def log_loss(probabilities: ArrayLike) -> float:
    """Mean negative log likelihood, nats, from the probabilities ``[N]`` given to the true classes.

    A probability of 0 counts as the smallest that float64 tells from 0 next to 1, so that the mean stays a number.
    """
    return float(-np.log(np.maximum(probabilities, np.finfo(float).eps)).mean())
