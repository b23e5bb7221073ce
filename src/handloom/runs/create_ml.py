"""Create ML's own model compared with handloom's, trained on the same rows of a Create ML project."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from handloom.config import CreateMLProject, Parameters
from handloom.cross_validation import write_fold
from handloom.dataset.examples import read_examples
from handloom.dataset.split import PartName
from handloom.errors import DataError, printable
from handloom.evaluation.answers import Answer, answers_of, notes_on
from handloom.extraction.extract import extract_keypoints
from handloom.models.checkpoint import load_model
from handloom.models.files import MODEL_FILE
from handloom.models.model import Model
from handloom.prediction.open_model import open_model
from handloom.sources.create_ml_project import project_model
from handloom.support.workspace import Workspace
from handloom.training.resume import TrainingTask
from handloom.training.train import train

PARTS: dict[str, PartName] = {"training": "train", "validation": "test"}


@dataclass(frozen=True)
class Compared:
    """The answers of two models for the same rows of a project.

    Attributes:
        create_ml: by the name of the project's part, `training` or `validation`, the answers of Create ML's model.
        handloom: the same of handloom's.
        classes: labels that either model or a row has, in order.
        notes: a line each.
    """

    create_ml: dict[str, list[Answer]]
    handloom: dict[str, list[Answer]]
    classes: list[str]
    notes: Sequence[str]


def compare_with_create_ml(
    source: CreateMLProject, exported: Path | None, parameters: Parameters, out: Path
) -> Compared:
    """Train on a project's training rows; predict training and validation rows with that model and Create ML's.

    The validation rows choose nothing here: handloom trains on the training rows to the end.

    Args:
        source: the project and its model.
        exported: Create ML's `.mlmodel`; None: the one in the project's folder `Models`.
        parameters: how to train; `data` is not looked at.
        out: a folder for the joints and the trained model.

    Raises:
        DataError: the project cannot be used, has no validation rows, or Create ML's model is not there.
    """
    chosen = project_model(Path(source.path), source.model, "--model")
    file = exported or chosen.exported
    if not file.exists():
        raise DataError(
            f"{printable(str(file))}: no such file; in Create ML press Get on the model's tab Output, and name the file"
            " with --exported"
        )
    create_ml = open_model(file, "pose")
    table, split = out / "keypoints.parquet", out / "split.parquet"
    extract_keypoints(source, parameters.extract_keypoints, "pose", table, out / "keypoints", out / "unused.sqlite")
    rows = pq.read_table(table, columns=["session_id", "label", "group", "part"]).to_pydict()
    held_out = {row for row, part in zip(rows["session_id"], rows["part"], strict=True) if part == "validation"}
    if not held_out:
        raise DataError(
            f"{printable(source.path)}: has no validation rows, as Create ML makes none of fewer than 50 photos; add"
            " validation photos there and train again"
        )
    write_fold(split, rows, held_out)
    train(TrainingTask("pose", parameters.training("pose"), table, split), out, Workspace(out))
    trained = load_model(out / MODEL_FILE)
    answers: dict[str, dict[str, list[Answer]]] = {"create_ml": {}, "handloom": {}}
    notes = [create_ml.spec.note] if create_ml.spec.note else []
    models: dict[str, Model] = {"create_ml": create_ml, "handloom": trained}
    for name, part in PARTS.items():
        examples = read_examples(table, split, part, left_hands=trained.spec.left_hands)
        for maker, model in models.items():
            notes += [f"{name} rows: {note}" for note in notes_on(examples, model.spec.classes)]
            answers[maker][name] = answers_of(model, examples, stride=1)
    classes = sorted({*create_ml.spec.classes, *trained.spec.classes, *rows["label"]})
    return Compared(answers["create_ml"], answers["handloom"], classes, list(dict.fromkeys(notes)))
