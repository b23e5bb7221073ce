"""The results of a training that has ended, kept until they are used, so that a kill after its end costs nothing.

DVC deletes a stage's outputs before it runs, and runs the stage again if it was killed before it noted them. Without
this, such a training would run a second time, as a further MLflow run.
"""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from handloom import tracking
from handloom.config import Kind
from handloom.models.folder import HISTORY_FILE, MODEL_FILE, RUN_FILE
from handloom.support.files import replacing, sha256_of_file, write_json
from handloom.support.repository import main_repository

FILES = (MODEL_FILE, HISTORY_FILE, RUN_FILE)
RESULT_FILE = "result.json"
KEPT = 5  # of a kind, the newest
EVALUATED = "test_"  # with what the names of the metrics begin that evaluation logs to the run


@dataclass(frozen=True)
class Finished:
    """The results of one training.

    Attributes:
        folder: where they are kept.
    """

    folder: Path

    @classmethod
    def of(cls, kind: Kind, mark: str) -> "Finished":
        """Those of the training with this fingerprint; there need not be any."""
        return cls(main_repository() / ".handloom" / "trained" / f"{kind}-{mark[:16]}")

    def keep(self, out: Path, loss: float | None) -> None:
        """Keep what a training has written to `out`, and the validation loss that it ended with."""
        content: Mapping[str, Any] = {"loss": loss, "sha256": {name: sha256_of_file(out / name) for name in FILES}}
        with replacing(self.folder) as part:
            part.mkdir()
            for name in FILES:
                shutil.copyfile(out / name, part / name)
            write_json(part / RESULT_FILE, content)
        others = self.folder.parent.glob(f"{self.folder.name.partition('-')[0]}-*")
        for old in sorted(others, key=lambda other: other.stat().st_mtime_ns)[:-KEPT]:
            shutil.rmtree(old, ignore_errors=True)

    def take(self, out: Path) -> tuple[str, float | None] | None:
        """Write the results to `out`; return the id of their MLflow run and the loss.

        None, and nothing is written, if there are none, they are damaged, or their run was evaluated: then the stage
        had come to its end, and somebody wants to train again.
        """
        try:
            content = json.loads((self.folder / RESULT_FILE).read_text(encoding="utf-8"))
            if content["sha256"] != {name: sha256_of_file(self.folder / name) for name in FILES}:
                return None
            run_id, loss = tracking.run_in(self.folder / RUN_FILE), content["loss"]
        except (OSError, ValueError, KeyError, TypeError):
            return None
        if any(name.startswith(EVALUATED) for name in tracking.logged_steps(run_id)):
            return None
        for name in FILES:
            with replacing(out / name) as part:
                shutil.copyfile(self.folder / name, part)
        return run_id, loss

    def forget(self) -> None:
        """Remove the results."""
        shutil.rmtree(self.folder, ignore_errors=True)
