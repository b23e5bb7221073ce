"""What a phone's camera does to a hand that a model was trained from square photos, done to joints and to pictures."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from handloom.hand import Poses, mirror

LARGEST_SIDE = 640  # pixels; a few of the photos are large, and would be larger with borders
SINE, COSINE = np.sin(np.radians(20)), np.cos(np.radians(20))
TURN = [[COSINE, -SINE], [SINE, COSINE]]


def about_the_middle(matrix: list[list[float]]) -> Callable[[Poses], Poses]:
    """Multiply the places of seen joints by a matrix, about the picture's middle."""

    def change(poses: Poses) -> Poses:
        changed = poses.copy()
        changed[:, :2] = np.asarray(matrix, np.float32) @ (poses[:, :2] - 0.5) + 0.5
        return np.asarray(np.where(poses[:, 2:] > 0, changed, 0), np.float32)

    return change


# In a phone's frame of the same height (or width) x (or y) counts 16/9 as much.
JOINTS: dict[str, Callable[[Poses], Poses]] = {
    "joints stretched to 9:16": about_the_middle([[16 / 9, 0], [0, 1]]),
    "joints stretched to 16:9": about_the_middle([[1, 0], [0, 16 / 9]]),
    "joints mirrored": mirror,
    "joints turned by 20 degrees": about_the_middle(TURN),
    "joints turned by -20 degrees": about_the_middle(np.transpose(TURN).tolist()),
    "joints shrunk to a quarter": about_the_middle([[0.25, 0], [0, 0.25]]),
}


def bordered(photo: Image.Image, left: int, top: int) -> Image.Image:
    """The photo with borders of repeated edge pixels, `left` and `top` pixels wide on both sides."""
    pixels: NDArray[np.uint8] = np.pad(np.asarray(photo), ((top, top), (left, left), (0, 0)), mode="edge")
    return Image.fromarray(pixels)


def turned(photo: Image.Image, degrees: float) -> Image.Image:
    """Turned anticlockwise about its middle; what comes in at the corners are repeated edge pixels."""
    width, height = photo.size
    large = bordered(photo, width // 2, height // 2).rotate(degrees, Image.Resampling.BICUBIC)
    return large.crop((width // 2, height // 2, width // 2 + width, height // 2 + height))


def shrunk(photo: Image.Image) -> Image.Image:
    """In the middle of a picture of four times its width and height."""
    width, height = photo.size
    return bordered(photo, 3 * width // 2, 3 * height // 2)


PICTURES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "photos stretched to 9:16": lambda photo: photo.resize((photo.width, round(photo.height * 16 / 9))),
    "photos stretched to 16:9": lambda photo: photo.resize((round(photo.width * 16 / 9), photo.height)),
    "photos in a frame of 9:16": lambda photo: bordered(photo, 0, round(photo.height * 7 / 18)),
    "photos in a frame of 16:9": lambda photo: bordered(photo, round(photo.width * 7 / 18), 0),
    "photos mirrored": ImageOps.mirror,
    "photos turned by 20 degrees": lambda photo: turned(photo, 20),
    "photos turned by -20 degrees": lambda photo: turned(photo, -20),
    "photos shrunk to a quarter": shrunk,
}


def change_photos(folder: Path, change: Callable[[Image.Image], Image.Image], out: Path) -> None:
    """Write a changed copy of every photo of `folder/class/` to `out/class/`, under its name."""
    for path in sorted(folder.glob("*/*")):
        with Image.open(path) as photo:
            upright = ImageOps.exif_transpose(photo).convert("RGB")
        upright.thumbnail((LARGEST_SIDE, LARGEST_SIDE))
        (out / path.parent.name).mkdir(parents=True, exist_ok=True)
        change(upright).save(out / path.parent.name / path.name, quality=95)
