"""Training without DVC, and evaluating what came out of it."""

import json
import shutil
from pathlib import Path

import pytest
from conftest import REPOSITORY

from handloom.cli import main
from handloom.config import LabeledKeypointsDataFrame
from handloom.errors import ConfigurationError
from handloom.models.checkpoint import load_model
from handloom.sample import draw_photos

CLASSES = ("background", "five", "one")


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("photos")
    (folder / "gestures").mkdir()
    for name in CLASSES:
        shutil.copy(REPOSITORY / f"data/sample/gestures/pose/{name}.yaml", folder / "gestures")
    draw_photos(folder / "gestures", folder / "photos", folder / "photos.parquet", seed=3, people=5, per_class=8)
    return folder / "photos"


@pytest.fixture
def out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Outside any project: what a training leaves has to be in its own folder."""
    monkeypatch.delenv("DVC_ROOT", raising=False)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.chdir(tmp_path)
    return Path("first try")


def test_train_then_evaluate(out: Path, photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = ["train", "pose", str(photos), "--out", str(out)]
    overrides = ["train_pose.maximum_iterations=30", r"data.pose.groups.pattern='^(person_\d+)-'"]
    assert main([*given, *overrides, "--json"]) == 0
    printed = capsys.readouterr()
    found = json.loads(printed.out)
    assert found["metrics"]["accuracy"] > 0.5
    assert all(Path(file).exists() for file in found["files"])
    assert [Path(file).name for file in found["files"]] == [
        "model.ckpt",
        "HandPoseClassifier.mlpackage",
        "HandPoseClassifier.mlmodel",
    ]
    assert load_model(out / "model" / "model.ckpt").training["maximum_iterations"] == 30
    assert "extract_keypoints pose" in printed.err
    right = f"{100 * found['metrics']['accuracy_end_to_end']:.1f} % of {found['metrics']['examples']:.0f} examples"
    assert f"evaluate pose: {right} of the test set are right; see first try/report/report.html" in printed.err
    assert [path.name for path in Path.cwd().iterdir()] == [out.name]
    groups = {file.split("/")[1].split("-")[0] for file in _test_part(out)}
    assert len(groups) == 1  # one person of five, and none of the training set

    numbers = []
    for model in (out / "model", out / "export" / "HandPoseClassifier.mlmodel"):
        assert main(["evaluate", str(model), str(photos), "--json"]) == 0
        printed = capsys.readouterr()
        numbers.append(json.loads(printed.out))
        assert numbers[-1]["metrics"]["examples"] == 24
        assert [row["label"] for row in numbers[-1]["per_class"]] == list(CLASSES)
    assert numbers[0]["metrics"]["accuracy_end_to_end"] == numbers[1]["metrics"]["accuracy_end_to_end"]
    assert numbers[0]["metrics"]["log_loss"] == pytest.approx(numbers[1]["metrics"]["log_loss"], abs=0.01)

    files = out.with_name("files")
    files.mkdir()
    for photo in photos.rglob("*.jpg"):
        shutil.copy(photo, files / f"{photo.parent.name}.{photo.name}")
    assert main(["evaluate", str(out / "model"), str(files)]) == 1
    assert "24 files and no class folder in it" in (said := capsys.readouterr().err)
    assert said.rstrip().endswith("read them with data/pose=labeled_files")
    assert main(["evaluate", str(out / "model"), str(files), "data/pose=labeled_files", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["per_class"] == numbers[0]["per_class"]
    shutil.rmtree(files)

    # the same joints from the table, as text
    assert main(["evaluate", str(out / "model"), str(out / "keypoints.parquet")]) == 0
    text = capsys.readouterr().out.splitlines()
    assert text[0].split() == ["accuracy", f"{numbers[0]['metrics']['accuracy']:.4f}"]
    assert text[-4].split() == ["label", "precision", "recall", "f1", "examples", "hands_found"]

    # a class less, and another model's classes
    shutil.copytree(photos / "one", "only/one")
    assert main(["evaluate", str(out / "model"), "only"]) == 0
    printed = capsys.readouterr()
    assert "classes without test examples are not measured: background, five" in printed.err
    assert printed.out.splitlines()[-1].split()[0] == "one"
    Path("only/one").rename("only/uno")
    assert main(["evaluate", str(out / "model"), "only"]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    expected = "handloom evaluate: none of the data's labels (uno) is among the model's (background, five, one)"
    assert printed.err.splitlines()[-1].startswith(expected)
    shutil.rmtree("only")
    assert [path.name for path in Path.cwd().iterdir()] == [out.name]


def _test_part(out: Path) -> list[str]:
    return [line.split(",")[0] for line in (out / "report" / "predictions.csv").read_text().splitlines()[1:]]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            ["train", "pose", "gone", "--out", "x"],
            "handloom train: gone: no such file or folder; DATA is a folder with",
        ),
        (
            ["train", "pose", ".", "--out", "x", "train_pose.lr=1"],
            "handloom train: train_pose.lr: unknown parameter; did you mean",
        ),
        (["train", "pose", ".", "train_pose.batch_size=0", "--out", "x"], "handloom train: train_pose.batch_size: "),
        (["train", "pose", ".", "--out", "x", "data/pose=joined"], "handloom train: data/pose: joined sources are"),
        (
            ["train", "pose", ".", "--out", "x", "train_action.seed=1"],
            "handloom train: train_action.seed=1: is for action",
        ),
        (["evaluate", "gone", "."], "handloom evaluate: gone: no such file"),
    ],
)
def test_a_mistake_is_one_line(out: Path, given: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(given) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith(said)
    assert printed.err.count("\n") == 1
    assert list(Path.cwd().iterdir()) == []


def test_another_kind_of_source(out: Path, photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from handloom.cli.composing import parameters_for

    overrides = ["data/pose=labeled_keypoints_data_frame", "data.pose.origin=upper_left"]
    source = parameters_for("pose", Path("joints.csv"), overrides).data.pose
    assert isinstance(source, LabeledKeypointsDataFrame)
    assert source.data_frame == "joints.csv"
    assert source.origin == "upper_left"
    for given in (["data/action=labeled_files"], ["data.action.path=x"], ["+space@train_action=x"]):
        with pytest.raises(ConfigurationError, match="is for action, and has no effect on pose"):
            parameters_for("pose", Path("photos"), given)
    with pytest.raises(ConfigurationError, match=r"split.seed=2: has no effect here, only data have"):
        parameters_for("pose", Path("photos"), ["split.seed=2"], sections=["data"])
