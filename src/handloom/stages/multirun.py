"""Several values on the command line of a stage: a wrong one is an error of one line before the first job starts."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from hydra.core.override_parser.types import IntervalSweep, Override
from omegaconf import DictConfig

from handloom.config import Parameters
from handloom.config.names import flat
from handloom.stages.compose import composed, read_parameters
from handloom.stages.overrides import parsed

CONFIG_NAME = "params"
# Hydra's own bookkeeping stays out of the way unless it is asked for.
QUIET = ("hydra.run.dir=.", "hydra.output_subdir=null", "hydra/job_logging=none", "hydra/hydra_logging=none")

Job = Callable[[DictConfig], float | None]


class Multirun:
    """What stands on the command line of a stage, in Hydra's grammar.

    Args:
        project: the folder of `params.yaml`; the groups in its `conf/` can be added, `+train_pose=few_photos` say.
        words: the command line.
    """

    def __init__(self, project: Path, words: Sequence[str]) -> None:
        self.project = project
        self.options = [word for word in words if word.startswith("-") or "=" not in word]
        self.overrides = [word for word in words if word not in self.options]
        folder = str(project / "conf").replace("'", "\\'")
        self._groups = [f"hydra.searchpath=['file://{folder}']"] if (project / "conf").is_dir() else []

    def composed(self, further: Sequence[str] = ()) -> DictConfig:
        """One configuration, Hydra's part included; of what is swept over the first value, unless `further` has it."""
        first = [text for override in self.parsed() for text in _values(override)[:1]]
        return composed(self.project, CONFIG_NAME, [*self._groups, *first, *further], with_hydra=True)

    def check(self, parameters_of: Callable[[DictConfig], Parameters]) -> None:
        """Compose and check every value that is swept over, each with the first ones of the others.

        Raises:
            ConfigurationError: a key or a value is wrong.
        """
        for override in self.parsed():
            for text in _values(override):
                parameters_of(self.composed([text] if override.is_sweep_override() else []))

    def launch(self, job: Job) -> None:
        """Let Hydra run the job with every value."""
        import hydra

        read_parameters(self.project / f"{CONFIG_NAME}.yaml")
        # Hydra's options go before all overrides, ours before the user's, so that the user's win.
        sys.argv[1:] = [*self.options, *QUIET, *self._groups, *self.overrides]
        hydra.main(version_base="1.3", config_path=str(self.project), config_name=CONFIG_NAME)(job)()

    def parsed(self) -> list[Override]:
        """The overrides among the words.

        Raises:
            ConfigurationError: one cannot be parsed.
        """
        return parsed(self.overrides, lambda: flat(read_parameters(self.project / f"{CONFIG_NAME}.yaml")))


def _values(override: Override) -> list[str]:
    """The overrides, each with one value, that an override stands for; both ends of an interval."""
    if not override.is_sweep_override():
        return [override.input_line or ""]
    key, swept = override.get_key_element(), override.value()
    if isinstance(swept, IntervalSweep):
        return [f"{key}={swept.start}", f"{key}={swept.end}"]
    return [f"{key}={value}" for value in override.sweep_string_iterator()]
