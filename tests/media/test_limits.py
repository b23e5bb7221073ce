"""What a file may cost: refused by its header, in one line, and nothing is held twice on the way."""

import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from clip_files import X264, write_clip
from PIL import Image
from quadrants import one_line_error, upright

from handloom.config import ExtractKeypoints
from handloom.media.clips import ClipReader
from handloom.media.limits import MediaLimits
from handloom.media.photos import read_photo
from handloom.media.plain_rgb import scaled_rgb, size_within


def limits(**settings: Any) -> MediaLimits:
    return MediaLimits.of(ExtractKeypoints(**settings))


@pytest.mark.parametrize(
    ("mode", "suffix", "options"),
    [
        *(("RGB", "png", {}), ("RGBA", "png", {}), ("RGB", "tif", {"compression": "tiff_lzw"}), ("RGB", "webp", {})),
        *(("RGBA", "webp", {}), ("RGB", "heic", {}), ("RGB", "avif", {}), ("RGB", "jp2", {}), ("F", "tif", {})),
        *(("RGB", "jpg", {"progressive": True}), ("L", "bmp", {}), ("P", "gif", {})),
    ],
)
def test_a_picture_that_takes_too_much_memory_is_refused_before_it_is_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str, suffix: str, options: dict[str, Any]
) -> None:
    path = tmp_path / f"large.{suffix}"
    Image.new(mode, (1200, 1000)).save(path, **options)
    assert read_photo(path, 100, limits(picture_memory_limit=30.0)).width == 1200
    monkeypatch.setattr(Image.Image, "load", None)
    text = one_line_error(lambda: read_photo(path, 100, limits(picture_memory_limit=1.0)))
    assert text.startswith(f"large.{suffix}: 1200 x 1000 pixels take ")
    assert "more than extract_keypoints.picture_memory_limit (1); scale it down, or raise that" in text


def test_phones_photos_of_200_megapixels_are_within_the_usual_limits() -> None:
    for bytes_per_pixel in (4, 7, 9):  # JPEG and PNG, HEIC, AVIF
        limits().check_memory("a", 16320, 12240, bytes_per_pixel)


def test_a_transparent_picture_is_not_held_several_times(tmp_path: Path) -> None:
    """49 megapixels are 196 MB; four copies of them were held."""
    Image.new("RGBA", (7000, 7000), (200, 30, 30, 128)).save(tmp_path / "a.png", compress_level=1)
    code = (
        "import resource, sys; from pathlib import Path; from handloom.media.photos import read_photo;"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss; read_photo(Path(sys.argv[1]), 640);"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)"
    )
    ran = subprocess.run([sys.executable, "-c", code, tmp_path / "a.png"], capture_output=True, text=True, check=True)
    unit = 1 if sys.platform == "darwin" else 1024  # bytes
    assert int(ran.stdout) * unit < 350e6


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "I;16", "I", "F", "RGB"])
@pytest.mark.parametrize(("size", "side"), [((640, 480), 100), ((640, 481), 99), ((97, 211), 64), ((50, 40), 64)])
def test_in_strips_a_picture_is_what_it_is_as_a_whole(
    monkeypatch: pytest.MonkeyPatch, mode: str, size: tuple[int, int], side: int
) -> None:
    values = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 4), np.uint8)
    image = Image.fromarray(values, "RGBA")
    if mode in ("I;16", "I", "F"):
        dtype = {"I;16": np.uint16, "I": np.int32, "F": np.float32}[mode]
        image = Image.fromarray(values[..., 0].astype(dtype) * dtype(200))
    elif mode != "RGBA":
        image = image.convert("RGB").convert(mode) if mode == "P" else image.convert(mode)
    whole = scaled_rgb(image, max(size))
    expected = whole.resize(size_within(size, side), Image.Resampling.HAMMING, reducing_gap=2.0)
    monkeypatch.setattr("handloom.media.plain_rgb._STRIP", 3000)
    assert scaled_rgb(image, side).tobytes() == expected.tobytes()


def test_a_text_in_a_png_that_fills_the_memory_is_refused(tmp_path: Path) -> None:
    Image.fromarray(upright()).save(tmp_path / "a.png")
    content = (tmp_path / "a.png").read_bytes()
    text = b"Comment\0\0" + zlib.compress(bytes(50_000_000))
    chunk = b"zTXt" + text
    added = len(text).to_bytes(4, "big") + chunk + zlib.crc32(chunk).to_bytes(4, "big")
    (tmp_path / "a.png").write_bytes(content[:33] + added + content[33:])
    assert one_line_error(lambda: read_photo(tmp_path / "a.png", 1280)).startswith("a.png: not a readable picture")


def test_a_jpeg_of_very_many_steps_is_refused(tmp_path: Path) -> None:
    Image.fromarray(upright()).save(tmp_path / "a.jpg", progressive=True)
    content = (tmp_path / "a.jpg").read_bytes()
    start = content.rindex(b"\xff\xda")
    (tmp_path / "a.jpg").write_bytes(content[:start] + content[start:-2] * 200 + content[-2:])
    assert "a JPEG of 2" in one_line_error(lambda: read_photo(tmp_path / "a.jpg", 1280))


