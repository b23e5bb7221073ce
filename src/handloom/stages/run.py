"""The stages, a function each, and a function that runs several.

Each imports its own room when it runs: the others', torch and MLflow among them, take seconds.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from handloom.config import ExtractKeypoints, Kind, Parameters, Source, as_plain, raw_data, read_from
from handloom.errors import HandloomError
from handloom.stages.layout import Layout
from handloom.support.files import sha256_of_file
from handloom.support.workspace import Workspace

if TYPE_CHECKING:
    from pytorch_lightning import Callback

    from handloom.check.check import Finding
    from handloom.evaluation.answered import Answered
    from handloom.export.verification import Verification
    from handloom.extraction.report import ExtractionReport
    from handloom.prediction.measured_streams import MeasuredStreams
    from handloom.sources import Clip
    from handloom.training.resume import LastStep

Stage = Literal["extract_keypoints", "split", "extract_streams", "train", "evaluate", "export_coreml"]
STAGES: tuple[Stage, ...] = get_args(Stage)


@dataclass
class Results:
    """The results of the stages that ran.

    Attributes:
        loss: of the training, on the validation set; None without one.
        metrics: of the test set.
        verifications: of the exported files.
    """

    loss: float | None = None
    metrics: dict[str, float] = field(default_factory=dict)
    verifications: "list[Verification]" = field(default_factory=list)


def run_stages(
    parameters: Parameters,
    kind: Kind,
    layout: Layout,
    workspace: Workspace,
    first: Stage = "extract_keypoints",
    last: Stage = "export_coreml",
    begin: Callable[[Stage], object] = lambda stage: None,
    callbacks: "Sequence[Callback]" = (),
    tags: Mapping[str, str] | None = None,
    register: bool = True,
) -> Results:
    """Run stages in their order, from one to another, each of them included.

    Args:
        parameters: all of them.
        kind: "pose" or "action".
        layout: where artefacts lie; those of stages before `first` have to be there.
        workspace: where work in progress lies.
        first: the stage to begin with.
        last: the stage to end with.
        begin: called with each stage before it runs.
        callbacks: see `train`.
        tags: see `train`.
        register: see `evaluate`.

    Raises:
        HandloomError: a stage cannot be run; what it says.
    """
    results = Results()
    for stage in STAGES[STAGES.index(first) : STAGES.index(last) + 1]:
        begin(stage)
        match stage:
            case "extract_keypoints":
                extract_keypoints(parameters, kind, layout, workspace)
            case "split":
                split(parameters, kind, layout, workspace)
            case "extract_streams":
                extract_streams(parameters, kind, layout, workspace)
            case "train":
                results.loss = train(parameters, kind, layout, workspace, callbacks=callbacks, tags=tags)
            case "evaluate":
                results.metrics = evaluate(parameters, kind, layout, workspace, register=register)
            case "export_coreml":
                results.verifications = export_coreml(parameters, kind, layout, workspace)
    return results


def note_raw_data(name: str, parameters: Parameters, kind: Kind, layout: Layout, workspace: Workspace) -> None:
    """Note which files one path of a source has, for DVC. See `handloom.extraction.raw_data`.

    Args:
        name: of the path, see `raw_data`.
        parameters: all of them.
        kind: "pose" or "action".
        layout: where artefacts lie.
        workspace: where work in progress lies.
    """
    from handloom.extraction.raw_data import write_note

    path = raw_data(as_plain(parameters.data))[kind][name]
    write_note(workspace.project / path, layout.raw_data / f"{name}.json", workspace.keypoint_cache)


def extract_keypoints(parameters: Parameters, kind: Kind, layout: Layout, workspace: Workspace) -> "ExtractionReport":
    """Find the joints in labelled photos or clips; print how many were found. See `handloom.extraction`."""
    from handloom.extraction.extract import extract_keypoints
    from handloom.extraction.raw_data import remove_old_notes

    report = extract_keypoints(
        source_of(parameters, kind, workspace),
        _extraction(parameters, workspace),
        kind,
        table=layout.keypoints,
        folder=layout.keypoint_report,
        cache_file=workspace.keypoint_cache,
    )
    remove_old_notes(layout.raw_data, raw_data(as_plain(parameters.data))[kind])
    print(report.as_text())
    return report


def split(parameters: Parameters, kind: Kind, layout: Layout, workspace: Workspace) -> None:
    """Split examples into training, validation and test set; print their numbers. See `handloom.dataset.split`."""
    from handloom.dataset.split import split_table, split_text

    split_table(layout.keypoints, parameters.split, layout.split)
    print(split_text(layout.keypoints, layout.split, parameters.split))


def extract_streams(parameters: Parameters, kind: Kind, layout: Layout, workspace: Workspace) -> None:
    """Find the joints in whole recordings of validation and test set. See `handloom.prediction.stream_extraction`."""
    from handloom.prediction.stream_extraction import extract_streams

    if layout.streams is None:
        return
    lines = extract_streams(
        source_of(parameters, kind, workspace),
        _extraction(parameters, workspace),
        kind,
        (layout.keypoints, layout.split),
        layout.streams,
        workspace.keypoint_cache,
        parameters.training(kind).background_label,
    )
    for line in lines:
        print(f"extract_streams {kind}: {line}")


def train(
    parameters: Parameters,
    kind: Kind,
    layout: Layout,
    workspace: Workspace,
    *,
    callbacks: "Sequence[Callback]" = (),
    tags: Mapping[str, str] | None = None,
) -> float | None:
    """Train a classifier; its loss on the validation set, None without one. See `handloom.training.train`.

    With recordings of the validation set the model gets the stream settings that are best on them.

    Args:
        parameters: all of them.
        kind: "pose" or "action".
        layout: where artefacts lie.
        workspace: where work in progress lies.
        callbacks: of Lightning, told of the training after everything else.
        tags: further tags of the MLflow run.
    """
    from handloom.training.resume import TrainingTask
    from handloom.training.tracker import TrainingTracker
    from handloom.training.train import train

    task = TrainingTask(kind, parameters.training(kind), layout.keypoints, layout.split)
    tracker = TrainingTracker(workspace, parameters, tags or {})
    last_step = None
    if layout.recordings:
        last_step = _stream_settings(layout.recordings, kind, task.settings.false_events_per_hour)
    return train(task, layout.model, layout.checkpoints or workspace, tracker, callbacks, last_step)


def _stream_settings(table: Path, kind: Kind, false_per_hour: float) -> "LastStep":
    """The choice of stream settings. The recordings are read now: a damaged table is found before the training."""
    from handloom.prediction.annotated_streams import read_streams
    from handloom.prediction.measured_streams import settings_for
    from handloom.support.code import code_version
    from handloom.training.resume import LastStep
    from handloom.training.stream_settings import store_stream_settings

    streams = read_streams(table, "validation")

    def add_to(model: Path) -> None:
        settings, line = settings_for(model, streams, false_per_hour)
        if settings:
            store_stream_settings(model, settings, model)
        if line:
            print(f"train_{kind}: {line}", file=sys.stderr)

    code = code_version("handloom.prediction.measured_streams", "handloom.training.stream_settings")
    return LastStep(add_to, {"the recordings": sha256_of_file(table), "the code of the choice": code})


def evaluate(
    parameters: Parameters, kind: Kind, layout: Layout, workspace: Workspace, *, register: bool = True
) -> dict[str, float]:
    """Measure the trained model on the test set. See `handloom.evaluation.evaluate`.

    Args:
        parameters: all of them.
        kind: "pose" or "action".
        layout: where artefacts lie.
        workspace: where work in progress lies.
        register: whether the model becomes a version in MLflow's registry and gets a page to look at, and its accuracy
            is printed; one of many, such as that of a fold, does not.

    Returns:
        the metrics by name.
    """
    from handloom.evaluation.evaluate import evaluate

    streams = _measured_streams(parameters, kind, layout)
    found = evaluate(
        parameters,
        kind,
        layout.model,
        layout.keypoints,
        layout.split,
        layout.report,
        workspace,
        register,
        streams.metrics if streams else {},
    )
    if register:
        page = report(parameters, kind, layout, workspace, found.answered, streams)
        found.run.log_private_files([page], f"reports/{kind}", parameters.tracking.pictures)
        right, examples = 100 * found.metrics["accuracy_end_to_end"], found.metrics["examples"]
        print(f"evaluate {kind}: {right:.1f} % of {examples:.0f} examples of the test set are right; see {page}")
    return found.metrics


def _measured_streams(parameters: Parameters, kind: Kind, layout: Layout) -> "MeasuredStreams | None":
    from handloom.prediction.measured_streams import measure_streams

    if layout.recordings is None:
        return None
    return measure_streams(layout.model_file, layout.recordings, parameters.export_coreml.streams.of(kind))


def report(
    parameters: Parameters,
    kind: Kind,
    layout: Layout,
    workspace: Workspace,
    answered: "Answered | None" = None,
    streams: "MeasuredStreams | None" = None,
) -> Path:
    """Write the report page of a model; return its file. See `handloom.report`.

    Args:
        parameters: all of them.
        kind: "pose" or "action".
        layout: where artefacts lie.
        workspace: where work in progress lies.
        answered: the model's answers for the test set; None lets it answer now, in recordings too.
        streams: what it reports in recordings; None without any.
    """
    from handloom.evaluation.answered import answer_test_set
    from handloom.models.files import REPORT_PAGE
    from handloom.report.page import Written, write_page

    stride = parameters.evaluate.window_stride
    if answered is None:
        answered = answer_test_set(layout.model, layout.keypoints, layout.split, stride)
        streams = _measured_streams(parameters, kind, layout)
    clips = _clips_to_show(parameters, kind, workspace, f"{REPORT_PAGE} of {kind}: shows joints without pictures")
    written = Written(layout.keypoints, layout.split, layout.model, layout.keypoint_report)
    return write_page(layout.report / REPORT_PAGE, parameters, answered, clips, written, streams)


def check(parameters: Parameters, kind: Kind, layout: Layout, workspace: Workspace) -> "list[Finding]":
    """Look for mistakes in the examples of the keypoint table; write a list and a page. See `handloom.check`.

    Args:
        parameters: all of them.
        kind: "pose" or "action".
        layout: where artefacts lie; the list is `check.csv` and the page `check.html` in its folder of reports.
        workspace: where work in progress lies.
    """
    from handloom.check.check import Checked, find_mistakes, write_findings
    from handloom.dataset.pictures import Pictures
    from handloom.report.check_page import PAGE, write_check_page

    clips = _clips_to_show(parameters, kind, workspace, f"{PAGE} of {kind}: shows joints without pictures")
    pictures = Pictures(clips, kind, parameters.extract_keypoints.target_frame_rate)
    split = layout.split if layout.split.is_file() else None
    checked = Checked(layout.keypoints)
    background = parameters.training(kind).background_label
    findings = find_mistakes(checked, pictures, split, background)
    write_findings(layout.report / "check.csv", findings)
    write_check_page(layout.report / PAGE, kind, checked.views, findings, pictures)
    return findings


def _clips_to_show(
    parameters: Parameters, kind: Kind, workspace: Workspace, without_them: str
) -> "Callable[[], Sequence[Clip]]":
    """A function that lists the source; where it is gone, that is said, and the list is empty."""
    from handloom.sources import gather_members

    def clips() -> "Sequence[Clip]":
        try:
            return gather_members(source_of(parameters, kind, workspace), kind).clips
        except HandloomError as error:
            print(f"{without_them}: {error}", file=sys.stderr)
            return []

    return clips


def export_coreml(parameters: Parameters, kind: Kind, layout: Layout, workspace: Workspace) -> "list[Verification]":
    """Write the trained model as files for apps, each checked from disk; print the results. See `handloom.export`."""
    from handloom.export.export import export_coreml

    verifications = export_coreml(
        parameters, kind, layout.model, layout.keypoints, layout.split, layout.exports, workspace
    )
    for one in verifications:
        print(one.summary)
    return verifications


def source_of(parameters: Parameters, kind: Kind, workspace: Workspace) -> Source:
    """The source of a kind; relative paths in it count from the workspace's project."""
    return read_from(workspace.project, parameters.source(kind))


def _extraction(parameters: Parameters, workspace: Workspace) -> ExtractKeypoints:
    """The section `extract_keypoints`; the path of a landmark model in it counts from the workspace's project."""
    settings = parameters.extract_keypoints
    model = replace(settings.landmark_model, path=_from(workspace.project, settings.landmark_model.path))
    return replace(settings, landmark_model=model)


def _from(folder: Path, path: str | None) -> str:
    return str(folder / path) if path else ""
