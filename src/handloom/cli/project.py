"""The verbs of a project: making one, and what trains many times in it."""

import argparse
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

from handloom.cli.verb import POSE_OR_ACTION, Commands, add_verb
from handloom.errors import HandloomError, printable
from handloom.support.console import DONE

if TYPE_CHECKING:
    from handloom.config import ExtractKeypoints

_CONFIGURATION = Path("conf") / "config.yaml"
_PARAMETERS = Path("params.yaml")


def add_init(commands: Commands) -> None:
    """Add `handloom init`."""
    init = add_verb(
        commands,
        "init",
        _init,
        summary="make a project folder of your own, that runs with dvc repro",
        description="Make a folder with the configuration (conf/, params.yaml), the stages (dvc.yaml, pipeline/) and an"
        " empty data/ to fill with photos or videos, and print what to type next.",
        example="handloom init my_gestures --kind pose",
    )
    init.add_argument("folder", type=Path, metavar="DIR", help="a new folder, or an empty one")
    init.add_argument("--kind", choices=POSE_OR_ACTION, help="only stages for photos, or only for videos (both)")


def add_search(commands: Commands) -> None:
    """Add `handloom search`."""
    search = add_verb(
        commands,
        "search",
        _search,
        summary="search parameters that train better, with Optuna",
        description="Train again and again in this project, with parameters that Optuna chooses from conf/space/, and"
        " write the best ones into conf/. A killed search resumes.",
        example="handloom search pose search.trials=30",
    )
    _add_training(
        search,
        "parameters and ranges, in Hydra's grammar; space=NAME takes another file of conf/space/ than the kind's",
    )


def add_cross_validate(commands: Commands) -> None:
    """Add `handloom cross-validate`."""
    cross_validate = add_verb(
        commands,
        "cross-validate",
        _cross_validate,
        summary="mean and spread of a training's metrics, by folds",
        description="Train and evaluate this project's parameters once a fold of the training and validation parts,"
        " whole groups together, and print mean and spread. Finished folds are not repeated.",
        example="handloom cross-validate pose 'cross_validate.seeds=[1,2,3]'",
    )
    _add_training(cross_validate, "parameters, in Hydra's grammar")


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


def _init(given: argparse.Namespace) -> int:
    from handloom.config import KINDS
    from handloom.project.new_project import make_project, next_steps

    kinds = (given.kind,) if given.kind else KINDS
    make_project(given.folder, kinds)
    print(f"{printable(str(given.folder))} is made. Next:")
    steps = next_steps(kinds)
    if given.folder.resolve() != Path.cwd():
        steps = [f"cd {quote(str(given.folder))}", *steps]
    for step in steps:
        print(f"  {step}")
    return DONE


def _search(given: argparse.Namespace) -> int:
    project = project_folder()

    from handloom.search.search import search
    from handloom.stages.layout import as_seen_from_here

    search(as_seen_from_here(project), given.kind, given.overrides)
    return DONE


def _cross_validate(given: argparse.Namespace) -> int:
    project = project_folder()

    from handloom.stages.layout import as_seen_from_here
    from handloom.stages.script import in_project

    def stage(*arguments: Any) -> object:
        from handloom.cross_validation import cross_validate

        return cross_validate(*arguments)

    in_project("handloom cross-validate", stage, as_seen_from_here(project), given.kind, given.overrides)
    return DONE


def _add_training(verb: argparse.ArgumentParser, overrides: str) -> None:
    verb.add_argument("kind", choices=POSE_OR_ACTION, help="whose training")
    verb.add_argument(
        "overrides",
        nargs="*",
        default=[],  # without one argparse says that it is required
        metavar="KEY=VALUE",
        help=overrides,
    )
