"""The terminal: print any text, end with one line and an exit status."""

import codecs
import json
import os
import select
import sys
from collections.abc import Callable
from typing import Any, TextIO

from handloom.errors import HandloomError, as_handloom_error, is_unprintable, printable
from handloom.support.extras import missing_package

DONE, REFUSED, MISUSED, INTERRUPTED, PIPE_CLOSED = 0, 1, 2, 130, 141  # the last two are a shell's 128 + signal
EXIT_STATUSES = {
    DONE: "done, and every check passed",
    REFUSED: "a check failed, or an input cannot be used",
    MISUSED: "the command is not valid",
    INTERRUPTED: "interrupted",
    PIPE_CLOSED: "the reader of the output closed it",
}


def status_of(name: str, work: Callable[[], int | None]) -> int:
    """Do the work of a program; return its exit status, which is that of `work` or `DONE` if nothing stops it.

    Args:
        name: of the program; the line begins with it.
        work: gives a status, or None.

    Raises:
        Exception: a bug, which keeps its traceback.
    """
    accept_any_text()
    try:
        return _status_of(name, work)
    except BrokenPipeError:
        if not _reader_is_gone():
            raise
        _drop_output()
        return PIPE_CLOSED


def _status_of(name: str, work: Callable[[], int | None]) -> int:
    try:
        with as_handloom_error():
            try:
                status = work()
            finally:
                sys.stdout.flush()  # here, where a closed pipe or a full disk can still be told from a bug
    except HandloomError as error:
        print(f"{name}: {printable(str(error))}", file=sys.stderr)
        try:
            sys.stdout.flush()
        except BrokenPipeError:
            raise
        except OSError:  # a full disk
            _drop_output()
        return REFUSED
    except ImportError as error:
        if (error.name or "").startswith("handloom"):  # a bug
            raise
        print(missing_package(name, error), file=sys.stderr)
        return REFUSED
    except KeyboardInterrupt as error:  # also `Paused`, which has a text
        print(f"{name}: {str(error) or 'interrupted'}", file=sys.stderr)
        return INTERRUPTED
    return DONE if status is None else status


def accept_any_text() -> None:
    """Let stdout and stderr take any text: what their encoding lacks is printed as an escape."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # closed by whoever started the program
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115, PTH123 open until the end
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def _reader_is_gone() -> bool:
    """Whether stdout or stderr is a pipe that its reader has closed."""
    for stream in (sys.stdout, sys.stderr):
        try:
            waiting = select.poll()
            waiting.register(stream.fileno(), select.POLLERR)
            if waiting.poll(0):
                return True
        except (OSError, ValueError):  # no file of the system's: no process can close it
            continue
    return False


def _drop_output() -> None:
    """Send what is still printed nowhere. Python would complain when it flushes a closed stdout at its end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        try:
            os.dup2(nowhere, stream.fileno())
        except (OSError, ValueError):
            continue


def json_text(content: Any, indent: int | None = None, out: TextIO | None = None) -> str:
    """JSON that `out` (stdout if None) can encode, and that cannot steer a terminal: the rest is in JSON's escapes."""
    encoding = codecs.lookup((out or sys.stdout).encoding or "utf-8").name
    text = json.dumps(content, indent=indent, ensure_ascii=not encoding.startswith("utf"))
    return "".join(f"\\u{ord(one):04x}" if one != "\n" and is_unprintable(one) else one for one in text)
