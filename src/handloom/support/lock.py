"""Work that only one process at a time may do."""

import fcntl
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from handloom.errors import HandloomError, first_line


@contextmanager
def alone(path: Path, what: str, wait: bool = False) -> Iterator[None]:
    """Hold a lock, which is a file while it is held; the operating system lets go of it however the process ends.

    Args:
        path: the file.
        what: the work, for messages.
        wait: until another process that holds it lets go, after a line on stderr that says so.

    Raises:
        HandloomError: another process holds it, or files cannot be locked there.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with _locked(path, what, wait) as file:
        file.truncate(0)
        print(os.getpid(), file=file, flush=True)
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


def _locked(path: Path, what: str, wait: bool) -> TextIO:
    told = False
    while True:
        file = path.open("a+", encoding="utf-8")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = _holder(file)
            if not wait:
                file.close()
                raise HandloomError(f"{what} is running already{holder}; wait for it, or stop it") from None
            if not told:
                print(f"{what} is running already{holder}; waiting for it to end", file=sys.stderr, flush=True)
            told = True
            fcntl.flock(file, fcntl.LOCK_EX)
        except OSError as error:
            file.close()
            raise HandloomError(f"{path}: cannot be locked ({first_line(error)})") from None
        if path.exists() and path.stat().st_ino == os.fstat(file.fileno()).st_ino:
            return file
        file.close()  # whoever held it has removed it: this is no lock for those that come now


def _holder(file: TextIO) -> str:
    file.seek(0)
    process = file.read().strip()
    return f" in process {process}" if process else ""
