"""A project of Create ML (.mlproj): the joints that Vision found, as Create ML keeps them once it has trained.

`Project.json` says what the project classifies, `Model Containers/*.json` name its models, `Models/` has what was
exported. `Checkpoints/<id>.<name>.checkpoint/extracting-*/{training,validation}/DataTable` are SFrames with a row a
photo: `label`, `imagePath` and `keypoints` ``[1, 3, 21]``.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from handloom.config import CreateMLProject, LabeledKeypointsDataFrame
from handloom.errors import DataError, printable
from handloom.hand import CHANNELS, JOINT_COUNT
from handloom.keypoint_table import CREATE_ML, KEYPOINT_NUMBERS
from handloom.sources.clip import Gathered
from handloom.sources.labeled_keypoints import labeled_keypoints
from handloom.sources.sframe import index_text, read_sframe

POSE_PROJECT = "handPoseClassifier"
_PARTS = {"training": "train", "validation": "validation"}
_TABLE = "DataTable"
_TAUGHT = "train the model in Create ML and save the project, which keeps its joints then"


@dataclass(frozen=True)
class ProjectModel:
    """One of a project's models, of which the project keeps the joints.

    Attributes:
        name: what Create ML calls it.
        tables: the folder with `training` and `validation`.
        exported: where its `.mlmodel` lies if it was exported within the project.
    """

    name: str
    tables: Path
    exported: Path


def project_model(path: Path, name: str, parameter: str) -> ProjectModel:
    """A project's model, by its name or as the only one.

    Args:
        path: the project's folder.
        name: of the model; empty: the only one that keeps joints.
        parameter: the full name of the parameter that names it, for messages.

    Raises:
        DataError: it is no hand pose project, keeps no joints, or there is no such model or more than one.
    """
    shown = printable(str(path))
    _check_kind(path, shown)
    models = list(_models(path))
    if not models:
        raise DataError(
            f"{shown}: keeps no joints (no Checkpoints/*/extracting-*/training/{_TABLE}); {_TAUGHT}, or give its photos"
        )
    listed = ", ".join(printable(model.name) for model in models)
    chosen = [model for model in models if model.name == name or not name]
    if not chosen:
        raise DataError(
            f"{shown}: no model called {printable(name)!r} keeps joints; set {parameter} to one of {listed}"
        )
    if len(chosen) > 1:
        raise DataError(f"{shown}: keeps the joints of {len(chosen)} models; set {parameter} to one of {listed}")
    return chosen[0]


def create_ml_project(member: CreateMLProject, key: str) -> Gathered:
    """The rows of a project as rows of `handloom.keypoint_table.SCHEMA`, in their parts.

    A file is called by its name and its folder's; where it lay on the Mac is left out.

    Raises:
        DataError: the project cannot be used; see `project_model` and `read_sframe`.
    """
    model = project_model(Path(member.path), member.model, f"{key}.model")
    columns: dict[str, list[Any]] = {"label": [], "path": [], "part": []}
    joints = [np.empty((0, KEYPOINT_NUMBERS))]
    counts = {}
    for folder, part in _PARTS.items():
        table = model.tables / folder / _TABLE
        if folder == "validation" and not table.exists():
            continue
        found = read_sframe(table, ["label", "imagePath", "keypoints"])
        counts[folder] = len(found["label"])
        columns["label"] += found["label"]
        columns["path"] += [_short(path) for path in found["imagePath"]]
        columns["part"] += [part] * counts[folder]
        joints.append(_numbers(found["keypoints"], table))
    # A row without joints is a problem of that row, as in any table: NaN says so.
    listed = pa.FixedSizeListArray.from_arrays(pa.array(np.concatenate(joints).reshape(-1)), KEYPOINT_NUMBERS)
    rows = pa.table({**{name: pa.array(values, pa.string()) for name, values in columns.items()}, "keypoints": listed})
    section = LabeledKeypointsDataFrame(
        data_frame=Path(member.path).name,
        session_id_column="",
        part_column="part",
        origin="lower_left",
        axis_order="channel_joint",
        channels="xy_confidence",
        landmarker=CREATE_ML,
    )
    if not len(rows):
        raise DataError(f"{printable(member.path)}: its table of joints has no rows; {_TAUGHT}")
    gathered = labeled_keypoints(section, "pose", key, rows)
    told = " and ".join(f"{count} for {name}" for name, count in counts.items())
    gathered.notes.append(f"{printable(member.path)}: joints of the model {printable(model.name)}: rows {told}")
    return gathered


def _check_kind(path: Path, shown: str) -> None:
    try:
        content = json.loads(index_text(path / "Project.json"))
        kind = content["taskType"]
    except (FileNotFoundError, NotADirectoryError):
        raise DataError(f"{shown}: no project of Create ML (no Project.json in it); give a folder .mlproj") from None
    except (ValueError, LookupError, TypeError, OSError, RecursionError):
        raise DataError(f"{shown}/Project.json: damaged, it does not say what it classifies; copy it again") from None
    if kind == "handActionClassifier":
        raise DataError(f"{shown}: a project of hand actions, only hand poses can be read; give its videos")
    if kind != POSE_PROJECT:
        raise DataError(f"{shown}: a project of another kind ({printable(str(kind)[:80])}); give one of hand poses")


def _models(path: Path) -> Iterator[ProjectModel]:
    names = dict(_names(path))
    for session in sorted((path / "Checkpoints").glob("*")):
        tables = sorted(session.glob(f"extracting-*/training/{_TABLE}"))
        if tables:  # the last one has all photos
            identity, _, name = session.name.removesuffix(".checkpoint").partition(".")
            name = names.get(identity, name or identity)
            yield ProjectModel(name, tables[-1].parents[1], path / "Models" / f"{name}.mlmodel")


def _names(path: Path) -> Iterator[tuple[str, str]]:
    """What the models are called, by the id that their checkpoints' folders begin with."""
    for file in sorted((path / "Model Containers").glob("*.json")):
        try:
            content = json.loads(index_text(file))
            yield str(content["id"]), str(content.get("preferredFilename") or file.stem)
        except (ValueError, LookupError, TypeError, AttributeError, OSError, RecursionError):
            raise DataError(f"{printable(str(file))}: damaged, it does not name a model; copy it again") from None


def _short(path: str | None) -> str:
    return "/".join((path or "").rstrip("/").split("/")[-2:])


def _numbers(keypoints: list[Any], table: Path) -> NDArray[np.float64]:
    """Arrays ``[1, 3, 21]`` or ``[3, 21]`` as ``[rows, 63]``, NaN where there is none."""
    numbers = np.full((len(keypoints), KEYPOINT_NUMBERS), np.nan)
    for row, value in enumerate(keypoints):
        if value is None:
            continue
        if getattr(value, "shape", ()) not in ((1, len(CHANNELS), JOINT_COUNT), (len(CHANNELS), JOINT_COUNT)):
            raise DataError(
                f"{printable(str(table))} row {row}: its joints are no array [1, {len(CHANNELS)}, {JOINT_COUNT}];"
                " this version of Create ML is not known, give its photos"
            )
        numbers[row] = value.reshape(-1)
    return numbers
