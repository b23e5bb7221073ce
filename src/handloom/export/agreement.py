"""How far apart the runtimes of one model are: the trained network and each exported file, each against each other."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handloom.export.comparison import differences
from handloom.support.files import json_number

TRAINED = "PyTorch"


@dataclass(frozen=True)
class Pair:
    """Two runtimes on the same rows.

    Attributes:
        one, other: their names.
        part: what the rows are.
        rows: how many.
        other_labels: of how many of them the two give another label.
        largest_difference: of a probability; infinite where one is no number.
    """

    one: str
    other: str
    part: str
    rows: int
    other_labels: int
    largest_difference: float

    def plain(self) -> dict[str, Any]:
        """As JSON has it."""
        return asdict(self) | {"largest_difference": json_number(self.largest_difference)}


@dataclass(frozen=True)
class Answers:
    """What the runtimes gave for the rows of each part, kept while the files are proven."""

    _of: dict[str, dict[str, list[NDArray[np.float32]]]] = field(default_factory=dict)

    def add(self, part: str, runtime: str, probabilities: Sequence[NDArray[np.float64]]) -> None:
        """All answers of a runtime to a part, ``[K, classes]`` each, in the order of the model's classes."""
        kept = [np.asarray(some, np.float32) for some in probabilities]
        self._of.setdefault(part, {}).setdefault(runtime, kept)

    def pairs(self) -> list[Pair]:
        """Each pair of runtimes on each part, in the order in which they were added."""
        return [
            _pair(one, other, part, said) for part, said in self._of.items() for one, other in combinations(said, 2)
        ]


def _pair(one: str, other: str, part: str, said: dict[str, list[NDArray[np.float32]]]) -> Pair:
    first, second = np.concatenate(said[one]), np.concatenate(said[other])
    others = int((first.argmax(axis=1) != second.argmax(axis=1)).sum())
    return Pair(one, other, part, len(first), others, float(differences(first, second).max()))
