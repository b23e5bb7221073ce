"""From the address of a model to the model: a checkpoint, an exported file, a run of MLflow, a registered name."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from handloom.config import Kind
from handloom.errors import DataError, expect, first_line, printable
from handloom.export.exported import ExportedModel
from handloom.export.package import require_model_file
from handloom.export.read import read_by_core_ml, read_exported
from handloom.models.files import (
    CHECKPOINT,
    COMPILED,
    EXPORTED,
    EXPORTED_NAMES,
    LANDMARKER_FOLDER,
    MODEL_FILE,
    REGISTERED,
    RUN,
)
from handloom.models.model import Model
from handloom.support.extras import needs_extra
from handloom.support.workspace import Workspace
from handloom.tracking.store import Store
from handloom.tracking.store_errors import StoreError

if TYPE_CHECKING:
    from mlflow import MlflowClient

# Where the stage `export_coreml` logs its files in a run.
EXPORTS = "exports"


def open_model(address: str | Path, kind: Kind | None = None) -> Model:
    """Open a saved model.

    Args:
        address: `model.ckpt`, an exported file; a folder with one; ``runs:/<run id>``, the exported file of an
            MLflow run; ``models:/<name>@<alias>`` or ``models:/<name>/<version>``.
        kind: what it has to be; either if None.

    Raises:
        DataError: there is no such model, it cannot be read, or it is of the other kind.
        HandloomError: it needs a package that is not installed, or an operation that the interpreter lacks.
    """
    expect("address", address, str, os.PathLike, advice="pass a path, runs:/... or models:/...")
    with _local_file(address) as path:
        model = _exported(path) if path.suffix in EXPORTED else _trained(path)
    found = model.spec.kind
    if kind is not None and kind != found:
        raise DataError(
            f"{printable(str(address))}: a hand {found} classifier, not a hand {kind} classifier;"
            f" give a model that was trained for {kind}s"
        )
    return model


def _exported(path: Path) -> ExportedModel:
    """On a Mac Core ML itself runs its own formats, elsewhere handloom's interpreter."""
    model = read_by_core_ml(path) or read_exported(path)
    _ = model.spec, model.thresholds  # which refuse what cannot be used, before anything is asked
    return model


def _trained(path: Path) -> Model:
    if path.suffix == COMPILED:
        require_model_file(path)
    if path.suffix != CHECKPOINT and path.exists():
        raise DataError(f"{printable(str(path))}: not a model file; give a {CHECKPOINT}, {EXPORTED_NAMES}")
    with needs_extra(printable(str(path))):
        from handloom.models.checkpoint import load_model

    return load_model(path)


@contextmanager
def _local_file(address: str | Path) -> Iterator[Path]:
    """The file of a model; one in MLflow is fetched first and removed afterwards.

    Args:
        address: see `open_model`.

    Raises:
        DataError: there is no such model.
    """
    text = str(address)
    if isinstance(address, str) and text.startswith((RUN, REGISTERED)):
        with TemporaryDirectory(prefix="handloom-") as folder:
            _fetch(text, Path(folder))
            found = _model_in(Path(folder), deep=True)
            if found is None:
                raise DataError(
                    f"{printable(text)}: contains neither a {MODEL_FILE} nor an exported model; export it first"
                )
            yield found
        return
    path = Path(address).expanduser()
    if path.is_dir() and path.suffix not in (*EXPORTED, COMPILED):
        found = _model_in(path, deep=False)
        if found is None:
            raise DataError(
                f"{printable(text)}: no model in this folder; give one that holds {MODEL_FILE}, or a {EXPORTED_NAMES}"
            )
        path = found
    yield path


def _model_in(folder: Path, deep: bool) -> Path | None:
    """The checkpoint in a folder, else an exported file, in the order of `EXPORTED`, by name; also further down."""
    found: list[Path] = []
    for place, folders, files in os.walk(folder):
        found += [Path(place) / name for name in (*files, *folders) if name == MODEL_FILE or name.endswith(EXPORTED)]
        # What lies inside a package is a part of it.
        folders[:] = sorted(
            name for name in folders if deep and name != LANDMARKER_FOLDER and not name.endswith(EXPORTED)
        )
    order = ("", *EXPORTED)
    return min(
        found, key=lambda path: (order.index("" if path.name == MODEL_FILE else path.suffix), path), default=None
    )


def _fetch(address: str, folder: Path) -> None:
    """Put the artifacts of a run or of a registered model into a folder."""
    store = Store(Workspace.here())
    place = store.address
    if missing := store.missing():
        raise DataError(
            f"{printable(address)}: there is no MLflow store at {missing}; train a model first, or set"
            " MLFLOW_TRACKING_URI"
        )
    try:
        with store.opened(to_write=False) as client:
            from mlflow.artifacts import download_artifacts

            uri = _artifacts_of(client, address) if address.startswith(REGISTERED) else address
            run_id = uri.removeprefix(RUN).strip("/") if uri.startswith(RUN) else ""
            if run_id and "/" not in run_id:
                uri = _exports_or_model(client, run_id)
            download_artifacts(artifact_uri=uri, dst_path=str(folder), tracking_uri=place.uri)
    except Exception as error:  # MlflowException, and what its stores raise of their own: OSError, requests' errors
        reason = error.reason if isinstance(error, StoreError) else place.hide(first_line(error))
        raise DataError(
            f"{printable(address)}: cannot be loaded from the MLflow store {place.shown} ({printable(reason)}); see the"
            " runs and models with `handloom ui`"
        ) from None


def _exports_or_model(client: "MlflowClient", run_id: str) -> str:
    """Where a run has its exported files; before its export, the model that its evaluation logged."""
    outputs = client.get_run(run_id).outputs
    logged = outputs.model_outputs if outputs else []
    if not logged or client.list_artifacts(run_id, EXPORTS):
        return f"{RUN}{run_id}/{EXPORTS}"
    location: str = client.get_logged_model(logged[-1].model_id).artifact_location
    return location


def _artifacts_of(client: "MlflowClient", address: str) -> str:
    """Where the artifacts of a registered model lie. (MLflow's own way would ask the store of the environment.)"""
    name = address.removeprefix(REGISTERED)
    if "@" in name:
        name, _, alias = name.rpartition("@")
        version = client.get_model_version_by_alias(name, alias).version
    else:
        name, _, version = name.rpartition("/")
    uri: str = client.get_model_version_download_uri(name, version)
    if uri.startswith(REGISTERED):  # a model that was logged by itself, not in a run
        uri = client.get_logged_model(uri.removeprefix(REGISTERED)).artifact_location
    return uri
