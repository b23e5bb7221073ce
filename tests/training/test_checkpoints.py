"""Which checkpoint a training goes on from, and what a fingerprint follows."""

from pathlib import Path
from typing import Any

import pytest
import torch

from handloom.config import Model, Optimizer, Training, as_plain
from handloom.models.checkpoint import read_checkpoint
from handloom.support.workspace import Workspace
from handloom.training.checkpoints import check_fits, latest_checkpoint
from handloom.training.module import HandModule
from handloom.training.resume import MADE_OF_FILE, TrainingTask, Work

DEFAULT = Training()
# What else training needs to go on from a checkpoint.
WHOLE = {
    "state_dict": {"network.a": torch.ones(1000)},
    "loops": {},
    "optimizer_states": [],
    "lr_schedulers": [],
    "history": [{"iteration": 1, "loss": 0.5}],
}


def write_checkpoints(folder: Path, *iterations: int, mark: str = "mine") -> None:
    for iteration in iterations:
        torch.save({"fingerprint": mark} | WHOLE, folder / f"iteration-{iteration:06d}.ckpt")


def test_the_fingerprint_follows_parameters_and_data_and_not_the_place(tmp_path: Path) -> None:
    for folder in ("here", "there"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "table").write_text("joints")
    here, there = tmp_path / "here/table", tmp_path / "there/table"

    def mark(settings: Training = DEFAULT, table: Path = here, split: Path = here) -> str:
        return TrainingTask("pose", settings, table, split).fingerprint

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
    assert wrong == [
        f"{tmp_path}/iteration-000030.ckpt is of another training",
        f"{tmp_path}/iteration-000020.ckpt is damaged",
    ]


def test_one_changed_byte_is_noticed_wherever_it_is(tmp_path: Path) -> None:
    write_checkpoints(tmp_path, 10, 20)
    path = tmp_path / "iteration-000020.ckpt"
    whole, refused = path.read_bytes(), 0
    expected = read_checkpoint(path)
    for place in range(0, len(whole), 7):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x40]) + whole[place + 1 :])
        chosen, _ = latest_checkpoint(tmp_path, "mine", 100)
        if chosen == path:  # it was between two records, where nothing is read
            found = read_checkpoint(path)
            assert torch.equal(found.pop("state_dict")["network.a"], expected["state_dict"]["network.a"])
            assert found == {name: value for name, value in expected.items() if name != "state_dict"}
        else:
            assert chosen == tmp_path / "iteration-000010.ckpt"
            refused += 1
    assert refused > len(whole[::7]) * 0.6


@pytest.mark.parametrize(
    "change",
    [
        {"state_dict": {"network.a": torch.full((3,), float("nan"))}},
        {"state_dict": {"network.a": "text"}},
        {"state_dict": None},
        {"history": [{"loss": "0.5"}]},
        {"history": 3},
    ],
    ids=["no numbers", "text", "no weights", "text in the history", "no history"],
)
def test_a_checkpoint_that_no_training_can_go_on_from_is_passed_over(tmp_path: Path, change: dict[str, Any]) -> None:
    write_checkpoints(tmp_path, 10)
    torch.save({"fingerprint": "mine"} | WHOLE | change, tmp_path / "iteration-000020.ckpt")
    torch.save({"fingerprint": "mine"}, tmp_path / "iteration-000030.ckpt")
    chosen, wrong = latest_checkpoint(tmp_path, "mine", 100)
    assert chosen == tmp_path / "iteration-000010.ckpt"
    assert len(wrong) == 2 and all(text.endswith("is damaged") for text in wrong)


def small_module() -> HandModule:
    return HandModule("pose", ["a", "b"], 30.0, as_plain(Training(model=Model(width=8, frame_features=8))))


def whole_checkpoint() -> dict[str, Any]:
    """What Lightning and handloom write after one iteration, as far as going on needs it."""
    module = small_module()
    configured = module.configure_optimizers()
    torch.stack([parameter.square().sum() for parameter in module.parameters()]).sum().backward()
    configured["optimizer"].step()
    return {
        "fingerprint": "mine",
        "run_id": "a",
        "pytorch-lightning_version": "2.5.0",
        "state_dict": module.state_dict(),
        "optimizer_states": [configured["optimizer"].state_dict()],
        "lr_schedulers": [configured["lr_scheduler"].state_dict()],
        "loops": {"fit_loop": {"epoch_progress": {"current": {"completed": 1}}}},
        "callbacks": {},
        "history": [{"iteration": 1, "loss": 0.5}],
    }


@pytest.mark.parametrize(
    "change",
    [
        lambda content: content["optimizer_states"].clear(),
        lambda content: content["optimizer_states"][0]["state"].clear(),
        lambda content: content["optimizer_states"][0]["state"][0].update(exp_avg=torch.zeros(3)),
        lambda content: content["optimizer_states"][0]["state"][0]["exp_avg"].fill_(float("nan")),
        lambda content: content["optimizer_states"][0]["param_groups"].clear(),
        lambda content: content["optimizer_states"][0]["param_groups"][0].update(lr="fast"),
        lambda content: content["lr_schedulers"].clear(),
        lambda content: content["lr_schedulers"][0].clear(),
        lambda content: content["loops"].clear(),
        lambda content: content.update(callbacks=[1]),
        lambda content: content.update({"pytorch-lightning_version": "x"}),
        lambda content: content.pop("run_id"),
        lambda content: content["state_dict"].update({"network.out.weight": torch.zeros(5, 5)}),
        lambda content: content["state_dict"].update(zzz=torch.zeros(1)),
        lambda content: content["history"].append({"loss": 1.0}),
    ],
)  # fmt: skip
def test_a_checkpoint_that_does_not_fit_the_training_is_passed_over(tmp_path: Path, change: Any) -> None:
    torch.save(whole_checkpoint(), tmp_path / "iteration-000010.ckpt")
    content = whole_checkpoint()
    change(content)
    torch.save(content, tmp_path / "iteration-000020.ckpt")
    (tmp_path / "iteration-copy.ckpt").touch()
    chosen, wrong = latest_checkpoint(tmp_path, "mine", 100, lambda content: check_fits(small_module(), content))
    assert chosen == tmp_path / "iteration-000010.ckpt"
    assert wrong == [f"{tmp_path}/iteration-000020.ckpt is damaged"]


@pytest.mark.parametrize("text", ["", "{", "[]", "5"])
def test_of_an_interrupted_training_whose_note_is_damaged_nothing_is_said(tmp_path: Path, text: str) -> None:
    table = tmp_path / "table"
    table.write_text("joints")
    work = Work.of(TrainingTask("pose", DEFAULT, table, table), Workspace(tmp_path))
    other = work.folder.with_name("pose-other")
    other.mkdir(parents=True)
    write_checkpoints(other, 10)
    (other / MADE_OF_FILE).write_text(text)
    assert work.what_changed() == []
