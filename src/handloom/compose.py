"""Composing parameters with Hydra: `params.yaml` from the groups in `conf/`, and overrides on top of it."""

from collections.abc import Sequence
from pathlib import Path

from hydra import compose, initialize_config_dir
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from handloom.errors import ConfigurationError


def composed_text(conf: Path, overrides: Sequence[str] = ()) -> str:
    """What `params.yaml` holds for these groups and overrides, in Hydra's grammar: the text that DVC writes too."""
    with initialize_config_dir(str(conf.resolve()), version_base="1.3"):
        return OmegaConf.to_yaml(compose("config", list(overrides)), resolve=True)


def composed(folder: Path, name: str, overrides: Sequence[str], with_hydra: bool = False) -> DictConfig:
    """A file of parameters with overrides.

    Raises:
        ConfigurationError: the file or an override is wrong; one line.
    """
    try:
        with initialize_config_dir(str(folder), version_base="1.3"):
            return compose(name, list(overrides), return_hydra_config=with_hydra)
    except (HydraException, OmegaConfBaseException) as error:
        raise ConfigurationError(" ".join(str(error).split())) from None
    except (YAMLError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{name}.yaml: not YAML in UTF-8 ({' '.join(str(error).split())})") from None
