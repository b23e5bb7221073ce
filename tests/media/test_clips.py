"""Clips: upright frames sampled by time, of a whole video or a stretch, and one line for what cannot be read."""

import gc
import os
import random
import struct
import time
from collections.abc import Callable
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import av
import numpy as np
import pillow_heif
import pytest
from clip_files import X264, turn, write_clip, write_sound
from PIL import Image
from quadrants import HEIGHT, WIDTH, assert_upright, one_line_error, upright

from handloom.errors import DataError
from handloom.media.clips import ClipReader
from handloom.media.frame import Frame, Picture


def read(path: Path, frame_rate: float = 30.0, **more: Any) -> tuple[list[Frame], ClipReader]:
    """(frames, reader) with the reader's warnings."""
    reader = ClipReader(path, 480, frame_rate, **more)
    return list(reader), reader


def numbered(count: int, step: int = 4) -> list[Picture]:
    """Pictures whose grey tells their number."""
    return [np.full((HEIGHT, WIDTH, 3), 10 + step * number, np.uint8) for number in range(count)]


def numbers_of(frames: list[Frame], step: int = 4) -> list[int]:
    return [round((float(frame.picture.mean()) - 10) / step) for frame in frames]


def moving(count: int) -> list[Picture]:
    """Noise that moves: every frame differs, and decoding errors would show."""
    start = np.random.default_rng(0).integers(0, 256, (HEIGHT // 4, WIDTH // 4, 3), np.uint8)
    start = start.repeat(4, axis=0).repeat(4, axis=1)
    return [np.roll(start, 2 * number, axis=1) for number in range(count)]


CODECS = {
    "H.264 in MP4": ("mp4", X264),
    "H.264 in MOV": ("mov", X264),
    "H.264 in MKV": ("mkv", X264),
    "H.264 in AVI, with B-frames": ("avi", X264),
    "MPEG-4 in AVI": ("avi", {}),
    "H.264 in MPEG-TS": ("ts", X264),
    "HEVC": (
        "mp4",
        {"codec": "libx265", "options": {"preset": "ultrafast", "x265-params": "log-level=none:pools=1:qp=8"}},
    ),
    "HEVC, 10 bits": (
        "mov",
        {
            "codec": "libx265",
            "pixels": "yuv420p10le",
            "options": {
                "preset": "medium",
                "x265-params": "log-level=none:pools=1:qp=8:keyint=10:bframes=3:open-gop=1",
            },
        },
    ),
    "VP9 in WebM": ("webm", {"codec": "libvpx-vp9", "options": {"deadline": "realtime", "cpu-used": "8", "g": "10"}}),
    "VP9 in WebM as browsers record it": (
        "webm",
        {"codec": "libvpx-vp9", "options": {"deadline": "realtime", "cpu-used": "8"}, "muxer": {"live": "1"}},
    ),
    "ProRes": ("mov", {"codec": "prores_ks", "pixels": "yuv422p10le"}),
    "MJPEG": ("avi", {"codec": "mjpeg", "pixels": "yuvj420p"}),
    "AV1": ("mp4", {"codec": "libsvtav1", "options": {"preset": "10", "svtav1-params": "lp=1", "g": "10"}}),
    "GIF": ("gif", {"codec": "gif", "pixels": "rgb8", "rate": 25}),
}


@pytest.mark.parametrize(("suffix", "how"), CODECS.values(), ids=CODECS.keys())
def test_every_usual_container_and_codec_is_read_frame_by_frame(
    tmp_path: Path, suffix: str, how: dict[str, Any], capfd: pytest.CaptureFixture[str]
) -> None:
    size = 64  # the smallest that all encoders take
    pictures = [np.full((size, size, 3), 10 + 8 * number, np.uint8) for number in range(25)]
    for picture in pictures:
        picture[: size // 2] //= 2
    path = write_clip(tmp_path / f"a.{suffix}", pictures, **how)
    capfd.readouterr()
    rate = float(how.get("rate", 30))
    frames, reader = read(path, rate)
    assert capfd.readouterr() == ("", "")
    assert reader.warnings == [] and reader.decoded == 25
    assert [frame.time for frame in frames] == [number / rate for number in range(25)]
    greys = [frame.picture[3 * size // 4, size // 2].mean() for frame in frames]
    assert np.abs(np.array(greys) - [10 + 8 * number for number in range(25)]).max() < (30 if suffix == "gif" else 8)
    assert all(frame.picture[:20].mean() < frame.picture[-20:].mean() for frame in frames)


@pytest.mark.parametrize(("suffix", "how"), CODECS.values(), ids=CODECS.keys())
def test_a_stretch_has_the_same_frames_as_the_whole(tmp_path: Path, suffix: str, how: dict[str, Any]) -> None:
    path = write_clip(tmp_path / f"a.{suffix}", [picture.repeat(2, 0).repeat(2, 1) for picture in moving(25)], **how)
    rate = float(how.get("rate", 30))
    whole, _ = read(path, rate)
    assert len({frame.picture.tobytes() for frame in whole}) == 25
    for first, last in [(0, 5), (7, 12), (10, 11), (19, 25), (24, 25)]:
        frames, reader = read(path, rate, start=first / rate, end=last / rate)
        assert [frame.time for frame in frames] == [number / rate for number in range(last - first)]
        for frame, expected in zip(frames, whole[first:last], strict=True):
            np.testing.assert_array_equal(frame.picture, expected.picture)
        assert reader.warnings == []
    assert len(read(path, rate, start=20 / rate)[0]) == 5


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_only_what_a_stretch_needs_is_decoded(tmp_path: Path, suffix: str) -> None:
    path = write_clip(tmp_path / f"a.{suffix}", numbered(60), **X264)
    frames, reader = read(path, start=45 / 30, end=50 / 30)
    assert numbers_of(frames) == [45, 46, 47, 48, 49]
    assert reader.decoded <= 16


# Time


@pytest.mark.parametrize(("count", "rate"), [(1, 30), (2, 30), (31, 30), (31, 25)])
def test_a_clip_at_the_rate_keeps_every_frame_once(tmp_path: Path, count: int, rate: int) -> None:
    frames, _ = read(write_clip(tmp_path / "a.mp4", numbered(count), rate), float(rate))
    assert numbers_of(frames) == list(range(count))
    assert [frame.time for frame in frames] == pytest.approx([number / rate for number in range(count)])
    assert {(frame.width, frame.height, frame.rotation) for frame in frames} == {(WIDTH, HEIGHT, 0)}


@pytest.mark.parametrize("count", [40, 41])
def test_a_clip_at_twice_the_rate_gives_every_second_frame(tmp_path: Path, count: int) -> None:
    frames, _ = read(write_clip(tmp_path / "a.mp4", numbered(count), rate=60))
    assert numbers_of(frames) == list(range(0, count, 2))
    assert [frame.time for frame in frames] == pytest.approx([number / 30 for number in range(len(frames))])


def test_a_clip_at_an_odd_rate_gives_the_newest_frame_of_each_moment(tmp_path: Path) -> None:
    frames, _ = read(write_clip(tmp_path / "a.mp4", numbered(26), rate=25), 10.0)
    assert numbers_of(frames) == [0, 2, 5, 7, 10, 12, 15, 17, 20, 22, 25]


def test_ntsc_counts_as_thirty_frames_a_second(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", numbered(30), rate=Fraction(30000, 1001))
    assert numbers_of(read(path)[0]) == list(range(30))


def stamps_with(gaps: list[tuple[int, float]], interval: float = 33.3) -> list[int]:
    """30 time stamps in milliseconds; `gaps` are (number of the frame, milliseconds before it more than usual)."""
    more = dict(gaps)
    stamps, now = [], 0.0
    for number in range(30):
        now += (interval if number else 0) + more.get(number, 0)
        stamps.append(round(now))
    return stamps


@pytest.mark.parametrize("suffix", ["mkv", "mp4"])
@pytest.mark.parametrize("gaps", [[], [(9, 33.3), (20, 33.3)], [(15, 200)]], ids=["none", "dropped frames", "pause"])
def test_a_few_gaps_do_not_make_a_clip_slow_and_the_frame_before_fills_them(
    tmp_path: Path, gaps: list[tuple[int, float]], suffix: str
) -> None:
    stamps = stamps_with(gaps)
    frames, reader = read(write_clip(tmp_path / f"a.{suffix}", numbered(30), stamps=stamps, rate=1000))
    expected = [
        max(number for number in range(30) if stamps[number] <= tick * 1000 / 30 + 3.4)
        for tick in range(int((stamps[-1] + 3.4) * 30 / 1000) + 1)
    ]
    assert numbers_of(frames) == expected
    assert reader.warnings == []


@pytest.mark.parametrize("interval", [100, 66.6, 40], ids=["10", "15", "25"])
def test_a_slow_clip_of_variable_rate_is_refused_whatever_its_header_says(tmp_path: Path, interval: float) -> None:
    path = write_clip(tmp_path / "slow.mkv", numbered(30), stamps=stamps_with([(5, 7), (9, -7)], interval), rate=60)
    text = one_line_error(lambda: read(path))
    assert text.startswith("slow.mkv: ") and "frames/s, fewer than" in text
    assert float(text.split()[1]) == pytest.approx(1000 / interval, rel=0.05)


def test_half_a_clip_at_half_the_rate_is_slow(tmp_path: Path) -> None:
    stamps = stamps_with([(number, 33.3) for number in range(15, 30)])
    assert "frames/s" in one_line_error(lambda: read(write_clip(tmp_path / "a.mkv", numbered(30), stamps=stamps)))


def test_a_clip_that_is_too_slow_names_the_parameter(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "slow.mp4", numbered(5), rate=25)
    text = one_line_error(lambda: read(path))
    assert text.startswith("slow.mp4: 25 frames/s")
    assert "extract_keypoints.target_frame_rate (30)" in text


def test_a_slow_clip_can_be_accepted_with_its_frames_repeated_and_a_warning(tmp_path: Path) -> None:
    frames, reader = read(write_clip(tmp_path / "slow.mp4", numbered(6), rate=12), 30.0, accept_slow=True)
    assert numbers_of(frames) == [0, 0, 0, 1, 1, 2, 2, 2, 3, 3, 4, 4, 4]
    assert reader.decoded == 6
    assert reader.warnings == ["12 frames/s, fewer than extract_keypoints.target_frame_rate (30): frames are repeated"]


@pytest.mark.parametrize(("suffix", "offset"), [("mkv", 5000), ("ts", 3000), ("mp4", 700)])
def test_the_first_time_stamp_is_second_zero(tmp_path: Path, suffix: str, offset: int) -> None:
    stamps = [offset + round(number * 100 / 3) for number in range(30)]
    how = X264 if suffix == "ts" else {}
    frames, reader = read(write_clip(tmp_path / f"a.{suffix}", numbered(30), stamps=stamps, **how), start=0.5, end=0.7)
    assert numbers_of(frames) == [15, 16, 17, 18, 19, 20]
    assert reader.warnings == []


def test_a_clip_that_was_trimmed_without_reencoding_begins_where_it_is_shown(tmp_path: Path) -> None:
    """Phones trim by an edit list: the frames before are still there, and needed to decode those that are shown."""
    path = write_clip(tmp_path / "a.mp4", numbered(30), **X264)
    content = bytearray(path.read_bytes())
    start = content.index(b"elst") + 12  # the first entry: length, first time shown, speed
    length, first, _ = struct.unpack(">Iii", content[start : start + 12])
    content[start : start + 8] = struct.pack(">Ii", length * 15 // 30, first + 14 * 512)
    path.write_bytes(content)
    frames, reader = read(path)
    assert numbers_of(frames)[:15] == list(range(14, 29))
    assert frames[0].time == 0.0
    assert reader.warnings == []
    assert numbers_of(read(path, start=0.1, end=0.2)[0]) == [17, 18, 19]


@pytest.mark.parametrize("suffix", ["mkv", "mp4"])
def test_a_leap_of_the_clock_is_named(tmp_path: Path, suffix: str) -> None:
    stamps = [0, 33, 67, 100, 90_000_000]
    path = write_clip(tmp_path / f"a.{suffix}", numbered(5), stamps=stamps, rate=1000)
    for more in ({}, {"accept_slow": True}, {"end": 100_000.0, "accept_slow": True}):
        text = one_line_error(partial(read, path, **more))
        assert text == f"a.{suffix}: time stamps jump from 0.1 s to 90000 s; re-encode it or cut it"


def test_time_stamps_that_go_back_are_named(tmp_path: Path) -> None:
    """Swap the offsets from decoding to showing of two frames, as broken editors do."""
    path = write_clip(tmp_path / "a.mp4", numbered(30), **X264)
    content = bytearray(path.read_bytes())
    start = content.index(b"ctts") + 12
    (entries,) = struct.unpack(">I", content[start - 4 : start])
    middle = start + 8 * (entries // 2)
    content[middle + 4 : middle + 8] = struct.pack(">I", 5 * 512)
    content[middle + 12 : middle + 16] = struct.pack(">I", 0)
    path.write_bytes(content)
    try:
        frames, _ = read(path)
    except DataError as error:
        assert "time stamps go back" in str(error)
    else:
        assert [frame.time for frame in frames] == [number / 30 for number in range(len(frames))]


@pytest.mark.parametrize(
    ("start", "end"),
    [(float("nan"), None), (0.5, 0.5), (0.5, 0.2), (-1.0, None), (0.0, float("nan")), (float("inf"), None)],
)
def test_a_stretch_that_is_none_is_named(tmp_path: Path, start: float, end: float | None) -> None:
    path = write_clip(tmp_path / "a.mp4", numbered(30))
    assert one_line_error(lambda: read(path, start=start, end=end)).startswith("a.mp4: no interval from ")


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "avi"])
def test_a_stretch_after_the_end_is_named_with_both_times(tmp_path: Path, suffix: str) -> None:
    path = write_clip(tmp_path / f"a.{suffix}", numbered(31))
    text = one_line_error(lambda: read(path, start=4.0, end=5.0))
    assert "the labelled interval starts at 4 s, but the clip's last frame is at 1 s" in text


def test_a_stretch_that_ends_after_the_clip_is_warned_of(tmp_path: Path) -> None:
    frames, reader = read(write_clip(tmp_path / "a.mp4", numbered(30)), start=0.5, end=3.0)
    assert numbers_of(frames) == list(range(15, 30))
    assert reader.warnings == ["the labelled interval ends at 3 s, after the clip (1 s)"]


# Pictures


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_clips_are_upright_whatever_their_display_matrix(tmp_path: Path, degrees: int) -> None:
    stored = np.rot90(upright(), degrees // 90)  # counter-clockwise, to be undone clockwise
    path = write_clip(tmp_path / "a.mp4", [stored] * 3)
    turn(path, degrees)
    frames, _ = read(path)
    assert len(frames) == 3
    for frame in frames:
        assert frame.picture.shape == (HEIGHT, WIDTH, 3)
        assert (frame.width, frame.height, frame.rotation) == (WIDTH, HEIGHT, degrees)
        assert_upright(frame.picture)


@pytest.mark.parametrize("suffix", ["mp4", "mov", "mkv"])
@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("degrees", [0, 90, 180, 270, -90])
def test_turned_and_mirrored_clips_are_upright(tmp_path: Path, degrees: int, mirrored: bool, suffix: str) -> None:
    """As FFmpeg writes it: the picture is turned counter-clockwise by the degrees, then mirrored left to right."""
    stored = upright()
    if mirrored:
        stored = np.fliplr(stored)
    stored = np.rot90(stored, -degrees // 90)
    path = write_clip(tmp_path / f"a.{suffix}", [stored] * 2, turn=(degrees, mirrored))
    for frame in read(path)[0]:
        assert frame.picture.shape == (HEIGHT, WIDTH, 3)
        assert_upright(frame.picture)


def test_large_frames_are_scaled_down_and_their_size_is_told_in_full(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", [np.rot90(upright(150, 200))])
    turn(path, 90)
    (frame,) = ClipReader(path, 100, 30.0)
    assert frame.picture.shape == (100, 75, 3)
    assert (frame.width, frame.height) == (150, 200)
    assert_upright(frame.picture)


def test_fine_patterns_are_averaged_when_scaled_down(tmp_path: Path) -> None:
    """Else hands would get jagged edges."""
    stripes = np.zeros((240, 320, 3), np.uint8)
    stripes[:, ::4] = stripes[:, 1::4] = 200
    path = write_clip(tmp_path / "a.avi", [stripes], codec="mjpeg", pixels="yuvj420p")
    (frame,) = ClipReader(path, 80, 30.0)
    assert frame.picture.shape == (60, 80, 3)
    assert np.abs(frame.picture[5:-5, 5:-5].astype(int) - 100).max() < 12


def test_pixels_that_are_not_square_are_made_square(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=30)
        stream.width, stream.height, stream.pix_fmt = WIDTH // 2, HEIGHT, "yuv420p"
        stream.codec_context.sample_aspect_ratio = Fraction(2)
        picture = np.ascontiguousarray(upright()[:, ::2])
        container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
    (frame,), _ = read(path)
    assert (frame.width, frame.height) == (WIDTH, HEIGHT)
    assert frame.picture.shape == (HEIGHT, WIDTH, 3)


@pytest.mark.parametrize("space", ["bt709", "smpte170m", "bt2020nc"])
def test_colours_are_those_of_the_file_s_colour_space(tmp_path: Path, space: str) -> None:
    path = tmp_path / "a.mp4"
    encoded = {"bt709": "ITU709", "smpte170m": "SMPTE170M", "bt2020nc": "BT2020"}[space]
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=30, options={"colorspace": space, "qp": "1"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv444p"
        frame = av.VideoFrame.from_ndarray(upright(), format="rgb24")
        container.mux(stream.encode(frame.reformat(format="yuv444p", dst_colorspace=encoded)))
        container.mux(stream.encode())
    (shown,), _ = read(path)
    assert_upright(shown.picture, tolerance=4)


def test_a_size_that_changes_on_the_way_is_taken_as_it_comes(tmp_path: Path) -> None:
    """Motion JPEG: each picture has its own size."""
    path = tmp_path / "a.avi"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mjpeg", rate=30)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuvj420p"
        for number, picture in enumerate(numbered(20)):
            picture = picture if number < 10 else np.ascontiguousarray(picture[:24, :32])
            encoder = av.CodecContext.create("mjpeg", "w")
            encoder.height, encoder.width, _ = picture.shape
            encoder.pix_fmt, encoder.time_base = "yuvj420p", Fraction(1, 30)
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, 30)
            for packet in [*encoder.encode(frame), *encoder.encode(None)]:
                packet.stream = stream
                container.mux(packet)
    frames, _ = read(path)
    assert numbers_of(frames) == list(range(20))
    assert {frame.picture.shape for frame in frames} == {(HEIGHT, WIDTH, 3), (24, 32, 3)}


def test_no_more_than_a_few_decoded_frames_are_held(tmp_path: Path) -> None:
    """Else a long clip fills the memory until Python happens to collect its garbage."""
    path = write_clip(tmp_path / "a.mp4", numbered(60), turn=(90, False))

    def held() -> int:
        return sum(isinstance(thing, av.VideoFrame) for thing in gc.get_objects())

    gc.collect()
    gc.disable()
    gc.freeze()  # what there is already is not looked at
    try:
        most = max(held() for _ in ClipReader(path, 480, 30.0))
    finally:
        gc.unfreeze()
        gc.enable()
    assert 1 <= most <= 8


# Sound


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_sound_is_left_out_even_where_it_is_longer(tmp_path: Path, suffix: str) -> None:
    path = write_clip(tmp_path / f"a.{suffix}", numbered(30), sound=3.0)
    frames, reader = read(path)
    assert numbers_of(frames) == list(range(30))
    assert reader.warnings == [], "a clip is not broken because its sound goes on"
    assert numbers_of(read(path, start=0.5, end=0.6)[0]) == [15, 16, 17]


@pytest.mark.parametrize(("suffix", "cover"), [("mp4", False), ("m4a", False), ("mp4", True)])
def test_a_file_with_sound_only_is_named_even_with_a_cover_picture(tmp_path: Path, suffix: str, cover: bool) -> None:
    path = tmp_path / f"sound.{suffix}"
    write_sound(path, cover)
    assert one_line_error(lambda: read(path)) == f"sound.{suffix}: no video in it; remove it"


# What is broken, or no clip


def front_index(path: Path, count: int = 60) -> Path:
    return write_clip(path, moving(count), muxer={"movflags": "faststart"}, **X264)


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "avi", "ts"])
@pytest.mark.parametrize("part", [0.4, 0.7])
def test_a_clip_that_is_cut_off_gives_the_frames_before_and_a_warning(tmp_path: Path, suffix: str, part: float) -> None:
    path = front_index(tmp_path / f"a.{suffix}")
    whole, _ = read(path)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * part)])
    frames, reader = read(path)
    assert 60 * part - 15 < len(frames) < 60 * part + 8
    for frame, expected in zip(frames, whole, strict=False):
        np.testing.assert_array_equal(frame.picture, expected.picture)
    if suffix != "ts":  # which has no length to compare with
        (warning,) = reader.warnings
        assert warning.startswith("broken after ") and " of 2.0 s: only the part before is used" in warning
        assert float(warning.split()[2]) == pytest.approx(len(frames) / 30, abs=0.11)


@pytest.mark.parametrize("name", ["HEVC", "VP9 in WebM", "ProRes", "AV1", "MJPEG"])
def test_no_codec_shows_half_a_frame_of_a_clip_that_is_cut_off(tmp_path: Path, name: str) -> None:
    suffix, how = CODECS[name]
    suffix = "mov" if name == "MJPEG" else suffix
    muxer = {"movflags": "faststart"} if suffix in ("mp4", "mov") else {}
    path = tmp_path / f"a.{suffix}"
    write_clip(path, [picture.repeat(2, 0).repeat(2, 1) for picture in moving(30)], muxer=muxer, **how)
    whole, _ = read(path)
    content = path.read_bytes()
    for part in (0.75, 0.83, 0.9):
        path.write_bytes(content[: int(len(content) * part)])
        frames, reader = read(path)
        assert 0 < len(frames) < 30
        for frame, expected in zip(frames, whole, strict=False):
            np.testing.assert_array_equal(frame.picture, expected.picture)
        if len(frames) < 27:  # less may also be a rounded length
            assert reader.warnings[0].startswith("broken after ")


def test_what_is_broken_after_the_stretch_does_not_matter(tmp_path: Path) -> None:
    path = front_index(tmp_path / "a.mp4")
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * 0.7)])
    frames, reader = read(path, start=0.2, end=0.5)
    assert len(frames) == 9 and reader.warnings == []
    frames, reader = read(path, start=0.2, end=1.9)
    assert 20 < len(frames) < 45 and reader.warnings[0].startswith("broken after ")
    text = one_line_error(lambda: read(path, start=1.8))
    assert "broken after" in text and "before the labelled interval, which starts at 1.8 s" in text


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_frames_after_a_damage_in_the_middle_are_not_used(tmp_path: Path, suffix: str) -> None:
    path = front_index(tmp_path / f"a.{suffix}")
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 400] = np.random.default_rng(0).bytes(400)
    path.write_bytes(content)
    frames, reader = read(path)
    assert 10 < len(frames) < 50
    assert len(reader.warnings) == 1 and reader.warnings[0].startswith("broken after ")


