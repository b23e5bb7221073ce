"""`handloom add`: one more gesture for a trained pose model, from a few photos."""

import sys
from pathlib import Path

import click

from handloom.cli.verb import PATH, check_model, results_only_on_stdout, verb
from handloom.errors import HandloomError, printable
from handloom.support.console import DONE


@verb(
    examples="""
    handloom add models/pose thumbs_up new/*.jpg --out tried
    handloom add tried vulcan more/*.jpg --out tried_two
    """
)
@click.argument("model", type=PATH, help="model.ckpt of a pose classifier, or the folder with it.")
@click.argument("label", help="The new gesture.")
@click.argument("photos", type=PATH, nargs=-1, required=True, help="Photos of the gesture; five are good.")
@click.option("--out", type=PATH, metavar="FOLDER", required=True, help="The new folder to write.")
@click.option("--table", type=PATH, metavar="FILE", help="The keypoint table that the model was trained on.")
@click.option("--split", type=PATH, metavar="FILE", help="The split of that table.")
def add(model: Path, label: str, photos: tuple[Path, ...], out: Path, table: Path | None, split: Path | None) -> int:
    """Add a gesture to a trained pose model from a few photos.

    Fits the last layer of the network again, which takes less than a second, and writes model.ckpt and both Core ML
    files into a new folder. The training set is found where a project or `handloom train` has it. The result is for
    trying a gesture out: train again, with photos of several people, before you ship it.
    """
    check_model(model)
    for photo in photos:
        if not photo.is_file():
            raise HandloomError(f"{printable(str(photo))}: no such photo")

    from handloom.api.add_gesture import ADVICE, add_gesture

    with results_only_on_stdout():
        added = add_gesture(model, label, photos, out, table, split)
    for photo in added.without_hand:
        print(f"handloom add: {printable(str(photo))}: no hand found, not used", file=sys.stderr)
    for file in added.files:
        print(printable(str(file)))
    print(
        f"handloom add: {printable(label)} from {added.photos} photos; joints {added.finding_seconds:.1f} s, learning"
        f" {added.learning_seconds:.2f} s, export {added.exporting_seconds:.1f} s. Note: {ADVICE}",
        file=sys.stderr,
    )
    return DONE
