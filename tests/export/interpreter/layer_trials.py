"""What a case of a layer is: drawn blobs, how coremltools writes the layer, and what PyTorch says of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from hypothesis import strategies as st
from torch import Tensor

NAMES = ["poses", "b1", "b2"]  # of the blobs that go in
OUTPUTS = ["out", "out1", "out2"]


@dataclass
class Trial:
    """Blobs, the layer that `build` writes for them, and what must come out."""

    blobs: list[Tensor]
    build: Callable[[Any], Any]
    expected: Tensor | list[Tensor]


class Draw:
    """Draws shapes, numbers and choices."""

    def __init__(self, data: st.DataObject) -> None:
        self._data = data

    def size(self, least: int, most: int) -> int:
        return self._data.draw(st.integers(least, most))

    def flag(self) -> bool:
        return self._data.draw(st.booleans())

    def choice(self, values: Sequence[Any]) -> Any:
        return self._data.draw(st.sampled_from(values))

    def shape(self, least_rank: int, most_rank: int, most: int = 5) -> list[int]:
        return self._data.draw(st.lists(st.integers(1, most), min_size=least_rank, max_size=most_rank))

    def numbers(self, *shape: int) -> Tensor:
        seed = self._data.draw(st.integers(0, 2**32 - 1))
        return torch.tensor(np.random.default_rng(seed).normal(size=shape).astype(np.float32))

    def positive(self, *shape: int) -> Tensor:
        return self.numbers(*shape).abs() + 0.1

    def coefficient(self) -> float:
        return float(np.float32(self._data.draw(st.floats(0.1, 1.5))))

    def order(self, count: int) -> list[int]:
        return self._data.draw(st.permutations(range(count)))

    def axis(self, rank: int) -> int:
        """Of a blob of this rank, counted from either end."""
        return self.size(-rank, rank - 1)


Case = Callable[[Draw], Trial]


def of_one(
    write: Callable[[Any], Any], function: Callable[[Tensor], Any], least: int = 1, positive: bool = False
) -> Case:
    """A layer without shapes of its own, on one blob."""

    def case(draw: Draw) -> Trial:
        x = (draw.positive if positive else draw.numbers)(*draw.shape(least, 5))
        return Trial([x], write, function(x))

    return case
