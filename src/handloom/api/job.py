"""A training in a process of its own."""

import asyncio
import atexit
import json
import os
import signal
import subprocess
import sys
import threading
import time
import traceback
import weakref
from collections.abc import Callable, Generator
from concurrent.futures import Future
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, Generic, TypeVar

from handloom.api import errors as session_errors
from handloom.api.progress import Checkpoint, Phase, Progress
from handloom.api.session import TrainingSession
from handloom.api.worker import END_WITH_STDIN
from handloom.errors import ConfigurationError, DataError, HandloomError, LandmarkModelError

Result = TypeVar("Result")

LOG = "log.txt"  # of the session: what a stage would print on the terminal
_KNOWN = {
    error.__name__: error
    for error in (
        ConfigurationError,
        DataError,
        HandloomError,
        LandmarkModelError,
        session_errors.ModifiedTrainingDataError,
    )
}
_running: "weakref.WeakSet[subprocess.Popen[str]]" = weakref.WeakSet()


class Job(Generic[Result]):
    """A session being trained in a process of its own; made by a classifier's `train` or `resume`.

    Wait for it with `result()`, with ``await job``, or ask to be told: `on_progress`, `on_checkpoint`, `on_done`. What
    is told comes from another thread; an exception there is printed and does no harm. An ``await`` that is cancelled
    leaves the job running.

    Attributes:
        session: what is trained.
        start_date: when it began, local time.
    """

    def __init__(self, session: TrainingSession[Result], finish: Callable[[TrainingSession[Result]], Result]) -> None:
        self.session = session
        self.start_date = datetime.now().astimezone()
        self._finish = finish
        self._future: Future[Result] = Future()
        self._future.set_running_or_notify_cancel()  # so that no `await` can cancel it
        self._progress = Progress()
        self._cancelled = False
        self._over = False  # the process has ended; a cancel is too late
        self._deciding = threading.Lock()
        self._listeners: dict[str, list[Callable[[Any], None]]] = {"progress": [], "checkpoint": []}
        self._started = time.monotonic()
        self._log = (session.folder / LOG).open("a", encoding="utf-8")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "handloom.api.worker", str(session.folder), END_WITH_STDIN],
            stdin=subprocess.PIPE,  # closed by the system when this process ends, however it ends
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            encoding="utf-8",
            start_new_session=True,  # Ctrl-C at the terminal is for the program that waits
        )
        _running.add(self._process)
        threading.Thread(target=self._follow, name="handloom job", daemon=True).start()

    @property
    def progress(self) -> Progress:
        """Its progress."""
        return replace(self._progress, elapsed_time=time.monotonic() - self._started)

    @property
    def phase(self) -> Phase:
        """Its phase."""
        return self._progress.phase

    @property
    def checkpoints(self) -> list[Checkpoint]:
        """The session's checkpoints until now, the oldest first."""
        return self.session.checkpoints

    @property
    def is_cancelled(self) -> bool:
        """Whether it was cancelled; `result` then raises `CancelledError`."""
        return self._cancelled

    @property
    def is_done(self) -> bool:
        """Whether it has ended, with or without an error."""
        return self._future.done()

    def result(self, timeout: float | None = None) -> Result:
        """Wait for the trained classifier. Ctrl-C while waiting cancels the job; its checkpoints are kept.

        Args:
            timeout: seconds; None waits as long as it takes.

        Raises:
            CancelledError: it was cancelled.
            HandloomError: it failed: what is wrong, where, what to do.
            TimeoutError: it is not done yet.
        """
        try:
            return self._future.result(timeout)
        except KeyboardInterrupt:
            self.cancel()
            raise

    def cancel(self) -> None:
        """Stop it. Work after the last checkpoint is lost; resume the session to continue.

        If the training has come to its end already, nothing happens.
        """
        with self._deciding:
            if self._over:
                return
            self._cancelled = True
        _end(self._process)

    def on_progress(self, listener: Callable[[Progress], None]) -> None:
        """Call `listener` whenever there is progress."""
        self._listeners["progress"].append(listener)

    def on_checkpoint(self, listener: Callable[[Checkpoint], None]) -> None:
        """Call `listener` with every checkpoint that is written from now on."""
        self._listeners["checkpoint"].append(listener)

    def on_done(self, listener: Callable[["Job[Result]"], None]) -> None:
        """Call `listener` when it has ended; at once if it has already ended."""
        self._future.add_done_callback(lambda future: listener(self))

    def __await__(self) -> Generator[Any, None, Result]:
        return asyncio.wrap_future(self._future).__await__()

    def __repr__(self) -> str:
        progress = self._progress
        of = f" of {progress.total_item_count}" if progress.total_item_count else ""
        state = "cancelled" if self._cancelled else "done" if self.is_done else f"{progress.item_count}{of}"
        return f"Job({self.session.kind}, {progress.phase.value}, {state})"

    def _follow(self) -> None:
        """Read the process's messages until it ends."""
        last: dict[str, Any] = {}
        assert self._process.stdout is not None
        for line in self._process.stdout:
            try:
                last = json.loads(line)
            except ValueError:
                continue  # a line that was cut off by its end
            try:
                self._hear(last)
            except Exception:
                traceback.print_exc()  # a checkpoint that somebody has removed meanwhile, say
        status = self._process.wait()
        finished = status == 0 and last.get("event") == "finished"
        with self._deciding:
            self._over = True
            self._cancelled = self._cancelled and not finished
        for file in (self._process.stdin, self._process.stdout, self._log):
            if file is not None:
                file.close()
        try:
            if finished:
                self._future.set_result(self._finish(self.session))
            else:
                self._future.set_exception(self._failure(last, status))
        except BaseException as error:
            self._future.set_exception(error)

    def _hear(self, said: dict[str, Any]) -> None:
        if said["event"] == "phase":
            self._progress = Progress(Phase(said["phase"]))
        elif said["event"] == "progress":
            self._progress = replace(
                self._progress,
                item_count=said["item_count"],
                total_item_count=said["total_item_count"],
                metrics=said.get("metrics", {}),
            )
        if said["event"] in ("phase", "progress"):
            self._tell("progress", self.progress)
        elif said["event"] == "checkpoint" and self._listeners["checkpoint"]:
            self._tell("checkpoint", Checkpoint.read(Path(said["path"])))

    def _tell(self, what: str, content: Any) -> None:
        for listener in list(self._listeners[what]):
            try:
                listener(content)
            except Exception:
                traceback.print_exc()

    def _failure(self, last: dict[str, Any], status: int) -> Exception:
        if self._cancelled:
            return session_errors.CancelledError("the job was cancelled; resume its session to go on")
        if last.get("event") == "error":
            if last["type"] == session_errors.IncompatibleParametersError.__name__:
                return session_errors.IncompatibleParametersError(**last["values"])
            return _KNOWN.get(last["type"], HandloomError)(last["text"])
        if last.get("event") == "bug":
            return RuntimeError(last["text"])
        return HandloomError(
            f"the training's process ended with status {status}; resume the session to go on"
            f" (what it said is in {self.session.folder / LOG})"
        )


def _end(process: "subprocess.Popen[str]") -> None:
    """End a process and its children."""
    try:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(10)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def _end_all() -> None:
    for process in list(_running):
        if process.poll() is None:
            _end(process)


atexit.register(_end_all)
