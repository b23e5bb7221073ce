"""The verbs of a project: making one, and what trains many times in it."""

from collections.abc import Sequence
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

import click

from handloom.cli.overrides import overrides_argument
from handloom.cli.verb import PATH, POSE_OR_ACTION, kind_argument, verb
from handloom.errors import HandloomError, printable
from handloom.support.console import DONE

if TYPE_CHECKING:
    from handloom.config import ExtractKeypoints, Kind

_CONFIGURATION = Path("conf") / "config.yaml"
_PARAMETERS = Path("params.yaml")


def project_folder() -> Path:
    """The project's folder: the nearest one upwards of the working folder that has a configuration.

    Raises:
        HandloomError: there is none.
    """
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / _CONFIGURATION).is_file():
            return folder
    raise HandloomError(
        f"{printable(str(here))}: not in a project, there is no {_CONFIGURATION}; go to a project's folder, or make one"
        " with handloom init"
    )


def project_extraction() -> "ExtractKeypoints | None":
    """The section `extract_keypoints` of `params.yaml` in the working folder; None where there is no such file.

    Raises:
        ConfigurationError: the file is not what handloom reads.
    """
    from handloom.config import parameters_from
    from handloom.support.yaml_files import read_yaml

    if not _PARAMETERS.is_file():
        return None
    content = read_yaml(_PARAMETERS)
    if not isinstance(content, dict) or "extract_keypoints" not in content:
        return None  # another program's
    return parameters_from(content).extract_keypoints


@verb(
    examples="""
    handloom init my_gestures --kind pose
    cd my_gestures
    """
)
@click.argument("folder", type=PATH, metavar="DIR", help="a new folder, or an empty one")
@click.option(
    "--kind", type=click.Choice(POSE_OR_ACTION), show_default="both", help="Only stages for photos, or only for videos."
)
def init(folder: Path, kind: "Kind | None") -> int:
    """Make a project folder that runs with dvc repro.

    The folder has the configuration (conf/, params.yaml), the stages (dvc.yaml, pipeline/) and an empty data/ for
    photos or videos. What to type next is printed.
    """
    from handloom.config import KINDS
    from handloom.project.new_project import make_project, next_steps

    kinds = (kind,) if kind else KINDS
    make_project(folder, kinds)
    print(f"{printable(str(folder))} is made. Next:")
    steps = next_steps(kinds)
    if folder.resolve() != Path.cwd():
        steps = [f"cd {quote(str(folder))}", *steps]
    for step in steps:
        print(f"  {step}")
    return DONE


@verb(
    examples="""
    handloom search pose
    handloom search pose search.trials=30
    handloom search pose 'train_pose.optimizer.lr=interval(0.001, 0.01)'
    """
)
@kind_argument("pose or action")
@overrides_argument("parameters and ranges, in Hydra's grammar; space=NAME takes another file of conf/space/")
def search(kind: "Kind", overrides: Sequence[str]) -> int:
    """Search parameters that train better, with Optuna.

    Trains this project many times, with parameters that Optuna chooses from conf/space/, and writes the best ones into
    conf/. If it is stopped, the same command resumes it.
    """
    project = project_folder()

    from handloom.search.search import search
    from handloom.stages.layout import as_seen_from_here

    search(as_seen_from_here(project), kind, overrides)
    return DONE


@verb(
    examples="""
    handloom cross-validate pose
    handloom cross-validate pose 'cross_validate.seeds=[1,2,3]'
    """
)
@kind_argument("pose or action")
@overrides_argument("parameters, in Hydra's grammar")
def cross_validate(kind: "Kind", overrides: Sequence[str]) -> int:
    """Measure mean and spread of a training's metrics, by folds.

    Trains and evaluates this project once per fold of the training and validation sets; groups stay whole. Finished
    folds are not repeated.
    """
    project = project_folder()

    from handloom.stages.layout import as_seen_from_here
    from handloom.stages.script import in_project

    def stage(*arguments: Any) -> object:
        from handloom.cross_validation import cross_validate

        return cross_validate(*arguments)

    in_project("handloom cross-validate", stage, as_seen_from_here(project), kind, overrides)
    return DONE
