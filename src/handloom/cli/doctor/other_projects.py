"""What packages that handloom uses do of their own accord, and faults of theirs that a user meets."""

import os
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from handloom.cli.doctor.finding import Finding

LOGGING_HOST = "play.googleapis.com"  # what `strace -f -e trace=network` shows of MediaPipe 1.2.2


def telemetry() -> Iterator[Finding]:
    """Who is told of each use."""
    yield Finding(
        "MediaPipe's metrics",
        "note",
        f"{version('mediapipe')} calls {LOGGING_HOST} while it looks for hands, and has no switch; it does so only with"
        " extract_keypoints.landmarker.runtime: mediapipe",
        f"to stop it, put a line `0.0.0.0 {LOGGING_HOST}` into /etc/hosts, or type, on Linux: unshare -rn COMMAND",
    )
    item, name = "MLflow's telemetry", "MLFLOW_DISABLE_TELEMETRY"
    if os.environ.get(name, "true").lower() in ("true", "1"):
        yield Finding(item, "ok", "off")
    else:
        yield Finding(item, "note", f"on, because {name} is {os.environ[name]}", f"type: unset {name}")


def paths() -> Iterator[Finding]:
    """Whether DVC can make its temporary copies here."""
    folder = Path.cwd()
    if not str(folder).isascii():
        yield Finding(
            "DVC",
            "note",
            f"dvc exp run --temp and the queue end in \"'ascii' codec can't encode\" in {folder} (a fault of DVC)",
            "move the project to a path of plain letters",
        )
