"""Whether probabilities mean what they say: of answers given with 80 %, are 80 % right?"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

BINS = 15  # as usual since Guo et al. 2017


@dataclass(frozen=True)
class ConfidenceBin:
    """The answers whose confidence lies in ``(start, end]``; the first bin holds 0 too.

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
    """Expected calibration error: by how much confidence and accuracy of a bin differ, its answers' mean.

    From Naeini et al. 2015, "Obtaining well calibrated probabilities using Bayesian binning".
    """
    total = sum(one.count for one in bins)
    return sum(one.count * abs(one.mean_confidence - one.accuracy) for one in bins) / total


def log_loss(probabilities: ArrayLike) -> float:
    """Mean negative log likelihood, nats, from the probabilities ``[N]`` given to the true classes.

    A probability of 0 counts as the smallest that float64 tells from 0 beside 1, so that the mean stays a number.
    """
    return float(-np.log(np.maximum(probabilities, np.finfo(float).eps)).mean())
