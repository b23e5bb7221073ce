"""Reading a trained model: the checkpoint that training wrote, without the trainer."""

import pickle
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import torch

from handloom.config import Kind, Training, section_from
from handloom.errors import DataError, first_line
from handloom.models.calibration import Calibration
from handloom.models.network import HandNetwork

NETWORK_PREFIX = "network."  # where the Lightning module keeps the network
CALIBRATION = "calibration"  # the key beside Lightning's own


@dataclass(frozen=True)
class TrainedModel:
    """A trained classifier.

    Attributes:
        network: in evaluation mode, on the CPU.
        kind: "pose" or "action".
        classes: labels, in the order of the network's outputs.
        window: frames a prediction sees.
        frame_rate: frames/s it was trained at.
        background_label: the class of no gesture; it need not be among `classes`.
        left_hands: "mirrored" where they were turned into right ones, and have to be before a prediction.
        calibration: what validation taught, already inside the network; None without a validation part.
        training: the section of the configuration that it was trained with, without what decides nothing.
    """

    network: HandNetwork
    kind: Kind
    classes: list[str]
    window: int
    frame_rate: float
    background_label: str = Training.background_label
    left_hands: Literal["as_they_are", "mirrored"] = "as_they_are"
    calibration: Calibration | None = None
    training: Mapping[str, Any] = field(default_factory=dict)


def load_model(path: Path) -> TrainedModel:
    """Read `model.ckpt`, or a checkpoint of a training. Only tensors and plain types are read from it, never code.

    Raises:
        DataError: the file is missing, is damaged, or is no checkpoint of handloom.
    """
    content = read_checkpoint(path)
    try:
        settings: dict[str, Any] = content["hyper_parameters"]
        kind, classes, frame_rate = settings["kind"], settings["classes"], settings["frame_rate"]
        training = section_from(Training, settings["training"])
        network = HandNetwork(len(classes), training.prediction_window_size, training.model)
        weights = {
            name.removeprefix(NETWORK_PREFIX): tensor
            for name, tensor in content["state_dict"].items()
            if name.startswith(NETWORK_PREFIX)
        }
        network.load_state_dict(weights)
        known = content.get(CALIBRATION)  # a checkpoint on the way has none
        calibration = section_from(Calibration, known) if known else None
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise DataError(
            f"{path}: not a model that this version of handloom trained ({first_line(error)}); train it again"
        ) from None
    return TrainedModel(
        network.eval(),
        kind,
        list(classes),
        training.prediction_window_size,
        frame_rate,
        training.background_label,
        training.left_hands,
        calibration,
        settings["training"],
    )


def read_checkpoint(path: Path) -> dict[str, Any]:
    """The contents of a checkpoint file: tensors and plain types only.

    Raises:
        DataError: the file is missing, or damaged, or holds anything else.
    """
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise DataError(f"{path}: no such file; train the model first (dvc repro)") from None
    except (pickle.UnpicklingError, RuntimeError, EOFError, OSError, ValueError, LookupError, AttributeError) as error:
        raise DataError(
            f"{path}: not a checkpoint that can be read ({first_line(error)}); train the model again"
        ) from None
    if not isinstance(content, dict):
        raise DataError(f"{path}: not a checkpoint; train the model again")
    return content
