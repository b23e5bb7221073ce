"""The stage: the test part, read once, as numbers and tables."""

import hashlib
import sys
from dataclasses import asdict
from pathlib import Path

from handloom import tracking
from handloom.config import Kind, Parameters
from handloom.dataset.examples import Examples, read_examples
from handloom.errors import DataError
from handloom.evaluation.answers import answers_of, labels_of, notes_on
from handloom.evaluation.metrics import (
    calibration_metrics,
    confidence_bins,
    confusion,
    per_class,
    per_class_at_thresholds,
    summary,
)
from handloom.evaluation.plots import draw_plots
from handloom.models.checkpoint import load_model
from handloom.models.files import MODEL_FILE, RUN_FILE
from handloom.models.provenance import read_provenance
from handloom.support.files import sha256_of_file, write_csv, write_json
from handloom.support.workspace import Workspace

PREDICTIONS = "predictions.csv"


def evaluate(
    parameters: Parameters,
    kind: Kind,
    model: Path,
    table: Path,
    split: Path,
    out: Path,
    workspace: Workspace,
    register: bool = True,
) -> dict[str, float]:
    """Predict the test part; write metrics and tables to the folder `out`, log them to its run, register it.

    Args:
        parameters: all of them; the section `evaluate` decides.
        kind: "pose" or "action".
        model: folder with the trained model and the file that says what it was made of.
        table: keypoint table.
        split: its parts.
        out: gets `metrics.json`, `per_class.csv`, `confusion.csv`, `reliability.csv` and `predictions.csv`.
        workspace: its tracking store has the model's run.
        register: whether the model becomes a version in MLflow's registry.

    Raises:
        DataError: the test part is empty, has no hand, or no label that the model knows.
    """
    trained = load_model(model / MODEL_FILE)
    spec, thresholds = trained.spec, trained.thresholds
    examples = read_examples(table, split, "test", left_hands=spec.left_hands)
    if not examples.hand_found.any():
        raise DataError(
            f"{split}: the test part has no example with a hand; raise split.test_ratio or add a test folder"
        )
    for note in notes_on(examples, spec.classes):
        print(f"evaluate {kind}: {note}", file=sys.stderr)
    answers = answers_of(trained, examples, parameters.evaluate.window_stride)
    metrics = summary(answers) | calibration_metrics(answers, spec.background_label, thresholds)
    labels = labels_of(answers, spec.classes)
    write_json(out / "metrics.json", metrics)
    at_thresholds = per_class_at_thresholds(answers, labels, thresholds)
    rows = [row | more for row, more in zip(per_class(answers, labels), at_thresholds, strict=True)]
    write_csv(out / "per_class.csv", rows)
    write_csv(out / "confusion.csv", confusion(answers, labels))
    bins = confidence_bins(answers)
    write_csv(out / "reliability.csv", [asdict(one) for one in bins])
    write_csv(out / PREDICTIONS, [asdict(answer) for answer in answers])
    provenance = read_provenance(model / RUN_FILE)
    run = tracking.Tracker(workspace).run_of(provenance.training, kind, parameters)
    run.log_metrics({f"test_{name}": value for name, value in metrics.items()})
    named = [out / PREDICTIONS]  # by their files
    run.log_files([file for file in sorted(out.glob("[!.]*")) if file not in named], f"reports/{out.name}")
    run.log_private_files(named, f"reports/{out.name}", parameters.tracking.pictures)
    with tracking.scratch() as folder:
        run.log_files(draw_plots(answers, labels, bins, folder), "plots")
    if register:
        # Left hands as they are, so that models that want them mirrored were measured on the same.
        as_they_are = examples if spec.left_hands == "as_they_are" else read_examples(table, split, "test")
        test_data = fingerprint_of(as_they_are, parameters.evaluate.window_stride)
        tags = {
            tracking.MODEL_SHA256: sha256_of_file(model / MODEL_FILE),
            tracking.FINGERPRINT: provenance.training,
            tracking.KEYPOINTS_SHA256: provenance.keypoints_sha256,
            tracking.TEST_DATA: test_data,
        }
        run.register_model(model / MODEL_FILE, spec, metrics, tags)
    return metrics


def fingerprint_of(examples: Examples, window_stride: int) -> str:
    """The sha256 of the joints, labels and names of a test part, and of how windows are laid over its clips.

    Numbers are compared only where they were measured on the same.
    """
    digest = hashlib.sha256(f"{window_stride}\n".encode())
    for example in examples:
        digest.update(f"{example.label}\0{example.name}\0{len(example.poses)}\0".encode())
        digest.update(example.poses.tobytes())
    return digest.hexdigest()
