"""A trained model: the checkpoint that training wrote, read without the trainer, and run by PyTorch."""

import dataclasses
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Annotated, Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field, ValidationError
from pydantic.dataclasses import dataclass
from torch import Tensor

from handloom.config import HandChoice, Kind, LeftHands, Model, Training, section_from
from handloom.config.fields import STRICT, Text
from handloom.errors import DataError, first_line
from handloom.hand import Poses
from handloom.models.calibration import Calibration, calibration_from
from handloom.models.model import WINDOWS_AT_ONCE, ModelSpec, StreamSettings
from handloom.models.network import HandNetwork

NETWORK_PREFIX = "network."  # where the Lightning module keeps the network
# Keys next to Lightning's own. A checkpoint that training resumes from has no calibration.
CALIBRATION, SPEC = "calibration", "spec"
FORMAT: Literal[1] = 1  # of `CheckpointSpec`
LONGEST_WINDOW = 100_000  # frames, an hour at 30 frames/s; larger numbers are damage
_BATCH_NORM_EPSILON = 1e-5  # PyTorch's
_MORE_THAN_DATA = "Weights only load failed"  # how PyTorch's message begins


@dataclass(frozen=True, config=STRICT)
class CheckpointSpec:
    """A model's description in a checkpoint, in a form that later versions read.

    Attributes:
        kind, classes, window, frame_rate, background_label, left_hands, landmarks, hand, landmarker, stream: see
            `ModelSpec`.
        model: the network's sizes.
        format: of this description. A field that is added gets a default that says what models before it were; anything
            else needs another number, and `spec_of` has to read the old ones.
    """

    kind: Kind
    classes: Annotated[list[Text], Field(min_length=1)]
    window: Annotated[int, Field(ge=1, le=LONGEST_WINDOW)]
    frame_rate: Annotated[float, Field(gt=0, le=240)]
    model: Model
    background_label: str = Training.background_label
    left_hands: LeftHands = "as_they_are"
    landmarks: str = ""
    hand: HandChoice | Literal[""] = ""
    landmarker: str = ""
    stream: StreamSettings | None = None
    format: Literal[1] = FORMAT

    def __post_init__(self) -> None:
        if len(set(self.classes)) < len(self.classes):
            raise ValueError("two of its classes have the same name")
        if self.kind == "pose" and self.window != 1:
            raise ValueError(f"a pose is one frame, its window is {self.window}")


@dataclasses.dataclass(frozen=True)
class TrainedModel:
    """A trained classifier, run by PyTorch.

    Attributes:
        network: in evaluation mode, on the CPU.
        spec: what it is.
        calibration: from the validation set, already inside the network; None without one.
        training: the section of the configuration that it was trained with, as it was called then, without what decides
            nothing; to be shown, not to be relied on.
    """

    network: HandNetwork
    spec: ModelSpec
    calibration: Calibration | None = None
    training: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def thresholds(self) -> Mapping[str, float]:
        """The recommended thresholds by class."""
        return self.calibration.thresholds if self.calibration else {}

    def probabilities(self, windows: Poses) -> NDArray[np.float64]:
        """Probabilities ``[K, classes]`` of windows ``[K, window, 3, 21]``."""
        found = [np.zeros((0, len(self.spec.classes)))]
        for first in range(0, len(windows), WINDOWS_AT_ONCE):
            some = np.require(windows[first : first + WINDOWS_AT_ONCE], np.float32, ["C", "W"])
            with torch.inference_mode():
                scores = self.network(torch.from_numpy(some))
            found.append(torch.softmax(scores.double(), dim=1).numpy())
        return np.concatenate(found)


def load_model(path: Path) -> TrainedModel:
    """Read `model.ckpt`, or a checkpoint of a training. Only tensors and plain types are read from it, never code.

    What a model is stands in its `CheckpointSpec`; how it was trained is not needed to use it, so parameters of
    training that this version does not know do no harm.

    Raises:
        DataError: the file is missing, is damaged, or is no checkpoint of handloom; or it has an impossible model:
            a kind, size or frame rate that there is not, or weights that are not finite or have other shapes.
    """
    content = read_checkpoint(path)
    settings = content.get("hyper_parameters")
    if not isinstance(content.get("state_dict"), Mapping) or not isinstance(settings, Mapping):
        raise DataError(f"{path}: a file of PyTorch, but no model of handloom; give a model.ckpt that handloom trained")
    try:
        known = spec_of(content)
        network = _network(known, without_batch_norm(weights_of(content)))
        calibration = calibration_from(content.get(CALIBRATION), known.classes)
        training = settings.get("training")
        if not isinstance(training, Mapping):
            raise ValueError("it does not say how it was trained")
    except Exception as error:  # whatever a file of somebody else's may lead to
        raise DataError(
            f"{path}: not a model that this version of handloom can use ({first_line(error)}); train it again"
        ) from None
    spec = ModelSpec(
        known.kind,
        list(known.classes),
        known.window,
        known.frame_rate,
        known.background_label,
        known.left_hands,
        known.landmarks,
        known.hand,
        known.landmarker,
        stream=known.stream,
    )
    return TrainedModel(network, spec, calibration, training)


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Read a checkpoint file: tensors and plain types only.

    Raises:
        DataError: the file is missing, or damaged, or contains anything else.
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
            raise ValueError("it contains something else")
    except Exception as error:  # PyTorch and zipfile raise of all kinds for a damaged file
        reason = first_line(error)
        if reason.startswith(_MORE_THAN_DATA):  # PyTorch goes on with how to load it all the same
            reason = "it contains objects other than tensors and plain types, which could run code"
        raise DataError(
            f"{path}: not a checkpoint that can be read ({reason}); train the model again, or restore it from a copy"
        ) from None
    return content


