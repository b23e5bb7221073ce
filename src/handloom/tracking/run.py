"""Runs of MLflow: how one is opened, found again and ended, and what is logged to it.

A number goes from `Run.log_metrics` to the store (`operations.py`, `store.py`), or, where that cannot be reached, to
the outbox (`outbox.py`), from which `send.py` takes it later.
"""

import json
import re
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from tqdm import tqdm

from handloom.config import Kind, Parameters, Pictures
from handloom.errors import DataError, HandloomError
from handloom.support.files import write_json
from handloom.support.repository import Commit, current_commit
from handloom.support.workspace import Workspace
from handloom.tracking.operations import (
    LOCAL_PREFIX,
    TRAINED_PREFIX,
    Operation,
    do,
    find_run,
    metrics_of,
    now,
    open_on,
    plain_number,
)
from handloom.tracking.outbox import Outbox
from handloom.tracking.record import (
    CHANGES,
    COMMIT,
    DIRTY,
    FINGERPRINT,
    GIVEN_UP_AT,
    JOB,
    KIND,
    describing_tags,
    may_go,
    run_parameters,
    say_once_what_stays,
    without_names_of_media,
)
from handloom.tracking.registry import ACCURACY, LOG_LOSS, registered_name, save_pyfunc
from handloom.tracking.store import Store
from handloom.tracking.store_errors import FULL_OR_READ_ONLY, StoreError

if TYPE_CHECKING:
    from mlflow import MlflowClient

    from handloom.models.model import ModelSpec

SEND = "handloom send"
IN_PROGRESS_FILE = "mlflow_run.json"  # in the folder of a training in progress
LONGEST_TAG = 4000  # characters; MLflow allows 5000 bytes at least
LONGEST_DIGEST = 36  # characters; MLflow's limit
_RUN_ID = re.compile(r"[A-Za-z0-9][\w.-]*")  # also the name of a folder of the outbox
_FINGERPRINT = re.compile(r"[0-9a-f]{64}")
_KEPT_NOTES = 200  # which run a training had; the newest


@dataclass(frozen=True)
class Run:
    """A run, to which things are logged.

    Attributes:
        store: where it is.
        run_id: MLflow's id, or one of ours while the store is away (see `operations.find_run`).
    """

    store: Store
    run_id: str

    def log_metrics(self, metrics: Mapping[str, float], step: int = 0, once: bool = False) -> None:
        """Log numbers under their names.

        Args:
            metrics: numbers by name.
            step: of a curve.
            once: a step that the run has by then stays as it is, where the numbers are sent later. The caller sees to
                it where they are not (`unlogged`), because asking the store each time takes as long as logging.
        """
        numbers = {name: plain_number(value) for name, value in metrics.items()}
        self._ask(Operation("metrics", {"metrics": numbers, "step": step, "time": now(), "once": once}))

    def log_files(self, files: list[Path], folder: str = "") -> None:
        """Log files or folders as artifacts under `folder`."""
        if files:
            self._ask(Operation("files", {"folder": folder}, tuple(files)))

    def log_private_files(self, files: list[Path], folder: str, pictures: Pictures) -> None:
        """Log files that show people or name their files, where `tracking.pictures` allows it.

        Where it does not, one line a process says where they stay.
        """
        address = self.store.address
        if files and may_go(pictures, address):
            self._ask(Operation("files", {"folder": folder, "pictures": pictures}, tuple(files)))
        elif files and pictures == "local":
            say_once_what_stays(files, address)

    def log_inputs(self, name: str, file: Path, sha256: str, examples: Mapping[str, int] | None = None) -> None:
        """Log a table that the run learns from as one of MLflow's data sets.

        Args:
            name: what it is.
            file: where it is; of a path outside the working folder only the file's name is logged.
            sha256: of the file.
            examples: how many are for what, where the table says so.
        """
        here = Path.cwd()
        shown = file.relative_to(here) if file.is_relative_to(here) else file
        source = shown.name if shown.is_absolute() else shown.as_posix()
        profile = json.dumps(examples) if examples else ""
        content = {"name": name, "digest": sha256[:LONGEST_DIGEST], "source": source, "profile": profile}
        self._ask(Operation("inputs", content | {"context": "training"}))

    def log_text(self, text: str, name: str) -> None:
        """Log a text as an artifact."""
        with scratch() as folder:
            file = folder / name
            file.write_text(text, encoding="utf-8")
            self.log_files([file])

    def set_tags(self, tags: Mapping[str, str]) -> None:
        """Set tags of the run."""
        self._ask(Operation("tags", {"tags": dict(tags)}))

    def resume(self) -> None:
        """Set the run to RUNNING again: it was interrupted."""
        self._set_status("RUNNING")

    def end(self, status: str = "FINISHED") -> None:
        """Set the run to FINISHED or FAILED."""
        self._set_status(status)

    def logged_steps(self) -> dict[str, set[int]]:
        """The steps that the run has numbers for, by metric; where the store is away, those that wait to be sent."""
        steps: dict[str, set[int]] = {}
        outbox = Outbox(self.store)
        if outbox.holds(self.run_id):
            for operation, _ in outbox.read(self.run_id):
                for point in metrics_of(operation) if operation.name == "metrics" else []:
                    steps.setdefault(point.key, set()).add(point.step)
            return steps
        try:
            with self.store.opened() as client:
                mlflow_id = find_run(client, self.run_id) or ""
                for name in client.get_run(mlflow_id).data.metrics if mlflow_id else ():
                    steps[name] = {point.step for point in client.get_metric_history(mlflow_id, name)}
        except StoreError:
            pass  # what cannot be asked is logged a second time, and left out when it is sent
        return steps

    def register_model(
        self, model_file: Path, spec: "ModelSpec", metrics: Mapping[str, float], tags: Mapping[str, str]
    ) -> None:
        """Log the run's model and register it; `registry.py` says which version is the champion.

        Args:
            model_file: `model.ckpt`.
            spec: what it is.
            metrics: of the test set.
            tags: of the version: `MODEL_SHA256`, `KEYPOINTS_SHA256`, `TEST_DATA` and its training's `FINGERPRINT`.
        """
        measured = {ACCURACY: repr(metrics["accuracy_end_to_end"]), LOG_LOSS: repr(metrics["log_loss"])}
        with scratch() as folder:
            saved = folder / "model"
            save_pyfunc(model_file, spec, saved)
            content = {"name": registered_name(spec.kind), "tags": {**tags, **measured}}
            self._ask(Operation("model", content, (saved,)))

    def _set_status(self, status: str) -> None:
        self._ask(Operation("status", {"status": status, "time": now()}))

    def _ask(self, operation: Operation) -> None:
        """Let the store do it, or keep it. What follows a kept one of the same run is kept too, so that order stays.

        Raises:
            HandloomError: it can neither be done nor kept: the disk is full, say.
        """
        if Outbox(self.store).holds(self.run_id):
            self.keep(operation, "earlier data of this run is pending too")
            return
        try:
            with self.store.opened() as client:
                do(self.store, client, _mlflow_id(self, client), operation)
        except StoreError as error:
            self.keep(operation, error.reason)

    def keep(self, operation: Operation, reason: str) -> None:
        """Keep an operation in the outbox; the first time in a process, say so.

        Raises:
            HandloomError: it cannot be kept.
        """
        outbox = Outbox(self.store)
        outbox.keep(self.run_id, operation)
        if outbox.folder not in _said:
            _said.add(outbox.folder)
            shown = self.store.address.shown
            line = f"MLflow at {shown}: {reason}; MLflow data is kept in {outbox.folder}, send it with: {SEND}"
            tqdm.write(line, file=sys.stderr)  # above a progress bar, not into it


