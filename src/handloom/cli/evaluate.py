"""`handloom evaluate`: how well a model does on labelled data that are not in the training set."""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click

from handloom.cli.composing import check_data, data_argument, data_overrides_argument, parameters_for, section_of
from handloom.cli.verb import MODEL_ADDRESS, check_model, json_option, results_only_on_stdout, stride_option, verb
from handloom.errors import HandloomError, printable
from handloom.support.console import DONE, json_text
from handloom.support.text_table import text_table

if TYPE_CHECKING:
    from handloom.dataset.examples import Examples
    from handloom.models.model import ModelSpec
    from handloom.sources.clip import Gathered

_TABLE = ".parquet"


@verb(
    examples="""
    handloom evaluate exports/pose/HandPoseClassifier.mlpackage new_people/photos
    handloom evaluate models/pose/model.ckpt data/keypoints/pose.parquet --json
    """
)
@click.argument("model", help=MODEL_ADDRESS)
@data_argument
@data_overrides_argument
@stride_option("clip")
@click.option("--robustness", is_flag=True, help="Measure also with joints moved by 10 % and 20 % of the palm.")
@json_option("Print metrics, numbers by class and confusions as JSON.")
def evaluate(model: str, data: Path, overrides: Sequence[str], stride: int, robustness: bool, as_json: bool) -> int:
    """Measure a model on labelled photos or videos.

    The model answers for each example. An example without a found hand is an error in accuracy_end_to_end. DATA may
    also be a keypoint table (.parquet). Nothing is written. What cannot be read is named on stderr.
    """
    check_model(model)
    check_data(data, overrides, tables=(_TABLE,))

    from handloom.evaluation.answered import Answered
    from handloom.evaluation.answers import notes_on
    from handloom.prediction.open_model import open_model

    with results_only_on_stdout(), TemporaryDirectory() as folder:
        opened = open_model(model)  # its store is not in that folder
        examples = _examples(opened.spec, data, overrides, Path(folder))
        for note in filter(None, [opened.spec.note, *notes_on(examples, opened.spec.classes)]):
            print(f"handloom evaluate: {note}", file=sys.stderr)
        answered = Answered.by(opened, examples, stride)
        metrics = answered.metrics | (answered.robustness if robustness else {})
    rows = answered.per_class
    if as_json:
        found = {"metrics": metrics, "per_class": rows, "confusion": answered.confusion}
        print(json_text(found, indent=2))
    else:
        print(text_table(list(metrics.items())))
        print()
        told = [name for name in rows[0] if any(row[name] is not None for row in rows)]
        print(text_table([[row[name] for name in told] for row in rows], told))
    return DONE


def _examples(spec: "ModelSpec", data: Path, overrides: Sequence[str], folder: Path) -> "Examples":
    """All examples of the data, whatever part the table says they are for."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from handloom.dataset.examples import read_examples, read_sessions

    table, split = data, folder / "split.parquet"
    if data.suffix != _TABLE or overrides:
        table = folder / "keypoints.parquet"
        extract(spec, data, overrides, table)
    sessions, _ = read_sessions(table)
    pq.write_table(pa.table({"session_id": sessions, "part": ["test"] * len(sessions)}), split)
    examples = read_examples(table, split, "test", left_hands=spec.left_hands)
    if not examples.hand_found.any():
        raise HandloomError(
            f"{printable(str(data))}: no hand found in any of its {len(examples)} examples; check the files"
        )
    return examples


def extract(
    spec: "ModelSpec",
    data: Path,
    overrides: Sequence[str],
    table: Path,
    changed: "Callable[[Gathered], Gathered] | None" = None,
    metadata: Mapping[str, str] | None = None,
) -> None:
    """Write the keypoint table of some data at a model's rate; what of them cannot be used is named on stderr.

    Args:
        spec: what the model is.
        data: the folder or file.
        overrides: of the sections `data` and `extract_keypoints`.
        table: the file to write.
        changed: makes other clips of those that the source yields.
        metadata: of the table, more than its frame rate; read after `changed` was called.
    """
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
    if changed is not None:
        gathered = changed(gathered)
    model = landmark_model_path(settings.landmark_model)
    with ExtractionReport(table.with_suffix("")) as report:
        cache = Workspace.next_to(table.parent).keypoint_cache
        rows = keypoint_tables(gathered, settings, spec.kind, model, report, cache)
        known = {"frame_rate": f"{settings.target_frame_rate:g}"} | dict(metadata or {})
        keypoint_table.write(table, rows, known)
    print(report.as_text(), file=sys.stderr)
