"""Which checkpoint a training goes on from, and what a fingerprint follows."""

from pathlib import Path

import pytest
import torch

from handloom.config import Optimizer, Training
from handloom.fingerprint import fingerprint
from handloom.training.checkpoints import latest_checkpoint
from handloom.training.work import made_of

DEFAULT = Training()


def write_checkpoints(folder: Path, *iterations: int, mark: str = "mine") -> None:
    for iteration in iterations:
        torch.save({"fingerprint": mark}, folder / f"iteration-{iteration:06d}.ckpt")


def test_the_fingerprint_follows_parameters_and_data_and_not_the_place(tmp_path: Path) -> None:
    for folder in ("here", "there"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "table").write_text("joints")
    here, there = tmp_path / "here/table", tmp_path / "there/table"

    def mark(settings: Training = DEFAULT, table: Path = here, split: Path = here) -> str:
        return fingerprint(made_of("pose", settings, table, split))

    assert mark() == mark(table=there, split=there)
    assert mark() == mark(Training(iterations=3, checkpoint_interval=1))  # they decide nothing
    assert mark() != mark(Training(optimizer=Optimizer(lr=1.0)))
    there.write_text("other joints")
    assert len({mark(), mark(table=there), mark(split=there), mark(table=there, split=there)}) == 4


def test_the_newest_whole_checkpoint_is_taken(tmp_path: Path) -> None:
    assert latest_checkpoint(tmp_path, "mine", 200) == (None, [])
    (tmp_path / ".iteration-000030.77.part.ckpt").touch()  # what a killed process leaves
    assert latest_checkpoint(tmp_path, "mine", 200) == (None, [])
    write_checkpoints(tmp_path, 9, 19, 109)
    assert latest_checkpoint(tmp_path, "mine", 200) == (tmp_path / "iteration-000109.ckpt", [])
    assert latest_checkpoint(tmp_path, "mine", 108) == (tmp_path / "iteration-000019.ckpt", [])


@pytest.mark.parametrize("damage", [b"", b"not a checkpoint", None], ids=["empty", "foreign", "cut short"])
def test_damaged_and_foreign_checkpoints_are_passed_over_and_named(tmp_path: Path, damage: bytes | None) -> None:
    write_checkpoints(tmp_path, 10, 20)
    write_checkpoints(tmp_path, 30, mark="another")
    whole = (tmp_path / "iteration-000020.ckpt").read_bytes()
    (tmp_path / "iteration-000020.ckpt").write_bytes(whole[: len(whole) // 2] if damage is None else damage)
    chosen, wrong = latest_checkpoint(tmp_path, "mine", 100)
    assert chosen == tmp_path / "iteration-000010.ckpt"
    assert wrong == ["iteration-000030.ckpt is of another training", "iteration-000020.ckpt cannot be read"]
