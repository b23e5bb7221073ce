"""The command line, `handloom`: results on stdout, everything else on stderr, one module a verb."""

import argparse
from collections.abc import Sequence
from functools import partial

from handloom.cli import compare, doctor, draw, evaluate, init, predict, reproduce, train, verify
from handloom.cli.verb import EXIT_CODES
from handloom.ending import status_of

_VERBS = (init, train, evaluate, predict, verify, draw, compare, reproduce, doctor)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return the exit status. A mistake that the user can mend is one line on stderr."""
    given = _parsed(arguments)
    return status_of(f"handloom {given.command}", partial(given.run, given))


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