def list_of_files(path: Path) -> None:
    """FFmpeg would follow it to the other file."""
    write_clip(path.with_name("other.mp4"), numbered(30))
    path.write_text("ffconcat version 1.0\nfile other.mp4\n")


BAD = {
    "zero bytes": (lambda path: path.write_bytes(b""), "empty file"),
    "text": (lambda path: path.write_text("not a clip\n" * 100), "it is text"),
    "a list of other files": (list_of_files, "it is text"),
    "a playlist": (lambda path: path.write_text("#EXTM3U\n#EXTINF:1,\nhttp://localhost/a.ts\n"), "it is text"),
    "no index at its end": (
        lambda path: path.write_bytes(write_clip(path, numbered(10)).read_bytes()[:-600]),
        "not a readable video",
    ),
    "cut off in its index": (lambda path: path.write_bytes(front_index(path).read_bytes()[:200]), "readable video"),
    "picture": (lambda path: Image.fromarray(upright()).save(path, "PNG"), "it is a picture, not a video"),
    "HEIC": (
        lambda path: pillow_heif.from_pillow(Image.fromarray(upright())).save(path),
        "it is a picture, not a video",
    ),
    "zeros": (lambda path: path.write_bytes(bytes(5000)), "not a readable video"),
    "folder": (lambda path: path.mkdir(), "a folder"),
    "missing": (lambda path: None, "no such file"),
    "broken link": (lambda path: path.symlink_to("gone"), "a link to a file that is gone"),
    "pipe": (os.mkfifo, "a pipe or a device"),
}