def still(path: Path, frames: int, side: int, **how: Any) -> Path:
    return write_clip(path, [np.full((side, side, 3), 60, np.uint8)] * frames, **how)


@pytest.mark.parametrize(("suffix", "how"), [("gif", {"codec": "gif", "pixels": "rgb8", "rate": 25}), ("mp4", X264)])
def test_a_clip_of_too_many_pixels_is_refused_before_it_is_decoded(
    tmp_path: Path, suffix: str, how: dict[str, Any]
) -> None:
    path = still(tmp_path / f"a.{suffix}", 10, 64, **how)
    reader = ClipReader(path, 480, 25.0, limits=limits(clip_pixels_limit=3e-5))
    text = one_line_error(lambda: list(reader))
    assert text.startswith(f"a.{suffix}: 10 frames of 64 x 64 pixels") and "clip_pixels_limit" in text
    assert reader.decoded == 0
    if suffix == "gif":  # a stretch of it costs less
        assert len(list(ClipReader(path, 480, 25.0, 0.0, 0.12, limits=limits(clip_pixels_limit=3e-5)))) == 3
    reader = ClipReader(path, 480, 25.0, limits=limits(picture_memory_limit=0.01))
    assert "picture_memory_limit" in one_line_error(lambda: list(reader))


def test_a_small_file_of_very_many_large_frames_is_refused() -> None:
    usual = limits()
    usual.check_clip("an hour as a phone writes it", 60 * 3600, 1920, 1080, 5_000_000_000)
    usual.check_clip("an hour in 4K", 30 * 3600, 3840, 2160, 20_000_000_000)
    usual.check_clip("ten minutes as they are shared", 30 * 600, 1920, 1080, 90_000_000)
    text = one_line_error(lambda: usual.check_clip("a.gif", 2000, 8000, 8000, 46_020))
    assert text.startswith("a.gif: 2000 frames of 8000 x 8000 pixels in 46020 bytes")
    assert "pixels_per_byte_limit" in text


def test_long_clips_of_phones_and_screens_are_within_the_usual_limits_and_small_gifs_too() -> None:
    usual = limits()
    usual.check_clip("an hour of 4K at 60 frames/s", 60 * 3600, 3840, 2160, 25_000_000_000, 3600, "hevc")
    usual.check_clip("an hour of a still screen", 30 * 3600, 1920, 1080, 30_000_000, 3600, "h264")
    usual.check_clip("a minute of a screen as a GIF", 600, 1280, 800, 2_000_000, 60, "gif")
    usual.check_clip("20 s of a hand as a GIF", 500, 800, 600, 20_000_000, 20, "gif")
    usual.check_clip("a slide show", 60, 1280, 720, 100_000, 300, "h264")


@pytest.mark.parametrize(
    ("clip", "counted"),
    [
        ((601, 4096, 4096, 7_800_000, 24.0, "gif"), "601 frames of 4096 x 4096 pixels in 7800000 bytes"),
        ((601, 4096, 4096, 7_800_000, 24.0, "png"), "601 frames of 4096 x 4096 pixels in 7800000 bytes"),
        ((2000, 16, 16, 46_000, 20_000.0, "gif"), "2000 frames of 16 x 16 pixels, shown for 20000 s, in 46000 bytes"),
        ((200_000, 16, 16, 200_000, 6667.0, "h264"), "200000 frames of 16 x 16 pixels, shown for 6667 s,"),
        ((30_000, 1920, 1080, 1_000_000, 1000.0, "h264"), "30000 frames of 1920 x 1080 pixels"),
    ],
)
def test_what_would_run_for_minutes_though_it_is_small_is_refused(clip: tuple[Any, ...], counted: str) -> None:
    text = one_line_error(lambda: limits().check_clip("a", *clip))
    assert text.startswith(f"a: {counted}") and "; remove it, cut it, or raise extract_keypoints." in text


def test_frames_that_grow_on_the_way_count_by_their_own_size(tmp_path: Path) -> None:
    small, large = (still(tmp_path / f"{side}.ts", 10, side, **X264) for side in (64, 640))
    with av.open(small) as first, av.open(large) as second, av.open(tmp_path / "a.ts", "w") as both:
        stream = both.add_stream_from_template(first.streams.video[0])
        for part, later in ((first, 0), (second, 30_000)):
            for packet in part.demux():
                if packet.size:
                    assert packet.pts is not None and packet.dts is not None
                    packet.pts, packet.dts, packet.stream = packet.pts + later, packet.dts + later, stream
                    both.mux(packet)
    assert len(list(ClipReader(tmp_path / "a.ts", 480, 25.0))) > 12
    reader = ClipReader(tmp_path / "a.ts", 480, 25.0, limits=limits(clip_pixels_limit=1e-3))
    assert "frames of 640 x 640 pixels are " in one_line_error(lambda: list(reader))


def test_the_limit_of_memory_may_be_raised_as_far_as_anyone_likes(tmp_path: Path) -> None:
    path = still(tmp_path / "a.mp4", 3, 64, **X264)
    assert len(list(ClipReader(path, 480, 25.0, limits=limits(picture_memory_limit=1e6)))) > 1
