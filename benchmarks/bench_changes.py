"""What the extraction stage takes with an empty cache, with nothing changed, and with one file added.

    python benchmarks/bench_changes.py

It draws 100 photos and makes 500 of different content of them (other grain in each), and 60 clips, in a temporary
folder with a cache of its own. There it runs the stage as `dvc repro` does, in a new Python process each time, its
imports included, with the settings of `params.yaml`:

    (a) with an empty cache, once
    (b) again, with nothing changed: the middle one of three
    (c) again, with one file added: the middle one of three, each with another file

Next to (c) is the added file's own time: to open a landmarker and read it, in one process that has its imports
behind it. The bar: (c) takes less than 5 s more than that.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np

from handloom.config import ExtractKeypoints, Kind, LandmarkModel
from handloom.extraction.extraction import extract_files
from handloom.landmarks.files import Stretch
from handloom.landmarks.landmark_model import landmark_model_path
from handloom.media.photos import read_photo
from handloom.sample import draw_clips, draw_photos
from handloom.sample.draw import write_photo

PROJECT = ("pipeline/extract_keypoints.py", "params.yaml")
GESTURES = Path("data/sample/gestures")
COPIES = 5  # of each photo, with other grain
ROUNDS = 3
BAR = 5.0  # seconds that (c) may take in addition to the file's own time


def main() -> None:
    model = landmark_model_path(LandmarkModel())  # fetched before anything is timed
    with tempfile.TemporaryDirectory() as name:
        project = Path(name)
        for file in PROJECT:
            (project / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, project / file)
        media: list[tuple[Kind, str, Callable[[Path], list[Path]]]] = [
            ("pose", "photos", _photos),
            ("action", "clips", _clips),
        ]
        for kind, files, make in media:
            folder = project / "data/sample" / files
            kept_back = make(folder)
            paths = [path for path in folder.rglob("*.*") if path.is_file()]
            size = sum(path.stat().st_size for path in paths) / 1e6
            classes = len({path.parent for path in paths})
            print(f"{kind}: {len(paths)} {files} of {classes} classes, {size:.0f} MB, {os.cpu_count()} cores")
            _measure(project, kind, kept_back, folder, model)


def _measure(project: Path, kind: Kind, kept_back: list[Path], folder: Path, model: Path) -> None:
    extract_files([Stretch(kept_back[0], None, None)], kind, ExtractKeypoints(), model)  # its imports
    empty = _stage(project, kind)
    same = median(_stage(project, kind) for _ in range(ROUNDS))
    one_more, own = [], []
    for path in kept_back[1:]:
        started = time.perf_counter()
        extract_files([Stretch(path, None, None)], kind, ExtractKeypoints(), model)
        own.append(time.perf_counter() - started)
        shutil.move(path, folder / path.parent.name / f"added-{path.name}")
        one_more.append(_stage(project, kind))
    added, alone = median(one_more), median(own)
    print(f"  (a) empty cache {empty:6.2f} s   (b) nothing changed {same:5.2f} s   (b)/(a) {same / empty:.3f}")
    print(
        f"  (c) one file added {added:5.2f} s   (c)/(a) {added / empty:.3f}   the file's own time {alone:.2f} s"
        f"   in addition {added - alone:.2f} s, {'below' if added - alone < BAR else 'NOT BELOW'} the bar of {BAR:g} s"
    )


def _stage(project: Path, kind: Kind) -> float:
    """Seconds of the stage in a process of its own."""
    started = time.perf_counter()
    command = [sys.executable, str(project / PROJECT[0]), kind]
    done = subprocess.run(command, env={**os.environ, "DVC_ROOT": str(project)}, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    return time.perf_counter() - started


def _photos(folder: Path) -> list[Path]:
    """Fill the folder; return the photos that are added later, in folders of their classes elsewhere."""
    drawn, table, random = folder.with_name("drawn"), folder.with_suffix(".parquet"), np.random.default_rng(1)
    draw_photos(GESTURES / "pose", drawn, table, seed=5, people=10, per_class=10)
    paths = sorted(drawn.rglob("*.jpg"))
    kept_back = paths[10::11]
    for path in sorted(set(paths) - set(kept_back)):
        picture = read_photo(path, 1280).picture
        for copy in range(COPIES):
            grain = random.normal(0, 3, picture.shape)
            target = folder / path.parent.name / f"{path.stem}-{copy}.jpg"
            target.parent.mkdir(parents=True, exist_ok=True)
            write_photo(target, (picture + grain).clip(0, 255).astype(np.uint8))
    return kept_back[: 1 + ROUNDS]


def _clips(folder: Path) -> list[Path]:
    """Fill the folder; return the clips that are added later, in folders of their classes elsewhere."""
    draw_clips(GESTURES / "action", folder, folder.with_suffix(".parquet"), seed=5, people=10, per_class=10)
    kept_back = []
    for path in sorted(folder.rglob("*.mp4"))[6::7]:
        kept_back.append(folder.with_name("kept_back") / path.parent.name / path.name)
        kept_back[-1].parent.mkdir(parents=True, exist_ok=True)
        shutil.move(path, kept_back[-1])
    return kept_back[: 1 + ROUNDS]


if __name__ == "__main__":
    main()