@pytest.mark.parametrize(("write", "reason"), BAD.values(), ids=BAD.keys())
def test_what_is_no_clip_is_named(
    tmp_path: Path, write: Callable[[Path], object], reason: str, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "MOV_1.mp4"
    write(path)
    capfd.readouterr()
    for more in ({}, {"start": 0.1, "end": 0.2}):
        text = one_line_error(partial(read, path, **more))
        assert text.startswith("MOV_1.mp4: ") and reason in text and "; " in text
        assert str(tmp_path) not in text
    assert capfd.readouterr() == ("", "")


def test_names_that_mean_something_to_ffmpeg_are_plain_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("concat:a|b.mp4", "http:a.mp4", "a%03d.mp4", "a\nb.mp4", "-i.mp4", "手 👋.mp4"):
        write_clip(tmp_path / "a.mp4", numbered(3)).replace(tmp_path / name)
        assert numbers_of(read(tmp_path / name)[0]) == [0, 1, 2]
        assert numbers_of(read(Path(name))[0]) == [0, 1, 2]


def test_a_reader_can_be_read_again(tmp_path: Path) -> None:
    path = front_index(tmp_path / "a.mp4")
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * 0.7)])
    reader = ClipReader(path, 480, 30.0)
    first = [len(list(reader)), reader.decoded, list(reader.warnings)]
    assert [len(list(reader)), reader.decoded, list(reader.warnings)] == first


