"""The extraction stage on drawn hands, with the real landmarker."""

import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from handloom import keypoint_table
from handloom.config import ExtractKeypoints, LabeledDirectories
from handloom.errors import DataError
from handloom.extraction.cache import KeypointCache
from handloom.extraction.extract import extract_keypoints
from handloom.hand import present
from handloom.support.workspace import Workspace

SETTINGS = ExtractKeypoints(workers=1)


@pytest.fixture
def photos(drawn: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(drawn / "photos", tmp_path / "photos"))


def extract(photos: Path, settings: ExtractKeypoints = SETTINGS, name: str = "pose") -> tuple[Path, Path]:
    """Run the stage; return its table and the folder with what happened."""
    table, folder = photos.parent / f"{name}.parquet", photos.parent / name
    cache = Workspace.here().keypoint_cache
    extract_keypoints(LabeledDirectories(path=str(photos)), settings, "pose", table, folder, cache)
    return table, folder


def entries() -> int:
    with KeypointCache(Workspace.here().keypoint_cache) as cache:
        return int(cache._opened().execute("SELECT count(*) FROM joints").fetchone()[0])


def report_in(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / "report.json").read_text()))


def test_every_photo_becomes_a_row_in_the_order_of_the_names(photos: Path) -> None:
    table, folder = extract(photos)
    rows = keypoint_table.read(table)
    assert rows.column("path").to_pylist() == sorted(p.relative_to(photos).as_posix() for p in photos.rglob("*.jpg"))
    assert present(keypoint_table.poses_of(rows)).all()
    assert set(rows.column("chirality").to_pylist()) <= {"left", "right"}
    counts = report_in(folder)["classes"]
    assert {label: count["files_with_hand"] for label, count in counts.items()} == {"five": 3, "one": 3}
    metadata = keypoint_table.read_metadata(table)
    assert (
        metadata["landmarker"] == f"LiteRT {version('ai-edge-litert')}"
        and len(metadata["landmark_model_sha256"]) == 64
        and metadata["frame_rate"] == "30"
        and metadata["hand"] == "raised"
    )


def test_chirality_is_that_of_the_drawn_hand(drawn: Path, photos: Path) -> None:
    found, true = (keypoint_table.read(path) for path in (extract(photos)[0], drawn / "photos.parquet"))
    drawn_sides = dict(zip(true.column("path").to_pylist(), true.column("chirality").to_pylist(), strict=True))
    sides = zip(found.column("path").to_pylist(), found.column("chirality").to_pylist(), strict=True)
    assert all(drawn_sides[path] == side for path, side in sides)


def test_the_number_of_workers_makes_no_difference(photos: Path) -> None:
    one = extract(photos)[0].read_bytes()
    Workspace.here().keypoint_cache.unlink()
    assert extract(photos, ExtractKeypoints(workers=2))[0].read_bytes() == one


def test_an_unreadable_photo_among_good_ones_is_skipped_counted_and_named(photos: Path) -> None:
    (photos / "five/torn.jpg").write_bytes(b"\xff\xd8\xff\xe0 torn")
    table, folder = extract(photos, ExtractKeypoints(workers=1, unreadable_limit=0.2))
    assert keypoint_table.read(table).num_rows == 6
    content = report_in(folder)
    assert list(content["unreadable"]) == ["five/torn.jpg"]
    counts = content["classes"]["five"]
    assert [counts[name] for name in ("files", "unreadable", "files_with_hand", "frames_with_hand")] == [4, 1, 3, 3]


def test_too_many_unreadable_photos_stop_the_stage_and_leave_no_table(photos: Path) -> None:
    for number in range(2):
        (photos / f"one/torn{number}.jpg").write_bytes(b"")
    with pytest.raises(DataError, match=r"^2 of 8 files could not be used.*unreadable_limit.*torn0.jpg[^\n]*$"):
        extract(photos)
    assert not (photos.parent / "pose.parquet").exists()
    assert len(report_in(photos.parent / "pose")["unreadable"]) == 2


def test_a_class_without_any_hand_is_named_and_leaves_no_table(photos: Path) -> None:
    (photos / "wall").mkdir()
    for number in range(2):
        Image.new("RGB", (200, 150), (120, 130, 140 + number)).save(photos / f"wall/{number}.png")
    with pytest.raises(DataError, match=r"^class 'wall': no hand found in any of its 2 files[^\n]*$"):
        extract(photos)
    assert {path.name for path in photos.parent.iterdir()} == {"photos", "pose"}
    assert report_in(photos.parent / "pose")["without_hand"] == ["wall/0.png", "wall/1.png"]


def test_photos_without_a_hand_stay_in_the_table_as_zeros(photos: Path) -> None:
    Image.new("RGB", (200, 150), (120, 130, 140)).save(photos / "one/wall.png")
    table, folder = extract(photos)
    rows = keypoint_table.read(table)
    lost = rows.column("path").to_pylist().index("one/wall.png")
    assert (keypoint_table.poses_of(rows)[lost] == 0).all()
    assert report_in(folder)["without_hand"] == ["one/wall.png"]


