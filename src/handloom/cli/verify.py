"""`handloom verify`: the interface of a saved model file, and what it computes."""

import argparse
from pathlib import Path

from handloom.cli.verb import Commands, add_verb, check_model
from handloom.errors import DataError, HandloomError, printable
from handloom.models.files import EXPORTED_NAMES
from handloom.support.console import DONE, REFUSED, json_text


def add(commands: Commands) -> None:
    """Add the verb."""
    verify = add_verb(
        commands,
        "verify",
        run,
        summary="check a Core ML file, on any computer",
        description="Check a saved model file, line by line: the interface of Create ML's hand classifiers, its"
        " metadata and that it answers, by running the saved file itself; with --against also that it computes what was"
        " trained, and that its metadata are the trained model's.",
        example="handloom verify exports/pose/HandPoseClassifier.mlpackage --against models/pose/model.ckpt"
        " --table data/keypoints/pose.parquet --split data/splits/pose.parquet",
    )
    verify.add_argument("file", type=Path, metavar="FILE", help=f"{EXPORTED_NAMES}; Create ML's own too")
    verify.add_argument("--against", type=Path, metavar="MODEL", help="the model.ckpt that it was exported from")
    verify.add_argument("--table", type=Path, help="keypoint table whose test part both are run on")
    verify.add_argument("--split", type=Path, help="its parts; needed with --table")
    verify.add_argument("--stride", type=int, default=15, help="frames between two windows of a clip (15)")
    verify.add_argument("--json", action="store_true", help="all that is known, as JSON")


def run(given: argparse.Namespace) -> int:
    """Print what was found; refuse a file that is not what it should be."""
    if (given.table is None) != (given.split is None) or (given.table is not None and given.against is None):
        raise HandloomError("--table, --split and --against belong together")
    if given.stride < 1:
        raise HandloomError(f"--stride: must be at least 1 (got {given.stride})")
    for model_file in filter(None, (given.against, given.file)):
        check_model(model_file)
    for path in filter(None, (given.against, given.table, given.split)):
        if path.exists() and not path.is_file():
            raise DataError(f"{printable(str(path))}: a folder, a pipe or a device, not a file")
    for table in filter(None, (given.table, given.split)):
        if not table.exists():
            raise DataError(f"{printable(str(table))}: no such file; make it with dvc repro")

    from handloom.dataset.examples import read_examples
    from handloom.export.verification import rows_of, verify
    from handloom.models.checkpoint import load_model

    model = load_model(given.against) if given.against else None
    window, examples = model.spec.window if model else 1, None
    if model and given.table:
        examples = read_examples(given.table, given.split, "test", left_hands=model.spec.left_hands)
    found = verify(given.file, model, rows_of(window, examples, given.stride))
    if given.json:
        print(json_text(found.plain(), indent=2))
    else:
        for row in found.interface:
            print(printable(f"{'yes' if row.agrees else 'NO ':3}  {row.item}: {row.found}"))
        if found.note:
            print(printable(f"note {found.note}"))
        print(printable(found.summary))
        for problem in found.problems:
            print(printable(f"NO   {problem}"))
    return REFUSED if found.problems else DONE
