"""The process that runs `dvc repro` for the studio: ``python -m handloom.studio.repro KIND OWN_FOLDER``.

It leads a session of its own, so it and what it started live on when the server ends. While it runs it holds a lock; at
its end it writes how `dvc` ended. Its working folder is the project's.
"""

import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from handloom.config import Kind


def log_file(own_folder: Path, kind: str) -> Path:
    """What `dvc` prints."""
    return own_folder / f"{kind}.log"


def lock_file(own_folder: Path) -> Path:
    """What is held while any kind is trained; DVC runs one command at a time in a project."""
    return own_folder / "training.lock"


def status_file(own_folder: Path, kind: str) -> Path:
    """How the last run of a kind ended."""
    return own_folder / f"{kind}.json"


def last_stages(kind: str) -> list[str]:
    """The stages that together need all others of their kind."""
    return [f"evaluate@{kind}", f"export_coreml@{kind}"]


def run(kind: "Kind", own_folder: Path) -> int:
    """Run all stages of a kind that something has changed for.

    Args:
        kind: "pose" or "action".
        own_folder: of the studio, in the project.

    Returns:
        the exit status of `dvc`.

    Raises:
        HandloomError: another training runs.
    """
    stops: list[int] = []
    # Ctrl-C reaches the whole session: the stages pause, `dvc` ends, and this process writes how.
    signal.signal(signal.SIGINT, lambda number, _: stops.append(number))
    # Only now: they take long enough for a person to press Stop.
    from handloom.support.files import write_json
    from handloom.support.lock import alone

    with alone(lock_file(own_folder), "a training"):
        status_file(own_folder, kind).unlink(missing_ok=True)
        command = [sys.executable, "-m", "dvc", "repro", *last_stages(kind)]
        status = 1 if stops else _status_of(command, stops)
        write_json(status_file(own_folder, kind), {"status": status, "stopped": bool(stops)})
    return status


def _status_of(command: list[str], stops: list[int]) -> int:
    """Run a command to its end, which Ctrl-C brings about."""
    with subprocess.Popen(command) as process:
        if stops:  # it came before this process had a child that it could reach
            process.send_signal(signal.SIGINT)
        return process.wait()


if __name__ == "__main__":
    sys.exit(run("action" if sys.argv[1] == "action" else "pose", Path(sys.argv[2])))
