"""How a stage script runs: parameters from `params.yaml`, overrides from the command line, one line for a user's error.

python pipeline/train_pose.py                                  as `dvc repro` runs it
python pipeline/train_pose.py train_pose.optimizer.lr=0.001    with overrides, in Hydra's grammar
python pipeline/extract_keypoints.py pose                      a stage that serves both kinds takes the kind first
python pipeline/train_pose.py -m train_pose.seed=1,2,3         Hydra's own multirun
"""

import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

from handloom.config import KINDS, Kind, Parameters, parameters_from
from handloom.errors import ConfigurationError, HandloomError

CONFIG_NAME = "params"
HYDRA_ONLY = {"-m", "--multirun", "-c", "--cfg", "-h", "--help", "--hydra-help", "-i", "--info"}
# Hydra's own bookkeeping stays out of the way unless it is asked for.
QUIET = ("hydra.run.dir=.", "hydra.output_subdir=null", "hydra/job_logging=none", "hydra/hydra_logging=none")


def run_stage(script: str, function: Callable[[Parameters, Kind], None], kind: Kind | None = None) -> None:
    """Run a stage and end the process: status 0, or 1 with one line on stderr for an error that the user can mend.

    Args:
        script: the stage script's `__file__`; the folder above its own is the project.
        function: what to run.
        kind: the kind it serves; None takes it from the command line.
    """
    script = sys.argv[0] = str(Path(script).resolve())  # Lightning starts its further processes with it
    project = Path(script).parent.parent
    os.chdir(project)
    overrides = sys.argv[1:]
    try:
        if kind is None:
            kind = _kind(overrides)
        if HYDRA_ONLY & set(overrides):
            _run_with_hydra(project, function, kind, overrides, stop=partial(_stop, script))
        else:
            function(_compose(project, overrides), kind)
    except HandloomError as error:
        _stop(script, error)


def _stop(script: str, error: HandloomError) -> NoReturn:
    print(f"{Path(script).stem}: {error}", file=sys.stderr)
    sys.exit(1)


def _kind(overrides: list[str]) -> Kind:
    for kind in KINDS:
        if overrides and overrides[0] == kind:
            overrides.pop(0)
            return kind
    raise ConfigurationError(f"say which kind, first: {' or '.join(KINDS)}")


def _compose(project: Path, overrides: list[str]) -> Parameters:
    from hydra import compose, initialize_config_dir
    from hydra.errors import HydraException
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException
    from yaml import YAMLError

    try:
        with initialize_config_dir(str(project), version_base="1.3"):
            composed = compose(CONFIG_NAME, overrides)
        return parameters_from(_plain(OmegaConf.to_container(composed, resolve=True)))
    except (HydraException, OmegaConfBaseException) as error:
        raise ConfigurationError(" ".join(str(error).split())) from None
    except (YAMLError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"params.yaml: not YAML in UTF-8 ({' '.join(str(error).split())})") from None


def _run_with_hydra(
    project: Path,
    function: Callable[[Parameters, Kind], None],
    kind: Kind,
    overrides: list[str],
    stop: Callable[[HandloomError], NoReturn],
) -> None:
    import hydra
    from omegaconf import DictConfig, OmegaConf

    def task(composed: DictConfig) -> None:
        try:
            function(parameters_from(_plain(OmegaConf.to_container(composed, resolve=True))), kind)
        except HandloomError as error:  # here, because Hydra prints a traceback for whatever a job raises
            stop(error)

    # Hydra's options go before all overrides, ours before the user's, so that the user's win.
    options = [word for word in overrides if word.startswith("-") or "=" not in word]
    sys.argv[1:] = [*options, *QUIET, *(word for word in overrides if word not in options)]
    hydra.main(version_base="1.3", config_path=str(project), config_name=CONFIG_NAME)(task)()


def _plain(content: Any) -> dict[str, Any]:
    if not isinstance(content, dict):
        raise ConfigurationError("params.yaml: not a mapping of sections; restore it from git")
    return content
