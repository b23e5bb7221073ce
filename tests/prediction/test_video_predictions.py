"""Actions in clips: the windows of evaluation, in frames of the source, whatever the clip's rate and length."""

import shutil
import warnings
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from clip_files import write_clip
from conftest import REPOSITORY
from numpy.typing import NDArray
from small_models import trained

from handloom.config import ExtractKeypoints, LandmarkModel
from handloom.dataset.examples import Example
from handloom.errors import DataError
from handloom.evaluation.answers import predict_examples
from handloom.extraction.extraction import Extraction, extract_files
from handloom.hand import poses_from_picture
from handloom.landmarks.files import Stretch
from handloom.landmarks.landmark_model import landmark_model_path
from handloom.landmarks.reader import HandReader
from handloom.media.clips import ClipReader
from handloom.prediction import reading
from handloom.prediction.predictor import Predictor
from handloom.prediction.recognizer import Recognizer
from handloom.prediction.results import Prediction
from handloom.prediction.streams import predict_stream
from handloom.prediction.videos import predict_video, predict_videos
from handloom.sample import draw_clips

Pictures = list[NDArray[np.uint8]]

SETTINGS = ExtractKeypoints(workers=1, accept_slow_clips=True)
MODEL = trained("action")  # a window of 31 frames, 30 a second
PREDICTOR = Predictor(MODEL)
H264: dict[str, Any] = {"codec": "libx264", "options": {"threads": "1", "crf": "18", "g": "15", "bf": "2"}}


def draw(action: str, folder: Path) -> Pictures:
    """The pictures of one drawn clip."""
    (folder / "gestures").mkdir()
    shutil.copy(REPOSITORY / f"data/sample/gestures/action/{action}.yaml", folder / "gestures")
    draw_clips(folder / "gestures", folder / "clips", folder / "t.parquet", seed=3, people=1, per_class=1, workers=1)
    (path,) = (folder / "clips").rglob("*.mp4")
    return [frame.picture for frame in ClipReader(path, 10_000, 30.0)]


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Pictures:
    """A hand that swipes, about 50 frames."""
    return draw("swipe_left", tmp_path_factory.mktemp("swipe"))


