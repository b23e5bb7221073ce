"""Folders of trainings in progress do not pile up, and none is taken from a training that runs."""

import os
import time
from pathlib import Path

from handloom.training.resume import KEPT_FOLDERS, KEPT_SECONDS, open_folder


def test_the_oldest_folders_go_once_nobody_can_be_training_there(tmp_path: Path) -> None:
    count = KEPT_FOLDERS + 3
    for number in range(count):
        open_folder(tmp_path / f"pose-{number}", "pose", {})
    open_folder(tmp_path / "action-0", "action", {})
    assert len(list(tmp_path.glob("pose-*"))) == count
    for number in range(count):
        age = KEPT_SECONDS + 100 - number
        os.utime(tmp_path / f"pose-{number}", (time.time() - age, time.time() - age))
    open_folder(tmp_path / "pose-new", "pose", {})
    kept = {path.name for path in tmp_path.iterdir()}
    assert kept == {"action-0", "pose-new", *(f"pose-{number}" for number in range(4, count))}
