"""What a file may ask for: one of a few kilobytes can name a value of terabytes, or work for days.

The limits are some 20 times what the largest landmark network of MediaPipe needs, and 500 times what a hand classifier
needs. A file beyond them is refused before memory is taken.
"""

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from handloom.errors import DataError, printable

LARGEST_VALUE = 2**24  # elements of one value
ALL_VALUES = 2**26  # elements of all constants, or of all values that one window makes
ALL_READ = 2**28  # elements that all steps of one window read and write
MOST_PRODUCTS = 2**29  # multiplications of one matrix product or convolution, or comparisons of one pooling


class UnknownOperation(DataError):  # noqa: N818  # it says what is wrong, as its text does
    """A saved file uses an operation that the interpreter does not have.

    Args:
        operation: its type, as the file names it.
        path: the file.
    """

    def __init__(self, operation: str, path: Path) -> None:
        super().__init__(
            f"{printable(str(path))}: uses the operation {printable(operation)[:150]!r}, which handloom does not know,"
            " and an operation is never skipped; run this file on a Mac"
        )


class BeyondBudgetError(ValueError):
    """A step asks for more than the limits; says of what. The runner adds the step and the file."""


def need_elements(*shape: int) -> None:
    """Refuse a value of this shape if it is larger than any may be."""
    if math.prod(shape) > LARGEST_VALUE:
        raise BeyondBudgetError(f"a value of {math.prod(shape):.3g} elements, at most {LARGEST_VALUE} are allowed")


def need_products(count: int) -> None:
    """Refuse work of so many multiplications or comparisons."""
    if count > MOST_PRODUCTS:
        raise BeyondBudgetError(f"{count:.3g} multiplications, at most {MOST_PRODUCTS} are allowed")


def need_together(*values: Any) -> None:
    """Refuse arrays that together, as one takes up the axes of the other, make a value that is too large."""
    shapes = [np.shape(value) for value in values]
    ranks = max(map(len, shapes), default=0)
    padded = [(1,) * (ranks - len(shape)) + shape for shape in shapes]
    need_elements(*(max(sizes) for sizes in zip(*padded, strict=True)))


class Budget:
    """What the steps of one window, or of reading one file, have taken so far."""

    def __init__(self) -> None:
        self._kept = self._read = 0

    def before(self, values: Iterable[Any]) -> None:
        """Count what a step reads."""
        self._spend(sum(np.size(value) for value in values))

    def after(self, values: Iterable[Any]) -> None:
        """Count what a step made."""
        for value in values:
            if not np.size(value):
                raise BeyondBudgetError("a value without any element")
            need_elements(*np.shape(value))
            self._kept += np.size(value)
            self._spend(np.size(value))
        if self._kept > ALL_VALUES:
            raise BeyondBudgetError(f"more than {ALL_VALUES} elements in all values together")

    def _spend(self, count: int) -> None:
        self._read += count
        if self._read > ALL_READ:
            raise BeyondBudgetError(f"more than {ALL_READ} elements read and written for one window")
