"""Decoding: photos and video frames as upright RGB arrays of a bounded size."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from PIL import Image, ImageOps

from handloom.errors import DataError, first_line
from handloom.extraction.landmarker import Picture

# EXIF orientation -> degrees clockwise that turn the picture upright (mirrored ones count by their turn)
_EXIF_ORIENTATION = 0x0112
_EXIF_DEGREES = {3: 180, 4: 180, 5: 90, 6: 90, 7: 270, 8: 270}
# A clip may be this much slower than the target frame rate and still count as having it (29.97 for 30).
FRAME_RATE_TOLERANCE = 0.01


@dataclass(frozen=True)
class Frame:
    """A decoded picture.

    Attributes:
        picture: uint8 ``[height, width, 3]``, RGB, upright, scaled down to the asked size.
        time: seconds since the clip's first frame; 0 for a photo.
        width, height: of the upright picture before it was scaled down, pixels.
        rotation: degrees clockwise by which it was turned upright.
    """

    picture: Picture
    time: float
    width: int
    height: int
    rotation: int


def read_photo(path: Path, largest_side: int) -> Frame:
    """Decode a photo, turn it upright by its EXIF orientation, scale it down to `largest_side` pixels.

    Raises:
        DataError: it is no picture that can be read; one line with the reason.
    """
    try:
        with Image.open(path) as image:
            rotation = _EXIF_DEGREES.get(image.getexif().get(_EXIF_ORIENTATION, 1), 0)
            upright = ImageOps.exif_transpose(image)
            width, height = upright.size
            if upright.mode.startswith("I;16"):  # convert would cut off at 255 instead of scaling
                upright = Image.fromarray((np.asarray(upright) >> 8).astype(np.uint8))
            upright = upright.convert("RGB")
            upright.thumbnail((largest_side, largest_side))
            return Frame(np.asarray(upright), 0.0, width, height, rotation)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise DataError(f"{path.name}: not a readable picture ({first_line(error)})") from None


def read_clip(path: Path, largest_side: int, frame_rate: float) -> Iterator[Frame]:
    """Decode a video, upright and scaled down, sampled at `frame_rate` by the frames' own time stamps.

    Sample k shows the newest frame that is not later than k / `frame_rate` seconds after the first one.

    Raises:
        DataError: it is no video that can be read, has no frame, or is slower than `frame_rate`.
    """
    try:
        with av.open(str(path)) as container:
            if not container.streams.video:
                raise DataError(f"{path.name}: no video in it")
            stream = container.streams.video[0]
            rate = float(stream.average_rate or 0)
            if 0 < rate < frame_rate * (1 - FRAME_RATE_TOLERANCE):
                raise DataError(
                    f"{path.name}: {rate:g} frames/s, fewer than extract_keypoints.target_frame_rate ({frame_rate:g})"
                )
            empty = True
            for frame in _sampled(container.decode(stream), frame_rate):
                empty = False
                yield _upright(frame[0], frame[1], largest_side)
            if empty:
                raise DataError(f"{path.name}: no frame in it")
    except (av.FFmpegError, ValueError) as error:
        raise DataError(f"{path.name}: not a readable video ({first_line(error)})") from None


def _sampled(frames: Iterator[av.VideoFrame], frame_rate: float) -> Iterator[tuple[av.VideoFrame, float]]:
    """Yield (frame, time of the sample): the newest frame at each tick of `frame_rate`."""
    first: float | None = None
    previous: av.VideoFrame | None = None
    tick = 0
    tolerance = 0.1 / frame_rate  # time stamps are rounded: a frame a hair late still belongs to its tick
    for frame in frames:
        time = frame.time if frame.time is not None else 0.0
        if first is None:
            first = time
        while previous is not None and tick / frame_rate + tolerance < time - first:
            yield previous, tick / frame_rate
            tick += 1
        previous = frame
    if previous is not None and first is not None and tick / frame_rate <= time - first + tolerance:
        yield previous, tick / frame_rate


def _upright(frame: av.VideoFrame, time: float, largest_side: int) -> Frame:
    scale = min(1.0, largest_side / max(frame.width, frame.height))
    width, height = max(1, round(frame.width * scale)), max(1, round(frame.height * scale))
    picture = frame.reformat(width=width, height=height, format="rgb24").to_ndarray()
    quarter_turns = round(frame.rotation / 90) % 4  # counter-clockwise, as both FFmpeg and NumPy count
    full_width, full_height = (frame.height, frame.width) if quarter_turns % 2 else (frame.width, frame.height)
    return Frame(np.rot90(picture, quarter_turns), time, full_width, full_height, -90 * quarter_turns % 360)
