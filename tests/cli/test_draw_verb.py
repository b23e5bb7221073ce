"""`handloom draw`: a sheet or a clip of what is described, and what cannot be told apart."""

import json
from pathlib import Path

import pytest
from PIL import Image

from handloom.cli import main
from handloom.media.clips import ClipReader

DATA = Path(__file__).parents[2] / "data"


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_folder_is_a_sheet_and_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["draw", str(DATA / "described" / "kinivi"), "--per-class", "2"]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == "kinivi.png"
    assert [line.split()[0] for line in printed[2:6]] == ["close", "ok", "open", "pointer"]
    with Image.open("kinivi.png") as sheet:
        assert sheet.width == 2 * 150 + 3 * 4 and len(sheet.getcolors(1 << 24) or []) > 1000


def test_an_action_is_a_clip(capsys: pytest.CaptureFixture[str]) -> None:
    wave = str(DATA / "sample" / "gestures" / "action" / "wave.yaml")
    assert main(["draw", wave, "--out", "wave.mp4"]) == 0
    assert capsys.readouterr().out == "wave.mp4\n"
    assert sum(1 for _ in ClipReader(Path("wave.mp4"), 480, 30.0)) >= 30


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere.yaml"], "nowhere.yaml: no such file or folder"),
        (["{five}", "--out", "five.mp4"], "--out: five.mp4 is for one action"),
        (["{five}", "--out", "five.jpg"], "--out: five.jpg is neither .png nor .mp4"),
        (["bad.yaml"], "bad.yaml: meaning: is missing"),
        ([], "FILE: missing"),
    ],
)
def test_what_cannot_be_drawn_is_one_line(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("bad.yaml").write_text("spread: 0.2\n", encoding="utf-8")
    five = str(DATA / "described" / "digits" / "five.yaml")
    assert main(["draw", *(argument.format(five=five) for argument in arguments)]) == 1
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1


def test_the_schema_of_the_files_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["draw", "--schema"]) == 0
    assert "oneOf" in json.loads(capsys.readouterr().out)
