"""The command line: what it prints where, and its exit status."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from small_models import save, trained
from small_training import OUT, PARTS, TABLE, WITHOUT_VALIDATION, train_small, write_tables

from handloom.cli import main
from handloom.models.checkpoint import load_model


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)


def test_verify_prints_the_interface_line_by_line(capsys: pytest.CaptureFixture[str]) -> None:
    save(trained("pose"), Path("Hand.mlmodel"))
    assert main(["verify", "Hand.mlmodel"]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    assert "yes  inputs: poses: FLOAT32 [1, 3, 21]" in printed.out
    assert "19 of 19 rows passed" in printed.out


def test_the_models_in_a_folder_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    Path("pose").mkdir()
    assert main(["verify", "pose"]) == 1
    assert capsys.readouterr().err.startswith("handloom verify: pose: not a saved model; give a .mlpackage, ")
    for name in ("Hand.onnx", "Hand.mlmodel", "run.json"):
        Path("pose", name).touch()
    assert main(["verify", "pose"]) == 1
    said = "handloom verify: pose: a folder, not a saved model; give one of those in it: pose/Hand.mlmodel, pose/Hand."
    assert capsys.readouterr().err.startswith(f"{said}onnx\n")


def test_verify_runs_an_exported_file_against_its_model(capsys: pytest.CaptureFixture[str]) -> None:
    write_tables(["background", "fist", "open"] * 20, WITHOUT_VALIDATION)
    train_small()
    model = OUT / "model.ckpt"
    save(load_model(model), Path("Hand.mlpackage"))
    given = [
        "verify",
        "Hand.mlpackage",
        "--checkpoint",
        str(model),
        "--table",
        str(TABLE),
        "--split",
        str(PARTS),
        "--json",
    ]
    assert main(given) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["passed"]
    assert set(found["comparisons"]) == {"test set, as stored", "hard cases, as stored"}

    train_small(seed=2)  # another model, of the same form
    assert main(given) == 1
    printed = capsys.readouterr()
    assert not json.loads(printed.out)["passed"]
    assert main(["verify", "Hand.mlpackage", "--checkpoint", str(model)]) == 1
    assert "NO   hard cases, as stored:" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["Hand.mlmodel"], "handloom verify: Hand.mlmodel: no such file"),
        (["Hand.txt"], "handloom verify: Hand.txt: no such file"),
        (
            ["Hand.mlmodel", "--checkpoint", "model.ckpt"],
            "handloom verify: model.ckpt: no such file",
        ),
        (["Hand.mlmodel", "--table", "a"], "handloom verify: --table, --split and --checkpoint belong together"),
    ],
)
def test_a_mistake_is_one_line_on_stderr(given: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", *given]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith(said)
    assert printed.err.count("\n") == 1


def test_the_command_is_installed_and_its_help_has_an_example() -> None:
    command = shutil.which("handloom")
    assert command is not None
    done = subprocess.run([command, "verify", "--help"], capture_output=True, text=True)
    assert done.returncode == 0
    assert "\n  handloom verify HandPoseClassifier.mlmodel\n" in done.stdout
    assert subprocess.run([command], capture_output=True).returncode == 2
