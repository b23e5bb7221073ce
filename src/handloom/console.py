"""What every program of handloom does at its terminal: print any text, and end quietly when its reader has enough."""

import codecs
import json
import os
import select
import sys
from typing import Any, TextIO

from handloom.errors import is_unprintable

PIPE_CLOSED = 141  # exit status: a shell's 128 + SIGPIPE, as of other tools


def accept_any_text() -> None:
    """Let stdout and stderr take any text: what their encoding lacks is printed as an escape."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # closed by whoever started the program
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115, PTH123 open until the end
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def reader_is_gone() -> bool:
    """Whether stdout or stderr is a pipe that its reader has closed."""
    for stream in (sys.stdout, sys.stderr):
        try:
            waiting = select.poll()
            waiting.register(stream.fileno(), select.POLLERR)
            if waiting.poll(0):
                return True
        except (OSError, ValueError):  # no file of the system's: nobody can close it
            continue
    return False


def drop_output() -> None:
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
