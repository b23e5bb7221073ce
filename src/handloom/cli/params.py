"""`handloom params`: `params.yaml` from the groups in `conf/`, and what each parameter means."""

import re

import click

from handloom.cli.project import project_folder
from handloom.cli.verb import verb
from handloom.support.console import DONE

PARAMETERS = "params.yaml"


@verb(
    examples="""
    handloom params
    handloom params --explain train_pose.optimizer
    """
)
@click.option(
    "--explain",
    is_flag=False,
    flag_value="",
    metavar="[KEY]",
    help="Write nothing. Print all parameters, or those with KEY in their name: values, default and meaning.",
)
def params(explain: str | None) -> int:
    """Write params.yaml from conf/, after a change of conf/.

    The stages read params.yaml, and this verb composes it from the groups in conf/ of the project. `dvc exp run -S`
    composes by itself, `dvc repro` does not.
    """
    if explain is not None:
        return _explain(explain)
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
