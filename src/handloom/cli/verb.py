"""What the verbs have in common: exit statuses, the form of a help text, and who may write to stdout."""

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from typing import TypeAlias

from handloom.ending import DONE, INTERRUPTED, PIPE_CLOSED, REFUSED

__all__ = [
    "DONE",
    "EXIT_CODES",
    "INTERRUPTED",
    "PIPE_CLOSED",
    "REFUSED",
    "Commands",
    "add_verb",
    "results_only_on_stdout",
]

EXIT_CODES = (
    "Exit status: 0 done, and what was checked holds; 1 it does not, or something cannot be used; 2 the command was not"
    " understood; 130 interrupted; 141 the reader of the output closed it."
)

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def add_verb(
    commands: Commands,
    name: str,
    run: Callable[[argparse.Namespace], int],
    *,
    summary: str,
    description: str,
    example: str,
) -> argparse.ArgumentParser:
    """A verb's parser, with an example and the exit statuses at the end of its help."""
    parser = commands.add_parser(
        name, help=summary, description=description, epilog=f"Example: {example}. {EXIT_CODES}"
    )
    parser.set_defaults(run=run)
    return parser


@contextmanager
def results_only_on_stdout() -> Iterator[None]:
    """Within, what the stages print goes to stderr: on stdout are the command's own results and nothing else."""
    with redirect_stdout(sys.stderr):
        yield
