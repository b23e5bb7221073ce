"""Write the page of the command line in docs/reference: python docs/write_reference.py.

A test fails when the page is not what the parsers say.
"""

import re
from pathlib import Path

import click

from handloom.cli.commands import VERBS, command_line
from handloom.cli.verb import HELP_SETTINGS
from handloom.support.console import EXIT_STATUSES

PAGE = Path(__file__).parent / "reference" / "command_line.md"
_HEAD = """# Command line

<!-- python docs/write_reference.py writes this page -->

Results go to stdout, everything else to stderr. A mistake that you can correct is one line.
`python -m handloom` is `handloom`. The [guide](../guides/command_line.md) has a tour.

## Exit status

{statuses}

## Completion

Tab then completes commands, options, files, and the names of parameters (`train_pose.optimizer.lr=`).

```sh
eval "$(handloom completion bash)"                                          # in ~/.bashrc
eval "$(handloom completion zsh)"                                           # in ~/.zshrc, after compinit
handloom completion fish > ~/.config/fish/completions/handloom.fish         # once
```
"""


def page() -> str:
    """The page, with the help of each command."""
    rows = [("status", "means"), ("---", "---"), *((str(status), text) for status, text in EXIT_STATUSES.items())]
    parts = [_HEAD.format(statuses="\n".join(f"| {a} | {b} |" for a, b in rows))]
    top = click.Context(command_line, info_name="handloom", terminal_width=80, **HELP_SETTINGS)
    for heading, verbs in VERBS.items():
        parts.append(f"\n## {heading}\n")
        for name in verbs:
            verb = command_line.get_command(top, name)
            assert verb, name
            context = click.Context(verb, top, name, terminal_width=80, **HELP_SETTINGS)
            parts.append(f"\n### handloom {name}\n\n{_fenced(verb.get_help(context))}")
    return "".join(parts)


def _fenced(text: str) -> str:
    return f"```text\n{re.sub(' +$', '', text, flags=re.MULTILINE).rstrip()}\n```\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
