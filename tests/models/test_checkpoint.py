"""Only handloom's own checkpoints are read, and nothing in a file is ever run."""

import os
import pickle
import zipfile
from pathlib import Path

import pytest
import torch

from handloom.config import Model, Training, as_plain
from handloom.errors import DataError
from handloom.models.checkpoint import load_model
from handloom.training.module import HandClassifier
from handloom.training.saved_model import save_model

SETTINGS = as_plain(Training(model=Model(width=8, frame_features=16)))


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    save_model(HandClassifier("pose", ["fist", "open"], 30.0, SETTINGS), None, tmp_path / "model.ckpt")
    return tmp_path / "model.ckpt"


def test_what_was_saved_is_loaded(saved: Path) -> None:
    model = load_model(saved)
    assert (model.kind, model.classes, model.window, model.frame_rate) == ("pose", ["fist", "open"], 1, 30.0)
    again = HandClassifier.load_from_checkpoint(saved).eval()  # Lightning's own way works too
    poses = torch.rand(2, 1, 3, 21)
    torch.testing.assert_close(model.network(poses), again(poses))


def test_equal_models_have_equal_bytes(saved: Path, tmp_path: Path) -> None:
    save_model(HandClassifier.load_from_checkpoint(saved), None, tmp_path / "again.ckpt")
    assert (tmp_path / "again.ckpt").read_bytes() == saved.read_bytes()


class RunsSomething:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def test_a_file_that_would_run_code_is_refused_and_not_run(tmp_path: Path) -> None:
    torch.save({"state_dict": RunsSomething(tmp_path / "ran")}, tmp_path / "evil.ckpt")
    (tmp_path / "evil.pickle").write_bytes(pickle.dumps(RunsSomething(tmp_path / "ran")))
    for name in ("evil.ckpt", "evil.pickle"):
        with pytest.raises(DataError, match=f"{name}: not a checkpoint that can be read"):
            load_model(tmp_path / name)
    assert not (tmp_path / "ran").exists()


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-200])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def text(path: Path) -> None:
    path.write_text("no model")


def foreign(path: Path) -> None:
    torch.save({"weights": torch.zeros(3)}, path)


def other_archive(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a", "b")


@pytest.mark.parametrize("damage", [truncated, empty, text, foreign, other_archive, Path.unlink])
def test_any_other_file_is_named_in_one_line(saved: Path, damage) -> None:
    damage(saved)
    with pytest.raises(DataError) as caught:
        load_model(saved)
    assert str(saved) in str(caught.value)
    assert "\n" not in str(caught.value)
