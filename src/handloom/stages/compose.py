"""Composing parameters with Hydra: `params.yaml` from the groups in `conf/`, and overrides on top of it."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any
from warnings import catch_warnings, filterwarnings

from hydra import compose, initialize_config_dir
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf, open_dict
from omegaconf.errors import OmegaConfBaseException

from handloom.config import Parameters, check_raw_data, parameters_from
from handloom.config.errors import OF_AN_OLDER_HANDLOOM, flat
from handloom.config.interpolation import refuse_resolvers
from handloom.errors import ConfigurationError
from handloom.stages.overrides import Known, explained, groups_in, parsed, refuse_several_values, unresolved
from handloom.support.files import replacing
from handloom.support.yaml_files import parse_yaml, read_yaml

_NOT_IN_PROJECTS = {"sample"}  # a project of `handloom init` draws none
_ONCE = Path("evaluate") / "default.yaml"  # every project had it when defaults stood in conf/
_HYDRAS_OWN = ("defaults", "hydra")  # would load other files, or let Hydra import what they name


def write_parameters(conf: Path, path: Path) -> None:
    """Compose `params.yaml`, check it, and only then replace it.

    Raises:
        ConfigurationError: a file of `conf/` or a value is wrong, or `defaults` in `conf/config.yaml` lacks a group.
    """
    text = composed_text(conf)
    content = parse_yaml(text, str(conf))
    sections = [field.name for field in fields(Parameters)]
    missing = [name for name in sections if name not in content and name not in _NOT_IN_PROJECTS]
    if missing:
        raise ConfigurationError(
            f"{conf / 'config.yaml'}: no {', '.join(missing)}; keep the whole list `defaults`, and change lines in it"
        )
    parameters_from(content)
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def composed_text(conf: Path, overrides: Sequence[str] = ()) -> str:
    """The text of `params.yaml` for these groups and overrides, in Hydra's grammar: the text that DVC writes too.

    Raises:
        ConfigurationError: a file or an override is wrong; one line.
    """
    if (conf / _ONCE).is_file():
        raise ConfigurationError(f"{conf / _ONCE}: {OF_AN_OLDER_HANDLOOM}")
    for path in sorted(conf.rglob("*.yaml")):
        read_yaml(path)  # within its bounds, before Hydra's own loader

    def known() -> Mapping[str, Any]:
        return flat(parse_yaml(composed_text(conf), str(conf))) if overrides else {}

    with (
        _one_line(overrides, known, groups_in(conf)),
        catch_warnings(),
        initialize_config_dir(str(conf.resolve()), version_base="1.3"),
    ):
        # A file of the user's own may have the name of an option of handloom's: the file wins.
        filterwarnings("ignore", message=r"\s*'.*' is validated against ConfigStore schema")
        return OmegaConf.to_yaml(compose("config", list(overrides)), resolve=True)


def composed(folder: Path, name: str, overrides: Sequence[str], with_hydra: bool = False) -> DictConfig:
    """A file of parameters with overrides.

    Args:
        folder: where it is.
        name: its name without `.yaml`.
        overrides: in Hydra's grammar.
        with_hydra: Hydra's own settings are part of the result.

    Raises:
        ConfigurationError: the file or an override is wrong; one line.
    """
    content = read_parameters(folder / f"{name}.yaml")
    with _one_line(overrides, lambda: flat(content), ()), initialize_config_dir(str(folder), version_base="1.3"):
        return compose(name, list(overrides), return_hydra_config=with_hydra)


def read_parameters(path: Path) -> Any:
    """What a file of plain values says, before Hydra reads it.

    Raises:
        ConfigurationError: it is not YAML, steers Hydra, or would read this computer's environment.
    """
    content = read_yaml(path)
    if content is not None and not isinstance(content, Mapping):
        raise ConfigurationError(f"{path.name}: not a mapping of sections")
    for key in _HYDRAS_OWN:
        if content and key in content:
            raise ConfigurationError(f"{path.name}: {key}: not a parameter; it belongs into conf/config.yaml")
    refuse_resolvers(content, path.name)
    return content


def project_parameters(project: Path, overrides: Sequence[str]) -> Parameters:
    """The parameters of a project: its `params.yaml`, with overrides.

    Raises:
        ConfigurationError: the file or an override is wrong; one line. Or the file does not list what the sources read,
            so that DVC would not notice a change of it.
    """
    try:
        parameters = parameters_of(composed(project.absolute(), "params", overrides))
        if not overrides:
            check_raw_data(read_parameters(project / "params.yaml"))
        return parameters
    except ConfigurationError as error:
        if overrides or "older handloom" in str(error):
            raise
        # `dvc exp run -S` writes the file before anything checks it.
        raise ConfigurationError(f"{error}; handloom params writes params.yaml again, from conf/") from None


def parameters_of(composed: DictConfig) -> Parameters:
    """The parameters in what Hydra composed.

    Raises:
        ConfigurationError: a value is wrong, or an interpolation; one line.
    """
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


@contextmanager
def _one_line(overrides: Sequence[str], known: Known, groups: Sequence[str]) -> Iterator[None]:
    """Check overrides, then turn what Hydra and OmegaConf raise within into one line."""
    understood = parsed(overrides, known)
    refuse_several_values(understood, known)
    try:
        yield
    except (HydraException, OmegaConfBaseException, ValueError, RecursionError) as error:
        raise ConfigurationError(explained(error, understood, known, groups)) from None
