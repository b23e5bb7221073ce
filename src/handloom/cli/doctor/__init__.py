"""`handloom doctor`: what is installed, what is missing, what to type.

Every check imports what it needs by itself, so that a missing package is a finding and never a traceback.
"""

from collections.abc import Callable, Iterator
from dataclasses import asdict

from handloom.cli.doctor.machine import Finding, gpu, landmark_model, programs, system_libraries
from handloom.cli.doctor.packages import check_packages, paths, telemetry
from handloom.cli.doctor.tracking_store import check_store
from handloom.cli.verb import json_option, verb
from handloom.errors import printable
from handloom.support.console import DONE, REFUSED, json_text
from handloom.support.extras import WHOLE, installed_to_train

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
OF_TRAINING = {"programs", "MLflow store", "GPU", "telemetry", "paths"}  # left out where handloom is to predict only


@verb(
    examples="""
    handloom doctor
    handloom doctor | grep MISSING
    """
)
@json_option("Print one JSON object per line.")
def doctor(as_json: bool) -> int:
    """Check the installation, and print what to type.

    Looks at Python and its packages, system libraries, git and dvc, the landmark model, the MLflow store, the GPU, and
    what other packages send. Nothing is downloaded, made or changed.
    """
    missing = 0
    for finding in findings():
        print(json_text(asdict(finding)) if as_json else printable(str(finding)), flush=True)
        missing += finding.state == "MISSING"
    if not as_json:
        print(f"{missing} missing; the lines above say what to type" if missing else "Everything needed is installed.")
    return REFUSED if missing else DONE


def findings() -> Iterator[Finding]:
    """Those of all checks."""
    for name, check in CHECKS.items():
        if name in OF_TRAINING and not installed_to_train():
            continue
        try:
            yield from check()
        except ImportError as error:
            advice = f"type: python -m pip install --upgrade 'handloom[{WHOLE}]'"
            what = f"cannot be checked without {error.name or error}"
            yield Finding(name, "MISSING", what, advice)
