"""Work that only one process at a time may do: locks that are files, by filelock.

The operating system lets go of a lock however the process that holds it ends. A lock file that is a link is refused.
"""

import fcntl
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic, sleep

from filelock import FileLock, Timeout

from handloom.errors import HandloomError, first_line

UNTIL_FREE = -1.0
_POLL = 0.01  # seconds
_ASKED = 10.0  # seconds; a process that asks for the `holder` has the lock for less, also on a busy computer


@contextmanager
def locked(path: Path, patience: float = UNTIL_FREE) -> Iterator[None]:
    """Hold a lock; its file stays.

    Args:
        path: the file.
        patience: seconds in which another process may let go of it.

    Raises:
        Timeout: another process holds it (an `OSError`).
        OSError: the file cannot be made, or files cannot be locked there.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # A soft lock, where the file system has no others, would outlive a process that is killed.
    with FileLock(path, timeout=patience, fallback_to_soft=False):
        yield


@contextmanager
def alone(path: Path, what: str, wait: bool = False) -> Iterator[None]:
    """Hold a lock, whose file is there while it is held and says which process does.

    Args:
        path: the file.
        what: the work, for messages.
        wait: until another process that holds it lets go, after a line on stderr that says so.

    Raises:
        HandloomError: another process holds it, or files cannot be locked there.
    """
    lock = FileLock(path, fallback_to_soft=False)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not _acquired(lock, path):
            running = f"{what} is running already{_in_process(path)}"
            if not wait:
                raise HandloomError(f"{running}; wait for it, or stop it")
            print(f"{running}; waiting for it to end", file=sys.stderr, flush=True)
            lock.acquire()
    except OSError as error:
        raise HandloomError(f"{path}: cannot be locked ({first_line(error)})") from None
    try:
        path.write_text(f"{os.getpid()}\n", encoding="utf-8")
        yield
    finally:
        path.unlink(missing_ok=True)  # while it is held: who waits for it sees that it is gone, and makes a new one
        lock.release()


def holder(path: Path) -> int:
    """The process that is `alone` with this file; 0 if there is none: the file may be that of one that was killed."""
    try:
        with path.open("r+b") as file:  # filelock would empty it
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)  # shared, so that two who ask do not meet
            except BlockingIOError:
                process = int(file.read())
                os.kill(process, 0)  # the number may still be that of one that was killed
                return process
    except (OSError, ValueError):  # it has ended by now
        pass
    return 0


def _acquired(lock: FileLock, path: Path) -> bool:
    """Whether the lock is ours now; it is nobody's while processes ask for the holder, which takes them a moment."""
    until = monotonic() + _ASKED
    while True:
        with suppress(Timeout):
            lock.acquire(timeout=0)
            return True
        if holder(path) or monotonic() > until:  # the number of one in another container means nothing here
            return False
        sleep(_POLL)


def _in_process(path: Path) -> str:
    process = holder(path)  # 0: it has ended by now, or runs in another container
    return f" in process {process}" if process else ""
