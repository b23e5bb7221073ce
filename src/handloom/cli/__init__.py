"""The command line, `handloom`: results on stdout, everything else on stderr, one module a verb."""

import argparse
import errno
import sys
from collections.abc import Sequence

from handloom import __version__
from handloom.cli import (
    compare,
    cross_validate,
    doctor,
    draw,
    evaluate,
    init,
    params,
    predict,
    reproduce,
    search,
    send,
    train,
    ui,
    verify,
)
from handloom.cli.verb import EXIT_CODES, INTERRUPTED, REFUSED
from handloom.console import PIPE_CLOSED, accept_any_text, drop_output, reader_is_gone
from handloom.errors import HandloomError, printable

_VERBS = (
    *(init, params, train, evaluate, predict, verify, draw),
    *(search, cross_validate, compare, reproduce, ui, send, doctor),
)
_DISK_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return the exit status. A mistake that the user can mend is one line on stderr."""
    accept_any_text()
    try:
        return _run(arguments)
    except BrokenPipeError:
        if not reader_is_gone():
            raise
        drop_output()
        return PIPE_CLOSED


def _run(arguments: Sequence[str] | None) -> int:
    given = argparse.Namespace(command="")
    try:
        try:
            given = _parsed(arguments)
            status: int = given.run(given)
        finally:
            sys.stdout.flush()  # here, where a closed pipe can still be told from a bug
    except HandloomError as error:
        print(f"handloom {given.command}: {printable(str(error))}", file=sys.stderr)
        return REFUSED
    except KeyboardInterrupt:
        print(f"handloom {given.command}: interrupted", file=sys.stderr)
        return INTERRUPTED
    except OSError as error:
        if error.errno not in _DISK_FULL:
            raise
        where = printable(str(error.filename or "the output"))
        print(f"handloom {given.command}: {where}: cannot be written ({error.strerror}); make room", file=sys.stderr)
        drop_output()
        return REFUSED
    return status


def _parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = _parser()
    given, rest = parser.parse_known_args(arguments)
    overrides: list[str] | None = getattr(given, "overrides", None)
    # argparse takes positional arguments in one go: those after an option are left over.
    if overrides is not None and not any(word.startswith("-") for word in rest):
        overrides += rest
    elif rest:
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    return given


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="handloom",
        description="Hand pose and hand action classifiers, from photos and videos to Core ML.",
        epilog="Example: handloom init my_gestures. handloom COMMAND --help explains a command, with an example."
        f" {EXIT_CODES}",
    )
    parser.add_argument("--version", action="version", version=f"handloom {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for verb in _VERBS:
        verb.add(commands)
    return parser
