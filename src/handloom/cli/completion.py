"""`handloom completion`: what a shell needs to complete verbs, options and names of parameters."""

import click
from click.shell_completion import BashComplete, FishComplete, ShellComplete, ZshComplete

from handloom.cli import COMPLETION_VARIABLE
from handloom.cli.verb import verb
from handloom.support.console import DONE

SHELLS: dict[str, type[ShellComplete]] = {"bash": BashComplete, "zsh": ZshComplete, "fish": FishComplete}

_NO_SPACE_AFTER_EQUALS = """\
{function}_of_parameters() {{
    {function} "$@"
    [[ ${{COMPREPLY[*]}} == *= ]] && compopt -o nospace
    return 0
}}
complete -o nosort -F {function}_of_parameters handloom"""


@verb(
    examples="""
    eval "$(handloom completion bash)"
    handloom completion zsh > ~/.zfunc/_handloom
    handloom completion fish > ~/.config/fish/completions/handloom.fish
    """
)
@click.argument("shell", type=click.Choice(tuple(SHELLS)), metavar="SHELL", help="bash, zsh or fish")
def completion(shell: str) -> int:
    """Print the completion script of a shell.

    With it, Tab completes verbs, options, files and, after KEY=VALUE, names of parameters. Put the line into ~/.bashrc
    or ~/.zshrc (for zsh after compinit), or the file where fish looks for it.
    """
    script = SHELLS[shell](click.get_current_context().find_root().command, {}, "handloom", COMPLETION_VARIABLE)
    print(script.source())
    if shell == "bash":
        print(_NO_SPACE_AFTER_EQUALS.format(function=script.func_name))
    return DONE
