"""Training: `dvc repro` of one kind, started and stopped; its progress out of the files that the stages write."""

import csv
import json
import os
import re
import signal
import subprocess
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path
from time import sleep
from typing import Literal

from handloom.config import Kind
from handloom.errors import HandloomError, first_line
from handloom.models.files import HISTORY_COLUMNS, HISTORY_FILE, REPORTS_FILE
from handloom.studio.project import StudioProject
from handloom.studio.repro import lock_file, log_file, run, status_file
from handloom.support.lock import holder, locked
from handloom.support.repository import git

_LOG_TAIL = 64_000  # bytes of the log that are read
_LINES_SHOWN = 200
# What `dvc repro` and progress bars (tqdm) print.
_STAGE = re.compile(r"Running stage '([^']+)'")
_KILLED = re.compile(r"^ERROR: failed to reproduce .*, exited with (-9|137)$")  # by SIGKILL, without and with a shell
_BAR = re.compile(r"(.+?):\s+\d+%\|[^|]*\| (\d+)/(\d+) ")


@dataclass(frozen=True)
class TrainingState:
    """What the page shows of a training.

    Attributes:
        running: the kind that is trained now; empty if none.
        state: of the asked kind: none, running, finished, stopped (the next start resumes it) or failed.
        error: why it failed, a line.
        stages: that were run, in order; the last one runs if any does.
        step: what the newest progress bar counts, how many are done, of how many; None without one.
        reports: of the network, by iteration: numbers by `HISTORY_COLUMNS`.
        iterations: how many there will be.
        log: the newest lines.
    """

    running: str
    state: Literal["none", "running", "finished", "stopped", "failed"]
    error: str
    stages: list[str]
    step: tuple[str, int, int] | None
    iterations: int
    reports: list[dict[str, float]] = field(default_factory=list)
    log: list[str] = field(default_factory=list)


class TrainingRuns:
    """Starts, stops and watches the trainings of a project. What runs lives on without it.

    Args:
        project: whose they are.
    """

    def __init__(self, project: StudioProject) -> None:
        self.project = project
        self._started: subprocess.Popen[bytes] | None = None

    def start(self, kind: Kind) -> None:
        """Run the stages of a kind that something has changed for.

        Raises:
            HandloomError: a training runs already, or DVC cannot be set up.
        """
        # Of threads of this server, and of other servers: a second click would empty the log of the first.
        with locked(self.project.own_folder / "start.lock"):
            if self.running():
                raise HandloomError("a training runs already; wait for it, or stop it")
            self._start(kind)

    def stop(self) -> None:
        """Let the training pause, as Ctrl-C in a terminal does: the next start resumes it."""
        if process := self._process():
            os.killpg(process, signal.SIGINT)

    def _start(self, kind: Kind) -> None:
        own = self.project.own_folder
        set_up_dvc(self.project.root)
        command = [sys.executable, "-m", run.__module__, kind, str(own)]
        status_file(own, kind).unlink(missing_ok=True)
        (own / "kind").write_text(kind, encoding="utf-8")
        with log_file(own, kind).open("wb") as log:
            process = self._started = subprocess.Popen(
                command,
                cwd=self.project.root,
                env=_environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # so that neither Ctrl-C nor the end of the server reaches it
            )
        while _leader(lock_file(own)) != process.pid and process.poll() is None:
            sleep(0.02)  # until another server would see that it runs

    def running(self) -> str:
        """The kind that is trained now; empty if none."""
        if not self._process():
            return ""
        try:
            return (self.project.own_folder / "kind").read_text(encoding="utf-8")
        except OSError:
            return ""

    def state(self, kind: Kind) -> TrainingState:
        """What is known of the newest training of a kind."""
        own = self.project.own_folder
        running = self.running()
        log = _log(log_file(own, kind))
        state = "running" if running == kind else _ended(status_file(own, kind)) if log else "none"
        stages = [name for line in log for name in _STAGE.findall(line)]
        step = next((match for line in reversed(log) if (match := _BAR.match(line))), None) if running == kind else None
        settings = getattr(self.project.parameters(), f"train_{kind}")
        return TrainingState(
            running=running,
            state=state,
            error=_why(log, stages, status_file(own, kind).exists()) if state == "failed" else "",
            stages=stages,
            step=(step[1], int(step[2]), int(step[3])) if step else None,
            iterations=settings.maximum_iterations,
            reports=self._reports(kind, running == kind),
            log=[line for line in log if not _BAR.match(line)][-_LINES_SHOWN:],
        )

    def _process(self) -> int:
        """The process that leads the training's session; 0 if none runs."""
        started = self._started  # another thread may forget it
        if started is not None:
            if started.poll() is None:
                return started.pid
            self._started = None
        return _leader(lock_file(self.project.own_folder))  # of a server before this one

    def _reports(self, kind: Kind, running: bool) -> list[dict[str, float]]:
        history = self.project.layout(kind).model / HISTORY_FILE
        if running:
            in_progress = list(self.project.workspace.training.glob(f"{kind}-*/{REPORTS_FILE}"))
            newest = max(in_progress, key=_changed, default=history)
            if _changed(newest) > _changed(history):
                return _in_progress(newest)
        return _history(history)


