"""A picture that shows which way is up, and errors that are one line: for the tests of what is read."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from handloom.errors import DataError
from handloom.media.frame import Picture

WIDTH, HEIGHT = 64, 48
RED, BLUE = (220, 30, 30), (30, 30, 220)


def upright(width: int = WIDTH, height: int = HEIGHT) -> Picture:
    """Blue, with a red quadrant at the upper left."""
    picture = np.empty((height, width, 3), np.uint8)
    picture[:] = BLUE
    picture[: height // 2, : width // 2] = RED
    return picture


def assert_upright(picture: NDArray[Any], tolerance: int = 40) -> None:
    """The red quadrant is at the upper left, each quadrant looked at in its middle."""
    height, width, _ = picture.shape
    rows, columns = (height // 4, 3 * height // 4), (width // 4, 3 * width // 4)
    found = picture[np.ix_(rows, columns)].astype(int)
    expected = np.array([[RED, BLUE], [BLUE, BLUE]])
    assert np.abs(found - expected).max() <= tolerance, found


def one_line_error(call: Callable[[], object]) -> str:
    with pytest.raises(DataError) as caught:
        call()
    text = str(caught.value)
    assert len(text.splitlines()) == 1 and text.isprintable()
    return text
