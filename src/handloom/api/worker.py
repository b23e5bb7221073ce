"""The process that trains a session: the pipeline's own stages, one after another, in the session's folder.

``python -m handloom.api.worker FOLDER [--end-with-stdin]`` prints one JSON object per line on stdout: progress,
checkpoints, and at the end how it ended. It may be killed at any moment; started again, it resumes from the newest
checkpoint and ends in the same bits. With `--end-with-stdin` it ends when its stdin does, that is, with the process
that started it.
"""

import json
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from handloom.stages.layout import Layout
    from handloom.stages.run import Stage

END_WITH_STDIN = "--end-with-stdin"
_EXTRACTING = ("extract_keypoints", "extract_streams")  # stages that read files
LOCK = "lock"  # a file of the session
LOCK_PATIENCE = 3.0  # seconds in which a process that is ending may let go of it


def main(folder: Path) -> int:
    """Train a session; the exit status is 0, or 1 for an error that the user can fix and 70 for a bug."""
    from handloom.errors import HandloomError, as_handloom_error

    try:
        with as_handloom_error(), _alone(folder):
            _train(folder)
    except HandloomError as error:
        _say(event="error", **_described(error))
        return 1
    except Exception:
        _say(event="bug", text=traceback.format_exc())
        return 70
    _say(event="finished")
    return 0


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the session's lock; the system releases it when this process ends.

    Raises:
        HandloomError: another process trains the session.
    """
    from filelock import Timeout

    from handloom.errors import HandloomError, printable
    from handloom.support.lock import locked

    shown = printable(str(folder))
    try:
        with locked(folder / LOCK, LOCK_PATIENCE):
            yield
    except Timeout:
        raise HandloomError(
            f"session: {shown} is being trained by another job; wait for that one, or cancel it"
        ) from None


def _end_with_stdin() -> None:
    """End this process and those that it started as soon as no process holds the other end of its stdin."""
    while os.read(0, 1):
        pass
    os.killpg(0, signal.SIGTERM)
    time.sleep(10)
    os.killpg(0, signal.SIGKILL)
    os._exit(1)


def _train(folder: Path) -> None:
    from handloom.api.changes import refuse_changes
    from handloom.api.session import read_session_file
    from handloom.stages.layout import Layout, as_seen_from_here
    from handloom.stages.run import run_stages
    from handloom.support.progress import listening
    from handloom.support.workspace import Workspace

    kind, parameters, working_folder = read_session_file(folder)
    project = as_seen_from_here(working_folder) if working_folder.is_dir() else Path()
    layout, workspace = Layout.session(folder), Workspace.inside(folder, project)
    refuse_changes(folder, kind, parameters, workspace)
    with listening(_tell_of_files):
        run_stages(
            parameters,
            kind,
            layout,
            workspace,
            first_stage(layout),
            "train",
            begin=_tell_of_stage,
            callbacks=[_telling_callback()],
        )


def first_stage(layout: "Layout") -> "Stage":
    """The stage with which a session goes on: the first one whose file is missing, else the training."""
    if not layout.split.exists():
        return "split" if layout.keypoints.exists() else "extract_keypoints"
    if layout.streams and not layout.streams.exists():
        return "extract_streams"
    return "train"


def _tell_of_stage(stage: "Stage") -> None:
    phases = {"extract_keypoints": "extracting_features", "train": "training"}
    if stage in phases:
        _say(event="phase", phase=phases[stage])


def _tell_of_files(text: str, count: int, total: int) -> None:
    if not text.startswith(_EXTRACTING):  # looking whether files have changed is no progress
        return
    if text.startswith("extract_streams"):  # most sources have no recordings: it is a phase once one is read
        _say(event="phase", phase="extracting_features")
    _say(event="progress", item_count=count, total_item_count=total)


def _telling_callback() -> Any:
    import pytorch_lightning as lightning

    class Telling(lightning.Callback):
        """Reports each iteration, and each checkpoint once it is written."""

        iteration = told = 0  # the last one that is done; the last one whose checkpoint is no news

        def on_train_start(self, trainer: lightning.Trainer, pl_module: Any) -> None:
            self.iteration = self.told = trainer.current_epoch

        def on_train_epoch_start(self, trainer: lightning.Trainer, pl_module: Any) -> None:
            self._tell_of_checkpoint(trainer, trainer.current_epoch)

        def on_train_end(self, trainer: lightning.Trainer, pl_module: Any) -> None:
            self._tell_of_checkpoint(trainer, self.iteration)

        def on_train_epoch_end(self, trainer: lightning.Trainer, pl_module: Any) -> None:
            self.iteration = trainer.current_epoch + 1
            history = pl_module.history[-1:] or [{}]
            metrics = {name: value for name, value in history[0].items() if name != "iteration"}
            _say(
                event="progress",
                item_count=trainer.current_epoch + 1,
                total_item_count=trainer.max_epochs,
                metrics=metrics,
            )

        def _tell_of_checkpoint(self, trainer: lightning.Trainer, iteration: int) -> None:
            from handloom.training.checkpoints import Checkpoints

            (saving,) = [one for one in trainer.checkpoint_callbacks if isinstance(one, Checkpoints)]
            path = saving.folder / f"iteration-{iteration:06d}.ckpt"
            if iteration > self.told and path.exists():
                self.told = iteration
                _say(event="checkpoint", path=str(path))

    return Telling()


def _described(error: Any) -> dict[str, Any]:
    """An error as plain values for the waiting process."""
    known = {
        name: getattr(error, name) for name in ("parameter", "original_value", "new_value") if hasattr(error, name)
    }
    return {"type": type(error).__name__, "text": str(error), "values": known}


def _say(**content: Any) -> None:
    print(json.dumps(content), file=_out, flush=True)  # ASCII: no encoding of stdout stands in its way


_out = sys.stdout
if __name__ == "__main__":
    sys.stdout = sys.stderr  # what the stages print is for people, and goes into the session's log
    if END_WITH_STDIN in sys.argv[2:]:
        threading.Thread(target=_end_with_stdin, daemon=True).start()
    sys.exit(main(Path(sys.argv[1])))
