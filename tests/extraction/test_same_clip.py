"""The same hand in other files: joints do not depend on how a clip was encoded, or on what else is in the picture."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from clip_files import turn, write_clip
from conftest import REPOSITORY
from numpy.typing import NDArray
from PIL import Image

from handloom import keypoint_table
from handloom.config import ExtractKeypoints, HandChoice, Kind, LandmarkModel
from handloom.extraction.extraction import Extraction, extract_files
from handloom.hand import CHIRALITIES, WRIST, present
from handloom.landmarks.choice import MEMORY
from handloom.landmarks.files import Stretch
from handloom.landmarks.landmark_model import landmark_model_path
from handloom.media.clips import ClipReader
from handloom.sample import draw_clips

Pictures = list[NDArray[np.uint8]]

# The same file each time and on any number of cores, as in `handloom.sample.encoding`: in the clips below a second look
# helps in one or two frames only, too few for pixels that differ from run to run.
H264: dict[str, Any] = {"codec": "libx264", "options": {"threads": "1", "crf": "18", "x264-params": "mbtree=0"}}
HEVC = {"codec": "libx265", "pixels": "yuv420p10le", "options": {"x265-params": "log-level=none:pools=1:crf=18"}}
VP9 = {"codec": "libvpx-vp9", "options": {"deadline": "realtime", "cpu-used": "8", "crf": "20"}}
# suffix, how it is encoded, degrees clockwise to upright
ENCODED = {
    "HEVC, 10 bits": ("mov", HEVC, 0),
    "VP9": ("webm", VP9, 0),
    "H.264 on its side": ("mp4", H264, 90),
    "H.264 upside down": ("mp4", H264, 180),
    "H.264 on its other side": ("mp4", H264, 270),
}


def extracted(path: Path, kind: Kind, settings: ExtractKeypoints | None = None) -> Extraction:
    model = landmark_model_path(LandmarkModel())
    (extraction,) = extract_files([Stretch(path, None, None)], kind, settings or ExtractKeypoints(), model)
    assert isinstance(extraction, Extraction), extraction
    return extraction


@pytest.fixture(scope="module")
def draw(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], tuple[Pictures, NDArray[np.float32]]]:
    """Draw one clip of an action: its pictures and its true joints."""

    def draw_one(action: str) -> tuple[Pictures, NDArray[np.float32]]:
        folder = tmp_path_factory.mktemp(action)
        (folder / "gestures").mkdir()
        shutil.copy(REPOSITORY / f"data/sample/gestures/action/{action}.yaml", folder / "gestures")
        clips, truth = folder / "clips", folder / "clips.parquet"
        draw_clips(folder / "gestures", clips, truth, seed=3, people=1, per_class=1, workers=1)
        (path,) = clips.rglob("*.mp4")
        pictures = [frame.picture for frame in ClipReader(path, 10_000, 30.0)]
        return pictures, keypoint_table.poses_of(keypoint_table.read(truth))

    return draw_one


@pytest.fixture(scope="module")
def swipe(draw: Callable[[str], tuple[Pictures, NDArray[np.float32]]]) -> tuple[Pictures, NDArray[np.float32]]:
    """A hand that moves from one side to the other, so that no turn or mirror image of it is alike."""
    return draw("swipe_left")


@pytest.fixture(scope="module")
def grab(draw: Callable[[str], tuple[Pictures, NDArray[np.float32]]]) -> Pictures:
    """A hand that closes in the middle of the picture."""
    return draw("grab")[0]


@pytest.fixture(scope="module")
def plain(swipe: tuple[Pictures, NDArray[np.float32]], tmp_path_factory: pytest.TempPathFactory) -> Extraction:
    """The swipe as H.264."""
    return extracted(write_clip(tmp_path_factory.mktemp("plain") / "a.mp4", swipe[0], **H264), "action")


def apart(one: NDArray[np.float32], other: NDArray[np.float32]) -> NDArray[np.float32]:
    """How far the joints of each frame are apart on average, as a share of the picture's width or height."""
    distance: NDArray[np.float32] = np.abs(one - other)[:, :2].mean(axis=(1, 2))
    return distance


def test_the_joints_are_those_that_were_drawn(swipe: tuple[Pictures, NDArray[np.float32]], plain: Extraction) -> None:
    pictures, true = swipe
    assert len(plain.frames) == len(pictures) == len(true)
    assert present(plain.frames["keypoints"]).all()
    assert apart(plain.frames["keypoints"], true).mean() < 0.03


