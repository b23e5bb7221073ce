"""Models with random weights and clear answers, and their saved files."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from handloom.config import ExportCoreML, Kind, Model
from handloom.export.comparison import NamedWindows
from handloom.export.convert import ml_program, neural_network
from handloom.export.hard_cases import plain_hand
from handloom.export.interface import user_metadata
from handloom.export.package import save_network, save_package
from handloom.hand import Poses
from handloom.models.calibration import Calibration, ClassThreshold
from handloom.models.checkpoint import TrainedModel
from handloom.models.model import ModelSpec
from handloom.models.network import HandNetwork
from handloom.models.provenance import Provenance

WINDOWS: dict[Kind, int] = {"pose": 1, "action": 31}  # steps of three frames, the last not full
CLASSES = ["b", "a", "c"]
CALIBRATION = Calibration(
    temperature=1.5,
    examples=40,
    log_loss_before=0.5,
    log_loss=0.4,
    calibration_error_before=0.2,
    calibration_error=0.1,
    classes=(
        ClassThreshold("b", 20, 0.625, 0.9, 0.8),
        ClassThreshold("ä", 20, 0.75, 1.0, 0.7),
        ClassThreshold("c", 0, None, None, None),
    ),
    false_activation_rate=0.25,
    false_activation_rate_at_thresholds=0.125,
)


def trained(kind: Kind) -> TrainedModel:
    torch.manual_seed(0)
    sizes = Model(width=8, frames_per_step=3, frame_features=16, temporal_layers=0 if kind == "pose" else 2)
    network = HandNetwork(len(CLASSES), WINDOWS[kind], sizes).eval()
    with torch.no_grad():
        if kind == "pose":
            network.hand_in.weight.mul_(4.0)
            network.out.weight.mul_(8.0)
        for layer in network.temporal:  # as if trained: untrained, they add little, and time hardly counts
            layer.get_parameter("scale").fill_(1.0)
    return TrainedModel(network, ModelSpec(kind, CLASSES, WINDOWS[kind], 30.0))


def with_spec(model: TrainedModel, **changes: Any) -> TrainedModel:
    return replace(model, spec=replace(model.spec, **changes))


def save(
    model: TrainedModel, path: Path, settings: ExportCoreML | None = None, provenance: Provenance | None = None
) -> Path:
    settings, metadata = settings or ExportCoreML(precision="float32"), user_metadata(model, provenance)
    if path.suffix == ".mlpackage":
        save_package(ml_program(model, settings, metadata), path)
    else:
        save_network(neural_network(model, settings, metadata), path)
    return path


def random_hands(window: int, count: int = 24) -> Poses:
    """Hands of any size, place and shape, some frames without one: ``[count, window, 3, 21]``."""
    draw = np.random.default_rng(0)
    windows = np.repeat(plain_hand(window)[None], count, axis=0)
    windows[:, :, :2] += draw.normal(0, 0.05, windows[:, :, :2].shape).astype(np.float32)
    windows[:, :, :2] *= draw.uniform(0.3, 1.2, (count, 1, 2, 1)).astype(np.float32)
    windows *= draw.random((count, window, 1, 1)) > 0.1
    return windows.astype(np.float32)


def rows(window: int) -> dict[str, Any]:
    windows = random_hands(window)
    names = [f"row {number}" for number in range(len(windows))]
    return {"test set": lambda: [NamedWindows(windows, names)]}
