"""The command line, `handloom`: results on stdout, everything else on stderr, one module a verb."""

import argparse
import sys
from collections.abc import Sequence

from handloom import __version__
from handloom.cli import doctor, draw, evaluate, params, predict, project, runs, store, train, verify
from handloom.cli.verb import EXIT_CODES
from handloom.support.console import status_of

_VERBS = (
    *(project.add_init, params.add, train.add, evaluate.add, predict.add, verify.add, draw.add),
    *(project.add_search, project.add_cross_validate, runs.add_compare, runs.add_reproduce),
    *(store.add_ui, store.add_send, doctor.add),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return the exit status. A mistake that the user can correct is one line on stderr."""
    words = sys.argv[1:] if arguments is None else list(arguments)
    verb = next((word for word in words if not word.startswith("-")), "")

    def work() -> int:
        given = _parsed(words)
        status: int = given.run(given)
        return status

    return status_of(f"handloom {verb}".rstrip(), work)


def _parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = _parser()
    given, rest = parser.parse_known_args(arguments)
    overrides: list[str] | None = getattr(given, "overrides", None)
    # argparse takes positional arguments in one go: those after an option are left over.
    if overrides is not None and not any(word.startswith("-") for word in rest):
        given.overrides = [*overrides, *rest]
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
    for add in _VERBS:
        add(commands)
    return parser
