"""The extraction stage on drawn hands, with the real landmarker."""

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from conftest import REPOSITORY
from PIL import Image

from handloom import keypoint_table
from handloom.config import ExtractKeypoints, LandmarkModel, Source
from handloom.errors import DataError
from handloom.extraction.extract import extract_keypoints
from handloom.extraction.landmark_model import landmark_model_path
from handloom.extraction.landmarker import Landmarker
from handloom.extraction.looks import find_in_photo
from handloom.extraction.media import read_photo
from handloom.hand import picture_from_poses, present
from handloom.sample import draw_photos

SETTINGS = ExtractKeypoints(workers=1)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six drawn photos in the classes five and one, and their true joints in photos.parquet."""
    folder = tmp_path_factory.mktemp("drawn")
    (folder / "gestures").mkdir()
    for name in ("five", "one"):
        shutil.copy(REPOSITORY / f"data/sample/gestures/pose/{name}.yaml", folder / "gestures")
    draw_photos(folder / "gestures", folder / "photos", folder / "photos.parquet", seed=3, people=3, per_class=3)
    return folder


@pytest.fixture
def photos(drawn: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(drawn / "photos", tmp_path / "photos"))


def extract(photos: Path, settings: ExtractKeypoints = SETTINGS) -> tuple[Path, Path]:
    table, report = photos.parent / "pose.parquet", photos.parent / "pose.json"
    extract_keypoints(Source(path=str(photos)), settings, "pose", table, report)
    return table, report


def test_every_photo_becomes_a_row_in_the_order_of_the_names(photos: Path) -> None:
    table, report = extract(photos)
    rows = keypoint_table.read(table)
    assert rows.column("path").to_pylist() == sorted(p.relative_to(photos).as_posix() for p in photos.rglob("*.jpg"))
    assert present(keypoint_table.poses_of(rows)).all()
    assert set(rows.column("chirality").to_pylist()) <= {"left", "right"}
    counts = json.loads(report.read_text())["classes"]
    assert {label: count["files_with_hand"] for label, count in counts.items()} == {"five": 3, "one": 3}
    metadata = keypoint_table.read_metadata(table)
    assert metadata["mediapipe"] and len(metadata["landmark_model_sha256"]) == 64 and metadata["frame_rate"] == "30"


def test_chirality_is_that_of_the_drawn_hand(drawn: Path, photos: Path) -> None:
    found, true = (keypoint_table.read(path) for path in (extract(photos)[0], drawn / "photos.parquet"))
    drawn_sides = dict(zip(true.column("path").to_pylist(), true.column("chirality").to_pylist(), strict=True))
    sides = zip(found.column("path").to_pylist(), found.column("chirality").to_pylist(), strict=True)
    assert all(drawn_sides[path] == side for path, side in sides)


def test_the_number_of_workers_makes_no_difference(photos: Path) -> None:
    one = extract(photos)[0].read_bytes()
    assert extract(photos, ExtractKeypoints(workers=2))[0].read_bytes() == one


def test_an_unreadable_photo_among_good_ones_is_skipped_counted_and_named(photos: Path) -> None:
    (photos / "five/torn.jpg").write_bytes(b"\xff\xd8\xff\xe0 torn")
    table, report = extract(photos, ExtractKeypoints(workers=1, unreadable_limit=0.2))
    assert keypoint_table.read(table).num_rows == 6
    content = json.loads(report.read_text())
    assert list(content["unreadable"]) == ["five/torn.jpg"]
    assert content["classes"]["five"] | {"frames": 0} == {
        "files": 4,
        "unreadable": 1,
        "files_with_hand": 3,
        "frames": 0,
        "frames_with_hand": 3,
    }


def test_too_many_unreadable_photos_stop_the_stage_and_leave_no_table(photos: Path) -> None:
    for number in range(2):
        (photos / f"one/torn{number}.jpg").write_bytes(b"")
    with pytest.raises(DataError, match=r"^2 of 8 files could not be read.*unreadable_limit.*one/torn0.jpg[^\n]*$"):
        extract(photos)
    assert not (photos.parent / "pose.parquet").exists()
    assert len(json.loads((photos.parent / "pose.json").read_text())["unreadable"]) == 2


def test_a_class_without_any_hand_is_named_and_leaves_no_table(photos: Path) -> None:
    (photos / "wall").mkdir()
    for number in range(2):
        Image.new("RGB", (200, 150), (120, 130, 140)).save(photos / f"wall/{number}.png")
    with pytest.raises(DataError, match=r"^class 'wall': no hand found in any of its 2 files[^\n]*$"):
        extract(photos)
    assert {path.name for path in photos.parent.iterdir()} == {"photos", "pose.json"}


def test_photos_without_a_hand_stay_in_the_table_as_zeros(photos: Path) -> None:
    Image.new("RGB", (200, 150), (120, 130, 140)).save(photos / "one/wall.png")
    table, report = extract(photos)
    rows = keypoint_table.read(table)
    lost = rows.column("path").to_pylist().index("one/wall.png")
    assert (keypoint_table.poses_of(rows)[lost] == 0).all()
    assert json.loads(report.read_text())["without_hand"] == ["one/wall.png"]


def test_a_photo_on_its_side_gives_the_joints_of_the_upright_one(photos: Path) -> None:
    upright = next((photos / "five").glob("*.jpg"))
    exif = Image.Exif()
    exif[0x0112] = 6  # turn 90 degrees clockwise to see it upright
    with Image.open(upright) as image:
        image.rotate(90, expand=True).save(photos / "five/turned.png", exif=exif)
    table = keypoint_table.read(extract(photos)[0])
    poses = dict(zip(table.column("path").to_pylist(), keypoint_table.poses_of(table), strict=True))
    np.testing.assert_allclose(poses["five/turned.png"], poses[f"five/{upright.name}"], atol=0.01)


def test_a_hand_that_fills_the_picture_is_found_where_it_is(drawn: Path) -> None:
    model = landmark_model_path(LandmarkModel())
    true = keypoint_table.read(drawn / "photos.parquet")
    with Landmarker(model, 0.5, follow=False) as landmarker:
        for row, pose in zip(true.to_pylist(), picture_from_poses(keypoint_table.poses_of(true)), strict=True):
            picture = read_photo(drawn / "photos" / row["path"], 1280).picture
            size = np.array([row["width"], row["height"]])
            low, high = (pose * size).min(axis=0), (pose * size).max(axis=0)
            margin = 0.1 * (high - low).max()
            (left, top), (right, bottom) = (low - margin).clip(0).astype(int), (high + margin).astype(int)
            tight = cv2.copyMakeBorder(picture[top:bottom, left:right], 0, 0, 0, 0, cv2.BORDER_REPLICATE)
            found = find_in_photo(landmarker, np.asarray(tight), [0.5, 1.0])
            assert found is not None, row["path"]
            expected = (pose * size - [left, top]) / [tight.shape[1], tight.shape[0]]
            assert np.abs(found.points - expected).mean() < 0.06, row["path"]
