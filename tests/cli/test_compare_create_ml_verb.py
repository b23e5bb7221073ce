"""Create ML's model and handloom's on the rows of one project; the project was made by Turi Create."""

import json
import shutil
from pathlib import Path

import coremltools
import numpy as np
import pytest
from conftest import REPOSITORY
from small_models import save, trained, with_spec

from handloom import DataSource
from handloom.cli import main
from handloom.prediction.open_model import open_model

CLASSES = ["zero", "five", "one"]  # Create ML's order is another one in each training


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "Gestures.mlproj"
    shutil.copytree(REPOSITORY / "tests/sources/create_ml_project/Gestures.mlproj", folder)
    return folder


def _export(project: Path) -> Path:
    """A model with random weights in the place of Create ML's; nothing in it says that handloom made it."""
    (project / "Models").mkdir()
    path = save(with_spec(trained("pose"), classes=CLASSES), project / "Models/Gestures.mlmodel")
    spec = coremltools.utils.load_spec(str(path))
    spec.description.metadata.userDefined.clear()
    coremltools.utils.save_spec(spec, str(path))
    return path


def test_both_models_answer_for_the_same_rows(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = _export(project)
    given = ["compare-create-ml", str(project), "train_pose.maximum_iterations=60", "--out", str(tmp_path / "out")]
    assert main([*given, "--json"]) == 0
    printed = capsys.readouterr()
    found = json.loads(printed.out)
    assert {maker: found[maker]["validation"]["examples"] for maker in found} == {"create_ml": 15, "handloom": 15}
    assert found["handloom"]["training"]["examples"] == 36
    assert found["handloom"]["validation"]["accuracy"] > 0.9
    frame = DataSource.create_ml_project(at=project).extract_keypoints()
    rows = frame[frame["part"] == "validation"]
    poses = rows["keypoints"].map(lambda row: row.reshape(1, 3, 21)).to_list()
    said = open_model(path).probabilities(np.stack(poses)).argmax(axis=1)
    right = sum(CLASSES[answer] == label for answer, label in zip(said, rows["label"], strict=True))
    assert found["create_ml"]["validation"]["accuracy"] == right / 15
    assert "not made by handloom" in printed.err

    assert main(given) == 0  # the training has ended and is taken from where it was kept
    text = capsys.readouterr().out
    assert "validation rows" in text and "Create ML, validation rows: a line for each class" in text


def test_what_is_missing_is_one_line(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare-create-ml", str(project)]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "Models/Gestures.mlmodel: no such file; in Create ML press Get" in line
    assert main(["compare-create-ml", str(project), "split.seed=2"]) == 1
    assert "only train_pose has" in capsys.readouterr().err
