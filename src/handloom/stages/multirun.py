"""Several values on the command line of a stage: a wrong one is an error of one line before the first job starts."""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.types import IntervalSweep, Override
from omegaconf import DictConfig

from handloom.config import Parameters
from handloom.config.errors import flat
from handloom.errors import ConfigurationError, HandloomError, as_handloom_error, printable
from handloom.stages.compose import composed, parameters_of, read_parameters
from handloom.stages.overrides import parsed
from handloom.support.console import REFUSED

CONFIG_NAME = "params"
# Hydra's own bookkeeping stays out of the way unless it is asked for.
QUIET = ("hydra.run.dir=.", "hydra.output_subdir=null", "hydra/job_logging=none", "hydra/hydra_logging=none")


class Multirun:
    """What stands on the command line of a stage, in Hydra's grammar.

    Args:
        project: the folder of `params.yaml`; the groups in its `conf/` can be added, say
            `+train_pose=described_and_own`.
        words: the command line.
    """

    def __init__(self, project: Path, words: Sequence[str]) -> None:
        self.project = project.absolute()
        self._words = list(words)
        self.overrides = [word for word in words if "=" in word and not word.startswith("-")]
        folder = str(self.project / "conf").replace("'", "\\'")
        self._groups = [f"hydra.searchpath=['file://{folder}']"] if (self.project / "conf").is_dir() else []

    def composed(self, further: Sequence[str] = ()) -> DictConfig:
        """One configuration, Hydra's part included; of what is swept over the first value, unless `further` has it."""
        first = [text for override in self.parsed() for text in _values(override)[:1]]
        return composed(self.project, CONFIG_NAME, [*self._groups, *first, *further], with_hydra=True)

    def check(self) -> None:
        """Compose and check every value that is swept over, each with the first ones of the others.

        Raises:
            ConfigurationError: a key or a value is wrong.
        """
        for override in self.parsed():
            for text in _values(override):
                parameters_of(self.composed([text] if override.is_sweep_override() else []))

    def launch(self, name: str, function: Callable[[Parameters], object]) -> None:
        """Let Hydra run a function with every value, by the launcher of its that the words name; or answer an option.

        The process ends with the first job that fails.

        Args:
            name: of the program, for messages.
            function: what to run.

        Raises:
            ConfigurationError: an option, a key or a value is wrong.
        """
        given = _options(name).parse_intermixed_args(self._words)
        if given.multirun:
            self.check()
        else:
            composed(self.project, CONFIG_NAME, [*self._groups, *given.overrides], with_hydra=True)
        words = [*QUIET, *self._groups, *given.overrides]  # ours before the user's, so that the user's win
        with initialize_config_dir(str(self.project), job_name=name, version_base="1.3"):
            # What `hydra.main` calls; that would read the command line of the process, where there are our own words.
            hydra = GlobalHydra.instance().hydra
            if hydra is None:
                raise RuntimeError("Hydra is not initialised")
            if given.cfg:
                hydra.show_cfg(CONFIG_NAME, words, given.cfg, given.package, given.resolve)
            elif given.info:
                hydra.show_info(given.info, CONFIG_NAME, words)
            else:
                hydra.multirun(CONFIG_NAME, _job(name, function), words)

    def parsed(self) -> list[Override]:
        """The overrides among the words.

        Raises:
            ConfigurationError: one cannot be parsed.
        """
        return parsed(self.overrides, lambda: flat(read_parameters(self.project / f"{CONFIG_NAME}.yaml")))


def _job(name: str, function: Callable[[Parameters], object]) -> Callable[[DictConfig], None]:
    def job(configuration: DictConfig) -> None:
        try:
            with as_handloom_error():
                function(parameters_of(configuration))
        except HandloomError as error:  # Hydra would print a traceback for whatever a job raises
            print(f"{name}: {printable(str(error))}", file=sys.stderr)
            sys.exit(REFUSED)

    return job


class _Options(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise ConfigurationError(f"{printable(message)}; --help lists the options")


def _options(name: str) -> argparse.ArgumentParser:
    options = _Options(prog=f"{name}.py", allow_abbrev=False)
    what = options.add_mutually_exclusive_group(required=True)
    what.add_argument("-m", "--multirun", action="store_true", help="run with each of several values: KEY=1,2,3")
    what.add_argument("-c", "--cfg", choices=["job", "hydra", "all"], help="print the configuration, and run nothing")
    what.add_argument(
        "-i",
        "--info",
        nargs="?",
        const="all",
        choices=["all", "config", "defaults", "defaults-tree", "plugins", "searchpath"],
        help="print how Hydra composes it, and run nothing",
    )
    options.add_argument("-p", "--package", help="the section that --cfg prints")
    options.add_argument("--resolve", action="store_true", help="with --cfg: interpolations by their values")
    options.add_argument("overrides", nargs="*", metavar="KEY=VALUE", help="parameters, in Hydra's grammar")
    return options


def _values(override: Override) -> list[str]:
    """The overrides, each with one value, that an override stands for; both ends of an interval."""
    if not override.is_sweep_override():
        return [override.input_line or ""]
    key, swept = override.get_key_element(), override.value()
    if isinstance(swept, IntervalSweep):
        return [f"{key}={swept.start}", f"{key}={swept.end}"]
    return [f"{key}={value}" for value in override.sweep_string_iterator()]
