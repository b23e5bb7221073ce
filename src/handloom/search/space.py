"""The search space: a range for each parameter, in Hydra's override grammar."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hydra.core.override_parser.types import (
    ChoiceSweep,
    IntervalSweep,
    Override,
    QuotedString,
    RangeSweep,
    Transformer,
)
from omegaconf import DictConfig, OmegaConf
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution

from handloom.config import Kind, Training
from handloom.errors import ConfigurationError
from handloom.stages.multirun import Multirun
from handloom.support.yaml_files import read_yaml

SPACES = Path("conf/space")
SPACE = "space="  # the word that chooses a file of SPACES
NONE = "none"  # the space without a file: ranges come from the command line alone

# They change what the loss means, so trials with different values cannot be compared by it.
OF_THE_LOSS = ("label_smoothing", "class_balance")


@dataclass(frozen=True)
class Space:
    """A search's parameters, by their full names.

    Attributes:
        ranges: what is tried.
        fixed: the names of those of the training that the command line sets to one value.
    """

    ranges: Mapping[str, BaseDistribution]
    fixed: Sequence[str]


def with_space_file(kind: Kind, project: Path, words: Sequence[str]) -> list[str]:
    """The words of the command line behind the ranges of a file in `conf/space/`: `space=NAME`, the kind by default.

    Raises:
        ConfigurationError: there is no such file, or it does not map names to ranges.
    """
    chosen = [word.removeprefix(SPACE) for word in words if word.startswith(SPACE)]
    name = chosen[-1] if chosen else kind
    rest = [word for word in words if not word.startswith(SPACE)]
    return rest if name == NONE else [*_of_file(project, name), *rest]


def _of_file(project: Path, name: str) -> list[str]:
    names = sorted(path.stem for path in (project / SPACES).glob("*.yaml"))
    if name not in names:
        raise ConfigurationError(f"space={name}: no such file in {SPACES}; use {', '.join([*names, NONE])}")
    path = SPACES / f"{name}.yaml"
    content = read_yaml(project / path)
    if not isinstance(content, dict):
        raise ConfigurationError(
            f"{path}: must hold a range for each name, e.g. train_pose.model.dropout: interval(0,1)"
        )
    return [f"{key}={value}" for key, value in content.items()]


def space_of(kind: Kind, composed: DictConfig, multirun: Multirun) -> Space:
    """The ranges on a command line; the last word for a name counts.

    Raises:
        ConfigurationError: there is nothing to search, or something that cannot be searched.
    """
    last = {override.key_or_group: override for override in multirun.parsed()}
    ranges = {name: _distribution(name, one) for name, one in sorted(last.items()) if one.is_sweep_override()}
    if not ranges:
        raise ConfigurationError(
            f"nothing to search; leave out space={NONE}, or give a range such as"
            f" 'train_{kind}.optimizer.lr=tag(log,interval(0.001,0.01))'"
        )
    for name in ranges:
        _check(kind, composed, name)
    fixed = [name for name in sorted(last) if name not in ranges and name.startswith(f"train_{kind}.")]
    return Space(ranges, fixed)


def _distribution(name: str, override: Override) -> BaseDistribution:
    sweep: Any = override.value()
    log = "log" in getattr(sweep, "tags", ())
    try:
        if isinstance(sweep, IntervalSweep):
            whole = isinstance(sweep.start, int) and isinstance(sweep.end, int)
            kind: Callable[..., BaseDistribution] = IntDistribution if whole else FloatDistribution
            return kind(sweep.start, sweep.end, log=log)
        if isinstance(sweep, RangeSweep | ChoiceSweep):
            values = [_plain(name, value) for value in override.sweep_iterator(transformer=Transformer.identity)]
            if isinstance(sweep, RangeSweep) and all(isinstance(value, int) for value in values):
                return IntDistribution(min(values), max(values), step=abs(int(sweep.step)))
            return CategoricalDistribution(values)
    except ValueError as error:
        raise ConfigurationError(f"{name}: {' '.join(str(error).split())}") from None
    raise ConfigurationError(f"{name}: cannot be searched; use interval(low,high), range(start,stop) or choice(a,b)")


def _plain(name: str, value: Any) -> Any:
    if isinstance(value, QuotedString):
        return value.text
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise ConfigurationError(f"{name}: a choice must be among numbers, texts, true and false (got {value})")


def _check(kind: Kind, composed: DictConfig, name: str) -> None:
    section = f"train_{kind}."
    if not name.startswith(section):
        raise ConfigurationError(f"{name}: a search for {kind} can only try parameters of train_{kind}")
    if OmegaConf.select(composed, name, throw_on_missing=False) is None:
        raise ConfigurationError(f"{name}: unknown parameter; see conf/ for those that exist")
    if name.removeprefix(section) in OF_THE_LOSS:
        raise ConfigurationError(f"{name}: changes the meaning of the loss, so trials cannot be compared")


def check_settings(kind: Kind, settings: Training) -> None:
    """Refuse settings that a search cannot train with.

    Raises:
        ConfigurationError: it is one.
    """
    if settings.devices > 1:
        raise ConfigurationError(f"train_{kind}.devices: a search trains on one device (got {settings.devices})")
    if settings.iterations < settings.maximum_iterations:
        raise ConfigurationError(
            f"train_{kind}.iterations: {settings.iterations} would pause every trial; leave it at"
            f" {settings.maximum_iterations} or more, and set train_{kind}.maximum_iterations instead"
        )
