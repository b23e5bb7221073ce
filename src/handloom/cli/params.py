"""`handloom params`: `params.yaml` from the groups in `conf/`."""

import argparse

from handloom.cli.place import project_folder
from handloom.cli.verb import Commands, add_verb
from handloom.support.console import DONE

PARAMETERS = "params.yaml"


def add(commands: Commands) -> None:
    """Add the verb."""
    add_verb(
        commands,
        "params",
        run,
        summary="write params.yaml from conf/, after a change of conf/",
        description="Compose params.yaml, which the stages read, from the groups in conf/ of this project. `dvc exp run"
        " -S` composes by itself; `dvc repro` never does.",
        example="handloom params && dvc repro",
    )


def run(given: argparse.Namespace) -> int:
    """Write the file, or leave it as it is where conf/ has a mistake."""
    project = project_folder()

    from handloom.stages.compose import write_parameters

    write_parameters(project / "conf", project / PARAMETERS)
    return DONE
