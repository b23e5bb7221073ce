"""Stage raw_data: a note of the files that a source reads, so that a change of them is noticed."""

from collections.abc import Sequence
from pathlib import Path

from handloom.config import Kind
from handloom.stages.compose import project_parameters
from handloom.stages.layout import Layout
from handloom.stages.run import note_raw_data
from handloom.stages.script import run_script
from handloom.support.workspace import Workspace


def main(project: Path, kind: Kind, words: Sequence[str]) -> None:
    (name,) = words
    parameters = project_parameters(project, ())
    note_raw_data(name, parameters, kind, Layout.project(kind, project), Workspace.here(project))


if __name__ == "__main__":
    run_script(__file__, main)
