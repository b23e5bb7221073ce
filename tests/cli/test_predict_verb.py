"""What predict prints where, for photos and clips, and what it draws."""

import csv
import io
import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from clip_files import write_clip
from conftest import REPOSITORY
from numpy.typing import NDArray
from small_models import CALIBRATION, save, trained, with_spec

from handloom import keypoint_table
from handloom.cli import main
from handloom.cli.predict.media_files import media_files
from handloom.hand import picture_from_poses
from handloom.models.calibration import ClassThreshold
from handloom.sample import draw_clips


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, drawn: Path) -> Path:
    """A folder with two models, photos/ of six hands, and clips/ of two."""
    folder = tmp_path_factory.mktemp("predict")
    save(trained("pose"), folder / "pose.mlmodel")
    save(trained("action"), folder / "action.mlmodel")
    shutil.copytree(drawn / "photos", folder / "photos")
    (folder / "gestures").mkdir()
    shutil.copy(REPOSITORY / "data/sample/gestures/action/grab.yaml", folder / "gestures")
    draw_clips(folder / "gestures", folder / "clips", folder / "clips.parquet", seed=5, people=2, per_class=2)
    return folder


@pytest.fixture(autouse=True)
def in_the_place(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(place)


def test_text_csv_and_json_say_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    given = ["predict", "photos", "--model", "pose.mlmodel"]
    assert main(given) == 0
    text = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert [line[0] for line in text] == sorted(str(path) for path in Path("photos").rglob("*.jpg"))
    assert {line[1] for line in text} <= {"a", "b", "c"}

    assert main([*given, "--csv"]) == 0
    rows = list(csv.DictReader(capsys.readouterr().out.splitlines()))
    assert [[row["file"], row["label"], f"{float(row['confidence']):.3f}"] for row in rows] == text

    assert main([*given, "--json"]) == 0
    objects = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [[one["file"], one["label"], f"{one['confidence']:.3f}"] for one in objects] == text
    assert all(sum(one["probabilities"].values()) == pytest.approx(1) for one in objects)
    assert all(max(one["probabilities"].values()) == one["confidence"] for one in objects)


def test_what_cannot_be_read_is_a_line_on_stderr_and_the_rest_goes_on(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    good = sorted(Path("photos").rglob("*.jpg"))[0]
    (tmp_path / "cut.jpg").write_bytes(good.read_bytes()[:3000])
    (tmp_path / "notes.txt").write_text("hello")
    named = [str(tmp_path / "cut.jpg"), str(tmp_path / "notes.txt"), "gone.jpg", "/dev/null", str(good)]
    assert main(["predict", *named, "--model", "pose.mlmodel"]) == 1
    printed = capsys.readouterr()
    assert [line.split("\t")[0] for line in printed.out.splitlines()] == [str(good)]
    for said in (
        f"handloom predict: {tmp_path}/cut.jpg: not a readable picture",
        f"handloom predict: {tmp_path / 'notes.txt'}: text; give a photo or a video",
        "handloom predict: gone.jpg: no such file",
        "handloom predict: /dev/null: a pipe or a device",
    ):
        assert said in printed.err


def test_photos_are_nothing_for_an_action_model_which_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    photos = [str(path) for path in sorted(Path("photos").rglob("*.jpg"))]
    assert main(["predict", *photos, "--model", "action.mlmodel"]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    assert printed.err.startswith(f"handloom predict: {photos[0]} and 5 others: the model classifies hand actions; ")


def test_of_a_folder_what_is_not_for_the_model_is_passed_over(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    shutil.copy(next(Path("photos").rglob("*.jpg")), tmp_path / "b.jpg")
    shutil.copy(next(Path("clips").rglob("*.mp4")), tmp_path / "a.mp4")
    frames = len(pictures(tmp_path / "a.mp4"))
    (tmp_path / "notes.txt").write_text("hello")
    cv2.imwrite(str(tmp_path / "grey.png"), np.full((120, 160, 3), 128, np.uint8))
    assert main(["predict", str(tmp_path), "--model", "pose.mlmodel", "--json"]) == 0
    printed = capsys.readouterr()
    objects = [json.loads(line) for line in printed.out.splitlines()]
    assert [Path(one["file"]).name for one in objects] == ["a.mp4"] * frames + ["b.jpg", "grey.png"]
    assert objects[-1]["label"] is None  # no hand in it, and it is not left out
    assert "1 files that are neither photos nor videos passed over (the first: notes.txt)" in printed.err
    assert main(["predict", str(tmp_path), "--model", "action.mlmodel"]) == 0
    assert "2 files in folders passed over: the model classifies hand actions; " in capsys.readouterr().err


def pictures(clip: Path) -> list[np.ndarray]:
    with av.open(str(clip)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def test_windows_of_clips_and_the_drawn_clips(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["predict", "clips", "--model", "action.mlmodel", "--stride", "10", "--overlay", str(tmp_path)]) == 0
    lines = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    clips = sorted(Path("clips").rglob("*.mp4"))
    assert sorted({line[0] for line in lines}) == [str(clip) for clip in clips]
    assert all(0 <= float(start) < float(end) for *_, start, end in lines)
    for clip in clips:
        source, made = (pictures(path) for path in (clip, tmp_path / f"{clip.stem}.mp4"))
        assert len(made) == len(source)  # both have 30 frames/s
        changed = [np.abs(one.astype(int) - two).max(axis=-1) > 60 for one, two in zip(source, made, strict=True)]
        assert all(0.005 < picture.mean() < 0.3 for picture in changed)  # a skeleton and a label

    # one clip alone, as it is read
    assert main(["predict", str(clips[0]), "--model", "action.mlmodel", "--stride", "10"]) == 0
    alone = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert alone == [line for line in lines if line[0] == str(clips[0])]


@pytest.mark.parametrize("kind", ["pose", "action"])
def test_frames_without_a_hand_say_so_and_have_no_label(
    kind: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    seen = pictures(next(Path("clips").rglob("*.mp4")))[:31]
    unseen = [np.full_like(seen[0], 128)] * 41
    clip = write_clip(tmp_path / "clip.mp4", [*seen, *unseen], codec="libx264")
    given = ["predict", str(clip), "--model", f"{kind}.mlmodel", "--stride", "1"]
    assert main([*given, "--overlay", str(tmp_path / "drawn.mp4")]) == 0
    lines = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert lines[0][1] in {"a", "b", "c"} and len(lines[0]) == 5
    assert lines[-1][1:3] == ["(no hand)", ""] and float(lines[-1][4]) == pytest.approx(72 / 30, abs=0.01)
    before, after = pictures(clip), pictures(tmp_path / "drawn.mp4")
    changed = [np.abs(one.astype(int) - two).max(axis=-1) > 60 for one, two in zip(before, after, strict=True)]
    assert changed[5][:12].any()  # the label, at the top
    # "no hand" at the top, and nothing else, although windows of the action model reach into these
    assert all(picture[:12].any() and not picture[20:].any() for picture in changed[40:])
    assert main([*given, "--csv"]) == 0
    rows = list(csv.DictReader(capsys.readouterr().out.splitlines()))
    assert [bool(row["label"]) for row in rows] == [line[1] != "(no hand)" for line in lines]
    assert all(row["start"] and row["end_frame"] for row in rows)


def test_an_answer_below_its_threshold_is_marked(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    plain = with_spec(trained("pose"), classes=["b", "a\x1b[31m", "c"])
    photo = str(next(Path("photos").rglob("*.jpg")))
    found, bright = {}, {}
    for threshold in (0.0, 1.0, None):
        classes = tuple(ClassThreshold(label, 20, threshold, 0.9, 0.8) for label in plain.spec.classes)
        model = save(replace(plain, calibration=replace(CALIBRATION, classes=classes)), tmp_path / "Hand.mlmodel")
        given = ["predict", photo, "--model", str(model)]
        assert main(given) == 0
        text = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
        assert main([*given, "--json"]) == 0
        objects = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        assert main([*given, "--csv", "--overlay", str(tmp_path)]) == 0
        rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
        assert {row["label"] for row in rows} == {one["label"] for one in objects} <= set(plain.spec.classes)
        assert not any("\x1b" in field for line in text for field in line)
        drawn = pixels(tmp_path / f"{Path(photo).stem}.png")
        bright[threshold] = int((drawn > 200).all(axis=-1).sum())
        found[threshold] = (
            {tuple(line[3:]) for line in text},
            {(one["recommended_threshold"], one["reaches_threshold"]) for one in objects},
            {(row["recommended_threshold"], row["reaches_threshold"]) for row in rows},
        )
    assert found == {
        0.0: ({()}, {(0.0, True)}, {("0.0", "true")}),
        1.0: ({("below its threshold of 1.00",)}, {(1.0, False)}, {("1.0", "false")}),
        None: ({()}, {(None, None)}, {("", "")}),
    }
    assert bright[0.0] == bright[None] > bright[1.0]  # white text, or grey


def pixels(path: Path) -> NDArray[np.uint8]:
    picture = cv2.imread(str(path))
    assert picture is not None
    return picture.astype(np.uint8)


def test_the_skeleton_is_drawn_over_the_hand(capsys: pytest.CaptureFixture[str], tmp_path: Path, drawn: Path) -> None:
    truth = keypoint_table.read(drawn / "photos.parquet")
    name, width, height = (truth.column(column)[0].as_py() for column in ("path", "width", "height"))
    wrist = picture_from_poses(keypoint_table.poses_of(truth)[:1])[0, 0] * [width, height]
    out = tmp_path / "drawn.png"
    assert main(["predict", f"photos/{name}", "--model", "pose.mlmodel", "--overlay", str(out)]) == 0
    assert capsys.readouterr().out.count("\n") == 1
    before, after = pixels(Path("photos") / name), pixels(out)
    assert before.shape == after.shape
    column, row = np.round(wrist).astype(int)
    reach = max(width, height) // 20
    near = (slice(max(0, row - reach), row + reach), slice(max(0, column - reach), column + reach))
    assert (after[near] == 255).all(axis=-1).any()
    assert not (before[near] == 255).all(axis=-1).any()


@pytest.mark.parametrize(
    ("out", "said"),
    [
        ("one.png", "one file for 6 photos or clips; name a folder"),
        ("pose.mlmodel", "pose.mlmodel: a file; name a .png, an .mp4 or a folder"),
    ],
)
def test_an_overlay_that_does_not_fit_is_refused_first(out: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["predict", "photos", "--model", "pose.mlmodel", "--overlay", out]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert said in printed.err
    assert not Path("one.png").exists()


def test_an_overlay_never_replaces_its_source(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    own = tmp_path / "hand.png"
    cv2.imwrite(str(own), pixels(next(Path("photos").rglob("*.jpg"))))
    before = own.read_bytes()
    assert main(["predict", str(own), "--model", "pose.mlmodel", "--overlay", str(tmp_path)]) == 1
    assert "that is one of the files itself" in capsys.readouterr().err
    assert own.read_bytes() == before


def test_without_a_model_the_projects_own_answer(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    photo = next(Path("photos").rglob("*.jpg")).absolute()
    os.chdir(tmp_path)
    assert main(["predict", str(photo)]) == 1
    printed = capsys.readouterr()
    assert printed.err == (
        "handloom predict: no model for photos: models/pose/model.ckpt is not here; name one with --model\n"
    )


def test_a_folder_without_photos_is_said(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["predict", str(tmp_path), "--model", "pose.mlmodel"]) == 1
    assert capsys.readouterr().err == f"handloom predict: {tmp_path}: no photo or video for this model\n"


def test_it_works_in_a_pipe() -> None:
    handloom = Path(sys.executable).with_name("handloom")
    done = subprocess.run(
        f"{handloom} predict photos --model pose.mlmodel | head -n 1", shell=True, capture_output=True, text=True
    )
    assert done.stdout.count("\n") == 1
    assert "Traceback" not in done.stderr
    assert "Error" not in done.stderr


def test_a_device_is_named_in_full_and_thumbnails_of_albums_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "@eaDir/1.jpg").mkdir(parents=True)
    for name in ("1.jpg", "@eaDir/1.jpg/SYNOPHOTO_THUMB_M.jpg", "._1.jpg"):
        (tmp_path / name).write_bytes(b"\xff\xd8\xff")
    problems: list[str] = []
    found = list(media_files(["/dev/null", str(tmp_path)], problems.append, problems.append))
    assert [file.path for file in found] == [tmp_path / "1.jpg"]
    assert len(problems) == 1 and problems[0].startswith("/dev/null: a pipe or a device, not a file; ")
