"""Work in progress: where checkpoints lie, which of them may be resumed, and how they are written.

DVC deletes a stage's outputs before it runs, so checkpoints live in `.handloom/` of the main repository, in a folder
named by a fingerprint of everything that decides the result. Other parameters, data or code have another folder and
never resume.
"""

import json
from pathlib import Path
from typing import Any

import pytorch_lightning as lightning
import torch
from pytorch_lightning.plugins.io import TorchCheckpointIO
from typing_extensions import override

from handloom.files import replacing, sha256_of_file
from handloom.fingerprint import code_version, fingerprint
from handloom.models.checkpoint import read_checkpoint
from handloom.repository import main_repository
from handloom.training.module import HandClassifier

# The code that decides a training's result.
CODE = ("hand.py", "keypoint_table.py", "dataset", "models", "training")


def training_fingerprint(content: dict[str, Any], inputs: list[Path]) -> str:
    """A hash of parameters, of the input files and of the code that training runs."""
    return fingerprint(
        {
            "parameters": content,
            "inputs": [sha256_of_file(path) for path in inputs],
            "code": code_version(*CODE),
            "torch": torch.__version__,
        }
    )


def work_folder(kind: str, mark: str) -> Path:
    """The folder for the checkpoints of the training with this fingerprint."""
    return main_repository() / ".handloom" / "training" / f"{kind}-{mark[:16]}"


def latest_checkpoint(folder: Path) -> Path | None:
    """The newest checkpoint to resume from, or None."""
    return max(folder.glob("iteration-*.ckpt"), default=None)  # names hold the zero-padded iteration


def save_model(module: HandClassifier, path: Path) -> None:
    """Write the trained model: what `HandClassifier.load_from_checkpoint` needs, the same bytes each time."""
    checkpoint = {
        "pytorch-lightning_version": lightning.__version__,
        "state_dict": {name: tensor.detach().cpu() for name, tensor in module.state_dict().items()},
        # Pickle's bytes depend on which equal texts are one object; fresh ones make them depend on the content alone.
        "hyper_parameters": json.loads(json.dumps(dict(module.hparams))),
        "hparams_name": "kwargs",
    }
    AtomicCheckpointIO().save_checkpoint(checkpoint, path)


class AtomicCheckpointIO(TorchCheckpointIO):
    """Writes checkpoints beside their place and renames them; reads only tensors and plain types."""

    @override
    def save_checkpoint(self, checkpoint: dict[str, Any], path: Any, storage_options: Any | None = None) -> None:
        # Through an open file: given a path, PyTorch would write the path's name into the archive.
        with replacing(Path(path)) as beside, beside.open("wb") as file:
            torch.save(checkpoint, file)

    @override
    def load_checkpoint(self, path: Any, map_location: Any = None, weights_only: bool | None = True) -> dict[str, Any]:
        return read_checkpoint(Path(path))
