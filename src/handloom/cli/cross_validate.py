"""`handloom cross-validate`: mean and spread of a training, by folds."""

import argparse

from handloom.cli.pipeline_script import run_script
from handloom.cli.verb import POSE_OR_ACTION, Commands, add_verb


def add(commands: Commands) -> None:
    """Add the verb."""
    cross_validate = add_verb(
        commands,
        "cross-validate",
        run,
        summary="mean and spread of a training's metrics, by folds",
        description="Train and evaluate this project's parameters once a fold of the training and validation parts,"
        " whole groups together, and print mean and spread. Finished folds are not repeated.",
        example="handloom cross-validate pose 'cross_validate.seeds=[1,2,3]'",
    )
    cross_validate.add_argument("kind", choices=POSE_OR_ACTION, help="whose training")
    cross_validate.add_argument(
        "overrides", nargs="*", default=[], metavar="KEY=VALUE", help="parameters, in Hydra's grammar"
    )


def run(given: argparse.Namespace) -> int:
    """Run the script."""
    return run_script("cross_validate", [given.kind, *given.overrides])
