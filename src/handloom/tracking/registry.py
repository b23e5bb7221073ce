"""A trained model as MLflow loads it, logged into its run and registered as `handloom-pose` or `handloom-action`.

**The rule.** The alias `champion` moves to a new version if its `accuracy_end_to_end` on the test set is higher than
that of the champion, or equal with a lower `log_loss`; otherwise it stays. The two are compared only where both were
measured on the same test set (`handloom.test_data_sha256`: the same examples, labels and joints, the same stride of
windows). On another test set the numbers say nothing of each other: the alias stays, and a line says so. The first
version of all is the champion.
"""

import sys
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from packaging.version import Version

from handloom.config import Kind
from handloom.hand import CHANNELS, JOINT_COUNT
from handloom.tracking.record import MODEL_SHA256
from handloom.tracking.store import mlflow_settings

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import LoggedModel
    from mlflow.entities.model_registry import ModelVersion

    from handloom.models.model import ModelSpec

CHAMPION = "champion"
ACCURACY, LOG_LOSS, TEST_DATA = "handloom.accuracy_end_to_end", "handloom.log_loss", "handloom.test_data_sha256"
LOADER = "handloom.tracking.pyfunc_model"  # stands in every model that was ever logged, so it keeps its name
# What it needs in addition to handloom. MLflow would take a minute to find that out: it would run the model.
NEEDED = ("mlflow", "numpy", "pandas", "torch", "pyarrow", "pydantic", "omegaconf")


def registered_name(kind: Kind) -> str:
    """The name of the models of a kind in the registry."""
    return f"handloom-{kind}"


def save_pyfunc(model_file: Path, spec: "ModelSpec", folder: Path) -> None:
    """Write a model as MLflow loads it: `model.ckpt`, signature and an example of its input."""
    shape = (spec.window, len(CHANNELS), JOINT_COUNT)
    with mlflow_settings():
        import mlflow.pyfunc
        from mlflow.models import ModelSignature
        from mlflow.types import ColSpec, DataType, Schema, TensorSpec

        inputs = Schema([TensorSpec(np.dtype(np.float32), (-1, *shape), "poses")])
        outputs = Schema([ColSpec(DataType.double, name) for name in spec.classes])
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


def log_and_register(client: "MlflowClient", run_id: str, folder: Path, content: Mapping[str, Any]) -> None:
    """Log a saved model into a run, register it, and let the champion be found.

    The same weights are logged once a run and are one version, whichever run they come from.

    Args:
        client: of the store.
        run_id: MLflow's id.
        folder: the model as `mlflow.pyfunc.save_model` leaves it.
        content: `name` under which it is registered, and `tags`, among them `MODEL_SHA256`.
    """
    name, tags = content["name"], content["tags"]
    model = _logged(client, run_id, folder, name, tags)
    version = _registered(client, run_id, model, name, tags)
    for key, value in tags.items():
        if version.tags.get(key) != value:
            client.set_model_version_tag(name, version.version, key, value)
    _find_champion(client, name, str(version.version), tags)


def _logged(client: "MlflowClient", run_id: str, folder: Path, name: str, tags: Mapping[str, str]) -> "LoggedModel":
    experiment = client.get_run(run_id).info.experiment_id
    wanted = f"source_run_id = '{run_id}' AND tags.`{MODEL_SHA256}` = '{tags[MODEL_SHA256]}'"
    found = client.search_logged_models([experiment], wanted)
    if found and str(found[0].status) == "READY":
        return found[0]
    model = (
        found[0] if found else client.create_logged_model(experiment, name, run_id, dict(tags), model_type="classifier")
    )
    _link(client, run_id, model.model_id)
    client.log_model_artifacts(model.model_id, str(folder))
    return client.finalize_logged_model(model.model_id, "READY")


def _link(client: "MlflowClient", run_id: str, model_id: str) -> None:
    """Note in a run that the model is its own. The store refuses that a second time, also where an answer was lost."""
    from mlflow.entities import LoggedModelOutput
    from mlflow.exceptions import MlflowException

    try:
        client.log_outputs(run_id, [LoggedModelOutput(model_id, step=0)])
    except MlflowException:
        outputs = client.get_run(run_id).outputs
        if outputs is None or model_id not in [one.model_id for one in outputs.model_outputs]:
            raise


def _registered(
    client: "MlflowClient", run_id: str, model: "LoggedModel", name: str, tags: Mapping[str, str]
) -> "ModelVersion":
    from mlflow.exceptions import MlflowException

    try:
        client.create_registered_model(name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
    wanted = f"name = '{name}' AND tags.`{MODEL_SHA256}` = '{tags[MODEL_SHA256]}'"
    found = client.search_model_versions(wanted)
    if found:
        return found[0]
    return client.create_model_version(
        name, model.artifact_location, run_id, dict(tags), await_creation_for=0, model_id=model.model_id
    )


def _find_champion(client: "MlflowClient", name: str, version: str, tags: Mapping[str, str]) -> None:
    champion = client.get_registered_model(name).aliases.get(CHAMPION)
    if champion is None:
        client.set_registered_model_alias(name, CHAMPION, version)
        return
    if str(champion) == version:
        return
    better = replaces(tags, client.get_model_version(name, str(champion)).tags)
    if better is None:
        print(
            f"MLflow: {name} {version} was measured on another test set than the champion, {name} {champion}, which"
            " stays; move the alias in `handloom ui` if you want",
            file=sys.stderr,
        )
    elif better:
        client.set_registered_model_alias(name, CHAMPION, version)


def replaces(new: Mapping[str, str], champion: Mapping[str, str]) -> bool | None:
    """Whether a version replaces the champion, by the tags of both; None: they cannot be compared."""
    if not new.get(TEST_DATA) or new.get(TEST_DATA) != champion.get(TEST_DATA):
        return None
    return _rank(new) > _rank(champion)


def _rank(tags: Mapping[str, str]) -> tuple[float, float]:
    return float(tags[ACCURACY]), -float(tags[LOG_LOSS])
