"""Writing `report.html`: one file, with all pictures in it, that asks nothing of any network."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from handloom import __version__
from handloom.config import Parameters, as_plain
from handloom.dataset.pictures import Pictures, Views
from handloom.dataset.split import read_split
from handloom.evaluation.answered import Answered
from handloom.evaluation.answers import notes_on
from handloom.extraction.report import REPORT
from handloom.models.calibration import ConfidenceBin
from handloom.models.files import HISTORY_FILE, REPORT_PAGE, RUN_FILE
from handloom.models.provenance import read_provenance
from handloom.prediction.measured_streams import MeasuredStreams
from handloom.report import content
from handloom.report.figures import learning_curves, reliability_plot
from handloom.report.templates import template
from handloom.sources import Clip
from handloom.support.files import replacing


@dataclass(frozen=True)
class Written:
    """Where the stages wrote what the page shows.

    Attributes:
        table: keypoint table.
        split: its parts.
        model: the folder of the trained model, with the course of its training.
        extraction: the folder that says what happened to each file.
    """

    table: Path
    split: Path
    model: Path
    extraction: Path


def write_page(
    page: Path,
    parameters: Parameters,
    answered: Answered,
    clips: Callable[[], Iterable[Clip]],
    written: Written,
    streams: MeasuredStreams | None = None,
) -> Path:
    """Write the page; the same inputs give the same bytes.

    Args:
        page: the file to write.
        parameters: all of them.
        answered: the model's answers for the test set.
        clips: gives the media of the source, for pictures.
        written: where the stages wrote.
        streams: what the model reports in the test set's recordings; None without any.

    Raises:
        DataError: a file of the stages is missing or of another form.
    """
    model, examples, answers = answered.model, answered.examples, answered.answers
    tested = {session for session, part in read_split(written.split).items() if part == "test"}
    streams_given = parameters.export_coreml.streams.of(model.spec.kind)
    chosen = model.spec.stream  # the values given hide what the others were chosen for
    views = Views(written.table, examples, tested)
    said = {
        "version": __version__,
        "spec": model.spec,
        "provenance": read_provenance(written.model / RUN_FILE),
        "notes": notes_on(examples, model.spec.classes),
        "parts": content.part_counts(written.split),
        "mistakes": content.mistakes(model, examples, answers, views, answered.stride),
        "without_hand": content.without_hand(answers, views),
        "extraction": content.extraction_report(written.extraction / REPORT),
        "limits": content,
        "streams": streams,
        "false_per_hour": None if chosen is None else chosen.false_per_hour,
        "given": [name for name, value in as_plain(streams_given).items() if value is not None],
        "picture": Pictures(clips, model.spec.kind, model.spec.frame_rate).data_uri,
    }
    said |= _numbers(answered)
    said |= _plots(written.model / HISTORY_FILE, answered.confidence_bins)
    with replacing(page) as part:
        part.write_text(template(REPORT_PAGE).render(said), encoding="utf-8")
    return page


def _numbers(answered: Answered) -> dict[str, Any]:
    people = answered.examples.groups.to_pylist()
    return {
        "labels": answered.labels,
        "people": len(set(people)),
        "headline": content.headline(answered.answers, people),
        "metrics": answered.metrics,
        "robustness": answered.robustness,
        "confusion": answered.confusion,
        "per_class": answered.per_class,
        "intervals": content.class_intervals(answered.answers),
        "per_person": content.per_person(answered.answers, people),
    }


def _plots(history_file: Path, bins: Sequence[ConfidenceBin]) -> dict[str, Any]:
    history = content.read_history(history_file)
    return {
        "bins": bins,
        "reliability": reliability_plot(bins),
        "loss": history and learning_curves(history.iterations, history.loss, "loss"),
        "accuracy": history and learning_curves(history.iterations, history.accuracy, "accuracy"),
    }
