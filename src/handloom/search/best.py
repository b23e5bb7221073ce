"""The best parameters of a search as an option of their group in `conf/`: `train_pose: best`."""

from pathlib import Path
from typing import Any

import yaml
from omegaconf import DictConfig, OmegaConf
from optuna.trial import FrozenTrial

from handloom.config import Kind
from handloom.stages.compose import composed_text
from handloom.support.files import replacing

OPTION = "best"


def write_best(kind: Kind, composed: DictConfig, names: list[str], trial: FrozenTrial, count: int) -> Path:
    """Write `conf/train_<kind>/best.yaml`; print how to use it, and which settings in `conf/config.yaml` override it.

    Args:
        kind: "pose" or "action".
        composed: the parameters of the best trial.
        names: the parameters that the search tried or was given, in full.
        trial: the best one.
        count: of how many.
    """
    section = f"train_{kind}"
    values = {name: _plain(OmegaConf.select(composed, name)) for name in sorted(names)}
    path = Path("conf") / section / f"{OPTION}.yaml"
    with replacing(path) as beside:
        beside.write_text(
            f"# The best of {count} trials: validation loss {trial.value:.5f} (trial {trial.number + 1}).\n"
            f"# To use it: `{section}: {OPTION}` in conf/config.yaml, then `handloom params`.\n"
            + yaml.safe_dump({"defaults": ["default", "_self_"]}, sort_keys=False)
            + yaml.safe_dump(_sections({name.removeprefix(f"{section}."): value for name, value in values.items()})),
            encoding="utf-8",
        )
    print(f"best of {count} trials: validation loss {trial.value:.5f}, trial {trial.number + 1}, written to {path}")
    print(
        f"  dvc exp run -S {section}={OPTION}, or `{section}: {OPTION}` in conf/config.yaml,"
        " `handloom params`, `dvc repro`"
    )
    if others := _overruled(section, values):
        print(f"  conf/config.yaml sets {', '.join(others)} itself, which wins; remove it there")
    return path


def _overruled(section: str, values: dict[str, Any]) -> list[str]:
    """The parameters that have another value when the option is chosen."""
    with_best = OmegaConf.create(composed_text(Path("conf"), [f"{section}={OPTION}"]))
    return [name for name, value in values.items() if _plain(OmegaConf.select(with_best, name)) != value]


def _plain(value: Any) -> Any:
    return OmegaConf.to_container(value) if OmegaConf.is_config(value) else value


def _sections(values: dict[str, Any]) -> dict[str, Any]:
    sections: dict[str, Any] = {}
    for name, value in values.items():
        *path, key = name.split(".")
        place = sections
        for part in path:
            place = place.setdefault(part, {})
        place[key] = value
    return sections
