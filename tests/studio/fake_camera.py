"""What Chromium takes for a camera: a file of drawn pictures, in place of which another can be put while it is off."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT, RATE = 640, 480, 10  # so few frames a second that a busy computer keeps up with them


def options(file: Path) -> list[str]:
    """Chromium's options."""
    return [
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-video-capture={file}",
    ]


def show(file: Path, pictures: Sequence[NDArray[Any]], frames: int = 3) -> None:
    """Let the camera show pictures (blue, green, red) in turn, each for some frames, from when it is next turned on."""
    part = file.with_suffix(".part")
    with part.open("wb") as out:
        out.write(f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F{RATE}:1 Ip A1:1 C420jpeg\n".encode())
        for picture in pictures:
            height, width = picture.shape[:2]
            scale = min(WIDTH / width, HEIGHT / height)
            inner = cv2.resize(picture, (round(scale * width), round(scale * height)))
            top, left = (HEIGHT - inner.shape[0]) // 2, (WIDTH - inner.shape[1]) // 2
            whole = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
            whole[top : top + inner.shape[0], left : left + inner.shape[1]] = inner
            content = b"FRAME\n" + cv2.cvtColor(whole, cv2.COLOR_BGR2YUV_I420).tobytes()
            out.write(content * frames)
    part.replace(file)
