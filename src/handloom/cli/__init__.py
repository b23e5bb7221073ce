"""The command line, `handloom`: results on stdout, everything else on stderr.

`commands.py` lists the verbs, `verb.py` has what they share, and each verb is a function in a module of its own.
"""

import os
import sys
from collections.abc import Sequence

from handloom.support.console import REFUSED, status_of

COMPLETION_VARIABLE = "_HANDLOOM_COMPLETE"  # set by the shell's script when a person presses Tab


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return the exit status. A mistake that the user can correct is one line on stderr."""
    words = sys.argv[1:] if arguments is None else list(arguments)
    try:
        from handloom.cli.commands import command_line, run
    except ModuleNotFoundError as error:
        if error.name not in ("click", "typing_extensions"):
            raise
        advice = "type: python -m pip install --upgrade handloom"
        print(f"handloom: {error.name} is not installed; {advice}", file=sys.stderr)
        return REFUSED
    if instruction := os.environ.get(COMPLETION_VARIABLE):
        from click.shell_completion import shell_complete

        return shell_complete(command_line, {}, "handloom", COMPLETION_VARIABLE, instruction)
    verb = next((word for word in words if not word.startswith("-")), "")
    return status_of(f"handloom {verb}".rstrip(), lambda: run(words))
