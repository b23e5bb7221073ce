"""Starting a stage as `dvc repro` does, and killing it with SIGKILL at a moment."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path


def start(script: Path, arguments: tuple[str, ...], environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Start a stage's script in a process group of its own; what it prints is not shown."""
    command, nowhere = [sys.executable, str(script), *arguments], subprocess.DEVNULL
    return subprocess.Popen(command, env=environment, stdout=nowhere, stderr=nowhere, start_new_session=True)


def kill_at(process: subprocess.Popen[bytes], moment: float | None, group: bool) -> bool:
    """Whether the stage was still running at its moment, and is dead now; None lets it run to its end."""
    try:
        process.wait(moment)
    except subprocess.TimeoutExpired:
        (os.killpg if group else os.kill)(process.pid, signal.SIGKILL)
    status = process.wait()
    if status not in (0, -signal.SIGKILL):
        sys.exit(f"the stage failed with status {status}")
    return status != 0
