"""A folder for files that are made only to be logged."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from handloom.errors import HandloomError
from handloom.tracking.trouble import FULL_OR_READ_ONLY


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder that is removed again.

    Raises:
        HandloomError: there is no room for it.
    """
    try:
        with tempfile.TemporaryDirectory() as folder:
            yield Path(folder)
    except OSError as error:
        if error.errno not in FULL_OR_READ_ONLY:
            raise
        raise HandloomError(
            f"{tempfile.gettempdir()}: what MLflow should get cannot be written there ({error.strerror}); make room, or"
            " set TMPDIR to a folder that has some"
        ) from None