@pytest.mark.parametrize(("suffix", "how", "degrees"), ENCODED.values(), ids=ENCODED)
def test_however_a_clip_is_encoded_its_joints_are_the_same(
    swipe: tuple[Pictures, NDArray[np.float32]],
    plain: Extraction,
    tmp_path: Path,
    suffix: str,
    how: dict[str, Any],
    degrees: int,
) -> None:
    stored = [np.rot90(picture, degrees // 90) for picture in swipe[0]]  # counter-clockwise, undone clockwise
    path = write_clip(tmp_path / f"a.{suffix}", stored, **how)
    if degrees:
        turn(path, degrees)
    extraction = extracted(path, "action")
    assert extraction.warnings == () and set(extraction.frames["rotation"]) == {degrees}
    np.testing.assert_array_equal(extraction.frames["time"], plain.frames["time"])
    for name in ("width", "height", "chirality"):
        np.testing.assert_array_equal(extraction.frames[name], plain.frames[name])
    distances = apart(extraction.frames["keypoints"], plain.frames["keypoints"])
    assert distances.mean() < 0.005  # of the picture; 0.0006 when this was written
    assert distances.max() < 0.02


# Which hand


@pytest.fixture
def two_hands(drawn: Path) -> Image.Image:
    """A left hand on the left side of the picture, and a smaller right one on the right side."""
    with Image.open(max((drawn / "photos/five").iterdir())) as left:
        right = left.transpose(Image.Transpose.FLIP_LEFT_RIGHT).resize((left.width * 3 // 5, left.height * 3 // 5))
        picture = Image.new("RGB", (left.width + right.width, left.height), left.getpixel((2, 2)))
        picture.paste(left)
        picture.paste(right, (left.width, (left.height - right.height) // 2))
        return picture


@pytest.mark.parametrize(
    ("choice", "mirrored", "side", "hand"),
    [
        ("largest", False, "left", "left"),
        ("left", False, "left", "left"),
        ("right", False, "right", "right"),
        ("largest", True, "right", "right"),
        ("left", True, "left", "left"),
        ("right", True, "right", "right"),
    ],
)
@pytest.mark.parametrize("kind", ["pose", "action"])
def test_the_hand_that_was_chosen_is_the_one_that_is_found(
    two_hands: Image.Image, tmp_path: Path, kind: Kind, choice: HandChoice, mirrored: bool, side: str, hand: str
) -> None:
    """In the mirror image the right hand is the larger one, and on the right side again."""
    picture = two_hands.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if mirrored else two_hands
    border = two_hands.width * 3 // 8 if mirrored else two_hands.width * 5 // 8
    path = tmp_path / ("two.png" if kind == "pose" else "two.mp4")
    if kind == "pose":
        picture.save(path)
    else:
        even = picture.crop((0, 0, picture.width // 2 * 2, picture.height // 2 * 2))
        write_clip(path, [np.asarray(even)] * 3, **H264)
    extraction = extracted(path, kind, ExtractKeypoints(hand=choice))
    assert {CHIRALITIES[index] for index in extraction.frames["chirality"]} == {hand}
    wrists = extraction.frames["keypoints"][:, 0, WRIST] * picture.width
    assert ((wrists < border) == (side == "left")).all()


# Lost and found


@pytest.mark.parametrize("gap", [6, 30])
def test_a_hand_that_was_gone_for_some_frames_is_found_again(grab: Pictures, tmp_path: Path, gap: int) -> None:
    gone = range(20, 20 + gap)
    pictures = [np.zeros_like(picture) if number in gone else picture for number, picture in enumerate(grab)]
    extraction = extracted(write_clip(tmp_path / "a.mp4", pictures, **H264), "action")
    assert np.flatnonzero(~present(extraction.frames["keypoints"])).tolist() == list(gone)
    # There is nothing to find, and after a while it is not looked for any more.
    assert (extraction.retries, extraction.helped) == (min(gap, round(30 * MEMORY)), 0)


@pytest.mark.parametrize(("x", "y"), [(-0.5, 0.0), (0.0, 0.5)], ids=["left", "down"])
def test_a_hand_that_leaves_the_picture_and_comes_back_is_found_by_a_second_look(
    grab: Pictures, tmp_path: Path, x: float, y: float
) -> None:
    pictures = []
    for number, picture in enumerate(grab):
        height, width, _ = picture.shape
        far = 1 - abs(2 * number / len(grab) - 1)  # 0 at both ends of the clip, 1 in the middle
        shift = np.array([[1, 0, far * x * width], [0, 1, far * y * height]])
        pictures.append(cv2.warpAffine(picture, shift, (width, height), borderMode=cv2.BORDER_REPLICATE))
    path = write_clip(tmp_path / "a.mp4", pictures, **H264)
    once, again = (extracted(path, "action", ExtractKeypoints(tta_paddings=paddings)) for paddings in ([], [0.5]))
    assert (once.retries, once.helped) == (0, 0)
    assert 0 < again.helped < again.retries <= len(grab)
    assert once.hands < again.hands < len(grab)
    assert present(again.frames["keypoints"])[[0, -1]].all()
    seen = present(again.frames["keypoints"])
    steps = apart(again.frames["keypoints"][1:], again.frames["keypoints"][:-1])[seen[1:] & seen[:-1]]
    assert steps.max() < 0.1  # what a second look finds is where the hand was before
