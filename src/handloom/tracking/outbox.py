"""Pending operations, stored on this computer until they are sent.

The outbox has one folder per run: `calls.jsonl`, one line per operation in the order in which they came, copies of
their files, and in `sent` how much of `calls.jsonl` the store has. An operation is there when its line is whole, and
its files are copied before, so a process may be killed at any moment. Sending may be too: an operation that is done
twice has the effect of once (`operations.py`), and a number that the run has already is left out.
"""

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from filelock import Timeout

from handloom.errors import HandloomError, first_line
from handloom.support.files import replacing, write_json
from handloom.support.lock import locked
from handloom.tracking.operations import FORM, Operation, now
from handloom.tracking.store import Store

CALLS, FILES, SENT, ABOUT = "calls.jsonl", "files", "sent", "about.json"


@dataclass(frozen=True)
class Outbox:
    """The pending operations of a workspace.

    Attributes:
        store: the one that is named now.
    """

    store: Store

    @property
    def folder(self) -> Path:
        """The folder of pending operations."""
        return self.store.workspace.outbox

    def holds(self, run_id: str) -> bool:
        """Whether a run has pending operations."""
        return (self.folder / run_id / CALLS).exists()

    def waiting(self) -> list[str]:
        """The runs with pending operations, the oldest first."""
        runs = [path.parent for path in self.folder.glob(f"*/{CALLS}")]
        return [run.name for run in sorted(runs, key=lambda run: (_since(run), run.name))]

    def address_of(self, run_id: str) -> str | None:
        """The store that a run's operations were meant for; None where the file that says so is damaged."""
        address = _about(self.folder / run_id).get("address")
        return address if isinstance(address, str) else None

    def keep(self, run_id: str, operation: Operation) -> None:
        """Append an operation to the pending ones.

        Raises:
            HandloomError: the disk is full, say. What waited before is untouched.
        """
        run = self.folder / run_id
        try:
            with locked(self.folder / "lock"):
                run.mkdir(exist_ok=True)
                if not (run / ABOUT).exists():
                    write_json(run / ABOUT, {"address": self.store.address.shown, "since": now()})
                with _opened_to_append(run / CALLS) as file:
                    start = file.tell()
                    copies = _copied(operation, run / FILES / str(start))
                    names = [str(path.relative_to(run)) for path in copies]
                    line = json.dumps(
                        {"call": operation.name, "content": operation.content, "files": names}, allow_nan=False
                    )
                    try:
                        file.write(line.encode() + b"\n")
                    except OSError:
                        file.truncate(start)
                        raise
        except OSError as error:
            raise HandloomError(
                f"{run}: cannot store the pending MLflow data either ({error.strerror or first_line(error)}); free disk"
                " space and start again, training resumes from its last checkpoint"
            ) from None

    def read(self, run_id: str) -> Iterator[tuple[Operation, int]]:
        """The operations of a run that the store does not have yet; with each, what to tell `mark_sent` when it has.

        Raises:
            HandloomError: one is damaged. Those before it have been given by then.
        """
        run = self.folder / run_id
        with (run / CALLS).open("rb") as file:
            start = file.seek(_sent(run))
            while (line := file.readline()).endswith(b"\n"):
                try:
                    operation = _operation(line, run)
                except ValueError as error:
                    file.seek(0)
                    number = file.read(start).count(b"\n") + 1
                    raise HandloomError(
                        f"{run / CALLS}: line {number} cannot be sent, {error}; remove the line, or to give up all that"
                        f" waits of this run, the folder {run}"
                    ) from None
                start = file.tell()
                yield operation, start

    def mark_sent(self, run_id: str, end: int) -> None:
        """Note that the store has all operations up to `end`."""
        with replacing(self.folder / run_id / SENT) as temporary:
            temporary.write_text(str(end))

    def close(self, run_id: str) -> bool:
        """Remove a run's folder if the store has all of it; whether it has."""
        run = self.folder / run_id
        with locked(self.folder / "lock"):
            if any(True for _ in self.read(run_id)):
                return False
            (run / CALLS).unlink()  # first, so that a removal that is killed leaves nothing that waits
            shutil.rmtree(run)
            return True

    def tidy(self) -> None:
        """Remove what killed processes left: empty folders, half-written files, files of no operation."""
        if not self.folder.is_dir():
            return
        try:
            with (
                locked(self.folder / "sending", patience=0),
                locked(self.folder / "lock"),
            ):  # so none of it is another process's work
                for run in [path for path in self.folder.iterdir() if path.is_dir() and not path.is_symlink()]:
                    if not (run / CALLS).exists():
                        shutil.rmtree(run)
                        continue
                    size = (run / CALLS).read_bytes().rfind(b"\n") + 1
                    unsaid = [
                        path for path in run.glob(f"{FILES}/*") if path.name.isdecimal() and int(path.name) >= size
                    ]
                    for path in unsaid:
                        shutil.rmtree(path)
                    for path in run.glob(".*.part*"):
                        path.unlink()
        except OSError:
            return  # another process sends, or the disk can only be read: what is left stays for now

    @contextmanager
    def sending(self) -> Iterator[None]:
        """Only one process sends at a time.

        Raises:
            HandloomError: another one does.
        """
        try:
            with locked(self.folder / "sending", patience=0):
                yield
        except Timeout:
            raise HandloomError(f"{self.folder}: another process is sending this data; wait for it") from None


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
    """How much the store has; 0 where the note of it is damaged, since an operation may be done twice."""
    try:
        sent = int((run / SENT).read_text(encoding="ascii"))
        with (run / CALLS).open("rb") as file:
            file.seek(sent - 1)
            return sent if file.read(1) == b"\n" else 0
    except (OSError, ValueError):
        return 0


def _operation(line: bytes, run: Path) -> Operation:
    """An operation out of its line.

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
            raise ValueError("one of its files is elsewhere")
        if not path.exists():
            raise ValueError(f"its file {path.relative_to(run)} is gone")
    return Operation(name, content, paths)


def _copied(operation: Operation, to: Path) -> list[Path]:
    """Copies of an operation's files; what a killed process left there is replaced."""
    shutil.rmtree(to, ignore_errors=True)
    copies = []
    for number, path in enumerate(operation.files):
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
