"""`handloom reproduce`: a run made again and compared with its record."""

import argparse
import shutil
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from handloom.cli.verb import Commands, add_verb
from handloom.errors import HandloomError
from handloom.support.console import DONE, REFUSED, json_text
from handloom.support.text_table import text_table


def add(commands: Commands) -> None:
    """Add the verb."""
    reproduce = add_verb(
        commands,
        "reproduce",
        run,
        summary="make a run again from its commit, parameters and data, and compare",
        description="Check out the commit of an MLflow run in a new folder, with the run's parameters and DVC's cache"
        " of this repository; train and evaluate there; print what was recorded beside what came out, bit for bit. The"
        " reproduction is tracked in the new folder, so runs and models of this repository stay as they are.",
        example="handloom reproduce 4d4be3f3f5a54d0aa0e2f0a7f1c9f6b1",
    )
    reproduce.add_argument(
        "reference", metavar="RUN", help="id of an MLflow run, or the fingerprint of a training that a model names"
    )
    reproduce.add_argument(
        "--into",
        type=Path,
        metavar="DIR",
        help="a new folder, which is kept; else a temporary one, kept if they differ",
    )
    reproduce.add_argument("--anyway", action="store_true", help="also where files differed from the commit")
    reproduce.add_argument("--json", action="store_true", help="the table as JSON")


def run(given: argparse.Namespace) -> int:
    """Print the table; status 0 if all is equal."""
    from handloom.runs.recorded import recorded_runs
    from handloom.runs.reproduce import changed_packages, check, reproduce
    from handloom.support.workspace import Workspace

    workspace = Workspace.here()
    found = recorded_runs(workspace, given.reference)
    if len(found) > 1:
        ids = ", ".join(f"{one.run_id} ({kind})" for kind, one in found.items())
        raise HandloomError(f"{given.reference} is the name of several runs; name one by its id: {ids}")
    (recorded,) = found.values()
    check(recorded, given.anyway)
    folder = given.into or Path(tempfile.mkdtemp(prefix="handloom-reproduce-"))
    try:
        rows = reproduce(workspace, recorded, folder)
    except HandloomError:
        if not given.into and not any(folder.iterdir()):
            folder.rmdir()
        raise
    equal = all(row.equal for row in rows)
    if given.json:
        print(json_text({"run": recorded.run_id, "equal": equal, "rows": [asdict(row) for row in rows]}, indent=2))
    else:
        print(
            text_table(
                [[row.item, row.recorded, row.reproduced, "yes" if row.equal else "NO"] for row in rows],
                ["item", "recorded", "reproduced", "equal"],
            )
        )
    if not equal:
        for line in changed_packages(recorded):
            print(line, file=sys.stderr)
        print(f"what came out is in {folder}", file=sys.stderr)
    elif not given.into:
        shutil.rmtree(folder)
    return DONE if equal else REFUSED
