"""Clips as phones, editors and browsers write them, made for tests."""

import struct
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

X264: dict[str, Any] = {"codec": "libx264", "options": {"preset": "ultrafast", "bf": "3", "g": "10", "qp": "8"}}


def write_clip(
    path: Path,
    pictures: Sequence[NDArray[Any]],
    rate: int | Fraction = 30,
    codec: str = "mpeg4",
    pixels: str = "yuv420p",
    options: dict[str, str] | None = None,
    muxer: dict[str, str] | None = None,
    stamps: Sequence[int] | None = None,
    turn: tuple[Any, ...] | None = None,
    sound: float = 0.0,
) -> Path:
    """Encode; `stamps` are milliseconds, `turn` what set_display_rotation takes, `sound` seconds of silence."""
    with av.open(str(path), "w", options=muxer or {}) as container:
        stream = container.add_stream(codec, rate=rate, options=options or {})
        assert isinstance(stream, av.VideoStream)
        stream.height, stream.width, _ = pictures[0].shape
        stream.pix_fmt = pixels
        stream.bit_rate = 4_000_000
        if codec in ("libvpx-vp9", "gif"):
            stream.bit_rate = 1_000_000
        if stamps is not None:
            stream.codec_context.time_base = Fraction(1, 1000)
        if turn is not None:
            stream.set_display_rotation(*turn)
        if sound:
            audio = container.add_stream("aac", rate=8000)
        for number, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
            if stamps is not None:
                frame.pts, frame.time_base = stamps[number], Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
        if sound:
            silence = av.AudioFrame.from_ndarray(np.zeros((1, int(8000 * sound)), np.float32), "fltp", "mono")
            silence.sample_rate = 8000
            container.mux(audio.encode(silence))
            container.mux(audio.encode())
    return path


def turn(path: Path, degrees: int) -> None:
    """Set the clip's display matrix as a phone does that was held on its side: degrees clockwise to upright."""
    a, b, c, d = {0: (1, 0, 0, 1), 90: (0, 1, -1, 0), 180: (-1, 0, 0, -1), 270: (0, -1, 1, 0)}[degrees]
    content = bytearray(path.read_bytes())
    start = content.index(b"tkhd") + 4 + 40
    identity = struct.pack(">9i", 1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30)
    assert content[start : start + 36] == identity
    matrix = (value << 16 for value in (a, b, 0, c, d, 0, 0, 0))
    content[start : start + 36] = struct.pack(">9i", *matrix, 1 << 30)
    path.write_bytes(content)


def write_sound(path: Path, cover: bool = False) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=8000)
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 8000), np.float32), format="fltp", layout="mono")
        sound.sample_rate = 8000
        if cover:
            picture = container.add_stream("mjpeg", rate=1)
            picture.width, picture.height, picture.pix_fmt = 64, 48, "yuvj420p"
            picture.disposition = av.stream.Disposition.attached_pic
            container.mux(picture.encode(av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), format="rgb24")))
            container.mux(picture.encode())
        container.mux(stream.encode(sound))
        container.mux(stream.encode())
