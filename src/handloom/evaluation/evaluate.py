"""The stage: the test part, read once, as numbers and tables."""

from dataclasses import asdict
from pathlib import Path

from handloom import tracking
from handloom.config import Kind, Parameters
from handloom.dataset.examples import Examples, read_examples
from handloom.errors import DataError
from handloom.evaluation.measured_on import measured_on
from handloom.evaluation.metrics import Answer, confusion, per_class, summary
from handloom.evaluation.plots import draw_plots
from handloom.evaluation.predict import predict_examples
from handloom.evaluation.trust import confidence_bins, per_class_at_thresholds, trust
from handloom.files import write_csv, write_json
from handloom.models.checkpoint import TrainedModel, load_model
from handloom.models.folder import MODEL_FILE, RUN_FILE
from handloom.models.provenance import read_provenance

PREDICTIONS = "predictions.csv"


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
        DataError: the test part is empty or has no hand.
    """
    trained = load_model(model / MODEL_FILE)
    examples = read_examples(table, split, "test", left_hands=trained.left_hands)
    if not examples.hand_found.any():
        raise DataError(
            f"{split}: the test part has no example with a hand; raise split.test_ratio or add a test folder"
        )
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
