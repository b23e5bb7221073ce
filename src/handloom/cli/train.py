"""`handloom train`: the whole pipeline on one folder of data, without DVC."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from handloom.cli.composing import add_data, check_data, parameters_for
from handloom.cli.place import work_kept_in
from handloom.cli.verb import POSE_OR_ACTION, Commands, add_verb, results_only_on_stdout
from handloom.errors import HandloomError, printable
from handloom.models.files import MODEL_FILE
from handloom.support.console import DONE, json_text
from handloom.support.text_table import text_table

if TYPE_CHECKING:
    from handloom.config import Kind, Parameters
    from handloom.export.verification import Verification


def add(commands: Commands) -> None:
    """Add the verb."""
    train = add_verb(
        commands,
        "train",
        run,
        summary="from labelled photos or videos to a model and its Core ML files, without DVC",
        description="Find the joints, hold out a test part, train, evaluate and export, with the stages and the"
        " parameters of a project. Killed and started again, it goes on where it was. Nothing is written outside --out"
        " (in a DVC project: its cache and its MLflow runs are used).",
        example="handloom train pose data/photos --out first_try train_pose.maximum_iterations=40 split.seed=2",
    )
    train.add_argument("kind", choices=POSE_OR_ACTION, help="pose learns from photos, action from videos")
    add_data(train)
    train.add_argument("--out", type=Path, required=True, metavar="DIR", help="where everything goes")
    train.add_argument("--json", action="store_true", help="metrics and files as one JSON object")


def run(given: argparse.Namespace) -> int:
    """Run the stages; print metrics and files."""
    out: Path = given.out
    if out.exists() and not out.is_dir():
        raise HandloomError(f"--out {printable(str(out))}: a file; name a folder")
    check_data(given.data, given.overrides)
    with results_only_on_stdout(), work_kept_in(out):
        parameters = parameters_for(given.kind, given.data, given.overrides)
        metrics, verifications = _run_stages(parameters, given.kind, out)
    files = [out / "model" / MODEL_FILE, *(one.path for one in verifications)]
    if given.json:
        print(json_text({"metrics": metrics, "files": [str(file) for file in files]}))
    else:
        print(text_table(list(metrics.items())))
        for file in (*files, out / "report", out / "keypoints"):
            print(printable(str(file)))
    return DONE


def _run_stages(parameters: "Parameters", kind: "Kind", out: Path) -> "tuple[dict[str, float], list[Verification]]":
    from handloom.dataset.split import split_table, split_text
    from handloom.evaluation.evaluate import evaluate
    from handloom.export.export import export_coreml
    from handloom.extraction.extract import extract_keypoints
    from handloom.support.workspace import Workspace
    from handloom.training.resume import TrainingTask
    from handloom.training.tracker import TrainingTracker
    from handloom.training.train import train

    table, split, model = out / "keypoints.parquet", out / "split.parquet", out / "model"
    source, settings, cache = parameters.source(kind), parameters.extract_keypoints, Workspace.here().keypoint_cache
    report = extract_keypoints(source, settings, kind, table, out / "keypoints", cache)
    print(report.as_text())
    split_table(table, parameters.split, split)
    print(split_text(table, split, parameters.split))
    workspace, task = Workspace.here(), TrainingTask(kind, parameters.training(kind), table, split)
    train(task, model, workspace, TrainingTracker(workspace, parameters))
    metrics = evaluate(parameters, kind, model, table, split, out / "report")
    verifications = export_coreml(parameters, kind, model, table, split, out / "export")
    for one in verifications:
        print(one.summary)
    return metrics, verifications
