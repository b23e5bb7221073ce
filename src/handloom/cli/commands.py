"""The verbs, by what a person wants to do. The module of a verb is loaded when the verb is used."""

import re
import sys
from collections.abc import Sequence
from importlib import import_module

import click
from typing_extensions import override

from handloom import __version__
from handloom.cli.verb import HELP_SETTINGS, Verb
from handloom.errors import printable
from handloom.support.console import DONE, EXIT_STATUSES, MISUSED

# Heading: verbs, each with its module in this folder. A verb is the function of its name there, with _ for -.
VERBS: dict[str, dict[str, str]] = {
    "Make a project": {"init": "project", "studio": "studio", "params": "params", "draw": "draw"},
    "Train": {"train": "train", "search": "project", "cross-validate": "project", "reproduce": "runs", "add": "add"},
    "Look at results": {
        "predict": "predict",
        "evaluate": "evaluate",
        "streams": "streams",
        "report": "report",
        "check": "check",
        "compare": "runs",
        "compare-create-ml": "create_ml",
        "ui": "store",
        "verify": "verify",
    },
    "Keep it running": {"doctor": "doctor", "info": "info", "send": "store", "completion": "completion"},
}
_EXAMPLES = """
handloom train pose data/photos --out first_try
handloom predict hand.jpg --model first_try/model
"""


class Verbs(click.Group):
    """A group that loads a verb's module when the verb is asked for."""

    @override
    def list_commands(self, ctx: click.Context) -> list[str]:
        return [name for verbs in VERBS.values() for name in verbs]

    @override
    def get_command(self, ctx: click.Context, cmd_name: str) -> Verb | None:
        for verbs in VERBS.values():
            if cmd_name in verbs:
                module = import_module(f"handloom.cli.{verbs[cmd_name]}")
                found: Verb = getattr(module, cmd_name.replace("-", "_"))
                return found
        return None

    @override
    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if not ctx.resilient_parsing and self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            raise click.NoSuchCommand(args[0], possibilities=self.list_commands(ctx), ctx=ctx)
        return super().resolve_command(ctx, args)

    @override
    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        formatter.write_paragraph()
        for heading, verbs in VERBS.items():  # no empty lines between, so that all fits a screen
            formatter.write_heading(heading)
            with formatter.indentation():
                found = [(name, self.get_command(ctx, name)) for name in verbs]
                formatter.write_dl([(f"{name:17}", verb.summary) for name, verb in found if verb])
        with formatter.section("Examples"):
            formatter.write("".join(f"  {line}\n" for line in _EXAMPLES.strip().splitlines()))
        formatter.write_paragraph()
        statuses = "; ".join(f"{status} {meaning}" for status, meaning in EXIT_STATUSES.items())
        formatter.write_text(f"Exit status: {statuses}.")


@click.group(
    cls=Verbs,
    subcommand_metavar="COMMAND [ARGS]...",
    options_metavar="",
    context_settings=HELP_SETTINGS,
    no_args_is_help=False,
)
@click.version_option(__version__, message="handloom %(version)s", help="Print the version.")
def command_line() -> None:
    """Train hand pose and hand action classifiers, and export them to Core ML.

    COMMAND --help explains a command, --version prints the version.
    """


def run(words: Sequence[str]) -> int:
    """Run a command.

    Args:
        words: of the command line, without the program.

    Returns:
        the exit status; what was not understood is told on stderr in one line.
    """
    try:
        # Not `command_line.main`, which turns an interruption and a closed pipe into errors of its own.
        with command_line.make_context("handloom", list(words)) as context:
            status: int | None = command_line.invoke(context)
            return DONE if status is None else status
    except click.exceptions.Exit as ended:  # after --help and --version
        return ended.exit_code
    except click.UsageError as error:
        print(_in_one_line(error), file=sys.stderr)
        return MISUSED


def _in_one_line(error: click.UsageError) -> str:
    program = error.ctx.command_path if error.ctx else "handloom"
    if isinstance(error, click.NoSuchCommand | click.NoSuchOption):
        message = error.message.rstrip(".")
        if error.possibilities:
            message += f", did you mean {' or '.join(error.possibilities)}?"
    else:
        # click calls the type of a bounded number "integer range"; what was typed is no range.
        message = " ".join(error.format_message().split()).rstrip(".")
        message = re.sub(r"(?<=is not a valid )(integer|float) range$", r"\1", message)
    message = message[:1].lower() + message[1:]
    end = "" if message.endswith("?") else ";"
    return printable(f"{program}: {message}{end} {program} --help shows what can be typed")
