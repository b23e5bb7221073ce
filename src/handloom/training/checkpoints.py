"""Checkpoints: when and how they are written, which one a training resumes from, and the trained model's file."""

import io
import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytorch_lightning as lightning
import torch
from pytorch_lightning.__version__ import version as lightning_version
from pytorch_lightning.callbacks import Checkpoint
from pytorch_lightning.plugins.io import TorchCheckpointIO
from torch import Tensor
from typing_extensions import override

from handloom.config import as_plain
from handloom.errors import DataError, first_line
from handloom.models.calibration import Calibration
from handloom.models.checkpoint import CALIBRATION, NETWORK_PREFIX, SPEC, read_checkpoint, weights_of
from handloom.support.files import replacing
from handloom.training.module import HandModule

NEEDED = ("state_dict", "loops", "optimizer_states", "lr_schedulers", "history")  # to go on from a checkpoint
_NAME = re.compile(r"iteration-[0-9]+")
KEPT_CHECKPOINTS = 2  # the one before the last, in case the last is damaged


class Checkpoints(Checkpoint):
    """Writes a checkpoint every so many iterations, and at the end of a session that another one may continue.

    It is written when all callbacks are through with the iteration, and contains their states.
    It also says which training it belongs to (`fingerprint`) and which MLflow run (`run_id`, empty without).

    Args:
        folder: where to.
        mark: the training's fingerprint.
        interval: iterations between two checkpoints.
        kept: how many stay, the newest; None: all.
    """

    def __init__(self, folder: Path, mark: str, interval: int, kept: int | None = KEPT_CHECKPOINTS) -> None:
        self.folder = folder
        self.mark = mark
        self.interval = interval
        self.kept = kept

    @override
    def on_train_epoch_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        iteration = trainer.current_epoch + 1
        if iteration % self.interval and iteration != trainer.max_epochs:
            return
        trainer.save_checkpoint(self.folder / f"iteration-{iteration:06d}.ckpt")
        if trainer.is_global_zero and self.kept:
            # A longer session may have left later ones; they are as good as before.
            until_now = [path for path in checkpoints_in(self.folder) if iteration_of(path) <= iteration]
            for path in until_now[: -self.kept]:
                path.unlink()

    @override
    def on_save_checkpoint(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        checkpoint["fingerprint"] = self.mark
        checkpoint["run_id"] = trainer.logger.version if trainer.logger else ""


def checkpoints_in(folder: Path) -> list[Path]:
    """The checkpoints in a folder, the oldest first."""
    found = folder.glob("iteration-*.ckpt")
    return sorted(path for path in found if _NAME.fullmatch(path.stem))  # names hold the zero-padded iteration


def iteration_of(checkpoint: Path) -> int:
    """How many iterations a checkpoint has behind it, by its name."""
    return int(checkpoint.stem.removeprefix("iteration-"))


def latest_checkpoint(
    folder: Path, mark: str, iterations: int, check: Callable[[Mapping[str, Any]], None] = lambda _: None
) -> tuple[Path | None, list[str]]:
    """The newest checkpoint that a training can go on from, or None; and what is wrong with those that are newer.

    Args:
        folder: where they are.
        mark: the fingerprint that they must have.
        iterations: how far the session goes; later checkpoints are of no use to it.
        check: raises what it likes where a checkpoint's contents do not fit the training (`check_fits`).
    """
    wrong: list[str] = []
    for path in reversed(checkpoints_in(folder)):
        if iteration_of(path) > iterations:
            continue
        try:
            content = read_resumable(path)
            if content.get("fingerprint") == mark:
                check(content)
                return path, wrong
            wrong.append(f"{path} is of another training")
        except Exception:  # whatever a file of somebody else's may lead to
            wrong.append(f"{path} is damaged")
    return None, wrong


def read_resumable(path: Path) -> dict[str, Any]:
    """The contents of a checkpoint that a training can go on from.

    Raises:
        DataError: it is missing or damaged, or lacks what is needed for that.
    """
    content = read_checkpoint(path)
    try:
        for name in NEEDED:
            if name not in content:
                raise ValueError(f"{name} is missing")
        weights_of(content)
        if not all(isinstance(value, int | float) for row in content["history"] for value in dict(row).values()):
            raise ValueError("its history is not one of numbers")
    except Exception as error:  # whatever a file of somebody else's may lead to
        raise DataError(f"{path}: training cannot resume from it ({first_line(error)}); remove the file") from None
    return content


def check_fits(module: lightning.LightningModule, content: Mapping[str, Any]) -> None:
    """Check that a training can resume from a checkpoint, before Lightning fails midway.

    Args:
        module: a new one, which is given the weights.
        content: of the checkpoint.

    Raises:
        Exception: of any kind; it cannot.
    """
    (state,), (schedule,) = content["optimizer_states"], content["lr_schedulers"]
    configured: Any = module.configure_optimizers()
    module.load_state_dict(content["state_dict"])
    optimizer, parameters = configured["optimizer"], list(module.parameters())
    optimizer.load_state_dict(state)
    configured["lr_scheduler"].load_state_dict(dict(schedule))
    rates = [group["lr"] for group in state["param_groups"]]
    numbers = [
        (parameters[index], value)
        for index, kept in state["state"].items()
        for value in kept.values()
        if value.dim()  # the number of steps has none
    ]
    whole = (
        bool(numbers)
        and all(value.shape == parameter.shape and value.isfinite().all() for parameter, value in numbers)
        and all(math.isfinite(rate) for rate in rates)
        and all(isinstance(row["iteration"], int) for row in content["history"])
        and isinstance(content["loops"]["fit_loop"]["epoch_progress"]["current"]["completed"], int)
        and isinstance(content["callbacks"], Mapping)
        and isinstance(content["run_id"], str)
        and re.match(r"\d+(\.\d+)*", content["pytorch-lightning_version"])
    )
    if not whole:
        raise ValueError("it is not whole")


class AtomicCheckpointIO(TorchCheckpointIO):
    """Writes checkpoints next to their place and renames them; reads only tensors and plain types."""

    @override
    def save_checkpoint(self, checkpoint: dict[str, Any], path: Any, storage_options: Any | None = None) -> None:
        # Not to a path, whose name PyTorch would write into the archive; nor to an open file, whose errors it hides.
        content = io.BytesIO()
        torch.save(checkpoint, content)
        with replacing(Path(path)) as part:
            part.write_bytes(content.getbuffer())

    @override
    def load_checkpoint(self, path: Any, map_location: Any = None, weights_only: bool | None = True) -> dict[str, Any]:
        return read_checkpoint(Path(path))


LAST_LAYER = (f"{NETWORK_PREFIX}out.weight", f"{NETWORK_PREFIX}out.bias")  # the linear layer that gives the scores


def save_model(module: HandModule, calibration: Calibration | None, path: Path) -> None:
    """Write what `HandModule.load_from_checkpoint` and `load_model` need, the same bytes each time.

    The last layer is written divided by the temperature, so that whoever takes the softmax of the network's scores,
    the exported model too, has calibrated probabilities. Which class is the most likely does not change.

    Args:
        module: the trained classifier.
        calibration: what validation taught; None without a validation set.
        path: the file.
    """
    state = {name: tensor.detach().cpu() for name, tensor in module.state_dict().items()}
    content = {
        "pytorch-lightning_version": lightning_version,
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
    """Copy plain content and unshare equal texts, because pickle's output depends on shared objects."""
    return json.loads(json.dumps(content))
