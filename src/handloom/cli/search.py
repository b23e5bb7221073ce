"""`handloom search`: parameters that train better, found by trying."""

import argparse

from handloom.cli.pipeline_script import run_script
from handloom.cli.verb import POSE_OR_ACTION, Commands, add_verb


def add(commands: Commands) -> None:
    """Add the verb."""
    search = add_verb(
        commands,
        "search",
        run,
        summary="search parameters that train better, with Optuna",
        description="Train again and again in this project, with parameters that Optuna chooses from conf/space/, and"
        " write the best ones into conf/. A killed search resumes.",
        example="handloom search pose search.trials=30",
    )
    search.add_argument("kind", choices=POSE_OR_ACTION, help="whose training")
    search.add_argument(
        "overrides",
        nargs="*",
        default=[],  # without one argparse says that it is required
        metavar="KEY=VALUE",
        help="parameters and ranges, in Hydra's grammar; space=NAME takes another file of conf/space/ than the kind's",
    )


def run(given: argparse.Namespace) -> int:
    """Run the script."""
    return run_script("search", [given.kind, *given.overrides])
