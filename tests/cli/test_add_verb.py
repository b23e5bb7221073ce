"""A gesture added from photos, by the verb and by the class."""

from pathlib import Path

import pytest
from small_training import OUT, WITHOUT_VALIDATION, train_small, write_tables

from handloom import HandPoseClassifier
from handloom.cli import main
from handloom.models.checkpoint import load_model
from handloom.training.added_class import KEPT_FILE


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as `handloom train` leaves it: a table, its split, and a small model of three classes."""
    folder = tmp_path_factory.mktemp("add")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        write_tables(["background", "fist", "open"] * 10, WITHOUT_VALIDATION)
        train_small()
    return folder


@pytest.fixture(autouse=True)
def in_the_place(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(place)


TRAINING_SET = ["--table", "pose.parquet", "--split", "parts.parquet"]


def photos_of_hands(drawn: Path) -> list[str]:
    return [str(photo) for photo in sorted((drawn / "photos").rglob("*.jpg"))[:2]]


def test_the_new_folder_has_a_model_that_knows_the_gesture(
    drawn: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, photos = tmp_path / "tried", photos_of_hands(drawn)
    assert main(["add", str(OUT / "model.ckpt"), "vulcan", *photos, "--out", str(out), *TRAINING_SET]) == 0
    printed = capsys.readouterr()
    files = [Path(line) for line in printed.out.splitlines()]
    assert [file.name for file in files] == ["model.ckpt", "HandPoseClassifier.mlpackage", "HandPoseClassifier.mlmodel"]
    assert all(file.exists() for file in files)
    assert "vulcan from 2 photos" in printed.err and "train again" in printed.err

    # The folder has what the next gesture needs; the class reads it and says the same of the new photos.
    first = HandPoseClassifier(out / "model.ckpt")
    second = first.adding("shaka", photos[:1], tmp_path / "again")
    assert [*first.trained_model.spec.classes] == ["background", "fist", "open", "vulcan"]
    assert second.trained_model.spec.classes[-1] == "shaka"
    assert first.prediction(photos[0])[0].label == "vulcan"
    assert (tmp_path / "again" / KEPT_FILE).exists()


def test_without_its_training_set_the_model_says_what_to_give(
    drawn: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "tried"
    assert main(["add", str(OUT / "model.ckpt"), "vulcan", *photos_of_hands(drawn)[:1], "--out", str(out)]) == 1
    assert capsys.readouterr().err.splitlines()[-1] == (
        "handloom add: out/model.ckpt: its training set is not found next to it; give it with --table keypoints.parquet"
        " --split split.parquet"
    )
    assert not out.exists()


def test_a_known_gesture_and_a_folder_in_use_are_refused(
    drawn: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photo, before = photos_of_hands(drawn)[0], sorted(tmp_path.iterdir())
    given = ["add", str(OUT / "model.ckpt"), "fist", photo, *TRAINING_SET, "--out"]
    assert main([*given, str(tmp_path / "tried")]) != 0
    assert "fist: the model has this class already" in capsys.readouterr().err
    assert main([*given, str(tmp_path)]) == 1
    assert f"{tmp_path}: exists already" in capsys.readouterr().err
    assert sorted(tmp_path.iterdir()) == before
    assert len(load_model(OUT / "model.ckpt").spec.classes) == 3
