"""Folders of trainings in progress do not pile up, and none is taken from a training that runs."""

import os
import time
from pathlib import Path

from handloom.config import Kind, Training
from handloom.support.workspace import Workspace
from handloom.training.resume import KEPT_FOLDERS, KEPT_SECONDS, TrainingTask, Work


def work(folder: Path, kind: Kind, seed: int) -> Work:
    table = folder / "table"
    table.write_text("joints")
    return Work.of(TrainingTask(kind, Training(seed=seed), table, table), Workspace(folder))


def test_the_oldest_folders_are_removed_once_no_training_can_use_them(tmp_path: Path) -> None:
    count = KEPT_FOLDERS + 3
    works = [work(tmp_path, "pose", seed) for seed in range(count)]
    other = work(tmp_path, "action", 0)
    for one in (*works, other):
        one.open()
    assert all(one.folder.is_dir() for one in works)
    for number, one in enumerate(works):
        age = KEPT_SECONDS + 100 - number
        os.utime(one.folder, (time.time() - age, time.time() - age))
    new = work(tmp_path, "pose", count)
    new.open()
    assert set(new.folder.parent.iterdir()) == {other.folder, new.folder, *(one.folder for one in works[4:])}
