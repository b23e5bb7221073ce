"""Poses in photos: the joints of extraction, every hand, and bad files among good ones."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from small_models import trained

from handloom.config import ExtractKeypoints, LandmarkModel
from handloom.dataset.examples import Example
from handloom.errors import DataError
from handloom.evaluation.answers import predict_examples
from handloom.extraction.extraction import Extraction, extract_files
from handloom.landmarks.files import Stretch
from handloom.landmarks.landmark_model import landmark_model_path
from handloom.prediction.photos import predict_photos
from handloom.prediction.predictor import Predictor

SETTINGS = ExtractKeypoints(workers=1)
MODEL = trained("pose")


@pytest.fixture
def photos(drawn: Path) -> list[Path]:
    return sorted((drawn / "photos").rglob("*.jpg"))


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    Image.new("RGB", (320, 240), (90, 120, 90)).save(tmp_path / "empty.png")
    return tmp_path / "empty.png"


@pytest.mark.parametrize("workers", [1, 2])
def test_photos_get_what_evaluation_says_of_their_joints(photos: list[Path], workers: int) -> None:
    found = list(predict_photos(Predictor(MODEL), photos, settings=ExtractKeypoints(workers=workers)))
    outcomes = extract_files(
        [Stretch(path, None, None) for path in photos], "pose", SETTINGS, landmark_model_path(LandmarkModel())
    )
    joints = [outcome.frames["keypoints"] for outcome in outcomes if isinstance(outcome, Extraction)]
    expected = predict_examples(MODEL, [Example(one, "a", "x.jpg", "x") for one in joints], stride=1)
    for (prediction,), poses, row in zip(found, joints, expected, strict=True):
        np.testing.assert_array_equal(prediction.poses, poses)
        assert dict(prediction.results) == pytest.approx(
            dict(zip(MODEL.spec.classes, row.tolist(), strict=True)), rel=1e-4
        )
        assert prediction.label == MODEL.spec.classes[row.argmax()] and prediction.confidence == pytest.approx(
            row.max(), rel=1e-4
        )
        assert (prediction.frame_range, prediction.start, prediction.end) == (range(0, 1), 0.0, 0.0)


def test_every_hand_begins_with_the_best_one(photos: list[Path], empty: Path, tmp_path: Path) -> None:
    with Image.open(max(path for path in photos if path.parent.name == "five")) as left:
        right = left.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        picture = Image.new("RGB", (2 * left.width, left.height))
        picture.paste(left)
        picture.paste(right, (left.width, 0))
        picture.save(tmp_path / "two.png")
    paths = [photos[0], tmp_path / "two.png", empty]
    predictor = Predictor(MODEL)
    best, every = (list(predict_photos(predictor, paths, hands=hands, settings=SETTINGS)) for hands in ("best", "all"))
    assert [len(found) for found in best] == [1, 1, 0]
    assert [len(found) for found in every] == [1, 2, 0]
    for one, more in zip(best, every, strict=True):
        for hand, first in zip(one, more[:1], strict=True):
            np.testing.assert_array_equal(first.poses, hand.poses)
            assert dict(first.results) == pytest.approx(dict(hand.results), rel=1e-4)
    assert {hand.chirality for hand in every[1]} == {"left", "right"}
    assert abs(every[1][0].poses[0, 0, 0] - every[1][1].poses[0, 0, 0]) > 0.3

    (only,) = predict_photos(predictor, paths[1:2], hands="all", settings=ExtractKeypoints(workers=1, hand="left"))
    assert [hand.chirality for hand in only] == ["left"]


@pytest.fixture
def mixed(photos: list[Path], empty: Path, tmp_path: Path) -> list[Path]:
    (tmp_path / "broken.jpg").write_bytes(photos[0].read_bytes()[:300])
    return [photos[0], tmp_path / "broken.jpg", empty, tmp_path / "none.jpg", photos[1]]


def test_a_photo_that_cannot_be_read_is_raised_at_its_turn(mixed: list[Path]) -> None:
    found = predict_photos(Predictor(MODEL), mixed, settings=SETTINGS)
    assert len(next(found)) == 1
    with pytest.raises(DataError, match=r"^/.*/broken.jpg: not a readable picture"):
        next(found)


def test_a_photo_that_cannot_be_read_is_told_and_the_others_go_on(mixed: list[Path]) -> None:
    told: list[tuple[str, str]] = []
    found = predict_photos(
        Predictor(MODEL),
        mixed,
        settings=SETTINGS,
        on_unreadable=lambda path, error: told.append((path.name, str(error))),
    )
    assert [len(one) for one in found] == [1, 0, 0, 0, 1]
    assert [name for name, _ in told] == ["broken.jpg", "none.jpg"]
    assert all(text.startswith("/") and f"/{name}: " in text and "\n" not in text for name, text in told)


def test_photos_are_taken_as_they_are_needed_and_the_rest_can_be_left(photos: list[Path]) -> None:
    found = predict_photos(Predictor(MODEL), photos, settings=ExtractKeypoints(workers=2))
    assert len(next(found)) == 1
    found.close()
    assert list(predict_photos(Predictor(MODEL), [], settings=SETTINGS)) == []


def test_photos_need_a_model_for_poses(photos: list[Path]) -> None:
    with pytest.raises(DataError, match="photos need a hand pose classifier, and this model is for hand actions"):
        predict_photos(Predictor(trained("action")), photos)
