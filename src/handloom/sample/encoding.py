"""Writing pictures and clips so that the same input gives the same bytes."""

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from handloom.described.performance import FRAMES_PER_SECOND

_JPEG_QUALITY = 90

# One thread, since more are not repeatable. No macroblock tree: with it, libx264 gives other bytes now and then for the
# very same pictures.
_H264 = {"threads": "1", "preset": "veryfast", "crf": "24", "x264-params": "mbtree=0"}


def write_photo(path: Path, picture: NDArray[np.uint8]) -> None:
    """Write ``[H, W, 3]`` red, green, blue as JPEG."""
    _, encoded = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    path.write_bytes(encoded.tobytes())


def write_clip(path: Path, pictures: Iterable[NDArray[np.uint8]], width: int, height: int) -> None:
    """Write pictures ``[H, W, 3]`` (red, green, blue, even sizes) as an H.264 file."""
    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=FRAMES_PER_SECOND, options=_H264)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.time_base = Fraction(1, FRAMES_PER_SECOND)
        for picture in pictures:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")))
        container.mux(stream.encode())
