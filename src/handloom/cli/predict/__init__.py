"""`handloom predict`: what a model says of photos and videos."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from handloom.cli.verb import Commands, add_verb, check_model, results_only_on_stdout
from handloom.errors import DataError, HandloomError, printable
from handloom.support.console import DONE, REFUSED

if TYPE_CHECKING:
    from handloom.prediction.results import Prediction


def add(commands: Commands) -> None:
    """Add the verb."""
    predict = add_verb(
        commands,
        "predict",
        run,
        summary="what a model says of photos and videos",
        description="Print a line a photo, or a line a window of each video (a frame, with a pose model), as soon as it"
        " is known: file, label, confidence, and for videos start and end in seconds, with tabs between. An answer"
        " below the threshold that the model recommends for its label is marked. What cannot be read is a line on"
        " stderr; the rest goes on, and the exit status is 1.",
        example="handloom predict holiday/ clip.mov --json | head",
    )
    predict.add_argument("files", nargs="+", metavar="FILES", help="photos, videos, or folders of them")
    predict.add_argument(
        "--model",
        metavar="MODEL",
        help="model.ckpt, an exported file, a folder with one, runs:/... or models:/...; without it, in a"
        " project, models/pose answers for photos and models/action, else models/pose, for videos",
    )
    form = predict.add_mutually_exclusive_group()
    form.add_argument("--json", dest="form", action="store_const", const="json", help="a JSON object a line")
    form.add_argument("--csv", dest="form", action="store_const", const="csv", help="CSV with a header")
    predict.add_argument(
        "--overlay",
        type=Path,
        metavar="OUT",
        help="draw skeleton, label and confidence over the clip (OUT.mp4, without sound) or photo (OUT.png), grey and"
        " in brackets below the threshold; for several files OUT is a folder",
    )
    predict.add_argument("--hands", choices=("best", "all"), default="best", help="of a photo: the best one, or all")
    predict.add_argument("--stride", type=int, help="frames between two windows of a video (a third of a window)")
    predict.set_defaults(form="text")


def run(given: argparse.Namespace) -> int:
    """Print predictions as they are made."""
    from handloom.cli.predict.media_files import media_files
    from handloom.support.progress import ProgressBar

    if given.stride is not None and given.stride < 1:
        raise HandloomError(f"--stride: must be at least 1 (got {given.stride})")
    if given.model is not None:
        check_model(given.model)
    problems: list[str] = []

    def problem(text: str) -> None:
        problems.append(text)
        note(text)

    def note(text: str) -> None:
        ProgressBar.write(f"handloom predict: {printable(text)}", file=sys.stderr)

    found = list(media_files(given.files, problem, note))
    if not found and problems:
        return REFUSED

    from handloom.cli.predict.answers import Models, answers, asked, warnings_told
    from handloom.cli.predict.output import OUTPUTS
    from handloom.cli.predict.overlay_files import OverlayFiles
    from handloom.cli.project import project_extraction

    stdout = sys.stdout
    with results_only_on_stdout(), warnings_told(note):
        models = Models(given.model)
        if models.note:
            note(models.note)
        files = asked(found, models, problem, note)
        if not files and not problems:
            raise HandloomError(f"{printable(' '.join(given.files))}: no photo or video in it that the model is for")
        overlays = OverlayFiles(given.overlay, files) if given.overlay else None
        answered = answers(files, models, given.hands, given.stride, project_extraction(), problem)
        output = OUTPUTS[given.form](stdout)
        # The lines themselves show how far it is, unless they go somewhere else.
        hidden = stdout.isatty() or len(files) < 2
        with ProgressBar("predict", len(files), "file", disable=hidden) as progress:
            for use, predictor, predictions in answered:
                kept: list[Prediction] = []
                seen = False
                try:
                    for prediction in predictions:
                        seen = True
                        output.write(use, predictor, prediction)
                        if overlays:
                            kept.append(prediction)
                    if not seen:
                        output.write(use, predictor, None)
                    if overlays:
                        overlays.write(use, predictor, kept)
                except DataError as error:
                    problem(str(error))
                progress.update()
            progress.update(len(files) - progress.n)  # those that could not be read
    return REFUSED if problems else DONE
