"""Composing `params.yaml` from the groups in `conf/`."""

from collections.abc import Sequence
from pathlib import Path

from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf


def composed_text(conf: Path, overrides: Sequence[str] = ()) -> str:
    """What `params.yaml` holds for these groups and overrides, in Hydra's grammar: the text that DVC writes too."""
    with initialize_config_dir(str(conf.resolve()), version_base="1.3"):
        return OmegaConf.to_yaml(compose("config", list(overrides)), resolve=True)
