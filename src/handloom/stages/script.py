"""How a stage script runs: parameters from `params.yaml`, overrides from the command line, one line for a user's error.

python pipeline/train_pose.py                                  as `dvc repro` runs it
python pipeline/train_pose.py train_pose.optimizer.lr=0.001    with overrides, in Hydra's grammar
python pipeline/extract_keypoints.py pose                      a stage that serves both kinds takes the kind first
python pipeline/train_pose.py -m train_pose.seed=1,2,3         Hydra's own multirun
python pipeline/search.py pose search.trials=30                a search with Optuna
"""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from handloom.config import KINDS, Kind, Parameters
from handloom.errors import ConfigurationError
from handloom.stages.layout import Layout, as_seen_from_here
from handloom.support.console import status_of
from handloom.support.workspace import Workspace

StageFunction = Callable[[Parameters, Kind, Layout, Workspace], object]
ScriptFunction = Callable[[Path, Kind, Sequence[str]], object]


def run_stage(script: str, function: StageFunction, kind: Kind | None = None) -> None:
    """Run a stage and end the process: status 0, or another one with one line on stderr that says why (`status_of`).

    Args:
        script: the stage script's `__file__`; the folder above its own is the project, whichever the working folder is.
        function: what to run.
        kind: the kind it serves; None takes it from the command line.
    """
    run_script(script, lambda project, kind, words: in_project(Path(script).stem, function, project, kind, words), kind)


def run_script(script: str, function: ScriptFunction, kind: Kind | None = None) -> None:
    """Run a script of `pipeline/` and end the process: as `run_stage`, for a script that reads its words itself.

    Args:
        script: its `__file__`; the folder above its own is the project.
        function: what to run, with the project, the kind and the words of the command line.
        kind: the kind it serves; None takes it from the command line.
    """

    def work() -> None:
        words = sys.argv[1:]
        function(as_seen_from_here(Path(script).resolve().parent.parent), kind or _kind(words), words)

    if status := status_of(Path(script).stem, work):
        sys.exit(status)


def in_project(name: str, function: StageFunction, project: Path, kind: Kind, words: Sequence[str]) -> None:
    """Run a stage in a project, once or with each of several values.

    Args:
        name: of the program, for messages.
        function: the stage.
        project: the folder of `params.yaml`.
        kind: "pose" or "action".
        words: of the command line: overrides, and options of Hydra's.

    Raises:
        ConfigurationError: a parameter is wrong.
        HandloomError: the stage cannot be run.
    """
    from handloom.stages.compose import project_parameters

    layout, workspace = Layout.project(kind, project), Workspace.here(project)
    if any(word.startswith("-") for word in words):
        from handloom.stages.multirun import Multirun

        Multirun(project, words).launch(name, lambda parameters: function(parameters, kind, layout, workspace))
    else:
        function(project_parameters(project, words), kind, layout, workspace)


def _kind(words: list[str]) -> Kind:
    for kind in KINDS:
        if words and words[0] == kind:
            words.pop(0)
            return kind
    raise ConfigurationError(f"say which kind, first: {' or '.join(KINDS)}")
