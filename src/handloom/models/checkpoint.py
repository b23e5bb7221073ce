"""Reading a trained model: the checkpoint that training wrote, without the trainer."""

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Literal

import torch
from torch import Tensor

from handloom.config import Kind, Training
from handloom.errors import DataError, first_line
from handloom.models.calibration import Calibration, calibration_from
from handloom.models.network import HandNetwork
from handloom.models.spec import ModelSpec, spec_of

NETWORK_PREFIX = "network."  # where the Lightning module keeps the network
# Keys next to Lightning's own. A checkpoint that training goes on from has no calibration.
CALIBRATION, SPEC = "calibration", "spec"
_MORE_THAN_DATA = "Weights only load failed"  # how PyTorch's message begins


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
        calibration: from the validation part, already inside the network; None without one.
        training: the section of the configuration that it was trained with, as it was called then, without what decides
            nothing; to be shown, not to be relied on.
        landmarks: library, version and model file that found the joints; empty where that is not known.
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
    landmarks: str = ""


def load_model(path: Path) -> TrainedModel:
    """Read `model.ckpt`, or a checkpoint of a training. Only tensors and plain types are read from it, never code.

    What a model is stands in its `ModelSpec`; how it was trained is not needed to use it, so parameters of training
    that this version does not know do no harm.

    Raises:
        DataError: the file is missing, is damaged, or is no checkpoint of handloom; or it holds a model that cannot be:
            a kind, size or frame rate that there is not, or weights that are not finite or have other shapes.
    """
    content = read_checkpoint(path)
    settings = content.get("hyper_parameters")
    if not isinstance(content.get("state_dict"), Mapping) or not isinstance(settings, Mapping):
        raise DataError(f"{path}: a file of PyTorch, but no model of handloom; give a model.ckpt that handloom trained")
    try:
        spec = spec_of(content)
        network = _network(spec, weights_of(content))
        calibration = calibration_from(content.get(CALIBRATION), spec.classes)
        training = settings.get("training")
        if not isinstance(training, Mapping):
            raise ValueError("it does not say how it was trained")
    except Exception as error:  # whatever a file of somebody else's may lead to
        raise DataError(
            f"{path}: not a model that this version of handloom can use ({first_line(error)}); train it again"
        ) from None
    return TrainedModel(
        network,
        spec.kind,
        list(spec.classes),
        spec.window,
        spec.frame_rate,
        spec.background_label,
        spec.left_hands,
        calibration,
        training,
        spec.landmarks,
    )


def read_checkpoint(path: Path) -> dict[str, Any]:
    """The contents of a checkpoint file: tensors and plain types only, as they were written.

    Raises:
        DataError: the file is missing, or damaged, or holds anything else.
    """
    if not path.exists():
        raise DataError(f"{path}: no such file; train the model first (dvc repro)")
    try:
        if not path.is_file():  # a pipe would never end
            raise ValueError("it is not a file")
        with path.open("rb") as file:
            _check_sums(file)
            file.seek(0)
            content = torch.load(file, map_location="cpu", weights_only=True)
        if not isinstance(content, dict):
            raise ValueError("it holds something else")
    except Exception as error:  # PyTorch and zipfile raise of all kinds for a damaged file
        reason = first_line(error)
        if reason.startswith(_MORE_THAN_DATA):  # PyTorch goes on with how to load it all the same
            reason = "it holds more than tensors and plain types, which could run code"
        raise DataError(
            f"{path}: not a checkpoint that can be read ({reason}); train the model again, or restore it from a copy"
        ) from None
    return content


def weights_of(content: Mapping[str, Any]) -> dict[str, Tensor]:
    """The network's tensors in a checkpoint, by their names in the network.

    Raises:
        ValueError: one holds what is no number, or is no tensor; or there is none.
    """
    weights = {
        str(name).removeprefix(NETWORK_PREFIX): tensor
        for name, tensor in content["state_dict"].items()
        if str(name).startswith(NETWORK_PREFIX)
    }
    for name, tensor in weights.items():
        if not isinstance(tensor, Tensor) or tensor.layout != torch.strided or not torch.isfinite(tensor).all():
            raise ValueError(f"weights that are not numbers, in {name}")
    if not weights:
        raise ValueError("it has no weights")
    return weights


def _check_sums(file: IO[bytes]) -> None:
    """Hold each record of the archive against its checksum, which PyTorch writes and does not look at.

    Raises:
        Exception: one of many kinds; the file is damaged.
    """
    with zipfile.ZipFile(file) as archive:
        if any(record.compress_type != zipfile.ZIP_STORED for record in archive.infolist()):
            raise ValueError("PyTorch stores records as they are, these are compressed")
        damaged = archive.testzip()
    if damaged is not None:
        raise ValueError(f"it is damaged: the checksum of {damaged} is wrong")


def _network(spec: ModelSpec, weights: Mapping[str, Tensor]) -> HandNetwork:
    """The network of these sizes with these weights.

    Raises:
        ValueError: they do not belong together.
    """
    if max(spec.model.spatial_layers, spec.model.temporal_layers) > len(weights):
        raise ValueError("it has fewer weights than layers")  # before they are made
    _check_shapes(spec, weights)
    network = HandNetwork(len(spec.classes), spec.window, spec.model)
    network.load_state_dict(dict(weights))
    return network.eval()


def _check_shapes(spec: ModelSpec, weights: Mapping[str, Tensor]) -> None:
    with torch.device("meta"):  # no memory, however large the sizes
        expected = HandNetwork(len(spec.classes), spec.window, spec.model).state_dict()
    for name in expected.keys() ^ weights.keys():
        raise ValueError(f"{name} is {'missing' if name in expected else 'not a weight of its network'}")
    for name, tensor in expected.items():
        if (weights[name].shape, weights[name].dtype) != (tensor.shape, tensor.dtype):
            raise ValueError(f"{name} has another shape or type than its network needs")
        if name.endswith("running_var") and (weights[name] < 0).any():
            raise ValueError(f"{name} holds a variance below zero")
