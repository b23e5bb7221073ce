"""How a program of handloom's ends: its exit status, and one line on stderr for what stopped it."""

import os
import sys
from collections.abc import Callable

from handloom.errors import HandloomError, as_handloom_error

DONE, REFUSED, INTERRUPTED, PIPE_CLOSED = 0, 1, 130, 141  # the last two are a shell's 128 + signal


def status_of(name: str, work: Callable[[], int | None]) -> int:
    """Do the work of a program; return its exit status, which is that of `work` or `DONE` if nothing stops it.

    Args:
        name: of the program; the line begins with it.
        work: gives a status, or None.

    Raises:
        Exception: a bug, which keeps its traceback.
    """
    try:
        with as_handloom_error():
            status = work()
            sys.stdout.flush()  # here, where a closed pipe or a full disk can still be told from a bug
    except HandloomError as error:
        print(f"{name}: {error}", file=sys.stderr)
        _drop_what_cannot_be_written()
        return REFUSED
    except BrokenPipeError:
        _drop_what_cannot_be_written()
        return PIPE_CLOSED
    except KeyboardInterrupt as error:  # also `Paused`, which has a text
        print(f"{name}: {str(error) or 'interrupted'}", file=sys.stderr)
        return INTERRUPTED
    return DONE if status is None else status


def _drop_what_cannot_be_written() -> None:
    """Send what is left for a closed or full stdout nowhere. Python would complain when it flushes it at its end."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
