"""Copies of photos that `handloom check` finds.

    python benchmarks/near_duplicates.py PHOTOS [COPIES=50] [SEED=1]

PHOTOS has a folder for each class. COPIES photos, evenly drawn, are written once more into a folder of temporary
files: a random part of at least four fifths of each side, mirrored in one of two, as a JPEG of quality 30 to 90. The
joints of originals and copies are extracted as in a project, and all of them are checked together. Pairs of originals
are counted as false, although photos of one burst may be among them: they are listed.
"""

import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time

import numpy as np
from accuracy import extracted, parameters
from PIL import Image, ImageOps

from handloom.check.check import Checked, all_examples
from handloom.check.near_duplicates import near_duplicates
from handloom.config import LabeledDirectories
from handloom.dataset.pictures import Pictures, Views
from handloom.sources import gather_members

LEAST_SIDE = 0.8


def main() -> None:
    photos = Path(sys.argv[1])
    copies, seed = (int(word) for word in [*sys.argv[2:], *["50", "1"][len(sys.argv) - 2 :]])
    with TemporaryDirectory() as folder:
        everything, originals = Path(folder) / "photos", {}
        shutil.copytree(photos, everything)
        draw = np.random.default_rng(seed)
        files = sorted(everything.rglob("*.[jJ][pP]*[gG]"))
        for path in [files[number] for number in draw.choice(len(files), copies, replace=False)]:
            copy = path.with_name(f"copy_{path.stem}.jpg")
            changed(Image.open(path).convert("RGB"), draw).save(copy, quality=int(draw.integers(30, 91)))
            originals[relative(copy, everything)] = relative(path, everything)
        source, table = LabeledDirectories(path=str(everything)), Path(folder) / "keypoints.parquet"
        extracted(source, "pose", 30.0, Path(folder), parameters().extract_keypoints)
        checked = Checked(table)
        views = Views(table, all_examples(table).as_they_are)
        pictures = Pictures(lambda: gather_members(source, "pose").clips, "pose", 30.0)
        began = process_time()
        found = near_duplicates([views(int(row)) for row in checked.rows], checked.people, pictures.picture)
        seconds = process_time() - began
        pairs = {frozenset((checked.names[one.first], checked.names[one.second])) for one in found}
        true = {frozenset(pair) for pair in originals.items()}
        with_hand = {name for name in originals if name in set(checked.names)}
        print(f"{len(checked.names)} photos with a hand, among them {len(with_hand)} of {copies} copies")
        print(f"copies found: {len(pairs & true)}; other pairs: {len(pairs - true)}; {seconds:.1f} s of CPU time")
        for pair in sorted(sorted(pair) for pair in pairs - true):
            print("  also", *pair)


def changed(photo: Image.Image, draw: np.random.Generator) -> Image.Image:
    """A crop, and in one of two a mirrored one."""
    width, height = (draw.uniform(LEAST_SIDE, 1) * side for side in photo.size)
    left, top = draw.uniform(0, photo.width - width), draw.uniform(0, photo.height - height)
    part = photo.crop((round(left), round(top), round(left + width), round(top + height)))
    return ImageOps.mirror(part) if draw.random() < 0.5 else part


def relative(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix()


if __name__ == "__main__":
    main()