FUZZED = ["H.264 in MP4", "H.264 in MKV", "MPEG-4 in AVI", "HEVC", "VP9 in WebM", "ProRes", "MJPEG", "AV1", "GIF"]


@pytest.mark.parametrize("name", FUZZED)
def test_broken_clips_are_named_or_read_and_nothing_is_printed(
    tmp_path: Path, name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    suffix, how = CODECS[name]
    path = tmp_path / f"MOV_1.{suffix}"
    how = {**how, "muxer": {"movflags": "faststart"}} if suffix in ("mp4", "mov") else how
    write_clip(path, [picture.repeat(2, 0).repeat(2, 1) for picture in moving(12)], **how)
    content = path.read_bytes()
    chance = random.Random(1)
    variants = [content[: len(content) * part // 20] for part in range(20)]
    for _ in range(50):
        flipped = bytearray(content)
        flipped[chance.randrange(min(len(content), 1500) if chance.random() < 0.6 else len(content))] ^= 255
        variants.append(bytes(flipped))
    capfd.readouterr()
    before = time.process_time()
    for number, variant in enumerate(variants):
        path.write_bytes(variant)
        more: dict[str, Any] = {"start": 0.1, "end": 0.3} if number % 3 == 0 else {}
        try:
            for frame in ClipReader(path, 480, 25.0, accept_slow=number % 2 == 0, **more):
                assert frame.picture.dtype == np.uint8 and frame.picture.ndim == 3
        except DataError as error:
            assert str(error).startswith("MOV_1.") and len(str(error).splitlines()) == 1
    assert time.process_time() - before < 20
    assert capfd.readouterr() == ("", "")
