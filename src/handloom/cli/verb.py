"""What the verbs share: the form of a verb and its help, arguments and options that several take, checks."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from inspect import cleandoc
from pathlib import Path
from typing import Any, Protocol, TypeVar

import click
from typing_extensions import override

from handloom.errors import DataError, printable
from handloom.models.files import REGISTERED, RUN

POSE_OR_ACTION = ("pose", "action")  # `handloom.config.KINDS`, whose import takes longer than a help text may
HELP_SETTINGS: dict[str, Any] = {"help_option_names": ["-h", "--help"], "show_default": True, "max_content_width": 80}
MODEL_ADDRESS = "model.ckpt, an exported file, a folder with one, runs:/... or models:/..."
PATH = click.Path(path_type=Path)

Function = TypeVar("Function", bound=Callable[..., Any])


class Decorator(Protocol):
    """Adds an argument or an option to a verb."""

    def __call__(self, function: Function, /) -> Function:
        """Add it."""
        ...


class Verb(click.Command):
    """A verb of handloom. Its help ends with examples.

    Args:
        given: as of `click.Command`.
        examples: commands that a person can paste, one per line.
        named: as of `click.Command`.
    """

    def __init__(self, *given: Any, examples: str, **named: Any) -> None:
        super().__init__(*given, **{"context_settings": HELP_SETTINGS, **named})
        self.examples = cleandoc(examples).splitlines()

    @property
    def summary(self) -> str:
        """The first line of its help, as the list of all verbs has it."""
        return cleandoc(self.help or "").splitlines()[0].rstrip(".")

    @override
    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Examples"):
            formatter.write("".join(f"  {line}\n" for line in self.examples))


def verb(examples: str) -> Callable[[Callable[..., int]], Verb]:
    """Make a verb of a function that returns the exit status.

    The function's name is the verb's name, with - for _. Its docstring is the help: the first line is the summary in
    `handloom --help`. Add the verb to `VERBS` in `commands.py`.

    Args:
        examples: commands that a person can paste, one per line.
    """
    return click.command(cls=Verb, examples=examples)


def kind_argument(help: str) -> Decorator:
    """``pose`` or ``action``."""
    return click.argument("kind", metavar="KIND", type=click.Choice(POSE_OR_ACTION), help=help)


def json_option(help: str = "Print JSON.") -> Decorator:
    """``--json``, as the argument `as_json`."""
    return click.option("--json", "as_json", is_flag=True, help=help)


def stride_option(of: str, default: int | None = 15, shown: str | bool = True) -> Decorator:
    """``--stride``, in frames.

    Args:
        of: what has windows.
        default: None for one that is not a number.
        shown: what the help says of that.
    """
    return click.option(
        "--stride",
        type=click.IntRange(min=1),
        metavar="FRAMES",
        default=default,
        show_default=shown,
        help=f"Frames between two windows of a {of}.",
    )


def check_model(address: str | Path) -> None:
    """See that the file or folder of a model is there, before anything is imported that takes time.

    Raises:
        DataError: it is not. An address in MLflow is not looked at.
    """
    if not str(address).startswith((RUN, REGISTERED)) and not Path(address).expanduser().exists():
        raise DataError(f"{printable(str(address))}: no such file; train or export the model first (dvc repro)")


@contextmanager
def results_only_on_stdout() -> Iterator[None]:
    """Within, what the stages print goes to stderr: on stdout are the command's own results and nothing else."""
    with redirect_stdout(sys.stderr):
        yield