def weights_of(content: Mapping[str, Any]) -> dict[str, Tensor]:
    """The network's tensors in a checkpoint, by their names in the network.

    Raises:
        ValueError: one is not finite or not a tensor; or there are none.
    """
    weights = {
        str(name).removeprefix(NETWORK_PREFIX): tensor
        for name, tensor in content["state_dict"].items()
        if str(name).startswith(NETWORK_PREFIX)
    }
    for name, tensor in weights.items():
        if not isinstance(tensor, Tensor) or tensor.layout != torch.strided or not torch.isfinite(tensor).all():
            raise ValueError(f"weights that are not finite numbers, in {name}")
    if not weights:
        raise ValueError("it has no weights")
    return weights


def without_batch_norm(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The weights with each batch normalisation, which older networks had, as the scale and shift that it computes.

    Raises:
        ValueError: a normalisation is not complete, or has a variance below zero.
    """
    changed = dict(weights)
    for name in weights:
        if not name.endswith(".norm.running_var"):
            continue
        layer = name.removesuffix("norm.running_var")
        parts = [f"{layer}norm.{part}" for part in ("weight", "bias", "running_mean", "running_var")]
        parts += [f"{layer}mix.bias"]
        for part in parts:
            if part not in weights or weights[part].shape != weights[name].shape:
                raise ValueError(f"{part} is missing, or has another shape than its network needs")
        factor, offset, mean, variance, bias = (changed.pop(part).double() for part in parts)
        changed.pop(f"{layer}norm.num_batches_tracked", None)
        if (variance < 0).any():
            raise ValueError(f"{name} holds a variance below zero")
        scale = factor / (variance + _BATCH_NORM_EPSILON).sqrt()
        changed[f"{layer}scale"] = scale.float()[:, None]
        changed[f"{layer}shift"] = ((bias - mean) * scale + offset).float()[:, None]
    return changed


def spec_of(content: Mapping[str, Any]) -> CheckpointSpec:
    """The description in a checkpoint's content; of one without, from the parameters that it was trained with.

    Raises:
        ValueError: it describes no model.
        KeyError: something is missing.
        TypeError: it contains something else.
    """
    if "spec" in content:
        found = content["spec"]
        if isinstance(found, Mapping) and isinstance(found.get("format"), int) and found["format"] > FORMAT:
            raise ValueError("a newer version of handloom wrote it; install that one")
        return _checked(found)
    settings = content["hyper_parameters"]
    for name in ("kind", "classes", "frame_rate", "training"):
        if name not in settings:
            raise ValueError(f"its hyper_parameters have no {name}, so handloom did not train it")
    training = settings["training"]
    kept = {name: training[name] for name in ("background_label", "left_hands") if name in training}
    known = {
        "kind": settings["kind"],
        "classes": settings["classes"],
        "window": training["prediction_window_size"],
        "frame_rate": settings["frame_rate"],
        "model": training["model"],
    }
    return _checked(known | kept)


def _checked(content: Mapping[str, Any]) -> CheckpointSpec:
    try:
        return section_from(CheckpointSpec, content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise ValueError(": ".join([*map(str, first["loc"][-1:]), first["msg"]])) from None


_FOLDER = 0x10  # the attribute of MS-DOS; for such a record PyTorch gives memory that it has not written to


def _check_sums(file: IO[bytes]) -> None:
    """Check each record of the archive against its checksum, which PyTorch writes but does not check.

    Raises:
        Exception: one of many kinds; the file is damaged.
    """
    with zipfile.ZipFile(file) as archive:
        if any(record.compress_type != zipfile.ZIP_STORED for record in archive.infolist()):
            raise ValueError("PyTorch stores records as they are, these are compressed")
        if any(record.external_attr & _FOLDER for record in archive.infolist()):
            raise ValueError("it is damaged: a record is marked as a folder, which PyTorch would not read")
        damaged = archive.testzip()
    if damaged is not None:
        raise ValueError(f"it is damaged: the checksum of {damaged} is wrong")


def _network(spec: CheckpointSpec, weights: Mapping[str, Tensor]) -> HandNetwork:
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


def _check_shapes(spec: CheckpointSpec, weights: Mapping[str, Tensor]) -> None:
    with torch.device("meta"):  # no memory, however large the sizes
        expected = HandNetwork(len(spec.classes), spec.window, spec.model).state_dict()
    for name in expected.keys() ^ weights.keys():
        raise ValueError(f"{name} is {'missing' if name in expected else 'not a weight of its network'}")
    for name, tensor in expected.items():
        if (weights[name].shape, weights[name].dtype) != (tensor.shape, tensor.dtype):
            raise ValueError(f"{name} has another shape or type than its network needs")
