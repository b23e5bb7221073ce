"""Drawn files: the same seed gives the same bytes, and the true joints lie on the drawn hand."""

import shutil
from collections.abc import Callable
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from handloom import keypoint_table
from handloom.described.people import generator_for, make_people
from handloom.described.performance import perform
from handloom.described.reading import load_gestures
from handloom.described.skeleton import PARAMETERS
from handloom.errors import ConfigurationError, DataError
from handloom.hand import picture_from_poses
from handloom.sample import draw_clips, draw_photos
from handloom.sample.drawing import SIZES, draw_hand, make_scene
from handloom.sample.flesh import Relief
from handloom.sample.skin import skin_of
from handloom.support.files import sha256_of_file

GESTURES = Path(__file__).parents[2] / "data" / "sample" / "gestures"


def _some(folder: Path, kind: str, *labels: str) -> Path:
    """A folder with a few of the declared gestures."""
    chosen = folder / f"gestures-{kind}"
    chosen.mkdir()
    for label in labels:
        shutil.copy(GESTURES / kind / f"{label}.yaml", chosen)
    return chosen


def _sums(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): sha256_of_file(path) for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    "draw, kind, labels, per_class",
    [(draw_photos, "pose", ("two", "background"), 3), (draw_clips, "action", ("pinch",), 2)],
)
def test_same_seed_same_bytes_with_any_number_of_workers(
    tmp_path: Path, draw: Callable[..., None], kind: str, labels: tuple[str, ...], per_class: int
) -> None:
    gestures = _some(tmp_path, kind, *labels)
    sums = []
    for name, seed, workers in (("one", 5, 1), ("two", 5, 2), ("other", 6, 1)):
        out = tmp_path / name
        draw(gestures, out / "files", out / "truth.parquet", seed=seed, people=2, per_class=per_class, workers=workers)
        sums.append(_sums(out))
    assert len(sums[0]) == len(labels) * per_class + 1
    assert sums[0] == sums[1]
    assert not set(sums[0].values()) & set(sums[2].values())


def test_photos_and_their_truth(tmp_path: Path) -> None:
    out = tmp_path / "photos"
    draw_photos(
        _some(tmp_path, "pose", "five", "two"), out, tmp_path / "t.parquet", seed=1, people=3, per_class=6, workers=1
    )
    table = keypoint_table.read(tmp_path / "t.parquet")
    rows = table.to_pydict()
    assert sorted(rows["path"]) == sorted(str(path.relative_to(out)) for path in out.rglob("*.jpg"))
    assert rows["path"][7] == "two/person_01-0001.jpg"
    assert set(zip(rows["label"], rows["group"], strict=True)) == {
        (label, f"person_0{number}") for label in ("five", "two") for number in range(3)
    }
    assert rows["session_id"] == list(range(12))
    assert keypoint_table.read_metadata(tmp_path / "t.parquet")["seed"] == "1"
    points = picture_from_poses(keypoint_table.poses_of(table))
    assert points.min() > 0
    assert points.max() < 1
    for path, width, height in zip(rows["path"], rows["width"], rows["height"], strict=True):
        picture = cv2.imread(str(out / path))
        assert picture is not None
        assert picture.shape == (height, width, 3)


def test_clips_have_the_rate_and_length_of_their_truth(tmp_path: Path) -> None:
    out = tmp_path / "clips"
    draw_clips(_some(tmp_path, "action", "swipe_left"), out, tmp_path / "t.parquet", seed=1, people=2, per_class=2)
    table = keypoint_table.read(tmp_path / "t.parquet")
    poses, paths = keypoint_table.poses_of(table), np.array(table.column("path").to_pylist())
    for path in np.unique(paths):
        with av.open(str(out / path)) as clip:
            stream = clip.streams.video[0]
            assert stream.codec_context.name == "h264"
            assert stream.average_rate == 30
            frames = sum(1 for _ in clip.decode(stream))
        rows = np.flatnonzero(paths == path)
        assert frames == len(rows)
        assert 30 <= frames <= 90
        assert poses[rows[-1], 0, 0] < poses[rows[0], 0, 0] - 0.2, "a swipe to the left ends farther left"


@pytest.mark.parametrize("label", ["five", "zero", "six", "background"])
def test_joints_lie_on_the_drawn_hand(label: str) -> None:
    gestures = load_gestures(GESTURES / "pose")
    person = make_people(3, 10)[4]
    random = generator_for(3, label)
    others = [other for other in gestures.values() if other.label != label]
    performance = perform(gestures[label], others, person, random, SIZES)
    scene = make_scene(random, person, performance.width, performance.height)
    picture, points = draw_hand(scene, performance.joints, performance.camera, random)
    columns, rows = points.astype(int).T
    difference = np.linalg.norm(picture[rows, columns] - scene.background[rows, columns], axis=-1)
    assert (difference > 20).mean() > 0.9


def test_people_differ_and_their_tones_spread_evenly() -> None:
    people = make_people(1, 10)
    brightness = sorted(skin_of(person).mean() for person in people)
    assert brightness[0] < 70
    assert brightness[-1] > 190
    assert min(np.diff(brightness)) > 4
    assert len({person.thickness for person in people}) == 10
    assert people[0].shape_habit.shape == (len(PARAMETERS),)


def test_capsule_is_as_high_as_its_spheres() -> None:
    relief = Relief(60, 40)
    start, end = np.array([15.0, 20.0, 3.0]), np.array([40.0, 22.0, 18.0])
    relief.raise_capsule(7, start, end, (8.0, 8.0))
    y, x = np.mgrid[:40, :60]
    expected = np.full((40, 60), -np.inf)
    for share in np.linspace(0, 1, 400):
        centre = start + share * (end - start)
        chord = 64 - (x - centre[0]) ** 2 - (y - centre[1]) ** 2
        expected = np.maximum(expected, np.where(chord > 0, centre[2] + np.sqrt(np.maximum(chord, 0)), -np.inf))
    inside = np.isfinite(expected) & (relief.owner == 7)
    assert inside.sum() > 0.97 * np.isfinite(expected).sum()
    assert np.abs(relief.height[inside] - expected[inside]).max() < 0.5


def test_what_cannot_be_drawn_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    out, truth = tmp_path / "out", tmp_path / "t.parquet"
    with pytest.raises(DataError, match="no photos can be drawn"):
        draw_photos(GESTURES / "action", out, truth, seed=1, people=2, per_class=1)
    with pytest.raises(ConfigurationError, match="people: must be at least 1, got 0"):
        draw_clips(GESTURES / "action", out, truth, seed=1, people=0, per_class=1)
    assert not list(tmp_path.iterdir())
