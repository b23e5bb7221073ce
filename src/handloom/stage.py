"""How a stage script runs: parameters from `params.yaml`, overrides from the command line, one line for a user's error.

python pipeline/train_pose.py                                  as `dvc repro` runs it
python pipeline/train_pose.py train_pose.optimizer.lr=0.001    with overrides, in Hydra's grammar
python pipeline/extract_keypoints.py pose                      a stage that serves both kinds takes the kind first
python pipeline/train_pose.py -m train_pose.seed=1,2,3         Hydra's own multirun
python pipeline/train_pose.py -m +space=pose                   a search with Hydra's Optuna sweeper
"""

import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from handloom.config import KINDS, Kind, Parameters, parameters_from
from handloom.console import PIPE_CLOSED, accept_any_text, drop_output, reader_is_gone
from handloom.errors import ConfigurationError, HandloomError, printable

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from handloom.multirun import Search

MULTIRUN = {"-m", "--multirun"}
HYDRA_ONLY = MULTIRUN | {"-c", "--cfg", "-h", "--help", "--hydra-help", "-i", "--info"}


def run_stage(
    script: str,
    function: Callable[[Parameters, Kind], None],
    kind: Kind | None = None,
    search: "Search | None" = None,
) -> None:
    """Run a stage and end the process: status 0, or 1 with one line on stderr for an error that the user can mend.

    Args:
        script: the stage script's `__file__`; the folder above its own is the project.
        function: what to run.
        kind: the kind it serves; None takes it from the command line.
        search: what runs in its place when Hydra's Optuna sweeper is asked for; None: a stage that cannot be searched.
    """
    accept_any_text()
    script = sys.argv[0] = str(Path(script).resolve())  # Lightning starts its further processes with it
    project = Path(script).parent.parent
    os.chdir(project)
    overrides = sys.argv[1:]
    try:
        if kind is None:
            kind = _kind(overrides)
        if HYDRA_ONLY & set(overrides):
            _run_with_hydra(project, function, kind, overrides, partial(_stop, script), search)
        else:
            from handloom.compose import composed

            function(parameters_of(composed(project, "params", overrides)), kind)
        sys.stdout.flush()  # here, where a closed pipe can still be told from a bug
    except HandloomError as error:
        _stop(script, error)
    except BrokenPipeError:
        if not reader_is_gone():
            raise
        drop_output()
        sys.exit(PIPE_CLOSED)


def parameters_of(composed: "DictConfig") -> Parameters:
    """The parameters in what Hydra composed."""
    from omegaconf import OmegaConf, open_dict
    from omegaconf.errors import OmegaConfBaseException

    if "hydra" in composed:
        composed = composed.copy()
        with open_dict(composed):
            del composed["hydra"]
    try:
        content: Any = OmegaConf.to_container(composed, resolve=True)
    except OmegaConfBaseException as error:
        raise ConfigurationError(" ".join(str(error).split())) from None
    if not isinstance(content, dict):
        raise ConfigurationError("params.yaml: not a mapping of sections; restore it from git")
    return parameters_from(content)


def _stop(script: str, error: HandloomError) -> NoReturn:
    print(f"{Path(script).stem}: {printable(str(error))}", file=sys.stderr)
    sys.exit(1)


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
    search: "Search | None",
) -> None:
    from handloom.multirun import OPTUNA, Multirun

    multirun = Multirun(project, overrides, stop)
    if MULTIRUN & set(overrides):
        multirun.check(parameters_of)
        if str(multirun.composed().hydra.sweeper._target_).startswith(OPTUNA):
            if search is None:
                raise ConfigurationError("hydra/sweeper=optuna: only trainings can be searched, this stage cannot")
            search(multirun, kind)
            return

    def job(composed: "DictConfig") -> None:
        try:
            function(parameters_of(composed), kind)
        except HandloomError as error:
            stop(error)

    multirun.launch(job)
