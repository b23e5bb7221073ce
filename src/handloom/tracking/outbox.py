"""Calls that the store could not take, kept on this computer until they are sent.

`.handloom/outbox/` of the main repository has a folder a run: `calls.jsonl`, a line a call in the order in which they
were made, copies of their files, and in `sent` how much of `calls.jsonl` the store has. A call is there when its line
is whole, and its files are copied before, so a process may be killed at any moment. Sending may be too: a call that is
made twice does its work once (`calls.py`), and a number that the run has already is left out.
"""

import fcntl
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from handloom.errors import HandloomError, first_line
from handloom.support.files import replacing, write_json
from handloom.support.repository import main_repository
from handloom.tracking.address import shown_address
from handloom.tracking.calls import FORM, Call, now

CALLS, FILES, SENT, ABOUT = "calls.jsonl", "files", "sent", "about.json"


def folder() -> Path:
    """Where calls wait."""
    return main_repository() / ".handloom" / "outbox"


def holds(run_id: str) -> bool:
    """Whether calls of a run wait."""
    return (folder() / run_id / CALLS).exists()


def waiting() -> list[str]:
    """The runs of which calls wait, those first that have waited longest."""
    runs = [path.parent for path in folder().glob(f"*/{CALLS}")]
    return [run.name for run in sorted(runs, key=lambda run: (_since(run), run.name))]


def address_of(run_id: str) -> str | None:
    """The store that a run's calls were meant for; None where the file that says so is damaged."""
    address = _about(folder() / run_id).get("address")
    return address if isinstance(address, str) else None


def keep(run_id: str, call: Call) -> None:
    """Put a call at the end of those that wait.

    Raises:
        HandloomError: the disk is full, say. What waited before is untouched.
    """
    run = folder() / run_id
    try:
        with _locked("lock"):
            run.mkdir(exist_ok=True)
            if not (run / ABOUT).exists():
                write_json(run / ABOUT, {"address": shown_address(), "since": now()})
            with _opened_to_append(run / CALLS) as file:
                start = file.tell()
                copies = _copied(call, run / FILES / str(start))
                names = [str(path.relative_to(run)) for path in copies]
                line = json.dumps({"call": call.name, "content": call.content, "files": names}, allow_nan=False)
                try:
                    file.write(line.encode() + b"\n")
                except OSError:
                    file.truncate(start)
                    raise
    except OSError as error:
        raise HandloomError(
            f"{run}: what MLflow should get cannot be kept either ({error.strerror or first_line(error)}); make room"
            " and start again, a training goes on from its last checkpoint"
        ) from None


def read(run_id: str) -> Iterator[tuple[Call, int]]:
    """The calls of a run that the store does not have yet; with each, what to tell `mark_sent` when it has.

    Raises:
        HandloomError: a call is damaged. Those before it have been given by then.
    """
    run = folder() / run_id
    with (run / CALLS).open("rb") as file:
        start = file.seek(_sent(run))
        while (line := file.readline()).endswith(b"\n"):
            try:
                call = _call(line, run)
            except ValueError as error:
                file.seek(0)
                number = file.read(start).count(b"\n") + 1
                raise HandloomError(
                    f"{run / CALLS}: line {number} cannot be sent, {error}; remove the line, or to give up all that"
                    f" waits of this run, the folder {run}"
                ) from None
            start = file.tell()
            yield call, start


def mark_sent(run_id: str, end: int) -> None:
    """Note that the store has all calls up to `end`."""
    with replacing(folder() / run_id / SENT) as beside:
        beside.write_text(str(end))


def close(run_id: str) -> bool:
    """Remove a run's folder if the store has all of it; whether it has."""
    run = folder() / run_id
    with _locked("lock"):
        if any(True for _ in read(run_id)):
            return False
        (run / CALLS).unlink()  # first, so that a removal that is killed leaves nothing that waits
        shutil.rmtree(run)
        return True


def tidy() -> None:
    """Remove what killed processes left: folders in which no call waits, half-written files, files of no call."""
    if not folder().is_dir():
        return
    try:
        with _locked("sending", wait=False), _locked("lock"):  # so none of it is another process's work
            for run in [path for path in folder().iterdir() if path.is_dir() and not path.is_symlink()]:
                if not (run / CALLS).exists():
                    shutil.rmtree(run)
                    continue
                size = (run / CALLS).read_bytes().rfind(b"\n") + 1
                unsaid = [path for path in run.glob(f"{FILES}/*") if path.name.isdecimal() and int(path.name) >= size]
                for path in unsaid:
                    shutil.rmtree(path)
                for path in run.glob(".*.part*"):
                    path.unlink()
    except OSError:
        return  # another process sends, or the disk can only be read: what is left stays for now


@contextmanager
def sending() -> Iterator[None]:
    """Only one process sends at a time.

    Raises:
        HandloomError: another one does.
    """
    try:
        with _locked("sending", wait=False):
            yield
    except BlockingIOError:
        raise HandloomError(f"{folder()}: another process is sending what waits there; let it finish") from None


def _about(run: Path) -> Mapping[str, Any]:
    try:
        about = json.loads((run / ABOUT).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        about = None
    return about if isinstance(about, dict) else {}


def _since(run: Path) -> float:
    since = _about(run).get("since")
    return float(since) if isinstance(since, int) and abs(since) < 2**53 else 1000 * run.stat().st_mtime


def _sent(run: Path) -> int:
    """How much of the calls the store has; 0 where the note of it is damaged, since a call may be made twice."""
    try:
        sent = int((run / SENT).read_text(encoding="ascii"))
        with (run / CALLS).open("rb") as file:
            file.seek(sent - 1)
            return sent if file.read(1) == b"\n" else 0
    except (OSError, ValueError):
        return 0


def _call(line: bytes, run: Path) -> Call:
    """A call out of its line.

    Raises:
        ValueError: it is damaged.
    """
    try:
        kept = json.loads(line)
        name, content, files = kept["call"], kept["content"], [str(file) for file in kept["files"]]
        if not all(isinstance(content[key], form) for key, form in FORM[name].items()):
            raise ValueError
    except (ValueError, TypeError, KeyError, RecursionError):
        raise ValueError("it is damaged") from None
    paths = tuple(run / file for file in files)
    for path in paths:
        if not path.resolve().is_relative_to((run / FILES).resolve()):
            raise ValueError("a file of it lies elsewhere")
        if not path.exists():
            raise ValueError(f"its file {path.relative_to(run)} is gone")
    return Call(name, content, paths)


def _copied(call: Call, to: Path) -> list[Path]:
    """Copies of a call's files; what a killed process left there is replaced."""
    shutil.rmtree(to, ignore_errors=True)
    copies = []
    for number, path in enumerate(call.files):
        copy = to / str(number) / path.name
        copy.parent.mkdir(parents=True)
        if path.is_dir():
            shutil.copytree(path, copy)
        else:
            shutil.copyfile(path, copy)
        copies.append(copy)
    return copies


@contextmanager
def _opened_to_append(path: Path) -> Iterator[IO[bytes]]:
    """A file of lines, after its last whole one: what a killed process left of another is cut off."""
    with path.open("ab+", buffering=0) as file:
        size = file.seek(0, os.SEEK_END)
        if size and os.pread(file.fileno(), 1, size - 1) != b"\n":
            file.seek(0)
            file.truncate(file.read().rfind(b"\n") + 1)
            file.seek(0, os.SEEK_END)
        yield file


@contextmanager
def _locked(name: str, wait: bool = True) -> Iterator[None]:
    folder().mkdir(parents=True, exist_ok=True)
    with (folder() / name).open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        yield
