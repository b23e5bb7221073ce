"""`handloom check`: what looks wrong in a project's data."""

from typing import TYPE_CHECKING

from handloom.cli.project import project_folder
from handloom.cli.verb import json_option, kind_argument, verb
from handloom.errors import printable
from handloom.support.console import DONE, json_text
from handloom.support.text_table import text_table

if TYPE_CHECKING:
    from handloom.config import Kind

SHOWN = 20  # rows in the terminal


@verb(
    examples="""
    handloom check pose
    handloom check action --json
    """
)
@kind_argument("pose or action")
@json_option("Print the whole list as JSON.")
def check(kind: "Kind", as_json: bool) -> int:
    """Look for mistakes in this project's examples.

    Listed are labels that the examples of other people contradict, hands that were probably found in the wrong place,
    files that are copies of others, ends of clips and of bursts of photos that do not show the sign, and classes with
    few people. The list goes to reports/KIND/check.csv, with pictures to check.html. Look at the files, correct them,
    or list those to leave out in a CSV that data.KIND.exclude names. Run the stage extract_keypoints first.
    """
    project = project_folder()

    from handloom.check.check import as_row
    from handloom.stages.compose import project_parameters
    from handloom.stages.layout import Layout, as_seen_from_here
    from handloom.stages.run import check
    from handloom.support.workspace import Workspace

    here = as_seen_from_here(project)
    layout = Layout.project(kind, here)
    findings = check(project_parameters(here, []), kind, layout, Workspace.here(here))
    if as_json:
        print(json_text([as_row(one) for one in findings], indent=2))
        return DONE
    rows = [
        [one.problem, printable(one.path or one.group), printable(one.label), one.note, f"{one.score:.2f}"]
        for one in findings
    ]
    if rows:
        print(text_table(rows[:SHOWN], ["problem", "file or person", "label", "note", "score"]))
    more = f", {SHOWN} of them shown" if len(rows) > SHOWN else ""
    print(f"{len(rows)} found{more}; look at {printable(str(layout.report / 'check.html'))}, all are in check.csv")
    return DONE
