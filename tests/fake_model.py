"""A model that says what a test wants."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from handloom.models.model import ModelSpec


@dataclass(frozen=True)
class FakeModel:
    """Gives the probabilities that a function makes of windows."""

    spec: ModelSpec
    ask: Callable[[np.ndarray], np.ndarray]
    thresholds: Mapping[str, float] = field(default_factory=dict)

    def probabilities(self, windows: np.ndarray) -> np.ndarray:
        return self.ask(windows)
