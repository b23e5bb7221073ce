"""The process that trains a session: the pipeline's own stages, one after another, in the session's folder.

``python -m handloom.api.worker FOLDER`` prints a JSON object a line on stdout: progress, checkpoints, and at the end
how it ended. It may be killed at any moment; started again, it goes on from the newest checkpoint and ends in the same
bits.
"""

import json
import os
import sys
import traceback
from pathlib import Path
from typing import Any

# Work in progress and the MLflow store of this process belong to the session; MLFLOW_TRACKING_URI wins.
REPOSITORY_VARIABLE = "DVC_ROOT"


def main(folder: Path) -> int:
    """Train a session; the exit status is 0, or 1 for an error that the user can mend and 70 for a bug."""
    os.environ[REPOSITORY_VARIABLE] = str(folder)
    from handloom.errors import HandloomError

    try:
        _train(folder)
    except HandloomError as error:
        _say(event="error", **_described(error))
        return 1
    except Exception:
        _say(event="bug", text=traceback.format_exc())
        return 70
    _say(event="finished")
    return 0


def _train(folder: Path) -> None:
    from handloom.api.changes import refuse_changes
    from handloom.api.session import CHECKPOINTS, KEYPOINTS, MODEL, REPORT, SPLIT, read_session_file
    from handloom.dataset.split import split_table
    from handloom.extraction.extract import extract_keypoints
    from handloom.progress import listening
    from handloom.training.train import train

    kind, parameters = read_session_file(folder)
    table, split = folder / KEYPOINTS, folder / SPLIT
    refuse_changes(folder, kind, parameters)
    if not table.exists():
        _say(event="phase", phase="extracting_features")
        with listening(lambda text, count, total: _say(event="progress", item_count=count, total_item_count=total)):
            extract_keypoints(parameters.source(kind), parameters.extract_keypoints, kind, table, folder / REPORT)
    if not split.exists():
        split_table(table, parameters.split, split)
    _say(event="phase", phase="training")
    train(parameters, kind, table, split, folder / MODEL, folder / CHECKPOINTS, [_telling_callback()])


def _telling_callback() -> Any:
    import pytorch_lightning as lightning

    class Telling(lightning.Callback):
        """Tells of each iteration, and of each checkpoint that has been written."""

        def __init__(self) -> None:
            self.told: set[Path] = set()

        def on_train_epoch_end(self, trainer: lightning.Trainer, pl_module: Any) -> None:
            from handloom.training.checkpoints import Checkpoints, checkpoints_in

            history = pl_module.history[-1:] or [{}]
            metrics = {name: value for name, value in history[0].items() if name != "iteration"}
            _say(
                event="progress",
                item_count=trainer.current_epoch + 1,
                total_item_count=trainer.max_epochs,
                metrics=metrics,
            )
            (saving,) = [one for one in trainer.checkpoint_callbacks if isinstance(one, Checkpoints)]
            for path in checkpoints_in(saving.folder):
                if path not in self.told:
                    self.told.add(path)
                    _say(event="checkpoint", path=str(path))

    return Telling()


def _described(error: Any) -> dict[str, Any]:
    """An error as plain values, for the process that waits."""
    known = {
        name: getattr(error, name) for name in ("parameter", "original_value", "new_value") if hasattr(error, name)
    }
    return {"type": type(error).__name__, "text": str(error), "values": known}


def _say(**content: Any) -> None:
    print(json.dumps(content, ensure_ascii=False), file=_out, flush=True)


_out = sys.stdout
if __name__ == "__main__":
    sys.stdout = sys.stderr  # what the stages print is for people, and goes into the session's log
    sys.exit(main(Path(sys.argv[1])))
