"""`handloom init`: a new project folder."""

import argparse
from pathlib import Path
from shlex import quote

from handloom.cli.verb import POSE_OR_ACTION, Commands, add_verb
from handloom.errors import printable
from handloom.support.console import DONE


def add(commands: Commands) -> None:
    """Add the verb."""
    init = add_verb(
        commands,
        "init",
        run,
        summary="make a project folder of your own, that runs with dvc repro",
        description="Make a folder with the configuration (conf/, params.yaml), the stages (dvc.yaml, pipeline/) and an"
        " empty data/ to fill with photos or videos, and print what to type next.",
        example="handloom init my_gestures --kind pose",
    )
    init.add_argument("folder", type=Path, metavar="DIR", help="a new folder, or an empty one")
    init.add_argument("--kind", choices=POSE_OR_ACTION, help="only stages for photos, or only for videos (both)")


def run(given: argparse.Namespace) -> int:
    """Make it; print what to do next."""
    from handloom.config import KINDS
    from handloom.project.new_project import make_project, next_steps

    kinds = (given.kind,) if given.kind else KINDS
    make_project(given.folder, kinds)
    print(f"{printable(str(given.folder))} is made. Next:")
    steps = next_steps(kinds)
    if given.folder.resolve() != Path.cwd():
        steps = [f"cd {quote(str(given.folder))}", *steps]
    for step in steps:
        print(f"  {step}")
    return DONE
