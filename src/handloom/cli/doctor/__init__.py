"""`handloom doctor`: what is installed, what is missing, what to type.

Every check imports what it needs by itself, so that a missing package is a finding and never a traceback.
"""

import argparse
from collections.abc import Callable, Iterator
from dataclasses import asdict

from handloom.cli.doctor.machine import Finding, gpu, landmark_model, programs, system_libraries
from handloom.cli.doctor.packages import check_packages, paths, telemetry
from handloom.cli.doctor.tracking_store import check_store
from handloom.cli.verb import Commands, add_verb
from handloom.errors import printable
from handloom.support.console import DONE, REFUSED, json_text

CHECKS: dict[str, Callable[[], Iterator[Finding]]] = {
    "packages": check_packages,
    "system libraries": system_libraries,
    "programs": programs,
    "landmark model": landmark_model,
    "MLflow store": check_store,
    "GPU": gpu,
    "telemetry": telemetry,
    "paths": paths,
}


def add(commands: Commands) -> None:
    """Add the verb."""
    doctor = add_verb(
        commands,
        "doctor",
        run,
        summary="what is installed, what is missing, what to type",
        description="Look at Python and its packages, system libraries, git and dvc, the landmark model, the MLflow"
        " store, the GPU, and what other packages send. Nothing is fetched, made or changed.",
        example="handloom doctor | grep MISSING",
    )
    doctor.add_argument("--json", action="store_true", help="a JSON object a line")


def run(given: argparse.Namespace) -> int:
    """Print a line a finding as it is made, then how many are missing."""
    missing = 0
    for finding in findings():
        print(json_text(asdict(finding)) if given.json else printable(str(finding)), flush=True)
        missing += finding.state == "MISSING"
    if not given.json:
        print(f"{missing} missing; the lines above say what to type" if missing else "Everything needed is there.")
    return REFUSED if missing else DONE


def findings() -> Iterator[Finding]:
    """Those of all checks."""
    for name, check in CHECKS.items():
        try:
            yield from check()
        except ImportError as error:
            advice = "type: python -m pip install --upgrade handloom"
            what = f"cannot be looked at without {error.name or error}"
            yield Finding(name, "MISSING", what, advice)
