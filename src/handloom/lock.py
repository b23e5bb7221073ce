"""Work that only one process at a time may do."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from handloom.errors import HandloomError


@contextmanager
def alone(path: Path, what: str) -> Iterator[None]:
    """Hold the lock that the file is; the operating system lets go of it when the process ends, however it ends.

    Raises:
        HandloomError: another process holds it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise HandloomError(f"{what} is running already; wait for it, or stop it") from None
        yield
