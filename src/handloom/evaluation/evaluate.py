"""The stage `evaluate`: metrics and tables of the test set."""

import hashlib
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from types import MappingProxyType

from handloom import tracking
from handloom.config import Kind, Parameters, Pictures
from handloom.dataset.examples import Examples, read_examples
from handloom.evaluation.answered import Answered, answer_test_set
from handloom.evaluation.answers import notes_on
from handloom.evaluation.plots import draw_plots
from handloom.models.files import MODEL_FILE, RUN_FILE
from handloom.models.provenance import read_provenance
from handloom.support.files import sha256_of_file, write_csv, write_json
from handloom.support.workspace import Workspace

PREDICTIONS = "predictions.csv"


@dataclass(frozen=True)
class Evaluation:
    """The result of a test: answers, metrics, and the training's MLflow run."""

    answered: Answered
    metrics: dict[str, float]
    run: tracking.Run


def evaluate(
    parameters: Parameters,
    kind: Kind,
    model: Path,
    table: Path,
    split: Path,
    out: Path,
    workspace: Workspace,
    register: bool = True,
    stream_metrics: Mapping[str, float] = MappingProxyType({}),
) -> Evaluation:
    """Predict the test set; write metrics and tables to the folder `out`, log them to its run, register it.

    Args:
        parameters: all of them; the section `evaluate` decides.
        kind: "pose" or "action".
        model: folder with the trained model and the file that says what it was made of.
        table: keypoint table.
        split: its parts.
        out: gets `metrics.json`, `per_class.csv`, `confusion.csv`, `reliability.csv` and `predictions.csv`.
        workspace: its tracking store has the model's run.
        register: whether the model becomes a version in MLflow's registry.
        stream_metrics: metrics of recordings, which are written with the others.

    Raises:
        DataError: the test set is empty, has no hand, or no label that the model knows.
    """
    stride = parameters.evaluate.window_stride
    answered = answer_test_set(model, table, split, stride)
    examples, spec = answered.examples, answered.model.spec
    for note in notes_on(examples, spec.classes):
        print(f"evaluate {kind}: {note}", file=sys.stderr)
    metrics = answered.metrics | answered.robustness | dict(stream_metrics)
    files = _write_report(out, answered, metrics)
    provenance = read_provenance(model / RUN_FILE)
    run = tracking.Tracker(workspace).run_of(provenance.training, kind, parameters)
    _log(run, out, files, metrics, parameters.tracking.pictures)
    with tracking.scratch() as folder:
        plots = draw_plots(answered.answers, answered.labels, answered.confidence_bins, folder)
        run.log_files(plots, "plots")
    if register:
        # Left hands as they are, so that models that want them mirrored were measured on the same.
        as_they_are = examples if spec.left_hands == "as_they_are" else read_examples(table, split, "test")
        tags = {
            tracking.MODEL_SHA256: sha256_of_file(model / MODEL_FILE),
            tracking.FINGERPRINT: provenance.training,
            tracking.KEYPOINTS_SHA256: provenance.keypoints_sha256,
            tracking.TEST_DATA: fingerprint_of(as_they_are, stride),
        }
        run.register_model(model / MODEL_FILE, spec, metrics, tags)
    return Evaluation(answered, metrics, run)


def _write_report(out: Path, answered: Answered, metrics: dict[str, float]) -> list[Path]:
    """The numbers and tables of the folder, and `PREDICTIONS`; the files without names of the data."""
    tables = {
        out / "per_class.csv": answered.per_class,
        out / "confusion.csv": answered.confusion,
        out / "reliability.csv": [asdict(one) for one in answered.confidence_bins],
    }
    write_json(out / "metrics.json", metrics)
    for path, rows in tables.items():
        write_csv(path, rows)
    write_csv(out / PREDICTIONS, [asdict(answer) for answer in answered.answers])
    return [out / "metrics.json", *tables]


def _log(run: tracking.Run, out: Path, files: list[Path], metrics: dict[str, float], pictures: Pictures) -> None:
    """Log the metrics and files; files with names of the data only where tracking.pictures allows it.

    The folder may hold more, such as the photos in check.html: nothing is logged that is not named.
    """
    run.log_metrics({f"test_{name}": value for name, value in metrics.items()})
    run.log_files(files, f"reports/{out.name}")
    run.log_private_files([out / PREDICTIONS], f"reports/{out.name}", pictures)


def fingerprint_of(examples: Examples, window_stride: int) -> str:
    """The sha256 of the joints, labels and names of a test set, and of how windows are laid over its clips.

    Numbers are compared only where they were measured on the same.
    """
    digest = hashlib.sha256(f"{window_stride}\n".encode())
    for example in examples:
        digest.update(f"{example.label}\0{example.name}\0{len(example.poses)}\0".encode())
        digest.update(example.poses.tobytes())
    return digest.hexdigest()
