"""`handloom train`: the whole pipeline on one folder of data, without DVC."""

import argparse
from pathlib import Path

from handloom.cli.composing import add_data, check_data, parameters_for
from handloom.cli.verb import POSE_OR_ACTION, Commands, add_verb, results_only_on_stdout
from handloom.errors import HandloomError, printable
from handloom.support.console import DONE, json_text
from handloom.support.text_table import text_table


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

    from handloom.stages.layout import Layout
    from handloom.stages.run import run_stages
    from handloom.support.workspace import Workspace

    layout, workspace = Layout.in_folder(out), Workspace.beside(out)
    with results_only_on_stdout():
        parameters = parameters_for(given.kind, given.data, given.overrides)
        results = run_stages(parameters, given.kind, layout, workspace)
    files = [layout.model_file, *(one.path for one in results.verifications)]
    if given.json:
        print(json_text({"metrics": results.metrics, "files": [str(file) for file in files]}))
    else:
        print(text_table(list(results.metrics.items())))
        for file in (*files, layout.report, layout.keypoint_report):
            print(printable(str(file)))
    return DONE
