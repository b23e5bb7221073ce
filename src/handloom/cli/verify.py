"""`handloom verify`: the interface of a saved model file, and what it computes."""

from pathlib import Path

import click

from handloom.cli.verb import PATH, check_model, json_option, stride_option, verb
from handloom.errors import DataError, HandloomError, printable
from handloom.models.files import EXPORTED_NAMES
from handloom.support.console import DONE, REFUSED, json_text


@verb(
    examples="""
    handloom verify HandPoseClassifier.mlmodel
    handloom verify exports/pose/HandPoseClassifier.mlpackage \\
      --checkpoint models/pose/model.ckpt --table data/keypoints/pose.parquet \\
      --split data/splits/pose.parquet
    """
)
@click.argument("file", type=PATH, help=f"{EXPORTED_NAMES}; Create ML's own too")
@click.option("--checkpoint", type=PATH, metavar="MODEL", help="The model.ckpt that it was exported from.")
@click.option("--table", type=PATH, metavar="FILE", help="A keypoint table; file and checkpoint predict its test set.")
@click.option("--split", type=PATH, metavar="FILE", help="The split of that table; needed with --table.")
@stride_option("clip")
@json_option("Print all results as JSON.")
def verify(
    file: Path, checkpoint: Path | None, table: Path | None, split: Path | None, stride: int, as_json: bool
) -> int:
    """Check an exported model file, on any computer.

    Checks that the file has the interface of Create ML's hand classifiers and its metadata, and runs it. With
    --checkpoint it also checks that the file computes what was trained, and has the trained model's metadata.
    """
    if (table is None) != (split is None) or (table is not None and checkpoint is None):
        raise HandloomError("--table, --split and --checkpoint belong together")
    for model_file in filter(None, (checkpoint, file)):
        check_model(model_file)
    for path in filter(None, (checkpoint, table, split)):
        if path.exists() and not path.is_file():
            raise DataError(f"{printable(str(path))}: a folder, a pipe or a device, not a file")
    for path in filter(None, (table, split)):
        if not path.exists():
            raise DataError(f"{printable(str(path))}: no such file; make it with dvc repro")

    from handloom.export.verification import rows_of
    from handloom.export.verification import verify as verify_file

    model, window, examples = None, 1, None
    if checkpoint:  # the imports here, so that a file alone is checked where handloom is installed to predict only
        from handloom.models.checkpoint import load_model

        model = load_model(checkpoint)
        window = model.spec.window
    if model and table and split:
        from handloom.dataset.examples import read_examples

        examples = read_examples(table, split, "test", left_hands=model.spec.left_hands)
    found = verify_file(file, model, rows_of(window, examples, stride))
    if as_json:
        print(json_text(found.plain(), indent=2))
    else:
        for row in found.interface:
            print(printable(f"{'yes' if row.passed else 'NO ':3}  {row.item}: {row.found}"))
        if found.note:
            print(printable(f"note {found.note}"))
        print(printable(found.summary))
        for problem in found.problems:
            print(printable(f"NO   {problem}"))
    return REFUSED if found.problems else DONE
