"""For the scripts in `pipeline/` of projects that an older handloom made: what they import, and the stages as they are.

They call functions of the package that have changed since, so the stage of the script's name runs in their place.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from handloom.config import Kind, Parameters
from handloom.errors import HandloomError
from handloom.stages import run, script
from handloom.stages.layout import Layout
from handloom.support.workspace import Workspace


def run_stage(file: str, function: object, kind: Kind | None = None, search: object = None) -> None:
    """Run the stage that a script is named after, and end the process."""
    name = Path(file).stem
    print(f"{name}: pipeline/{name}.py is of an older handloom; the stage runs as it is now", file=sys.stderr)
    stages: dict[str, Callable[..., Any]] = {
        "extract_keypoints": run.extract_keypoints,
        "split": run.split,
        "train_pose": run.train,
        "train_action": run.train,
        "evaluate": run.evaluate,
        "export_coreml": run.export_coreml,
        "cross_validate": _cross_validate,
    }
    script.run_stage(file, stages.get(name, _unknown), kind)


def run_script(file: str, function: object, kind: Kind | None = None) -> None:
    """Run the search, the one script that reads its words itself, and end the process."""
    from handloom.search.search import search

    script.run_script(file, search, kind)


def _cross_validate(parameters: Parameters, kind: Kind, layout: Layout, workspace: Workspace) -> None:
    from handloom.cross_validation import cross_validate

    cross_validate(parameters, kind, layout, workspace)


def _unknown(*arguments: object) -> None:
    raise HandloomError("a script of this name is none of handloom's; make a project with handloom init, and compare")
