"""`handloom predict`: what a model says of photos and videos."""

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from handloom.cli.verb import MODEL_ADDRESS, PATH, check_model, results_only_on_stdout, stride_option, verb
from handloom.errors import DataError, HandloomError, printable
from handloom.support.console import DONE, REFUSED

if TYPE_CHECKING:
    from handloom.cli.predict.answers import Asked
    from handloom.cli.predict.output import Output
    from handloom.cli.predict.overlay_files import OverlayFiles
    from handloom.prediction.predictor import Predictor
    from handloom.prediction.results import Prediction


@verb(
    examples="""
    handloom predict hand.jpg wave.mp4
    handloom predict holiday --json --model exports/pose
    handloom predict wave.mp4 --overlay wave_with_joints.mp4
    """
)
@click.argument("files", nargs=-1, required=True, type=click.Path(), help="photos, videos, or folders of them")
@click.option("--model", metavar="MODEL", show_default="models/ of the project", help=MODEL_ADDRESS)
@click.option(
    "--landmarker",
    type=PATH,
    metavar="DIR",
    help="Find the hands with exported networks, such as exports/pose/landmarker.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV with a header.")
@click.option(
    "--overlay",
    type=PATH,
    metavar="OUT",
    help="Draw skeleton, label and confidence over the photo (OUT.png) or clip (OUT.mp4); for several files OUT is a"
    " folder.",
)
@click.option("--hands", type=click.Choice(("best", "all")), default="best", help="The hands of a photo.")
@stride_option("video", None, "a third of a window")
def predict(
    files: Sequence[str],
    model: str | None,
    landmarker: Path | None,
    as_json: bool,
    as_csv: bool,
    overlay: Path | None,
    hands: Literal["best", "all"],
    stride: int | None,
) -> int:
    """Classify photos and videos.

    Prints one line per photo, or one line per window of each video (per frame, with a pose model): file, label,
    confidence, and for videos start and end in seconds, with tabs between. An answer below the threshold of its label
    is marked. What cannot be read is a line on stderr. Without --model the project's models answer: models/pose for
    photos, models/action, else models/pose, for videos.
    """
    if as_json and as_csv:
        raise click.UsageError("--json and --csv exclude each other", click.get_current_context())
    form = "json" if as_json else "csv" if as_csv else "text"
    return _predict(files, model, landmarker, form, overlay, hands, stride)


def _predict(
    typed: Sequence[str],
    model: str | None,
    landmarker: Path | None,
    form: str,
    overlay: Path | None,
    hands: Literal["best", "all"],
    stride: int | None,
) -> int:
    from handloom.cli.predict.media_files import media_files
    from handloom.support.progress import ProgressBar

    if model is not None:
        check_model(model)
    problems: list[str] = []

    def problem(text: str) -> None:
        problems.append(text)
        note(text)

    def note(text: str) -> None:
        ProgressBar.write(f"handloom predict: {printable(text)}", file=sys.stderr)

    found = list(media_files(typed, problem, note))
    if not found and problems:
        return REFUSED

    from handloom.cli.predict.answers import Models, answers, asked, warnings_told
    from handloom.cli.predict.output import OUTPUTS
    from handloom.cli.predict.overlay_files import OverlayFiles
    from handloom.cli.project import project_extraction
    from handloom.export.landmarker.runtime import ExportedLandmarker

    stdout = sys.stdout
    with results_only_on_stdout(), warnings_told(note):
        models = Models(model)
        found_by = ExportedLandmarker.at(landmarker) if landmarker else None
        if models.note:
            note(models.note)
        files = asked(found, models, problem, note)
        if not files and not problems:
            raise HandloomError(f"{printable(' '.join(typed))}: no photo or video for this model")
        overlays = OverlayFiles(overlay, files) if overlay else None
        answered = answers(files, models, hands, stride, project_extraction(), found_by, problem)
        output = OUTPUTS[form](stdout)
        # The lines themselves show how far it is, unless they go somewhere else.
        hidden = stdout.isatty() or len(files) < 2
        with ProgressBar("predict", len(files), "file", disable=hidden) as progress:
            for answer in answered:
                try:
                    _write(*answer, output, overlays)
                except DataError as error:
                    problem(str(error))
                progress.update()
            progress.update(len(files) - progress.n)  # those that could not be read
    return REFUSED if problems else DONE


def _write(
    asked: "Asked",
    predictor: "Predictor",
    predictions: "Iterable[Prediction]",
    output: "Output",
    overlays: "OverlayFiles | None",
) -> None:
    """Write the predictions of one file as they are made, then draw them."""
    kept: list[Prediction] = []
    seen = False
    for prediction in predictions:
        seen = True
        output.write(asked, predictor, prediction)
        if overlays:
            kept.append(prediction)
    if not seen:
        output.write(asked, predictor, None)
    if overlays:
        overlays.write(asked, predictor, kept)
