"""What a search tries, as Hydra's sweeper reads it, and what of that makes no sense."""

from dataclasses import dataclass

from hydra_plugins.hydra_optuna_sweeper._impl import create_params_from_overrides
from omegaconf import DictConfig, OmegaConf

from handloom.config import Kind, Training
from handloom.errors import ConfigurationError

# They change what the loss means, so that trials with different ones cannot be compared.
OF_THE_LOSS = ("label_smoothing", "class_balance")


@dataclass(frozen=True)
class Space:
    """A search's parameters.

    Attributes:
        ranges: each parameter's values, as text, by its full name.
        overrides: the same as the overrides that say so.
        fixed: parameters of the training that the command line sets to one value.
        count: of the trials.
    """

    ranges: dict[str, str]
    overrides: list[str]
    fixed: list[str]
    count: int


def space_of(kind: Kind, composed: DictConfig, words: list[str]) -> Space:
    """The space that Hydra's sweeper will see: its `params` and the sweeps on the command line.

    Raises:
        ConfigurationError: there is nothing to search, or something that cannot be searched.
    """
    sweeper = composed.hydra.sweeper
    given = [f"{name}={value}" for name, value in (sweeper.params or {}).items()]
    task = [word for word in words if not word.lstrip("+~").startswith("hydra")]
    try:
        ranges, fixed = create_params_from_overrides([*given, *task])
    except (NotImplementedError, AssertionError, ValueError) as error:
        raise ConfigurationError(f"hydra.sweeper.params: cannot be searched ({' '.join(str(error).split())})") from None
    if not ranges:
        raise ConfigurationError(
            f"hydra.sweeper.params: nothing to search; add +space={kind}, or a range such as"
            f" 'train_{kind}.optimizer.lr=tag(log,interval(0.001,0.01))'"
        )
    for name in ranges:
        _check(kind, composed, name)
    if sweeper.n_trials < 1:
        raise ConfigurationError(f"hydra.sweeper.n_trials: must be at least 1 (got {sweeper.n_trials})")
    return Space(
        ranges={name: str(ranges[name]) for name in sorted(ranges)},
        overrides=given,
        fixed=sorted(name for name in fixed if name.startswith(f"train_{kind}.")),
        count=sweeper.n_trials,
    )


def _check(kind: Kind, composed: DictConfig, name: str) -> None:
    section = f"train_{kind}."
    if not name.startswith(section):
        raise ConfigurationError(f"{name}: a search of this stage can only try parameters of train_{kind}")
    if OmegaConf.select(composed, name, throw_on_missing=False) is None:
        raise ConfigurationError(f"{name}: unknown parameter; see conf/ for those that exist")
    if name.removeprefix(section) in OF_THE_LOSS:
        raise ConfigurationError(f"{name}: changes what the loss means, so a search cannot compare trials by it")


def check_settings(kind: Kind, settings: Training) -> None:
    """Refuse a training that a search cannot make.

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
