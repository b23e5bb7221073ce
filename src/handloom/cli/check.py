"""`handloom check`: what looks wrong in a project's data."""

from dataclasses import asdict
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
    """Look for wrong labels in this project's examples.

    Two plain classifiers learn the joints of some people and answer for the others. An example that they firmly
    contradict is listed, and so is a class with few people. The list goes to reports/KIND/check.csv. Look at the files,
    correct them, or list those to leave out in a CSV that data.KIND.exclude names. Run the stage extract_keypoints
    first.
    """
    project = project_folder()

    from handloom.check.check import check_table, write_findings
    from handloom.stages.layout import Layout, as_seen_from_here

    layout = Layout.project(kind, as_seen_from_here(project))
    findings = check_table(layout.keypoints)
    out = layout.report / "check.csv"
    write_findings(out, findings)
    if as_json:
        print(json_text([asdict(one) for one in findings], indent=2))
        return DONE
    rows = [[one.problem, printable(one.path), printable(one.label), one.note, f"{one.score:.2f}"] for one in findings]
    if rows:
        print(text_table(rows[:SHOWN], ["problem", "file", "label", "note", "score"]))
    more = f", {SHOWN} of them shown" if len(rows) > SHOWN else ""
    print(f"{len(rows)} found{more}; all are in {printable(str(out))}")
    return DONE
