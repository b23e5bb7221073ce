"""A gesture recogniser for MediaPipe Tasks, opened by MediaPipe itself."""

import zipfile
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conftest import REPOSITORY
from small_models import CLASSES, rows, trained, with_spec

from handloom.config import ExportCoreML, LeftHands
from handloom.errors import ConfigurationError, DataError
from handloom.export.export import write_files
from handloom.export.interface import user_metadata
from handloom.export.package import RECOGNIZER
from handloom.export.self_check import SELF_CHECK, self_check
from handloom.export.task_file import LANDMARKER
from handloom.export.verification import verify
from handloom.hand import mirror, poses_from_picture
from handloom.prediction.predictor import Predictor
from handloom.sample import draw_photos

SETTINGS = ExportCoreML(formats=["task"])


def written(folder: Path, left_hands: LeftHands = "as_they_are") -> Path:
    model = with_spec(trained("pose"), left_hands=left_hands)
    (file,) = write_files(model, SETTINGS, user_metadata(model) | {SELF_CHECK: self_check(model)}, folder)
    return file


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("task"))


def test_it_answers_as_the_network_does(saved: Path) -> None:
    found = verify(saved, trained("pose"), rows(1))
    assert found.problems == []
    (comparison,) = found.comparisons.values()
    assert comparison.rows > 10
    assert comparison.equal_labels == comparison.rows
    assert comparison.largest_difference < 1e-5
    opened = Predictor.open(saved)
    assert (opened.kind, opened.classes, opened.note) == ("pose", CLASSES, "")


@pytest.mark.parametrize("left_hands", ["as_they_are", "mirrored"])
def test_mediapipe_opens_it_and_says_the_same_of_photos(tmp_path: Path, left_hands: LeftHands) -> None:
    """Of a model that wants left hands mirrored the file does it, by the side that MediaPipe sees."""
    from mediapipe import Image
    from mediapipe.tasks.python import BaseOptions, vision

    (tmp_path / "gestures").mkdir()
    for name in ("five", "one"):
        described = REPOSITORY / f"data/sample/gestures/pose/{name}.yaml"
        (tmp_path / "gestures" / described.name).write_bytes(described.read_bytes())
    draw_photos(tmp_path / "gestures", tmp_path / "photos", tmp_path / "photos.parquet", seed=3, people=2, per_class=3)
    options = vision.GestureRecognizerOptions(BaseOptions(model_asset_path=str(written(tmp_path, left_hands))))
    compared: Counter[str] = Counter()
    with vision.GestureRecognizer.create_from_options(options) as recognizer:
        for photo in sorted((tmp_path / "photos").rglob("*.jpg")):
            picture = Image.create_from_file(str(photo))
            said = recognizer.recognize(picture)
            if not said.gestures:
                continue
            landmarks = np.array([[one.x, one.y] for one in said.hand_landmarks[0]])
            in_one_scale = landmarks * [picture.width, picture.height] / max(picture.width, picture.height)
            poses, side = poses_from_picture(in_one_scale[None]), said.handedness[0][0].category_name
            if (left_hands, side) == ("mirrored", "Left"):
                poses = mirror(poses)
            expected = trained("pose").probabilities(poses[None])[0]
            (best,) = said.gestures[0]
            assert best.category_name == CLASSES[expected.argmax()]
            assert best.score == pytest.approx(expected.max(), abs=1e-5)
            compared[side] += 1
    assert min(compared["Left"], compared["Right"]) > 0
    assert compared.total() > 3


def test_the_same_model_is_the_same_bytes(saved: Path, tmp_path: Path) -> None:
    assert written(tmp_path).read_bytes() == saved.read_bytes()


def changed(saved: Path, to: Path, inside: str, old: bytes, new: bytes) -> Path:
    """A copy in which bytes of a member are others."""
    with zipfile.ZipFile(saved) as source, zipfile.ZipFile(to, "w", zipfile.ZIP_STORED) as target:
        for name in source.namelist():
            content = source.read(name)
            if name == inside:
                assert old in content
                content = content.replace(old, new)
            target.writestr(name, content)
    return to


def test_a_changed_label_or_weight_is_seen(saved: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(saved) as bundle:
        recognizer = bundle.read(RECOGNIZER)
    weight = trained("pose").network.hand_in.weight.detach().numpy().astype("<f4").tobytes()[:8]
    place = recognizer.index(weight)
    broken = bytearray(recognizer)
    broken[place + 3] ^= 0x40
    path = changed(saved, tmp_path / "Hand.task", RECOGNIZER, recognizer, bytes(broken))
    with pytest.raises(DataError, match="Bad CRC-32"):
        verify(path, None, {})
    path = changed(saved, tmp_path / "Other.task", RECOGNIZER, b"b\na\nc", b"a\nb\nc")
    with pytest.raises(DataError, match="Bad CRC-32"):
        verify(path, None, {})


def test_damaged_landmark_networks_are_seen(saved: Path, tmp_path: Path) -> None:
    content = bytearray(saved.read_bytes())
    content[2_000_000] ^= 1
    (tmp_path / "Hand.task").write_bytes(bytes(content))
    with pytest.raises(DataError, match=r"hand_landmarker\.task in it is damaged"):
        verify(tmp_path / "Hand.task", None, {})


def test_what_is_no_bundle_is_one_line(saved: Path, tmp_path: Path) -> None:
    (tmp_path / "Hand.task").write_bytes(saved.read_bytes()[:5000])
    with pytest.raises(DataError, match=r"Hand.task: not a bundle of a gesture recogniser that can be read"):
        verify(tmp_path / "Hand.task", None, {})
    with zipfile.ZipFile(tmp_path / "Hand.task", "w") as bundle:
        bundle.writestr(LANDMARKER, b"")
    with pytest.raises(DataError, match=r"Hand.task: not a bundle of a gesture recogniser that can be read"):
        Predictor.open(tmp_path / "Hand.task")


def test_it_is_for_poses_of_the_same_landmark_networks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ConfigurationError, match=r"task is for poses; take tflite for actions"):
        write_files(trained("action"), SETTINGS, {}, tmp_path)
    other = with_spec(trained("pose"), landmarks="MediaPipe 1.2.2, hand landmark model with sha256 0123")
    with pytest.raises(ConfigurationError, match=r"joints of this training were found with others"):
        write_files(other, SETTINGS, {}, tmp_path)
    (only,) = write_files(trained("action"), replace(SETTINGS, formats=["tflite", "task"]), {}, tmp_path)
    assert only.suffix == ".tflite"
    assert "no .task, which is for poses" in capsys.readouterr().err
