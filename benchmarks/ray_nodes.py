"""Extraction on a Ray cluster of two machines against the local pool: the same photos, in turns, in one run.

    python benchmarks/ray_nodes.py [ROUNDS]

The machines are two Ray nodes of one core each on 127.0.0.1; the local pool has two processes. Both extract drawn
photos that were enlarged to 2016 x 2016 pixels, with an empty cache each time. Timed is the stage, from the source to
the table, its processes having started: the start of the cluster and the first extraction on either side, in which
the processes import what they need, are shown apart. All tables must be equal byte for byte.
"""

import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np

from handloom.sample import draw_photos

GESTURES = Path("data/sample/gestures/pose")
LABELS = ("five", "one")
SIDE = 2016  # pixels
PHOTOS = 12
COPIES = 20
STAGE = """
import os, sys, time
from pathlib import Path
from handloom.config import ExtractKeypoints, LabeledDirectories
from handloom.extraction.extract import extract_keypoints
photos, folder = Path(sys.argv[1]), Path(sys.argv[2])
def seconds(backend, turn):
    out = folder / f"{backend}-{turn}" / "table.parquet"
    started = time.perf_counter()
    source, settings = LabeledDirectories(path=str(photos)), ExtractKeypoints(backend=backend)
    cache = out.with_name("keypoints.sqlite")
    extract_keypoints(source, settings, "pose", out, out.with_suffix(""), cache)
    return time.perf_counter() - started
if __name__ == "__main__":
    from ray.cluster_utils import Cluster
    import ray
    machine = {"num_cpus": 1, "node_ip_address": "127.0.0.1"}
    started = time.perf_counter()
    cluster = Cluster(initialize_head=True, head_node_args=machine)
    cluster.add_node(**machine)
    os.environ["RAY_ADDRESS"] = cluster.address
    print("start", time.perf_counter() - started, 0, flush=True)
    try:
        for turn in range(int(sys.argv[3]) + 1):
            for backend in ("loky", "ray") if turn % 2 else ("ray", "loky"):
                print(backend, seconds(backend, turn), turn, flush=True)
    finally:
        ray.shutdown()
        cluster.shutdown()
"""


def main(rounds: int = 4) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        count = _draw(folder)
        # Ray takes an address of this machine's network where there may be several machines; here there is one. And it
        # gives its workers a lower priority than the local pool's have, which counts when something else runs, too.
        environment = {**os.environ, "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0", "RAY_worker_niceness": "0"}
        command = [sys.executable, "-c", STAGE, str(folder / "photos"), str(folder), str(rounds)]
        done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        if done.returncode:
            sys.exit("the stage failed")
        lines = [line.split() for line in done.stdout.splitlines()]
        seconds = {(words[0], int(words[2])): float(words[1]) for words in lines if len(words) == 3}
        tables = {path.read_bytes() for path in folder.glob("*/table.parquet")}
        print(f"{count} photos, {SIDE} x {SIDE}, JPEG, {os.cpu_count()} cores")
        print(f"  start of the cluster: {seconds['start', 0]:.1f} s")
        print(f"  first extraction: local {seconds['loky', 0]:.1f} s, Ray {seconds['ray', 0]:.1f} s")
        ratios = []
        for turn in range(1, rounds + 1):
            local, ray = (count / seconds[backend, turn] for backend in ("loky", "ray"))
            ratios.append(ray / local)
            print(f"  (a) local pool {local:6.1f} photos/s   (b) Ray {ray:6.1f}   (b)/(a) {ratios[-1]:.2f}")
        print(f"  (b)/(a), median: {statistics.median(ratios):.2f}; tables equal: {len(tables) == 1}")


def _draw(folder: Path) -> int:
    """Draw the photos and their copies with other content; return how many there are."""
    (folder / "gestures").mkdir()
    for label in LABELS:
        (folder / f"gestures/{label}.yaml").write_bytes((GESTURES / f"{label}.yaml").read_bytes())
    per_class = PHOTOS // len(LABELS)
    draw_photos(folder / "gestures", folder / "small", folder / "small.parquet", seed=3, people=3, per_class=per_class)
    random = np.random.default_rng(1)
    count = 0
    for path in sorted((folder / "small").rglob("*.jpg")):
        target = folder / "photos" / path.relative_to(folder / "small")
        target.parent.mkdir(parents=True, exist_ok=True)
        large = cv2.resize(np.asarray(cv2.imread(str(path))), (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
        noisy = np.clip(large + random.integers(-4, 5, (SIDE, SIDE, 1)), 0, 255).astype(np.uint8)
        cv2.imwrite(str(target), noisy)
        content = target.read_bytes()
        for copy in range(1, COPIES):  # the same picture in a file of other content, which no cache takes for the same
            target.with_stem(f"{target.stem}-{copy}").write_bytes(content + bytes([copy]))
        count += COPIES
    return count


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
