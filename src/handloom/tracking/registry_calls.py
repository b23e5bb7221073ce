"""A model's way into a run and into the registry. Each step is found done or done, so all of it may be repeated."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from handloom.tracking.champion import CHAMPION, replaces

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import LoggedModel
    from mlflow.entities.model_registry import ModelVersion

MODEL_SHA256 = "handloom.model_sha256"


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
            f"MLflow: {name} {version} was measured on another test part than the champion, {name} {champion}, which"
            " stays; move the alias in `handloom ui` if you want",
            file=sys.stderr,
        )
    elif better:
        client.set_registered_model_alias(name, CHAMPION, version)
