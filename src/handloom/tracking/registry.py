"""A trained model as MLflow loads it, logged into its run and registered as `handloom-pose` or `handloom-action`."""

import logging
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from packaging.version import Version

from handloom.config import Kind
from handloom.hand import CHANNELS, JOINT_COUNT
from handloom.support.files import sha256_of_file
from handloom.tracking.calls import Call
from handloom.tracking.champion import ACCURACY, LOG_LOSS, TEST_DATA
from handloom.tracking.delivery import deliver
from handloom.tracking.environment import KEYPOINTS_SHA256
from handloom.tracking.registry_calls import MODEL_SHA256
from handloom.tracking.scratch import scratch

if TYPE_CHECKING:
    from handloom.models.model import ModelSpec

LOADER = "handloom.tracking.pyfunc_model"
# What it needs beside handloom, which is in no index. MLflow would find it out in a minute, by running the model.
NEEDED = ("mlflow", "numpy", "pandas", "torch", "pyarrow", "pydantic", "omegaconf")


def registered_name(kind: Kind) -> str:
    """The name of the models of a kind in the registry."""
    return f"handloom-{kind}"


def register_model(
    run_id: str, model_file: Path, spec: "ModelSpec", metrics: Mapping[str, float], test_data: str, keypoints: str
) -> None:
    """Log a model into its run and register it; `champion.py` says which version is the champion.

    Args:
        run_id: of the run.
        model_file: `model.ckpt`.
        spec: what it is.
        metrics: of the test part.
        test_data: fingerprint of the test part that they were measured on.
        keypoints: sha256 of the table that it was trained on.
    """
    tags = {
        MODEL_SHA256: sha256_of_file(model_file),
        "handloom.trained_by": run_id,
        KEYPOINTS_SHA256: keypoints,
        TEST_DATA: test_data,
        ACCURACY: repr(metrics["accuracy_end_to_end"]),
        LOG_LOSS: repr(metrics["log_loss"]),
    }
    with scratch() as folder:
        saved = folder / "model"
        save_pyfunc(model_file, spec, saved)
        deliver(run_id, Call("model", {"name": registered_name(spec.kind), "tags": tags}, (saved,)))


def save_pyfunc(model_file: Path, spec: "ModelSpec", folder: Path) -> None:
    """Write a model as MLflow loads it: `model.ckpt`, signature and an example of its input."""
    import mlflow.pyfunc
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, DataType, Schema, TensorSpec

    shape = (spec.window, len(CHANNELS), JOINT_COUNT)
    inputs = Schema([TensorSpec(np.dtype(np.float32), (-1, *shape), "poses")])
    outputs = Schema([ColSpec(DataType.double, name) for name in spec.classes])
    for name in ("mlflow.models.model", "mlflow.pyfunc", "mlflow.utils.requirements_utils"):
        logging.getLogger(name).setLevel(logging.ERROR)
    mlflow.pyfunc.save_model(
        str(folder),
        loader_module=LOADER,
        data_path=str(model_file),
        signature=ModelSignature(inputs, outputs),
        input_example={"poses": example_poses(shape)},
        pip_requirements=[f"{name}=={_on_any_index(version(name))}" for name in NEEDED],
    )


def _on_any_index(installed: str) -> str:
    """A version without its local part: PyPI has no `2.13.0+cpu`."""
    return Version(installed).public


def example_poses(shape: tuple[int, ...]) -> np.ndarray:
    """One window of a hand in the middle of the picture, found with confidence 1: ``[1, window, 3, 21]``."""
    joints = np.arange(JOINT_COUNT)
    poses = np.ones((1, *shape), np.float32)
    poses[:, :, 0] = 0.4 + 0.01 * joints
    poses[:, :, 1] = 0.3 + 0.05 * (joints % 4)
    return poses