@pytest.fixture(scope="module")
def clip(pictures: Pictures, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The swipe; then nothing for a while, so that the hand is looked for again with a border."""
    ground = np.full_like(pictures[0], 90)
    return write_clip(tmp_path_factory.mktemp("clip") / "swipe.mp4", [*pictures, *[ground] * 10], **H264)


def extracted(path: Path, settings: ExtractKeypoints = SETTINGS) -> Extraction:
    stretch = Stretch(path, None, None)
    (outcome,) = extract_files([stretch], "action", settings, landmark_model_path(LandmarkModel()))
    assert isinstance(outcome, Extraction), outcome
    return outcome


def same(one: list[Prediction], other: list[Prediction]) -> None:
    assert len(one) == len(other) > 1
    for here, there in zip(one, other, strict=True):
        np.testing.assert_array_equal(here.poses, there.poses)
        assert dict(here.results) == pytest.approx(dict(there.results), rel=1e-4)
        assert (here.frame_range, here.chirality) == (there.frame_range, there.chirality)
        assert (here.start, here.end) == pytest.approx((there.start, there.end))


def test_the_mean_of_the_windows_is_what_evaluation_says(clip: Path) -> None:
    found = list(predict_video(PREDICTOR, clip, stride=9, settings=SETTINGS))
    extraction = extracted(clip)
    assert extraction.retries > 0
    (expected,) = predict_examples(MODEL, [Example(extraction.frames["keypoints"], "a", "x", "x")], stride=9)
    means = {label: np.mean([dict(one.results)[label] for one in found]) for label in MODEL.spec.classes}
    assert means == pytest.approx(dict(zip(MODEL.spec.classes, expected.tolist(), strict=True)), rel=1e-4)
    frames = len(extraction.frames)
    assert found[0].frame_range == range(0, 31) and found[1].frame_range == range(9, 40)
    assert found[-1].frame_range == range(frames - 31, frames)


def test_frames_one_at_a_time_give_what_the_clip_gives(clip: Path) -> None:
    frames = [(frame.picture, 5 + frame.time) for frame in ClipReader(clip, 10_000, 30.0)]
    whole = list(predict_video(PREDICTOR, clip, stride=4, settings=SETTINGS))
    same(list(predict_stream(PREDICTOR, frames, stride=4, settings=SETTINGS)), whole)
    live = []
    with Recognizer(PREDICTOR, stride=4, minimum_presence=0.0, settings=SETTINGS) as recognizer:
        for picture, time in frames:
            before = recognizer.prediction
            recognizer.add_frame(picture, time)
            if recognizer.prediction is not before and recognizer.prediction is not None:
                live.append(recognizer.prediction)
    assert (len(frames) - 31) % 4  # so the last window of the clip is one that no stream has
    same(live, whole[:-1])


def test_a_hand_that_leaves_the_picture_is_looked_for_again(tmp_path: Path) -> None:
    pictures = []
    for number, picture in enumerate(grab := draw("grab", tmp_path)):
        far = 1 - abs(2 * number / len(grab) - 1)  # 0 at both ends of the clip, 1 in the middle
        shift = np.array([[1.0, 0, -0.5 * far * picture.shape[1]], [0, 1, 0]])
        moved = cv2.warpAffine(picture, shift, picture.shape[1::-1], borderMode=cv2.BORDER_REPLICATE)
        pictures.append(np.asarray(moved, np.uint8))
    path = write_clip(tmp_path / "leaving.mp4", pictures, **H264)
    settings = replace(SETTINGS, hand="followed")  # a search for a second hand finds it a frame earlier
    extraction = extracted(path, settings)
    assert 0 < extraction.helped < extraction.retries
    model = landmark_model_path(LandmarkModel())
    with HandReader(settings, model) as reader, reader.follow() as follower:
        for frame, expected in zip(ClipReader(path, 480, 30.0), extraction.frames["keypoints"], strict=True):
            hand = follower.find(frame.picture, frame.time).hand
            poses = poses_from_picture(hand.points[None])[0] if hand else np.zeros((3, 21))
            np.testing.assert_array_equal(poses, expected)


def test_a_stream_without_end_is_answered(clip: Path) -> None:
    pictures = [frame.picture for frame in ClipReader(clip, 10_000, 30.0)][:20]
    asked = count()
    stream = ((pictures[number % 20], number / 60) for number in asked)
    found = predict_stream(PREDICTOR, stream, stride=10, settings=SETTINGS)
    assert [next(found).frame_range for _ in range(2)] == [range(0, 62), range(20, 82)]
    assert next(asked) < 90


@pytest.mark.parametrize("rate", [60, 25])
def test_ranges_cover_the_clip_in_its_own_frames(pictures: Pictures, tmp_path: Path, rate: int) -> None:
    shown = [pictures[round(number * (len(pictures) - 1) / 99)] for number in range(100)]
    path = write_clip(tmp_path / "clip.mp4", shown, rate=rate, **H264)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        found = list(predict_video(PREDICTOR, path, stride=10, settings=SETTINGS))
    expected = [f"{path}: 25 frames/s, fewer than extract_keypoints.target_frame_rate (30): frames are repeated"]
    assert [str(one.message) for one in said] == (expected if rate == 25 else [])
    assert {frame for one in found for frame in one.frame_range} == set(range(100))
    assert found[0].frame_range == (range(0, 62) if rate == 60 else range(0, 26))
    for one in found:
        assert one.start == pytest.approx(one.frame_range.start / rate, abs=1 / 30)
        assert one.end == pytest.approx(one.frame_range.stop / rate, abs=1 / 30 + 1e-6)
        assert len(one.poses) == 31


def test_ranges_of_a_clip_with_a_variable_rate(pictures: Pictures, tmp_path: Path) -> None:
    stamps = np.cumsum([0, *([17] * 30 + [33] * 20) * 2]).tolist()[:-1]  # milliseconds
    shown = [pictures[number % len(pictures)] for number in range(len(stamps))]
    path = write_clip(tmp_path / "variable.mp4", shown, stamps=stamps, **H264)
    found = list(predict_video(PREDICTOR, path, stride=5, settings=SETTINGS))
    assert {frame for one in found for frame in one.frame_range} == set(range(len(stamps)))
    for one in found:  # a tick shows the newest frame that is not later than it
        assert stamps[one.frame_range.start] / 1000 == pytest.approx(one.start, abs=0.035)
        assert stamps[one.frame_range[-1]] / 1000 < one.end


def test_a_short_clip_is_filled_up_with_zeros(pictures: Pictures, tmp_path: Path) -> None:
    path = write_clip(tmp_path / "short.mp4", pictures[:12], **H264)
    (found,) = predict_video(PREDICTOR, path, settings=SETTINGS)
    assert found.frame_range == range(0, 12) and [found.start, found.end] == pytest.approx([0.0, 0.4])
    assert found.poses.shape == (31, 3, 21) and not found.poses[12:].any() and found.poses[:12].any()


def test_a_clip_without_a_hand_has_no_predictions(pictures: Pictures, tmp_path: Path) -> None:
    path = write_clip(tmp_path / "empty.mp4", [np.full_like(pictures[0], 90)] * 40, **H264)
    assert list(predict_video(PREDICTOR, path, settings=SETTINGS)) == []


@pytest.mark.parametrize("workers", [1, 2])
def test_a_long_clip_is_read_in_pieces(clip: Path, monkeypatch: pytest.MonkeyPatch, workers: int) -> None:
    settings = ExtractKeypoints(workers=workers, accept_slow_clips=True)
    whole = list(predict_video(PREDICTOR, clip, stride=6, settings=settings))
    monkeypatch.setattr(reading, "PIECE_SECONDS", 0.5)
    monkeypatch.setattr(reading, "WARM_UP_SECONDS", 0.3)
    cut = list(reading.pieces_of(clip, ExtractKeypoints(accept_slow_clips=True)))
    assert len(cut) > 2 and sum(piece.ticks for piece in cut) == len(extracted(clip).frames)
    found = list(predict_video(PREDICTOR, clip, stride=6, settings=settings))
    said = [[(one.frame_range, one.start, one.end) for one in some] for some in (found, whole)]
    assert said[0] == said[1]
    for one, other in zip(found, whole, strict=True):
        both = (one.poses[:, 2] > 0) & (other.poses[:, 2] > 0)
        assert both.sum() > 0.9 * (other.poses[:, 2] > 0).sum()
        apart = np.abs(one.poses - other.poses)[:, :2].max(axis=1)[both]
        assert np.median(apart) < 0.002 and apart.max() < 0.1


def test_predictions_come_while_later_pieces_are_unread(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "PIECE_SECONDS", 0.4)
    read: list[Stretch] = []

    def noted(stretches: list[Stretch], *arguments: object) -> list[Extraction | str]:
        read.extend(stretches)
        return extract_files(stretches, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(reading, "extract_files", noted)
    found = predict_video(PREDICTOR, clip, settings=SETTINGS)
    next(found)
    assert 0 < len(read) < len(list(reading.pieces_of(clip, ExtractKeypoints(accept_slow_clips=True))))


def test_several_clips_and_one_that_cannot_be_read(clip: Path, pictures: Pictures, tmp_path: Path) -> None:
    short = write_clip(tmp_path / "short.mp4", pictures[:12], **H264)
    (tmp_path / "broken.mp4").write_bytes(b"no video")
    paths = [short, tmp_path / "broken.mp4", clip]
    told: list[str] = []
    found = list(
        predict_videos(PREDICTOR, paths, settings=SETTINGS, on_unreadable=lambda path, error: told.append(str(error)))
    )
    same(found[2], list(predict_video(PREDICTOR, clip, settings=SETTINGS)))
    assert [len(one) for one in found[:2]] == [1, 0]
    assert len(told) == 1 and told[0].startswith(f"{tmp_path}/broken.mp4: not a readable video")
    some = predict_videos(PREDICTOR, paths, settings=SETTINGS)
    assert len(next(some)) == 1
    with pytest.raises(DataError, match=r"^/.*/broken.mp4: not a readable video"):
        next(some)


def test_a_clip_that_breaks_off_is_answered_up_to_there(clip: Path, tmp_path: Path) -> None:
    path = tmp_path / "cut.mkv"
    write_clip(path, [frame.picture for frame in ClipReader(clip, 10_000, 30.0)], **H264)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 7 // 10])
    with pytest.warns(UserWarning, match=r"/cut.mkv: broken after [\d.]+ s of [\d.]+ s: only the part before is used"):
        found = list(predict_video(PREDICTOR, path, settings=SETTINGS))
    assert found[-1].frame_range.stop == len(extracted(path).frames)


def test_a_piece_that_breaks_off_is_the_last(clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = bytearray(clip.read_bytes())
    middle = content.index(b"mdat") + len(content) // 5
    content[middle : middle + 400] = bytes(400)
    (path := tmp_path / "spoilt.mp4").write_bytes(content)
    monkeypatch.setattr(reading, "PIECE_SECONDS", 0.5)
    monkeypatch.setattr(reading, "WARM_UP_SECONDS", 0.0)  # so that the next piece needs nothing that is spoilt
    with pytest.warns(
        UserWarning,
        match=r"^/.*/spoilt.mp4: broken after [\d.]+ s of 2.\d s: only the part before is used \(\d+ frames\)$",
    ):
        found = list(predict_video(PREDICTOR, path, stride=1, settings=SETTINGS))
    assert 0 < found[-1].frame_range.stop <= len(extracted(path).frames) < len(extracted(clip).frames)


def test_a_slow_clip_is_refused_where_the_settings_say_so(pictures: Pictures, tmp_path: Path) -> None:
    path = write_clip(tmp_path / "slow.mp4", pictures[:40], rate=20, **H264)
    found = predict_video(PREDICTOR, path, settings=ExtractKeypoints(workers=1, target_frame_rate=15.0))
    with pytest.raises(
        DataError, match=r"^/.*/slow.mp4: 20 frames/s, fewer than extract_keypoints.target_frame_rate \(30\)"
    ):
        next(found)


@pytest.mark.parametrize("rate", [15, 60])
def test_a_pose_model_answers_for_every_frame_of_a_clip(pictures: Pictures, tmp_path: Path, rate: int) -> None:
    seen, unseen = pictures[:12], [np.full_like(pictures[0], 128)] * 5
    path = write_clip(tmp_path / "clip.mp4", [*seen, *unseen], rate=rate, **H264)
    pose = Predictor(trained("pose"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # a pose needs no frame rate, so none is too low
        every = list(predict_video(pose, path, settings=SETTINGS, empty_windows=True))
    assert [one.frame_range for one in every] == [range(frame, frame + 1) for frame in range(17)]
    assert [one.start for one in every] == pytest.approx([frame / rate for frame in range(17)])
    assert [one.end for one in every] == pytest.approx([(frame + 1) / rate for frame in range(17)])
    hands = [one for one in every if (one.poses[:, 2] > 0).any()]
    assert len(hands) >= 10 and all(one.label and one.confidence > 0 for one in hands)
    assert [(one.label, one.confidence) for one in every[-5:]] == [("", 0.0)] * 5
    (several,) = predict_videos(pose, [path], settings=SETTINGS)
    same(several, hands)
