"""The trained model's file: the network with its calibration folded in, and what later stages need to know."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytorch_lightning as lightning
from torch import Tensor

from handloom.config import as_plain
from handloom.models.calibration import Calibration
from handloom.models.checkpoint import CALIBRATION, NETWORK_PREFIX, SPEC
from handloom.training.checkpoints import AtomicCheckpointIO
from handloom.training.module import HandClassifier

LAST_LAYER = (f"{NETWORK_PREFIX}out.weight", f"{NETWORK_PREFIX}out.bias")  # the linear layer that gives the scores


def save_model(module: HandClassifier, calibration: Calibration | None, path: Path) -> None:
    """Write what `HandClassifier.load_from_checkpoint` and `load_model` need, the same bytes each time.

    The last layer is written divided by the temperature, so that whoever takes the softmax of the network's scores,
    the exported model too, has calibrated probabilities. Which class is the most likely does not change.

    Args:
        module: the trained classifier.
        calibration: what validation taught; None without a validation part.
        path: the file.
    """
    state = {name: tensor.detach().cpu() for name, tensor in module.state_dict().items()}
    content = {
        "pytorch-lightning_version": lightning.__version__,
        "state_dict": folded(state, calibration.temperature) if calibration else state,
        "hyper_parameters": _fresh(dict(module.hparams)),
        "hparams_name": "kwargs",
        CALIBRATION: _fresh(asdict(calibration)) if calibration else None,
        SPEC: _fresh(as_plain(module.spec)),
    }
    AtomicCheckpointIO().save_checkpoint(content, path)


def folded(state: dict[str, Tensor], temperature: float) -> dict[str, Tensor]:
    """The weights of a network whose scores are those of `state` divided by the temperature."""
    return state | {name: state[name] / temperature for name in LAST_LAYER}


def _fresh(content: dict[str, Any]) -> Any:
    """Plain content made of objects of its own: pickle's bytes depend on which equal texts are one object."""
    return json.loads(json.dumps(content))
