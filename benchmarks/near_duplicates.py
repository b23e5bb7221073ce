"""Copies of photos and clips that `handloom check` finds.

    python benchmarks/near_duplicates.py FOLDER [COPIES=50] [SEED=1]

FOLDER has a folder for each class. COPIES files, evenly drawn, are written once more into a folder of temporary files:
a random part of at least four fifths of each side, mirrored in one of two. Photos become a JPEG of quality 30 to 90.
Clips become H.264 with a constant rate factor of 24 to 37, and lose up to 15 % of their time at the beginning, and as
much at the end, each in one of two. The joints of originals and copies are extracted as in a project, and all of them
are checked together. Pairs of originals are counted as false, although photos of one burst may be among them: they are
listed.
"""

import shutil
import sys
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time

import av
import numpy as np
from accuracy import extracted, parameters
from numpy.typing import NDArray
from PIL import Image

from handloom.check.check import Checked
from handloom.check.copied_clips import copied_clips
from handloom.check.near_duplicates import near_duplicates
from handloom.config import Kind, LabeledDirectories
from handloom.dataset.pictures import Pictures
from handloom.media.clips import ClipReader
from handloom.sources import gather_members

LEAST_SIDE, MOST_TIME = 0.8, 0.15
RATE, LARGEST = 30.0, 1920
Picture = NDArray[np.uint8]


def main() -> None:
    files = Path(sys.argv[1])
    copies, seed = (int(word) for word in [*sys.argv[2:], *["50", "1"][len(sys.argv) - 2 :]])
    with TemporaryDirectory() as folder:
        everything, originals = Path(folder) / "files", {}
        shutil.copytree(files, everything)
        draw = np.random.default_rng(seed)
        photos = sorted(everything.rglob("*.[jJ][pP]*[gG]"))
        kind: Kind = "pose" if photos else "action"
        paths = photos or sorted(everything.rglob("*.mp4"))
        for path in [paths[number] for number in draw.choice(len(paths), copies, replace=False)]:
            copy = path.with_name(f"copy_{path.stem}{'.jpg' if kind == 'pose' else '.mp4'}")
            (copied_photo if kind == "pose" else copied_clip)(path, copy, draw)
            originals[relative(copy, everything)] = relative(path, everything)
        source, table = LabeledDirectories(path=str(everything)), Path(folder) / "keypoints.parquet"
        extracted(source, kind, RATE, Path(folder), parameters().extract_keypoints)
        checked = Checked(table)
        views = [checked.views(int(row)) for row in checked.rows]
        pictures = Pictures(lambda: gather_members(source, kind).clips, kind, RATE)
        began = process_time()
        if kind == "pose":
            found = near_duplicates(views, checked.people, pictures.picture)
        else:
            found = copied_clips(checked.as_they_are, views, checked.people, pictures.picture)
        seconds = process_time() - began
        pairs = {frozenset((checked.names[one.first], checked.names[one.second])) for one in found}
        true = {frozenset(pair) for pair in originals.items()}
        with_hand = {name for name in originals if name in set(checked.names)}
        print(f"{len(checked.names)} files with a hand, among them {len(with_hand)} of {copies} copies")
        print(f"copies found: {len(pairs & true)}; other pairs: {len(pairs - true)}; {seconds:.1f} s of CPU time")
        for pair in sorted(sorted(pair) for pair in pairs - true):
            print("  also", *pair)


def copied_photo(path: Path, copy: Path, draw: np.random.Generator) -> None:
    (picture,) = changed([np.asarray(Image.open(path).convert("RGB"))], draw)
    Image.fromarray(picture).save(copy, quality=int(draw.integers(30, 91)))


def copied_clip(path: Path, copy: Path, draw: np.random.Generator) -> None:
    frames = [frame.picture for frame in ClipReader(path, LARGEST, RATE, accept_slow=True)]
    start, end = (int(draw.uniform(0, MOST_TIME) * len(frames)) if draw.random() < 0.5 else 0 for _ in range(2))
    frames = changed(frames[start : len(frames) - end], draw)
    height, width = (side // 2 * 2 for side in frames[0].shape[:2])
    with av.open(str(copy), "w", format="mp4") as container:
        options = {"crf": str(draw.integers(24, 38)), "threads": "1"}
        stream = container.add_stream("libx264", rate=Fraction(RATE), options=options)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for picture in frames:
            shown = np.ascontiguousarray(picture[:height, :width])
            container.mux(stream.encode(av.VideoFrame.from_ndarray(shown, format="rgb24")))
        container.mux(stream.encode())


def changed(pictures: Sequence[Picture], draw: np.random.Generator) -> list[Picture]:
    """The same part of each, and in one of two cases mirrored."""
    height, width = pictures[0].shape[:2]
    across, down = (round(draw.uniform(LEAST_SIDE, 1) * side) for side in (width, height))
    left, top = (int(draw.integers(0, side + 1)) for side in (width - across, height - down))
    step = -1 if draw.random() < 0.5 else 1
    return [picture[top : top + down, left : left + across][:, ::step] for picture in pictures]


def relative(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix()


if __name__ == "__main__":
    main()
