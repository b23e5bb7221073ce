"""How a stage script runs: parameters from `params.yaml`, overrides from the command line, one line for a user's error.

python pipeline/train_pose.py                                  as `dvc repro` runs it
python pipeline/train_pose.py train_pose.optimizer.lr=0.001    with overrides, in Hydra's grammar
python pipeline/extract_keypoints.py pose                      a stage that serves both kinds takes the kind first
python pipeline/train_pose.py -m train_pose.seed=1,2,3         Hydra's own multirun
python pipeline/search.py pose search.trials=30                a search with Optuna
"""

import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from handloom.config import KINDS, Kind, Parameters, parameters_from
from handloom.errors import ConfigurationError, HandloomError, as_handloom_error, printable
from handloom.support.console import REFUSED, status_of

if TYPE_CHECKING:
    from omegaconf import DictConfig

MULTIRUN = {"-m", "--multirun"}
HYDRA_ONLY = MULTIRUN | {"-c", "--cfg", "-h", "--help", "--hydra-help", "-i", "--info"}


def run_stage(
    script: str,
    function: Callable[[Parameters, Kind], None],
    kind: Kind | None = None,
) -> None:
    """Run a stage and end the process: status 0, or another one with one line on stderr that says why (`status_of`).

    Args:
        script: the stage script's `__file__`; the folder above its own is the project.
        function: what to run.
        kind: the kind it serves; None takes it from the command line.
    """

    def stage(project: Path, kind: Kind, overrides: list[str]) -> None:
        if HYDRA_ONLY & set(overrides):
            _run_with_hydra(project, function, kind, overrides, partial(_stop, script))
        else:
            function(_parameters(project, overrides), kind)

    run_script(script, stage, kind)


def run_script(script: str, function: Callable[[Path, Kind, list[str]], None], kind: Kind | None = None) -> None:
    """Run a script of `pipeline/` and end the process: as `run_stage`, for a script that reads its words itself.

    Args:
        script: its `__file__`; the folder above its own is the project.
        function: what to run, with the project, the kind and the words of the command line.
        kind: the kind it serves; None takes it from the command line.
    """
    script = sys.argv[0] = str(Path(script).resolve())  # Lightning starts its further processes with it
    project = Path(script).parent.parent
    os.chdir(project)

    def work() -> None:
        words = sys.argv[1:]
        function(project, kind or _kind(words), words)

    if status := status_of(Path(script).stem, work):
        sys.exit(status)


def parameters_of(composed: "DictConfig") -> Parameters:
    """The parameters in what Hydra composed."""
    from omegaconf import OmegaConf, open_dict
    from omegaconf.errors import OmegaConfBaseException

    from handloom.stages.overrides import unresolved

    if "hydra" in composed:
        composed = composed.copy()
        with open_dict(composed):
            del composed["hydra"]
    try:
        content: Any = OmegaConf.to_container(composed, resolve=True)
    except (OmegaConfBaseException, RecursionError) as error:
        raise ConfigurationError(unresolved(error)) from None
    if not isinstance(content, dict):
        raise ConfigurationError("params.yaml: not a mapping of sections; restore it from git")
    return parameters_from(content)


def _parameters(project: Path, overrides: list[str]) -> Parameters:
    from handloom.stages.compose import composed

    try:
        return parameters_of(composed(project, "params", overrides))
    except ConfigurationError as error:
        if overrides:
            raise
        # `dvc exp run -S` writes the file before anything checks it.
        raise ConfigurationError(f"{error}; handloom params writes params.yaml again, from conf/") from None


def _stop(script: str, error: HandloomError) -> NoReturn:
    print(f"{Path(script).stem}: {printable(str(error))}", file=sys.stderr)
    sys.exit(REFUSED)


def _kind(overrides: list[str]) -> Kind:
    for kind in KINDS:
        if overrides and overrides[0] == kind:
            overrides.pop(0)
            return kind
    raise ConfigurationError(f"say which kind, first: {' or '.join(KINDS)}")


def _run_with_hydra(
    project: Path,
    function: Callable[[Parameters, Kind], None],
    kind: Kind,
    overrides: list[str],
    stop: Callable[[HandloomError], NoReturn],
) -> None:
    from handloom.stages.multirun import Multirun

    multirun = Multirun(project, overrides)
    if MULTIRUN & set(overrides):
        multirun.check(parameters_of)

    def job(composed: "DictConfig") -> None:
        try:
            with as_handloom_error():
                function(parameters_of(composed), kind)
        except HandloomError as error:
            stop(error)  # Hydra would print a traceback for whatever a job raises

    multirun.launch(job)