def set_up_dvc(root: Path) -> None:
    """Make a folder a repository of git and DVC, as `handloom init` advises, where it is none.

    Raises:
        HandloomError: a command fails.
    """
    if any((folder / ".dvc").is_dir() for folder in (root, *root.parents)):
        return
    with_git = bool(git("--version"))
    if with_git and not git("rev-parse", "--git-dir", folder=root).strip():
        _call(["git", "init", "--quiet"], root)
    dvc = [sys.executable, "-m", "dvc"]
    top = git("rev-parse", "--show-toplevel", folder=root).strip() if with_git else ""
    how = [] if top and Path(top).resolve() == root.resolve() else ["--subdir"] if top else ["--no-scm"]
    _call([*dvc, "init", "--quiet", *how], root)
    _call([*dvc, "config", "hydra.enabled", "true"], root)


def plain(state: TrainingState) -> dict[str, object]:
    """A state as the page gets it."""
    return asdict(state)


def _environment() -> dict[str, str]:
    """Of the stages: their `python` is this one, also where its environment was not activated; no outer DVC."""
    kept = {name: value for name, value in os.environ.items() if name != "DVC_ROOT"}
    own, path = str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)
    return kept | {"PATH": path if own in path.split(os.pathsep) else os.pathsep.join((own, path))}


def _call(command: list[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        said = first_line(RuntimeError(done.stderr or done.stdout))
        raise HandloomError(f"{' '.join(command[-3:])}: {said}; run it in {folder} in a terminal")


def _leader(lock: Path) -> int:
    """The process that holds the lock and leads a session; 0 if none does."""
    process = holder(lock)
    try:
        return process if process and os.getpgid(process) == process else 0
    except OSError:
        return 0


def _log(path: Path) -> list[str]:
    """The lines of a log; of a progress bar, which is drawn over, the newest state."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _LOG_TAIL))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return []
    return [line.rpartition("\r")[2] for line in text.replace("\r\n", "\n").split("\n") if line.strip()]


def _ended(status: Path) -> Literal["finished", "stopped", "failed"]:
    try:
        content = json.loads(status.read_text(encoding="utf-8"))
        return "finished" if content["status"] == 0 else "stopped" if content["stopped"] else "failed"
    except (OSError, ValueError, KeyError, TypeError):
        return "failed"  # it was killed


def _why(log: list[str], stages: list[str], ended: bool) -> str:
    """The last line of the stage that failed; what DVC says of it if the stage said nothing.

    Args:
        log: the lines.
        stages: that were run, in order.
        ended: whether the process that runs DVC wrote how it ended.
    """
    killed = any(_KILLED.search(line) for line in log)
    if killed or not ended:
        stage = stages[-1] if stages else "the training"
        memory = ", often for lack of memory" if killed else ""
        goes_on = ": it goes on from its last checkpoint, if there is one" if stage.startswith("train_") else ""
        return f"{stage} was killed{memory}; train again{goes_on}"
    lines = [line for line in log if not _BAR.match(line)]
    command = max((place for place, line in enumerate(lines) if line.startswith("> ")), default=-1)
    own = [line for line in lines[command + 1 :] if not line.startswith("ERROR: failed to reproduce")]
    return (own or lines or ["dvc said nothing"])[-1].removeprefix("ERROR: ")


def _changed(path: Path) -> int:
    """When a file was changed, ns; 0 if it is not there: a stage that begins or ends removes files."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def _in_progress(path: Path) -> list[dict[str, float]]:
    reports: dict[int, dict[str, float]] = {}
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    for line in lines:
        try:
            report = json.loads(line)
            reports[int(report["iteration"])] = report  # a session that goes on repeats some
        except (ValueError, KeyError, TypeError):
            continue  # it is being written
    return [reports[iteration] for iteration in sorted(reports)]


def _history(path: Path) -> list[dict[str, float]]:
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
    except OSError:
        return []
    return [{name: float(row[name]) for name in HISTORY_COLUMNS if row.get(name)} for row in rows]
