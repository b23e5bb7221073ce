"""Looking again: a hand that one look misses or misplaces is found where it is."""

from pathlib import Path
from typing import Literal

import cv2
import numpy as np
import pytest

from handloom import keypoint_table
from handloom.config import ExtractKeypoints, LandmarkModel
from handloom.hand import picture_from_poses
from handloom.landmarks.landmark_model import landmark_model_path
from handloom.landmarks.looks import _with_border
from handloom.landmarks.reader import HandReader
from handloom.media.photos import read_photo


@pytest.mark.parametrize("test_time_augmentation", ["unsure", "always"])
def test_a_hand_that_fills_the_picture_is_found_where_it_is(
    drawn: Path, test_time_augmentation: Literal["unsure", "always"]
) -> None:
    settings = ExtractKeypoints(tta_rotations=[20.0, -20.0], test_time_augmentation=test_time_augmentation)
    model = landmark_model_path(LandmarkModel())
    true = keypoint_table.read(drawn / "photos.parquet")
    with HandReader(settings, model) as reader:
        for row, pose in zip(true.to_pylist(), picture_from_poses(keypoint_table.poses_of(true)), strict=True):
            picture = read_photo(drawn / "photos" / row["path"], 1280).picture
            size = np.array([row["width"], row["height"]])
            low, high = (pose * size).min(axis=0), (pose * size).max(axis=0)
            margin = 0.1 * (high - low).max()
            (left, top), (right, bottom) = (low - margin).clip(0).astype(int), (high + margin).astype(int)
            tight = cv2.copyMakeBorder(picture[top:bottom, left:right], 0, 0, 0, 0, cv2.BORDER_REPLICATE)
            found = reader.in_photo(np.asarray(tight)).hand
            assert found is not None, row["path"]
            expected = (pose * size - [left, top]) / [tight.shape[1], tight.shape[0]]
            assert np.abs(found.points - expected).mean() < 0.06, row["path"]


@pytest.mark.parametrize("turn", [0.0, 35.0, -90.0])
def test_turned_looks_alone_find_the_hand_where_it_is(drawn: Path, turn: float) -> None:
    true = keypoint_table.read(drawn / "photos.parquet").slice(0, 3)
    with HandReader(ExtractKeypoints(), landmark_model_path(LandmarkModel())) as reader:
        for row, pose in zip(true.to_pylist(), picture_from_poses(keypoint_table.poses_of(true)), strict=True):
            picture = read_photo(drawn / "photos" / row["path"], 1280).picture
            (found,) = _with_border(reader.look, picture, 0.5, turn)
            assert np.abs(found.points - pose).mean() < 0.03, row["path"]


def test_a_photo_is_looked_at_again_only_where_the_settings_say_so(drawn: Path) -> None:
    path = next((drawn / "photos").rglob("*.jpg"))
    picture = read_photo(path, 1280).picture
    for test_time_augmentation in ("unsure", "always"):
        settings = ExtractKeypoints(test_time_augmentation=test_time_augmentation)
        with HandReader(settings, landmark_model_path(LandmarkModel())) as reader:
            assert reader.in_photo(picture).again == (test_time_augmentation == "always")
