"""`handloom params`: `params.yaml` from the groups in `conf/`."""

import argparse

from handloom.cli.place import project_folder
from handloom.cli.verb import DONE, Commands, add_verb

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

    from omegaconf import OmegaConf

    from handloom.compose import composed
    from handloom.files import replacing
    from handloom.stage import parameters_of

    content = composed((project / "conf").resolve(), "config", [])
    parameters_of(content)  # a mistake is told here, and not by the first stage
    with replacing(project / PARAMETERS) as beside:
        beside.write_text(OmegaConf.to_yaml(content, resolve=True), encoding="utf-8")
    return DONE
