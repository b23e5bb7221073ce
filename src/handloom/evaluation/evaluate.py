"""The stage: the test part, read once, as numbers and tables."""

import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from handloom import tracking
from handloom.config import Kind, Parameters
from handloom.dataset.examples import Examples, read_examples
from handloom.errors import DataError, printable
from handloom.evaluation.measured_on import measured_on
from handloom.evaluation.metrics import Answer, confusion, per_class, summary
from handloom.evaluation.plots import draw_plots
from handloom.evaluation.predict import predict_examples
from handloom.evaluation.trust import confidence_bins, per_class_at_thresholds, trust
from handloom.keypoint_table import is_made_up
from handloom.models.checkpoint import TrainedModel, load_model
from handloom.models.files import MODEL_FILE, RUN_FILE
from handloom.models.provenance import read_provenance
from handloom.support.files import write_csv, write_json

PREDICTIONS = "predictions.csv"
LABELS_SHOWN = 40  # in one line


def evaluate(
    parameters: Parameters, kind: Kind, model: Path, table: Path, split: Path, out: Path, register: bool = True
) -> dict[str, float]:
    """Predict the test part; write metrics and tables to the folder `out`, log them to its run, register it.

    Args:
        parameters: all of them; the section `evaluate` decides.
        kind: "pose" or "action".
        model: folder with the trained model and the file that names its run.
        table: keypoint table.
        split: its parts.
        out: gets `metrics.json`, `per_class.csv`, `confusion.csv`, `reliability.csv` and `predictions.csv`.
        register: whether the model becomes a version in MLflow's registry.

    Raises:
        DataError: the test part is empty, has no hand, or no label that the model knows.
    """
    trained = load_model(model / MODEL_FILE)
    examples = read_examples(table, split, "test", left_hands=trained.left_hands)
    if not examples.hand_found.any():
        raise DataError(
            f"{split}: the test part has no example with a hand; raise split.test_ratio or add a test folder"
        )
    for note in notes_on(examples, trained.classes):
        print(f"evaluate {kind}: {note}", file=sys.stderr)
    answers = answers_of(trained, examples, parameters.evaluate.window_stride)
    thresholds = trained.calibration.thresholds if trained.calibration else {}
    metrics = summary(answers) | trust(answers, trained.background_label, thresholds)
    labels = [*trained.classes, *sorted({answer.label for answer in answers} - set(trained.classes))]
    write_json(out / "metrics.json", metrics)
    at_thresholds = per_class_at_thresholds(answers, labels, thresholds)
    rows = [row | more for row, more in zip(per_class(answers, labels), at_thresholds, strict=True)]
    write_csv(out / "per_class.csv", rows)
    write_csv(out / "confusion.csv", confusion(answers, labels))
    bins = confidence_bins(answers)
    write_csv(out / "reliability.csv", [asdict(one) for one in bins])
    write_csv(out / PREDICTIONS, [asdict(answer) for answer in answers])
    run_id = tracking.open_run(model / RUN_FILE, kind, parameters)
    tracking.log_metrics(run_id, {f"test_{name}": value for name, value in metrics.items()})
    named = [out / PREDICTIONS]  # by their files
    tracking.log_files(run_id, [file for file in sorted(out.glob("[!.]*")) if file not in named], f"reports/{out.name}")
    tracking.log_private_files(run_id, named, f"reports/{out.name}", parameters.tracking.pictures)
    with tracking.scratch() as folder:
        tracking.log_files(run_id, draw_plots(answers, labels, bins, folder), "plots")
    if register:
        # Left hands as they are, so that models that want them mirrored were measured on the same.
        as_they_are = examples if trained.left_hands == "as_they_are" else read_examples(table, split, "test")
        test_data = measured_on(as_they_are, parameters.evaluate.window_stride)
        keypoints = read_provenance(model / RUN_FILE).keypoints_sha256
        tracking.register_model(run_id, model / MODEL_FILE, trained, metrics, test_data, keypoints)
    return metrics


def notes_on(examples: Examples, classes: Sequence[str]) -> list[str]:
    """What a reader of the numbers has to know of the examples, a line each.

    Args:
        examples: those that a model is measured on.
        classes: the labels that the model knows.

    Raises:
        DataError: the model knows none of the examples' labels.
    """
    counts = Counter(examples.labels.to_pylist())
    unknown = sorted(set(counts) - set(classes))
    untested = [label for label in classes if label not in counts]
    if len(unknown) == len(counts):
        raise DataError(
            f"none of the data's labels ({_listed(unknown)}) is among the model's ({_listed(classes)}); give data with"
            " the model's labels, or the model of these data"
        )
    notes = []
    if unknown:
        count = sum(counts[label] for label in unknown)
        notes.append(
            f"{count} of {len(examples)} examples count as errors: the model does not know their labels"
            f" ({_listed(unknown)})"
        )
    if untested:
        notes.append(f"nothing is said of classes without examples: {_listed(untested)}")
    made_up = sum(is_made_up(group) for group in examples.groups.to_pylist())
    if made_up:
        notes.append(
            f"{made_up} of {len(examples)} examples are made up from descriptions, no photo or video: the numbers say"
            " how well the model knows the descriptions, not how well it does on people"
        )
    return notes


def _listed(labels: Sequence[str]) -> str:
    shown = ", ".join(printable(label) for label in labels[:LABELS_SHOWN])
    return shown if len(labels) <= LABELS_SHOWN else f"{shown} and {len(labels) - LABELS_SHOWN} more"


def answers_of(model: TrainedModel, examples: Examples, stride: int) -> list[Answer]:
    """What the model says of each example; windows of a clip are `stride` frames apart."""
    probabilities = predict_examples(model, examples, stride)
    return [
        Answer(
            name=example.name,
            label=example.label,
            predicted=model.classes[row.argmax()],
            confidence=float(row.max()),
            label_probability=dict(zip(model.classes, row.tolist(), strict=True)).get(example.label),
            hand_found=example.hand_found,
        )
        for example, row in zip(examples, probabilities, strict=True)
    ]
