"""`handloom streams`: what a model reports in continuous videos, and the settings that are best for it."""

import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click

from handloom.cli.composing import check_data, data_argument, data_overrides_argument
from handloom.cli.evaluate import extract
from handloom.cli.verb import MODEL_ADDRESS, PATH, check_model, json_option, results_only_on_stdout, verb
from handloom.errors import ConfigurationError, DataError, printable
from handloom.support.console import DONE, json_text
from handloom.support.text_table import text_table

if TYPE_CHECKING:
    from handloom.prediction.predictor import Predictor
    from handloom.prediction.stream_settings import Stream


@verb(
    examples="""
    handloom streams models/action/model.ckpt data/test/videos \\
      data/action=directory_with_videos_and_annotation \\
      data.action.annotation_file=data/test/gestures.csv \\
      data.action.start_time_column=start data.action.end_time_column=end
    handloom streams models/action/model.ckpt data/validation/videos \\
      --choose 1 --out chosen/model.ckpt
    """
)
@click.argument("model", help=MODEL_ADDRESS)
@data_argument
@data_overrides_argument
@click.option(
    "--choose",
    type=click.FloatRange(min=0),
    metavar="FALSE_PER_HOUR",
    help="Choose settings that report at most so many false gestures an hour here; not on test data.",
)
@click.option("--out", type=PATH, metavar="FILE", help="Write the model with the chosen settings here.")
@json_option("Print metrics and settings as JSON.")
def streams(
    model: str, data: Path, overrides: Sequence[str], choose: float | None, out: Path | None, as_json: bool
) -> int:
    """Measure a model by events in continuous videos.

    DATA is a folder of videos, and the overrides name an annotation file with the start and end of each gesture. A
    video without any gesture has a row of the background class. Settings are the model's own, or chosen here.
    """
    check_model(model)
    check_data(data, overrides)
    if (choose is None) != (out is None):
        raise ConfigurationError("--choose and --out go together: what is chosen is written into a model")
    if out is not None and not model.endswith(".ckpt"):
        raise ConfigurationError(f"{model}: --choose needs a model.ckpt, which is then exported")

    from handloom.models.model import usual_stream_settings
    from handloom.prediction.measured_streams import choose as choose_settings
    from handloom.prediction.measured_streams import measured, on_choice
    from handloom.prediction.predictor import Predictor
    from handloom.prediction.stream_settings import ask

    with results_only_on_stdout():
        predictor = Predictor.open(model)
        if predictor.model.spec.kind == "pose":  # its sources have photos, which are no streams
            raise ConfigurationError(f"{printable(model)}: a model of poses; name one of actions, for videos")
        recordings = _streams(predictor, data, overrides)
        if choose is not None and out is not None:
            from handloom.training.stream_settings import store_stream_settings

            found = choose_settings(predictor, recordings, choose, "--choose")
            store_stream_settings(Path(model), found.settings, out)
            print(f"handloom streams: {on_choice(found)}", file=sys.stderr)
        else:
            settings = usual_stream_settings(predictor.model)
            asked = [ask(predictor, one, settings.stride) for one in recordings]
            found = measured(asked, settings, predictor.background_label)
    metrics, settings = found.metrics, found.settings
    if as_json:
        print(json_text({"metrics": metrics, "settings": asdict(settings)}, indent=2))
    else:
        told = [(name, value) for name, value in asdict(settings).items() if name not in ("thresholds", "times")]
        if settings.times:
            told += [(f"gesture_{name}", value) for name, value in asdict(settings.times).items()]
        of_classes = [(f"threshold of {label}", value) for label, value in settings.thresholds.items()]
        print(text_table([*metrics.items(), *told, *of_classes]))
    return DONE


def _streams(predictor: "Predictor", data: Path, overrides: Sequence[str]) -> "list[Stream]":
    from handloom.prediction.annotated_streams import GESTURES, gestures_text, read_streams
    from handloom.prediction.stream_extraction import whole_files
    from handloom.sources.clip import Gathered

    metadata: dict[str, str] = {}

    def whole(gathered: Gathered) -> Gathered:
        files, made = whole_files(gathered, predictor.background_label)
        metadata[GESTURES] = gestures_text(made)
        return files

    with TemporaryDirectory() as folder:
        table = Path(folder) / "keypoints.parquet"
        extract(predictor.model.spec, data, overrides, table, whole, metadata)
        found = read_streams(table)
    if not found:
        raise DataError("none of the files could be read; the report above says why")
    return found
