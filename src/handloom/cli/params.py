"""`handloom params`: `params.yaml` from the groups in `conf/`, and what each parameter means."""

import argparse
import re

from handloom.cli.project import project_folder
from handloom.cli.verb import Commands, add_verb
from handloom.support.console import DONE

PARAMETERS = "params.yaml"


def add(commands: Commands) -> None:
    """Add the verb."""
    verb = add_verb(
        commands,
        "params",
        run,
        summary="write params.yaml from conf/, after a change of conf/",
        description="Compose params.yaml, which the stages read, from the groups in conf/ of this project. `dvc exp run"
        " -S` composes by itself; `dvc repro` never does. With --explain, print what parameters mean.",
        example="handloom params && dvc repro",
    )
    verb.add_argument(
        "--explain",
        nargs="?",
        const="",
        metavar="KEY",
        help="write nothing; print each parameter, or those with KEY in their name, with values, default and meaning",
    )


def run(given: argparse.Namespace) -> int:
    """Write the file, or leave it as it is where conf/ has a mistake."""
    if given.explain is not None:
        return _explain(given.explain)
    project = project_folder()

    from handloom.stages.compose import write_parameters

    write_parameters(project / "conf", project / PARAMETERS)
    return DONE


def _explain(key: str) -> int:
    from handloom.config.explain import explained
    from handloom.errors import ConfigurationError, printable

    found = False
    name = re.sub(r"^(train|data)[._](pose|action)\.", "", key)  # the groups say of which kinds they are
    for group in explained():
        rows = [row for row in group.parameters if key in group.title or name in row.name]
        if rows:
            found = True
            print(f"{group.title}: {' '.join(group.meaning.split())}")
        for row in rows:
            unit = f" {row.unit}" if row.unit else ""
            print(f"  {row.name}: {row.default}{unit} ({row.values})\n    {row.meaning}")
    if not found:
        raise ConfigurationError(f"{printable(key)}: in the name of no parameter; without a name all are printed")
    return DONE
