"""`handloom train`: the whole pipeline on one folder of data, without DVC."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from handloom.cli.composing import check_data, data_argument, data_overrides_argument, parameters_for
from handloom.cli.verb import PATH, json_option, kind_argument, results_only_on_stdout, verb
from handloom.errors import HandloomError, printable
from handloom.support.console import DONE, json_text
from handloom.support.text_table import text_table

if TYPE_CHECKING:
    from handloom.config import Kind


@verb(
    examples="""
    handloom train pose data/photos --out first_try
    handloom train action data/videos --out first_try split.seed=2
    handloom train pose photos --out short train_pose.maximum_iterations=40
    """
)
@kind_argument("pose (from photos) or action (from videos)")
@data_argument
@data_overrides_argument
@click.option("--out", type=PATH, required=True, metavar="DIR", help="The folder for all outputs.")
@json_option("Print metrics and files as one JSON object.")
def train(kind: "Kind", data: Path, overrides: Sequence[str], out: Path, as_json: bool) -> int:
    """Train a model on labelled photos or videos, without DVC.

    Finds the joints, holds out a test set, trains, evaluates and exports, with the stages and the parameters of a
    project. If it is stopped, the same command resumes it. Nothing is written outside --out (in a DVC
    project, its cache and its MLflow runs are used).
    """
    if out.exists() and not out.is_dir():
        raise HandloomError(f"--out {printable(str(out))}: a file; name a folder")
    check_data(data, overrides)

    from handloom.stages.layout import Layout
    from handloom.stages.run import run_stages
    from handloom.support.workspace import Workspace

    layout, workspace = Layout.in_folder(out), Workspace.next_to(out)
    with results_only_on_stdout():
        parameters = parameters_for(kind, data, overrides)
        results = run_stages(parameters, kind, layout, workspace)
    files = [layout.model_file, *(one.path for one in results.verifications)]
    if as_json:
        print(json_text({"metrics": results.metrics, "files": [str(file) for file in files]}))
    else:
        print(text_table(list(results.metrics.items())))
        for file in (*files, layout.report, layout.keypoint_report):
            print(printable(str(file)))
    return DONE
