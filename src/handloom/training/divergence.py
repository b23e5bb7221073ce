"""When numbers run away: seen before anything is saved, and the likely cause named."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import torch

from handloom.config import Kind, Training
from handloom.errors import printable
from handloom.training.module import HandClassifier


def check_finite(module: HandClassifier, means: dict[str, float], iteration: int) -> None:
    """Stop before a number that is none gets into a checkpoint or a model.

    Raises:
        FloatingPointError: a mean of the iteration or a weight is not finite.
    """
    for name, value in means.items():
        if not np.isfinite(value):
            raise FloatingPointError(f"the {name.replace('_', ' ')} is {value} in iteration {iteration}")
    state = [tensor.flatten() for tensor in module.state_dict().values() if tensor.is_floating_point()]
    if not torch.isfinite(torch.cat(state)).all():
        raise FloatingPointError(f"the weights are no numbers any more after iteration {iteration}")


def likely_cause(settings: Training, kind: Kind, table: Path) -> str:
    """Why the loss or the weights were not finite, as far as a look at data and parameters tells, and what to do."""
    for row in pq.ParquetFile(table).iter_batches(columns=["path", "frame", "keypoints"]):
        numbers = row.column("keypoints").flatten().to_numpy(zero_copy_only=False).reshape(len(row), -1)
        for index in np.flatnonzero(~np.isfinite(numbers).all(axis=1))[:1]:
            name, frame = printable(row.column("path")[index].as_py()), row.column("frame")[index].as_py()
            return f"{table} holds joints that are not numbers ({name}, frame {frame}); mend them or leave them out"
    if settings.precision == "16-mixed":
        return f"train_{kind}.precision 16-mixed overflows easily; try bf16-mixed or 32-true"
    options = settings.optimizer
    if not options.gradient_clip:
        return f"lower train_{kind}.optimizer.lr ({options.lr:g}) or set train_{kind}.optimizer.gradient_clip above 0"
    return f"train_{kind}.optimizer.lr is too high ({options.lr:g}); lower it"
