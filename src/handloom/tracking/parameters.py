"""Parameters by their full names, as MLflow shows them."""

from collections.abc import Mapping
from typing import Any

import yaml

from handloom.config import Kind, Parameters, as_plain

PARAMETERS_FILE = "params.yaml"  # artifact of a run


def flat(content: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """Nested dictionaries as one, its keys in full: ``train_pose.optimizer.lr``."""
    values: dict[str, Any] = {}
    for key, value in content.items():
        name = f"{prefix}.{key}"
        values |= flat(value, name) if isinstance(value, Mapping) else {name: value}
    return values


def run_parameters(kind: Kind, parameters: Parameters) -> dict[str, str]:
    """All that decides a model of this kind and what is known of it."""
    sections = {"data": parameters.source(kind), f"train_{kind}": parameters.training(kind)}
    for name in ("extract_keypoints", "split", "evaluate", "export_coreml"):
        sections[name] = getattr(parameters, name)
    return {
        key: str(value) for name, section in sections.items() for key, value in flat(as_plain(section), name).items()
    }


def parameters_text(parameters: Parameters) -> str:
    """All parameters as a `params.yaml`, which `parameters_from` reads to the same."""
    return yaml.safe_dump(as_plain(parameters), sort_keys=False, allow_unicode=True)
