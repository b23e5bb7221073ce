"""Averaging probabilities over predictions: the rules "Smoothing" of HandloomKit's RULES.md."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

from handloom.errors import ConfigurationError
from handloom.models.model import StreamSettings

Probabilities = Mapping[str, float]


@dataclass(frozen=True)
class Exponential:
    """New probabilities count with `weight`, above 0 and at most 1; the average so far with the rest.

    Raises:
        ConfigurationError: the weight is not of that range.
    """

    weight: float

    def __post_init__(self) -> None:
        if not 0 < self.weight <= 1:
            raise ConfigurationError(f"smoothing: the weight must be above 0 and at most 1, got {self.weight:g}")


@dataclass(frozen=True)
class Mean:
    """The mean of the last `count` predictions, or of as many as there are.

    Raises:
        ConfigurationError: the count is below 1.
    """

    count: int

    def __post_init__(self) -> None:
        if self.count < 1:
            raise ConfigurationError(f"smoothing: the count must be at least 1, got {self.count}")


Smoothing = Exponential | Mean | None


def usual_smoothing(stream: StreamSettings | None) -> Smoothing:
    """How probabilities are averaged by default: as the model stores it for streams, else not."""
    return Mean(stream.mean) if stream and stream.mean > 1 else None


class Smoother:
    """Averages probabilities by label; with None they stay as they are."""

    def __init__(self, smoothing: Smoothing) -> None:
        self._weight = smoothing.weight if isinstance(smoothing, Exponential) else None
        self._recent: deque[Probabilities] = deque(maxlen=smoothing.count if isinstance(smoothing, Mean) else 1)

    def add(self, probabilities: Probabilities) -> Probabilities:
        """Take the newest probabilities and give the average."""
        if self._weight is not None and self._recent:
            weight, before = self._weight, self._recent[-1]
            probabilities = {label: weight * new + (1 - weight) * before[label] for label, new in probabilities.items()}
        self._recent.append(probabilities)
        return {label: self._mean(label) for label in probabilities}

    def _mean(self, label: str) -> float:
        # Not sum(): from Python 3.12 on it makes up for rounding, which other languages do not.
        total = 0.0
        for one in self._recent:
            total += one[label]
        return total / len(self._recent)

    def forget(self) -> None:
        """Forget all predictions, as where there is no hand."""
        self._recent.clear()
