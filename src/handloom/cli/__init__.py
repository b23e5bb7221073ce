"""The command line, `handloom`: results on stdout, everything else on stderr, one module a verb."""

import argparse
import os
import sys
from collections.abc import Sequence

from handloom.cli import compare, doctor, draw, evaluate, init, predict, reproduce, train, verify
from handloom.cli.verb import EXIT_CODES, INTERRUPTED, PIPE_CLOSED, REFUSED
from handloom.errors import HandloomError

_VERBS = (init, train, evaluate, predict, verify, draw, compare, reproduce, doctor)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return the exit status. A mistake that the user can mend is one line on stderr."""
    given = _parsed(arguments)
    try:
        status: int = given.run(given)
        sys.stdout.flush()  # here, where a closed pipe can still be told from a bug
    except HandloomError as error:
        print(f"handloom {given.command}: {error}", file=sys.stderr)
        return REFUSED
    except BrokenPipeError:
        # Whoever read has enough. Python would complain when it flushes stdout at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE_CLOSED
    except KeyboardInterrupt:
        print(f"handloom {given.command}: interrupted", file=sys.stderr)
        return INTERRUPTED
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
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for verb in _VERBS:
        verb.add(commands)
    return parser