def test_a_photo_on_its_side_gives_the_joints_of_the_upright_one(photos: Path) -> None:
    upright = next((photos / "five").glob("*.jpg"))
    exif = Image.Exif()
    exif[0x0112] = 6  # turn 90 degrees clockwise to see it upright
    with Image.open(upright) as image:
        image.rotate(90, expand=True).save(photos / "five/turned.png", exif=exif)
    table = keypoint_table.read(extract(photos)[0])
    poses = dict(zip(table.column("path").to_pylist(), keypoint_table.poses_of(table), strict=True))
    np.testing.assert_allclose(poses["five/turned.png"], poses[f"five/{upright.name}"], atol=0.01)


def test_what_was_read_before_comes_from_the_cache(photos: Path) -> None:
    first = extract(photos)[0].read_bytes()
    assert extract(photos)[0].read_bytes() == first
    with KeypointCache(Workspace.here().keypoint_cache) as cache:  # mark what is kept
        keys = [key for (key,) in cache._opened().execute("SELECT key FROM joints")]
        assert len(keys) == 6
        for key in keys:
            kept = cache.get(key)
            frames = kept.frames.copy()
            frames["score"] = 0.25
            cache.put(key, replace(kept, frames=frames))
    Image.open(photos / "one" / sorted(path.name for path in (photos / "one").iterdir())[0]).rotate(5).save(
        photos / "one/added.png"
    )
    rows = keypoint_table.read(extract(photos)[0]).to_pylist()
    assert [row["path"] for row in rows if row["score"] != 0.25] == ["one/added.png"]


def test_a_renamed_photo_is_not_read_again_but_one_with_other_settings_is(photos: Path) -> None:
    extract(photos)
    (photos / "one").rename(photos / "uno")
    assert set(keypoint_table.read(extract(photos)[0]).column("label").to_pylist()) == {"five", "uno"}
    assert entries() == 6
    extract(photos, ExtractKeypoints(workers=1, target_frame_rate=15.0))  # means nothing for photos
    assert entries() == 6
    extract(photos, ExtractKeypoints(workers=1, test_time_augmentation="always"))
    assert entries() == 12


def test_copies_of_a_photo_share_a_group_and_contradictions_are_left_out(photos: Path) -> None:
    one, two = sorted((photos / "one").iterdir())[:2]
    shutil.copy(one, photos / "one/copy.jpg")
    shutil.copy(two, photos / "five/contradiction.jpg")
    table, folder = extract(photos, ExtractKeypoints(workers=1, unreadable_limit=0.5))
    groups = dict(
        zip(*(keypoint_table.read(table).column(name).to_pylist() for name in ("path", "group")), strict=True)
    )
    assert groups["one/copy.jpg"] == groups[f"one/{one.name}"]
    assert "five/contradiction.jpg" not in groups and f"one/{two.name}" not in groups
    content = report_in(folder)
    assert len(content["skipped"]) == 2 and any("copy.jpg" in note for note in content["notes"])


STAGE = """
import sys
from pathlib import Path
from handloom.config import ExtractKeypoints, LabeledDirectories
from handloom.extraction.extract import extract_keypoints
from handloom.support.workspace import Workspace
source = LabeledDirectories(path=sys.argv[1])
settings = ExtractKeypoints(workers=2)
cache = Workspace.here().keypoint_cache
extract_keypoints(source, settings, "pose", Path(sys.argv[2]), Path(sys.argv[2]).with_suffix(""), cache)
"""


def start(photos: Path, table: Path, **environment: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", STAGE, str(photos), str(table)]
    return subprocess.Popen(command, env={**os.environ, **environment}, stderr=subprocess.PIPE, text=True)


def test_killed_at_any_moment_it_goes_on_and_ends_in_the_same_bytes(photos: Path, tmp_path: Path) -> None:
    random = np.random.default_rng(8)
    for path in sorted(photos.rglob("*.jpg")):
        for number in range(20):  # enough work to be killed in
            noise = random.integers(0, 3, np.asarray(Image.open(path)).shape, dtype=np.uint8)
            Image.fromarray(np.asarray(Image.open(path)) // 2 + noise).save(path.with_stem(f"{path.stem}-{number}"))
    undisturbed = tmp_path / "undisturbed.parquet"
    assert start(photos, undisturbed, DVC_ROOT=str(tmp_path / "other")).wait() == 0
    table, killed = tmp_path / "killed.parquet", 0
    while not table.exists():
        process = start(photos, table)
        enough = entries() + random.integers(2, 16)  # a random moment, however busy the machine is
        while process.poll() is None and entries() < enough:
            time.sleep(0.01)
        process.kill()
        process.wait()
        killed += not table.exists()
        assert killed < 20
    assert killed >= 2
    assert table.read_bytes() == undisturbed.read_bytes()
    left = {path.name for path in tmp_path.iterdir() if not path.name.startswith(".")}
    assert left == {"photos", "other", "undisturbed", "undisturbed.parquet", "killed", "killed.parquet"}