_said: set[Path] = set()
_found: dict[tuple[str, str], str] = {}


def _mlflow_id(run: Run, client: "MlflowClient") -> str:
    """MLflow's id of a run; for one that was opened while the store was away, the store is asked once."""
    if not run.run_id.startswith((LOCAL_PREFIX, TRAINED_PREFIX)):
        return run.run_id
    address = run.store.address
    key = (address.uri, run.run_id)
    if key not in _found:
        found = find_run(client, run.run_id)
        if found is None:
            raise LookupError(f"{address.shown} holds no run {run.run_id}")
        _found[key] = found
    return _found[key]


@dataclass(frozen=True)
class Tracker:
    """Opens runs for trainings and finds them again.

    A training is known by its fingerprint, which its run has as a tag. Which run a training had that ended on this
    computer is noted in the workspace, so that it is found also while the store is away.

    Attributes:
        workspace: where work lies, and whose store it is where no other is named.
    """

    workspace: Workspace

    @property
    def store(self) -> Store:
        """The current store."""
        return Store(self.workspace)

    def start(self, kind: Kind, parameters: Parameters, tags: Mapping[str, str] | None = None) -> Run:
        """Open a run, with all parameters that decide its model.

        While the store is away its id is one of ours, which the run gets as its tag `handloom.run` when it is sent.

        Args:
            kind: "pose" or "action".
            parameters: all of them.
            tags: they win over its own. A run with the same `JOB` that is there already is taken up instead.

        Raises:
            StoreError: the store's address is wrong, or the store cannot be used.
        """
        tags = dict(tags or {})
        if JOB not in tags:
            return self._opened(f"{LOCAL_PREFIX}{uuid4().hex}", kind, parameters, tags, new=True)
        run = self._opened(f"{LOCAL_PREFIX}{tags[JOB]}", kind, parameters, tags)
        run.resume()
        return run

    def begin(
        self,
        folder: Path,
        kind: Kind,
        parameters: Parameters,
        fingerprint: str,
        tags: Mapping[str, str] | None = None,
        known: str | None = None,
    ) -> Run:
        """The run of the training in progress in a folder, where it is noted; a new one where there is none yet.

        Args:
            folder: of the training's checkpoints.
            kind: "pose" or "action".
            parameters: all of them.
            fingerprint: of the training.
            tags: further ones, see `start`.
            known: the run's id, where a checkpoint says it.

        Raises:
            StoreError: the store's address is wrong, or the store cannot be used.
        """
        file = folder / IN_PROGRESS_FILE
        if file.exists():
            known = _run_id_in(file)
        if known:
            run = self._opened(known, kind, parameters, {FINGERPRINT: fingerprint})
            run.resume()
        else:
            run = self.start(kind, parameters, {FINGERPRINT: fingerprint, **(tags or {})})
        write_json(file, {"run_id": run.run_id})
        return run

    def in_progress(self, folder: Path) -> Run:
        """The run that `begin` has opened for a folder.

        Raises:
            DataError: there is none.
        """
        return Run(self.store, _run_id_in(folder / IN_PROGRESS_FILE))

    def note(self, fingerprint: str, run: Run) -> None:
        """Note that a training has ended, with this run."""
        write_json(self._note(fingerprint), {"run_id": run.run_id, "store": self.store.address.shown})
        notes = sorted(self.workspace.runs.glob("*.json"), key=lambda note: note.stat().st_mtime_ns)
        for old in notes[:-_KEPT_NOTES]:
            old.unlink(missing_ok=True)

    def noted(self, fingerprint: str) -> Run | None:
        """The run of a training that has ended on this computer; None where that is not known of the present store."""
        try:
            note = json.loads(self._note(fingerprint).read_text(encoding="utf-8"))
            known = _RUN_ID.fullmatch(note["run_id"]) and note["store"] == self.store.address.shown
            return Run(self.store, note["run_id"]) if known else None
        except (OSError, ValueError, TypeError, KeyError, RecursionError):
            return None

    def give_up(self, fingerprint: str, iteration: int) -> None:
        """Mark a run as pruned by its search: its model is not fully trained."""
        if run := self.noted(fingerprint):
            run.set_tags({GIVEN_UP_AT: str(iteration)})
        self._note(fingerprint).unlink(missing_ok=True)

    def run_of(self, training: str, kind: Kind, parameters: Parameters) -> Run:
        """The run of a training that has ended; a new one where the store holds none (the model was pulled, say).

        Args:
            training: its fingerprint; of a model that an older handloom trained, the id of its run.
            kind: "pose" or "action".
            parameters: all of them, for a new run.

        Raises:
            StoreError: the store's address is wrong, or the store cannot be used.
        """
        if not _FINGERPRINT.fullmatch(training):
            return self._opened(training, kind, parameters, {})
        noted = self.noted(training)
        run_id = noted.run_id if noted else f"{TRAINED_PREFIX}{training}"
        return self._opened(run_id, kind, parameters, {FINGERPRINT: training})

    def _note(self, fingerprint: str) -> Path:
        return self.workspace.runs / f"{fingerprint[:32]}.json"

    def _opened(
        self, run_id: str, kind: Kind, parameters: Parameters, tags: Mapping[str, str], new: bool = False
    ) -> Run:
        store = self.store
        commit = current_commit(self.workspace.project)
        operation = Operation(
            "open",
            {
                "experiment": f"{parameters.tracking.experiment}-{kind}",
                "time": now(),
                "tags": {
                    KIND: kind,
                    **describing_tags(kind, parameters, commit),
                    **_git_tags(commit, parameters.tracking.pictures, store),
                    **tags,
                },
                "params": run_parameters(kind, parameters),
            },
        )
        outbox = Outbox(store)
        outbox.tidy()
        run = Run(store, run_id)
        if outbox.holds(run_id):
            return run
        try:
            with store.opened() as client:
                return Run(store, open_on(store, client, run_id, operation, new))
        except StoreError as error:
            if not error.passes:
                raise
            run.keep(operation, error.reason)
            return run


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder for files that are made only to be logged.

    Raises:
        HandloomError: there is no room for it.
    """
    try:
        with tempfile.TemporaryDirectory() as folder:
            yield Path(folder)
    except OSError as error:
        if error.errno not in FULL_OR_READ_ONLY:
            raise
        raise HandloomError(
            f"{tempfile.gettempdir()}: cannot write MLflow data there ({error.strerror}); free disk space, or set"
            " TMPDIR to another folder"
        ) from None


def unlogged(logged: Mapping[str, set[int]], metrics: Mapping[str, float], step: int) -> dict[str, float]:
    """Of a step's numbers those that a run, by its `logged_steps`, does not have yet."""
    return {name: value for name, value in metrics.items() if step not in logged.get(name, ())}


def _run_id_in(file: Path) -> str:
    try:
        run_id = json.loads(file.read_text(encoding="utf-8"))["run_id"]
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        run_id = None
    if not isinstance(run_id, str) or not _RUN_ID.fullmatch(run_id):
        raise DataError(f"{file}: damaged, it names no MLflow run; remove it, and the training continues in a new run")
    return run_id


def _git_tags(commit: Commit | None, pictures: Pictures, store: Store) -> dict[str, str]:
    if commit is None:
        return {}
    tags = {COMMIT: commit.sha, DIRTY: "yes" if commit.changed else "no"}
    changes = without_names_of_media(commit.changes, pictures, store.address)
    return tags | ({CHANGES: "\n".join(changes)[:LONGEST_TAG]} if commit.changed else {})
