"""The stage: the test part, read once, as numbers and tables."""

from dataclasses import asdict
from pathlib import Path

from handloom import tracking
from handloom.config import Kind, Parameters
from handloom.dataset.examples import read_examples
from handloom.errors import DataError
from handloom.evaluation.metrics import Answer, confusion, per_class, summary
from handloom.evaluation.predict import predict_examples
from handloom.files import write_csv, write_json
from handloom.models.checkpoint import load_model
from handloom.models.folder import MODEL_FILE, RUN_FILE


def evaluate(parameters: Parameters, kind: Kind, model: Path, table: Path, split: Path, out: Path) -> dict[str, float]:
    """Predict the test part; write metrics and tables to the folder `out`, and log them to the run of the training.

    Args:
        parameters: all of them; the section `evaluate` decides.
        kind: "pose" or "action".
        model: folder with the trained model and the file that names its run.
        table: keypoint table.
        split: its parts.
        out: gets `metrics.json`, `per_class.csv`, `confusion.csv` and `predictions.csv`.

    Raises:
        DataError: the test part is empty or has no hand.
    """
    trained = load_model(model / MODEL_FILE)
    examples = read_examples(table, split, "test")
    if not any(example.hand_found for example in examples):
        raise DataError(
            f"{split}: the test part has no example with a hand; raise split.test_ratio or add a test folder"
        )
    probabilities = predict_examples(trained, examples, parameters.evaluate.window_stride)
    answers = [
        Answer(example.name, example.label, trained.classes[row.argmax()], float(row.max()), example.hand_found)
        for example, row in zip(examples, probabilities, strict=True)
    ]
    metrics = summary(answers)
    labels = [*trained.classes, *sorted({answer.label for answer in answers} - set(trained.classes))]
    write_json(out / "metrics.json", metrics)
    write_csv(out / "per_class.csv", per_class(answers, labels))
    write_csv(out / "confusion.csv", confusion(answers, labels))
    write_csv(out / "predictions.csv", [asdict(answer) for answer in answers])
    run_id = tracking.open_run(model / RUN_FILE, kind, parameters)
    tracking.log_metrics(run_id, {f"test_{name}": value for name, value in metrics.items()})
    tracking.log_files(run_id, [out], "reports")
    return metrics
