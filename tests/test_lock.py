"""Work that only one process at a time may do."""

from pathlib import Path

import pytest

from handloom.errors import HandloomError
from handloom.lock import alone


def test_a_second_one_is_told_and_a_later_one_is_let_in(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "search.lock"
    with (
        alone(path, "search x"),
        pytest.raises(HandloomError, match="search x is running already"),
        alone(path, "search x"),
    ):
        pass
    with alone(path, "search x"):
        pass
