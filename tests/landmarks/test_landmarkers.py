"""Our own landmarker against MediaPipe: the same hands, the same joints. Files that are no model are refused."""

import resource
import shutil
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from conftest import REPOSITORY

from handloom.config import ExtractKeypoints, Landmarker, LandmarkModel, Runtime
from handloom.errors import LandmarkModelError
from handloom.landmarks import litert_runtime
from handloom.landmarks.landmark_model import landmark_model_path
from handloom.landmarks.landmarker import FoundHand
from handloom.landmarks.litert_runtime import LiteRTLandmarker
from handloom.landmarks.mediapipe_runtime import MediaPipeLandmarker
from handloom.landmarks.network_landmarker import DETECTOR, LANDMARKS, is_same_hand
from handloom.landmarks.reader import open_landmarker
from handloom.media.clips import ClipReader
from handloom.media.frame import Frame, Picture
from handloom.media.photos import read_photo
from handloom.sample import draw_clips

RUNTIMES: tuple[Runtime, ...] = ("litert", "mediapipe")


@pytest.fixture(scope="module")
def model() -> Path:
    return landmark_model_path(LandmarkModel())


@pytest.fixture(scope="module")
def photos(drawn: Path) -> list[Picture]:
    """Hands from the front; a mirrored one; two in one picture, the second smaller; cut off; none at all."""
    one, *others = (read_photo(path, 1280).picture for path in sorted((drawn / "photos").rglob("*.jpg")))
    small = cv2.resize(others[0], None, fx=0.6, fy=0.6, interpolation=cv2.INTER_AREA)[:, ::-1]
    wide = np.zeros((max(one.shape[0], small.shape[0]), one.shape[1] + small.shape[1], 3), np.uint8)
    wide[: one.shape[0], : one.shape[1]] = one
    wide[: small.shape[0], one.shape[1] :] = small
    flipped = np.ascontiguousarray(one[:, ::-1])
    return [one, *others, flipped, wide, one[:, : one.shape[1] * 2 // 3], np.full((90, 160, 3), 128, np.uint8)]


@pytest.fixture(scope="module")
def frames(tmp_path_factory: pytest.TempPathFactory) -> list[Frame]:
    """A hand that swipes through the picture."""
    folder = tmp_path_factory.mktemp("clip")
    (folder / "gestures").mkdir()
    shutil.copy(REPOSITORY / "data/sample/gestures/action/swipe_left.yaml", folder / "gestures")
    draw_clips(folder / "gestures", folder / "clips", folder / "t.parquet", seed=3, people=1, per_class=1, workers=1)
    (path,) = (folder / "clips").rglob("*.mp4")
    return list(ClipReader(path, 480, 30.0))


def assert_same(found: list[FoundHand], expected: list[FoundHand], joints: float) -> None:
    assert [hand.chirality for hand in found] == [hand.chirality for hand in expected]
    for one, other in zip(found, expected, strict=True):
        assert one.score == pytest.approx(other.score, abs=1e-3)
        assert np.abs(one.points - other.points).max() <= joints


@pytest.mark.parametrize("hands", [1, 2])
def test_in_photos_it_finds_the_hands_and_joints_of_mediapipe(photos: list[Picture], model: Path, hands: int) -> None:
    with LiteRTLandmarker(model, 0.5) as ours, MediaPipeLandmarker(model, 0.5) as reference:
        counts = []
        for picture in photos:
            found = ours.find(picture, hands)
            assert_same(found, reference.find(picture, hands), 1e-4)
            counts.append(len(found))
    assert counts[-1] == 0 and max(counts) == hands


@pytest.mark.parametrize("hands", [1, 2])
def test_through_a_clip_it_follows_the_hand_as_mediapipe_does(frames: list[Frame], model: Path, hands: int) -> None:
    with (
        LiteRTLandmarker(model, 0.5) as ours,
        MediaPipeLandmarker(model, 0.5) as reference,
        ours.follow(hands) as follower,
        reference.follow(hands) as expected,
    ):
        for number, frame in enumerate(frames):
            picture = frame.picture if number % 9 else np.zeros_like(frame.picture)  # lost for a frame
            milliseconds = round(frame.time * 1000)
            assert_same(follower.find(picture, milliseconds), expected.find(picture, milliseconds), 1e-3)


def test_a_square_without_an_area_is_left_out(photos: list[Picture], model: Path) -> None:
    with LiteRTLandmarker(model, 0.5) as landmarker:
        (square,) = landmarker.squares(photos[0], 1)
        assert len(landmarker.joints(photos[0], [square, square._replace(width=np.float32(0))])) == 1


def test_the_same_joints_whatever_was_looked_at_before(photos: list[Picture], model: Path) -> None:
    with LiteRTLandmarker(model, 0.5) as first:
        before = first.find(photos[0], 1)
        first.find(photos[3], 2)
    with LiteRTLandmarker(model, 0.5) as second:
        (again,) = second.find(photos[0], 1)
    np.testing.assert_array_equal(before[0].points, again.points)


def test_networks_are_kept_for_the_next_landmarker_and_never_shared(model: Path) -> None:
    with LiteRTLandmarker(model, 0.5) as first, LiteRTLandmarker(model, 0.5) as second:
        assert first._networks is not second._networks
        both = {id(first._networks), id(second._networks)}
    kept = sum(map(len, litert_runtime._idle.values()))
    for _ in range(3):
        with LiteRTLandmarker(model, 0.5) as third:
            assert id(third._networks) in both
    assert sum(map(len, litert_runtime._idle.values())) == kept


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the largest memory has another unit")
def test_memory_does_not_grow_with_the_frames(frames: list[Frame], model: Path) -> None:
    with LiteRTLandmarker(model, 0.5) as landmarker, landmarker.follow(1) as follower:
        for _ in range(50):
            follower.find(frames[0].picture, 0)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for number in range(150):
            follower.find(frames[number % len(frames)].picture, 0)
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 2_000  # kilobytes


def test_two_sets_of_joints_are_one_hand_where_most_are_near(photos: list[Picture], model: Path) -> None:
    with LiteRTLandmarker(model, 0.5) as landmarker:
        joints = landmarker.find(photos[0], 1)[0].points.astype(np.float32)
    assert is_same_hand(joints, joints + np.float32(0.01), photos[0])
    assert not is_same_hand(joints, joints + np.float32(0.5), photos[0])


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_the_settings_choose_what_runs(runtime: Runtime, model: Path) -> None:
    settings = ExtractKeypoints(landmarker=Landmarker(runtime=runtime))
    landmarker = open_landmarker(settings, model)
    landmarker.close()
    assert isinstance(landmarker, {"litert": LiteRTLandmarker, "mediapipe": MediaPipeLandmarker}[runtime])


def archive_of(contents: dict[str, bytes]) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in contents.items():
                archive.writestr(name, content)

    return write


def swapped() -> Callable[[Path], None]:
    names = (DETECTOR, LANDMARKS)
    with zipfile.ZipFile(landmark_model_path(LandmarkModel())) as archive:
        return archive_of(dict(zip(names, map(archive.read, reversed(names)), strict=True)))


@pytest.mark.parametrize(
    ("write", "said"),
    [
        (lambda path: path.write_bytes(b"a model of my own"), "not a hand landmark model"),
        (archive_of({}), "not a hand landmark model"),
        (archive_of({DETECTOR: b"torn", LANDMARKS: b""}), "not a network that LiteRT"),
        (lambda path: swapped()(path), "set extract_keypoints.landmarker.runtime to mediapipe"),
    ],
    ids=["no archive", "empty", "torn", "other networks"],
)
def test_a_file_that_is_no_model_is_named_in_one_line(tmp_path: Path, write: Callable[[Path], None], said: str) -> None:
    path = tmp_path / "own.task"
    write(path)
    with pytest.raises(LandmarkModelError) as caught:
        LiteRTLandmarker(path, 0.5)
    assert said in str(caught.value) and "own.task" in str(caught.value) and "\n" not in str(caught.value)
