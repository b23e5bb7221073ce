"""Draw the README's picture: one drawn photo per class, and the middle of each action, with the joints that were found.

Run it after `make repro`: `make pictures`.
"""

from pathlib import Path

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from handloom import keypoint_table
from handloom.media.clips import ClipReader
from handloom.media.photos import read_photo
from handloom.pictures.overlay import with_joints

TILE = 150  # pixels
COLUMNS = 9
PERSONS = 5  # each class shows another person than the one before


def tile(picture: NDArray[np.uint8], label: str) -> Image.Image:
    """The middle square of a picture, with its label below."""
    image = Image.fromarray(picture)
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    framed = Image.new("RGB", (TILE, TILE + 18), "white")
    framed.paste(image.crop((left, top, left + side, top + side)).resize((TILE, TILE)))
    ImageDraw.Draw(framed).text((TILE // 2, TILE + 9), label, fill="black", anchor="mm")
    return framed


def tiles(kind: str, folder: Path) -> list[Image.Image]:
    """One tile a class."""
    table = keypoint_table.read(Path(f"data/keypoints/{kind}.parquet"))
    drawn = []
    for number, label in enumerate(sorted(set(table.column("label").to_pylist()))):
        rows = table.filter(pc.equal(table.column("label"), label))
        path = sorted(set(rows.column("path").to_pylist()))[5 * (number % PERSONS) + 2]
        rows = rows.filter(pc.equal(rows.column("path"), path))
        poses = keypoint_table.poses_of(rows)
        if kind == "pose":
            picture, frame = read_photo(folder / path, 640).picture, 0
        else:
            frame = len(poses) // 2
            picture = [one.picture for one in ClipReader(folder / path, 640, 30.0)][frame]
        drawn.append(tile(with_joints(picture, poses[frame]), label.replace("_", " ")))
    return drawn


def main() -> None:
    """Write docs/images/hands.png."""
    drawn = tiles("pose", Path("data/sample/photos")) + tiles("action", Path("data/sample/clips"))
    rows = -(-len(drawn) // COLUMNS)
    sheet = Image.new("RGB", (COLUMNS * (TILE + 6), rows * (TILE + 24)), "white")
    for number, image in enumerate(drawn):
        sheet.paste(image, (number % COLUMNS * (TILE + 6) + 3, number // COLUMNS * (TILE + 24) + 3))
    out = Path("docs/images/hands.png")
    out.parent.mkdir(parents=True, exist_ok=True)
    sheet.quantize(192).save(out, optimize=True)


if __name__ == "__main__":
    main()
