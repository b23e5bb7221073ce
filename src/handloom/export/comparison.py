"""Two models on the same windows: how often they say the same, and how far apart their probabilities are."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handloom.export.exported import ExportedModel
from handloom.hand import Poses
from handloom.models.model import Model


@dataclass(frozen=True)
class NamedWindows:
    """Windows ``[K, T, 3, 21]``, K at least 1, and what to call each."""

    windows: Poses
    names: Sequence[str]


@dataclass(frozen=True)
class Limits:
    """What is allowed.

    Attributes:
        largest_difference: between two probabilities of a class.
        other_labels: the share of rows whose label may differ, rounded up to whole rows.
        tied: two classes whose probabilities the trained model has no further apart are equally good labels.
    """

    largest_difference: float
    other_labels: float
    tied: float = 0.0


@dataclass(frozen=True)
class Comparison:
    """What came out.

    Attributes:
        rows: windows compared.
        equal_labels: how many of them got the same label, or one that is as likely to the trained model.
        largest_difference: of a probability; infinite where one is no number, or the classes are others.
        where: the name of the row with it.
        limits: what is allowed.
    """

    rows: int
    equal_labels: int
    largest_difference: float
    where: str
    limits: Limits

    @property
    def passed(self) -> bool:
        """Whether all of it is within the limits."""
        allowed = math.ceil(self.rows * self.limits.other_labels)
        return self.rows - self.equal_labels <= allowed and self.largest_difference <= self.limits.largest_difference


def differences(one: NDArray[Any], other: NDArray[Any]) -> NDArray[Any]:
    """How far numbers are apart, each from its counterpart; infinite where one of the two is not finite."""
    with np.errstate(invalid="ignore"):  # infinity minus infinity
        apart = np.abs(one - other)
    return np.where(np.isfinite(apart), apart, math.inf)


def compare(
    model: Model,
    file: ExportedModel,
    batches: Iterable[NamedWindows],
    limits: Limits,
    keep: Callable[[NDArray[np.float64], NDArray[np.float64]], None] | None = None,
) -> Comparison:
    """Run a saved file on windows, and compare with what the trained model says of them.

    Probabilities are compared label by label, as an app reads them from the dictionary.

    Args:
        model: the trained model, the reference.
        file: the saved file.
        batches: windows with their names, some at a time.
        limits: what is allowed.
        keep: is given the answers of both to each batch, ``[K, classes]``, in the order of the model's classes.
    """
    if sorted(file.classes) != sorted(model.spec.classes):
        return Comparison(0, 0, math.inf, f"the classes, which are {', '.join(file.classes)}", limits)
    order = [file.classes.index(label) for label in model.spec.classes]
    rows, equal, largest, where = 0, 0, 0.0, ""
    for batch in batches:
        expected = model.probabilities(batch.windows)
        found = np.stack([file.run(window) for window in batch.windows])[:, order].astype(np.float64)
        apart = differences(expected, found).max(axis=1)
        worst = int(apart.argmax())
        if not where or apart[worst] > largest:
            largest, where = float(apart[worst]), batch.names[worst]
        likelihood = np.take_along_axis(expected, found.argmax(axis=1)[:, None], axis=1)[:, 0]
        equal += int((expected.max(axis=1) - likelihood <= limits.tied).sum())
        rows += len(expected)
        if keep:
            keep(expected, found)
    return Comparison(rows, equal, largest, where, limits)
