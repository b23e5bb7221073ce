"""`handloom evaluate`: how well a model does on labelled data that it has not learnt from."""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from handloom.cli.composing import add_data, check_data, parameters_for, section_of
from handloom.cli.verb import Commands, add_verb, check_model, results_only_on_stdout
from handloom.errors import HandloomError, printable
from handloom.support.console import DONE, json_text
from handloom.support.text_table import text_table

if TYPE_CHECKING:
    from handloom.dataset.examples import Examples
    from handloom.models.model import ModelSpec

_TABLE = ".parquet"


def add(commands: Commands) -> None:
    """Add the verb."""
    evaluate = add_verb(
        commands,
        "evaluate",
        run,
        summary="how well a model does on labelled photos or videos",
        description="Let a model answer for labelled examples, all of them, and count. An example in which no hand is"
        " found is an error in accuracy_end_to_end. DATA may be a keypoint table (.parquet) too. Nothing is written;"
        " what cannot be read is told on stderr.",
        example="handloom evaluate exports/pose/HandPoseClassifier.mlpackage new_people/photos",
    )
    evaluate.add_argument(
        "model",
        metavar="MODEL",
        help="model.ckpt, an exported file, a folder with one, runs:/..., models:/...",
    )
    add_data(evaluate)
    evaluate.add_argument("--stride", type=int, default=15, help="frames between two windows of a clip (15)")
    evaluate.add_argument("--json", action="store_true", help="metrics, numbers by class and confusions as JSON")


def run(given: argparse.Namespace) -> int:
    """Print metrics and a table of the classes."""
    if given.stride < 1:
        raise HandloomError(f"--stride: must be at least 1 (got {given.stride})")
    check_model(given.model)
    check_data(given.data, given.overrides, tables=(_TABLE,))

    from handloom.evaluation.answers import answers_of, labels_of, notes_on
    from handloom.evaluation.metrics import calibration_metrics, confusion, per_class, summary
    from handloom.prediction.open_model import open_model

    with results_only_on_stdout(), TemporaryDirectory() as folder:
        model = open_model(given.model)  # its store is not in that folder
        examples = _examples(model.spec, given.data, given.overrides, Path(folder))
        for note in filter(None, [model.spec.note, *notes_on(examples, model.spec.classes)]):
            print(f"handloom evaluate: {note}", file=sys.stderr)
        answers = answers_of(model, examples, given.stride)
    metrics = summary(answers) | calibration_metrics(answers, model.spec.background_label, model.thresholds)
    labels = labels_of(answers, model.spec.classes)
    rows = per_class(answers, labels)
    if given.json:
        found = {"metrics": metrics, "per_class": rows, "confusion": confusion(answers, labels)}
        print(json_text(found, indent=2))
    else:
        print(text_table(list(metrics.items())))
        print()
        print(text_table([list(row.values()) for row in rows], list(rows[0])))
    return DONE


def _examples(spec: "ModelSpec", data: Path, overrides: Sequence[str], folder: Path) -> "Examples":
    """All examples of the data, whatever part the table says they are for."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from handloom.dataset.examples import read_examples, read_sessions

    table, split = data, folder / "split.parquet"
    if data.suffix != _TABLE or overrides:
        table = folder / "keypoints.parquet"
        _extract(spec, data, overrides, table)
    sessions, _ = read_sessions(table)
    pq.write_table(pa.table({"session_id": sessions, "part": ["test"] * len(sessions)}), split)
    examples = read_examples(table, split, "test", left_hands=spec.left_hands)
    if not examples.hand_found.any():
        raise HandloomError(
            f"{printable(str(data))}: no hand found in any of its {len(examples)} examples; is it the right data?"
        )
    return examples


def _extract(spec: "ModelSpec", data: Path, overrides: Sequence[str], table: Path) -> None:
    from handloom import keypoint_table
    from handloom.cli.project import project_extraction
    from handloom.extraction.extract import keypoint_tables
    from handloom.extraction.report import ExtractionReport
    from handloom.landmarks.landmark_model import landmark_model_path
    from handloom.sources import gather_members
    from handloom.support.workspace import Workspace

    parameters = parameters_for(spec.kind, data, overrides, sections=("data", "extract_keypoints"))
    settings = parameters.extract_keypoints
    if not any(section_of(word) == "extract_keypoints" for word in overrides):
        settings = project_extraction() or settings
    settings = replace(settings, target_frame_rate=float(spec.frame_rate))
    gathered = gather_members(parameters.source(spec.kind), spec.kind, "", settings.target_frame_rate)
    model = landmark_model_path(settings.landmark_model)
    with ExtractionReport(table.with_suffix("")) as report:
        cache = Workspace.beside(table.parent).keypoint_cache
        rows = keypoint_tables(gathered, settings, spec.kind, model, report, cache)
        keypoint_table.write(table, rows, {"frame_rate": f"{settings.target_frame_rate:g}"})
    print(report.as_text(), file=sys.stderr)
