"""Clips whose end is missing: the whole frames before it, and a line that says how many they are."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from clip_files import X264, write_clip
from PIL import Image

from handloom.media.clips import ClipReader
from handloom.media.frame import Picture

HOW = {
    "gif": {"codec": "gif", "pixels": "rgb8", "rate": 25},
    "ts": X264,
    "m2ts": X264,
    "webm": {"codec": "libvpx-vp9", "options": {"deadline": "realtime", "cpu-used": "8", "g": "10"}},
    "mkv": X264,
    "live.mkv": {**X264, "muxer": {"live": "1"}},
    "mpg": {"codec": "mpeg2video", "pixels": "yuv420p", "rate": 25},
    "flv": {"codec": "flv", "pixels": "yuv420p"},
    "ogv": {"codec": "libvpx", "options": {"deadline": "realtime", "cpu-used": "8", "g": "10"}},
}


def moving(count: int) -> list[Picture]:
    start = np.random.default_rng(0).integers(0, 256, (24, 32, 3), np.uint8).repeat(4, axis=0).repeat(4, axis=1)
    return [np.roll(start, 4 * number, axis=1) for number in range(count)]


def read(path: Path) -> tuple[list[Picture], list[str]]:
    reader = ClipReader(path, 480, 25.0)
    return [frame.picture for frame in reader], reader.warnings


@pytest.mark.parametrize("suffix", HOW)
def test_a_clip_that_ends_early_is_warned_of_and_a_whole_one_is_not(tmp_path: Path, suffix: str) -> None:
    path = write_clip(tmp_path / f"a.{suffix}", moving(40), **HOW[suffix])
    whole, warnings = read(path)
    assert warnings == []
    content = path.read_bytes()
    for part in (0.5, 0.8):
        path.write_bytes(content[: int(len(content) * part) // 188 * 188 + 50])
        frames, warnings = read(path)
        assert 0 < len(frames) < len(whole)
        for frame, expected in zip(frames, whole, strict=False):
            np.testing.assert_array_equal(frame, expected)
        (warning,) = warnings
        assert warning.startswith("broken after ")
        assert warning.endswith(f": only the part before is used ({len(frames)} frames)")


def test_gifs_of_other_programs_are_whole(tmp_path: Path) -> None:
    pictures = [Image.fromarray(picture).quantize(16 + number) for number, picture in enumerate(moving(12))]
    options: dict[str, Any] = {"save_all": True, "append_images": pictures[1:], "duration": 40, "comment": b"x" * 700}
    pictures[0].save(tmp_path / "a.gif", **options)
    frames, warnings = read(tmp_path / "a.gif")
    assert len(frames) == 12 and warnings == []
    content = (tmp_path / "a.gif").read_bytes()
    (tmp_path / "a.gif").write_bytes(content + b"\0" * 30)  # filled up
    assert read(tmp_path / "a.gif")[1] == []
    (tmp_path / "a.gif").write_bytes(content[:-1])
    assert len(read(tmp_path / "a.gif")[1]) == 1
