"""Kills the extraction stage at random moments; what comes of it in the end must be the table of an undisturbed run.

    python benchmarks/kill_extraction.py [KILLS=10]

It draws 363 photos and 21 clips in a temporary folder and runs the stage there as `dvc repro` does: first undisturbed,
with an empty cache, which is timed; then with another cache, killed with SIGKILL after a time that is drawn evenly
between 0 and that duration, in turn the process alone and its whole group, workers included. Each kill is followed by
a new start. A stage that ends before its moment has come is no kill: its table is compared, and the next start has an
empty cache again. After KILLS kills, of pose and of action each, a last start runs to its end.

Printed are the moments, and how many files each start found in the cache and added to it. The status is 1 if a table
differs from the undisturbed one in any byte, also one that was there when its stage was killed.
"""

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

import numpy as np
from killing import kill_at, start

from handloom.config import KINDS, Kind, LandmarkModel
from handloom.landmarks.landmark_model import landmark_model_path
from handloom.sample import draw_clips, draw_photos

PROJECT = ("pipeline/extract_keypoints.py", "params.yaml")
GESTURES = Path("data/sample/gestures")
SEED = 1


def main(kills: int = 10) -> None:
    landmark_model_path(LandmarkModel())  # fetched before anything is timed
    with tempfile.TemporaryDirectory() as name:
        project = Path(name)
        for file in PROJECT:
            (project / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, project / file)
        sample = project / "data/sample"
        draw_photos(GESTURES / "pose", sample / "photos", sample / "photos.parquet", seed=SEED, people=11, per_class=33)
        draw_clips(GESTURES / "action", sample / "clips", sample / "clips.parquet", seed=SEED, people=3, per_class=3)
        equal = [_try_to_break(project, kind, kills) for kind in KINDS]
    sys.exit(0 if all(equal) else 1)


def _try_to_break(project: Path, kind: Kind, kills: int) -> bool:
    table = project / f"data/keypoints/{kind}.parquet"
    undisturbed_cache = project / f"{kind}_undisturbed"
    started = time.perf_counter()
    if _start(project, kind, undisturbed_cache).wait():
        sys.exit("the stage failed")
    duration, undisturbed = time.perf_counter() - started, table.read_bytes()
    files = _known(undisturbed_cache)
    print(
        f"{kind}: {files} files in {duration:.1f} s undisturbed, table of {len(undisturbed)} bytes,"
        f" {os.cpu_count()} cores, moments of seed {SEED}"
    )
    random = np.random.default_rng(SEED)
    hits, rounds, equal, ended = 0, 1, True, False
    while not ended or hits < kills:
        rounds += ended
        table.unlink(missing_ok=True)
        cache = project / f"{kind}_{rounds}"
        before = _known(cache)
        process = _start(project, kind, cache)
        moment = float(random.uniform(0, duration)) if hits < kills else None
        group = hits % 2 == 1
        ended = not kill_at(process, moment, group)
        same = table.read_bytes() == undisturbed if table.exists() else not ended
        equal &= same
        hits += not ended
        what = "ran to its end" if ended else f"kill {hits:2} at {moment:4.1f} s, {'its group' if group else 'process'}"
        print(
            f"  {what:<32} {before:3} files known, {_known(cache) - before:3} more read"
            f"   table {('the same' if same else 'DIFFERENT') if table.exists() else 'not there'}"
        )
    print(f"  {hits} kills in {rounds} rounds: {'all tables the same' if equal else 'NOT the same'}")
    return equal


def _start(project: Path, kind: Kind, cache: Path) -> subprocess.Popen[bytes]:
    return start(project / PROJECT[0], (kind,), {**os.environ, "DVC_ROOT": str(cache)})


def _known(cache: Path) -> int:
    """The number of files that a cache has the joints of."""
    path = cache / ".handloom/keypoints.sqlite"
    if not path.exists():
        return 0
    with closing(sqlite3.connect(path, timeout=60)) as database:
        if not database.execute("SELECT 1 FROM sqlite_master WHERE name = 'extractions'").fetchone():
            return 0
        return int(database.execute("SELECT count(*) FROM extractions").fetchone()[0])


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
