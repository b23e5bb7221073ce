"""The measured figures of docs/scaling.md: what a photo and a frame cost on one core, and what the parent can take in.

    python benchmarks/scaling.py

Extraction is measured in processor time of one process with all its threads, which hardly depends on what else runs on
the machine: photos of 12 megapixels, and clips of 1920 x 1080 as phones write them (12 Mbit/s), both drawn and
enlarged as in `bench_extraction.py`. Then what one process does for all others: knowing files (hashes), writing results
into the cache, reading them back into the table; and what DVC does with a folder of files. All on the local disk.
With Ray the parent talks to a node of one core on 127.0.0.1, which the script starts.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import ray
from bench_extraction import CONTENTS, COPIES, MODEL, _decoded, _draw

from handloom import keypoint_table
from handloom.config import ExtractKeypoints, Kind
from handloom.extraction.cache import KeypointCache
from handloom.extraction.extract import rows_of
from handloom.extraction.extraction import FRAME, Extraction, extract_files
from handloom.landmarks.files import PHOTOS_TOGETHER, Stretch
from handloom.sources import Clip
from handloom.support.pools.processes import Backend, run_over

PHOTO = (4032, 3024)  # pixels
PHOTOS = 48
FRAMES = 90  # of a clip: 3 s
RESULTS = 5000  # made-up ones, of photos; of clips a tenth
SMALL_FILES = 5000


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ray.init(num_cpus=1, include_dashboard=False, log_to_driver=False, _node_ip_address="127.0.0.1")
        _again("draw", name)
        clips, photos = sorted(folder.glob("clips/*/*.mp4"))[::COPIES][:4], sorted(folder.glob("photos/*.jpg"))
        print(f"one core of {os.cpu_count()}")
        photo, clip = _extraction("pose", photos), _extraction("action", clips)
        for what, extraction, count in (
            ("photo", photo, RESULTS),
            (f"clip of {FRAMES} frames", _of_length(clip, FRAMES), RESULTS // 10),
        ):
            for backend in ("loky", "ray"):
                _absorb(folder / f"{what} {backend}", what, backend, extraction, count)
        print(f"  the parent holds {json.loads(_again('hold')):.0f} bytes for each file of the source", flush=True)
        _known(folder)
        _dvc(folder)


def _draw_all(folder: Path) -> None:
    _, options, grain = CONTENTS[0]
    _photos(folder, _draw(folder, options, grain)[::COPIES])


def _extraction(kind: Kind, files: list[Path]) -> Extraction:
    """Measure, in a process of its own; give one of the results."""
    found = json.loads(_again("extract", kind, *map(str, files)))
    what = "photos" if kind == "pose" else "frames"
    each, size = found["seconds"] / found["count"], sum(path.stat().st_size for path in files) / len(files)
    print(
        f"  {what}: {1000 * each:.1f} ms of a core each, {1 / each:.1f} a second and core; of it decoding and scaling"
        f" {1000 * found['decoding'] / found['count']:.1f} ms; files of {size / 1e6:.2f} MB;"
        f" most memory of a worker {found['peak'] / 1e6:.0f} MB",
        flush=True,
    )
    return Extraction.from_bytes(bytes.fromhex(found["result"]))


def _extract(kind: Kind, files: list[Path]) -> None:
    settings = ExtractKeypoints()
    stretches = [Stretch(path, None, None) for path in files]
    extract_files(stretches[:1], kind, settings, MODEL)  # imports, and the first use of everything
    started, results = time.process_time(), []
    together = PHOTOS_TOGETHER if kind == "pose" else 1
    for start in range(0, len(stretches), together):
        results += extract_files(stretches[start : start + together], kind, settings, MODEL)
    seconds, started = time.process_time() - started, time.process_time()
    for path in files:
        _decode(kind, path, settings)
    good = [result for result in results if isinstance(result, Extraction)]
    answer = {
        "seconds": seconds,
        "decoding": time.process_time() - started,
        "count": sum(result.decoded for result in good),
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024),
        "result": max(good, key=lambda result: result.hands).to_bytes().hex(),
    }
    print(json.dumps(answer))


def _decode(kind: Kind, path: Path, settings: ExtractKeypoints) -> None:
    from handloom.media.clips import ClipReader
    from handloom.media.photos import read_photo

    if kind == "pose":
        read_photo(path, settings.largest_picture_side)
    else:
        for _ in ClipReader(path, settings.largest_frame_side, settings.target_frame_rate):
            pass


def _absorb(folder: Path, what: str, backend: Backend, extraction: Extraction, count: int) -> None:
    """What the parent does with results: take them from the workers, put them into the cache, write the table."""
    folder.mkdir()
    random = np.random.default_rng(1)
    together = PHOTOS_TOGETHER if len(extraction.frames) == 1 else 1
    path = folder / "file.jpg"
    path.write_bytes(b"content")
    os.utime(path, (1, 1))
    with KeypointCache(folder / "cache.sqlite") as cache:
        cache.hashes([path], 1)

        def put_all() -> None:
            for number, result in run_over(_Given(extraction), range(count), 1, backend, together):
                assert result is not None
                noisy = result.frames.copy()
                noisy["keypoints"] += random.normal(0, 0.01, noisy["keypoints"].shape)
                cache.hashes([path], 1)  # as the engine does, to see that the file is still the same
                cache.put(f"{number:064x}", replace(result, frames=noisy))

        put = _processor_seconds(put_all)
        sessions = [(n, Clip(folder, f"{n}.jpg", f"c{n % 20}", f"person {n // 50}")) for n in range(count)]

        def write() -> None:
            tables = (
                rows_of([(n, clip, cache.get(f"{n:064x}")) for n, clip in sessions[start : start + 1000]])
                for start in range(0, count, 1000)
            )
            keypoint_table.write(folder / "table.parquet", tables, {"frame_rate": "30"})

        written = _processor_seconds(write)
    rows = count * len(extraction.frames)
    print(
        f"  the parent with {backend}, a {what}: into the cache {1000 * put / count:.2f} ms,"
        f" so {count / put:.0f} files/s at most;"
        f" from there into the table {1000 * written / count:.2f} ms;"
        f" cache {(folder / 'cache.sqlite').stat().st_size / count / 1000:.1f} kB,"
        f" table {(folder / 'table.parquet').stat().st_size / rows:.0f} bytes a row",
        flush=True,
    )


def _hold(count: int = 100_000) -> None:
    """What `handloom.extraction.outcomes` keeps of every file until the stage ends."""
    import psutil

    process = psutil.Process()
    before = process.memory_info().rss
    clips = [
        Clip(Path("photos"), f"class {n % 20}/a photo {n}.jpg", f"class {n % 20}", f"person {n // 50}")
        for n in range(count)
    ]
    hashes = {clip.path: f"{number:064x}" for number, clip in enumerate(clips)}
    keys = [f"{number:064x}" for number in range(count)]
    waiting = {Stretch(clip.path, None, None): [number] for number, clip in enumerate(clips)}
    assert len(hashes) == len(keys) == len(waiting)
    print(json.dumps((process.memory_info().rss - before) / count))


class _Given:
    """The work of a worker that costs nothing."""

    def __init__(self, extraction: Extraction) -> None:
        self._content = extraction.to_bytes()

    def __call__(self, items: Any) -> list[Extraction]:
        return [Extraction.from_bytes(self._content) for _ in items]


def _of_length(extraction: Extraction, frames: int) -> Extraction:
    return replace(extraction, frames=np.resize(extraction.frames, frames).astype(FRAME))


def _known(folder: Path) -> None:
    """Hashes of new files, large and small, and of the same ones again."""
    small = folder / "dvc" / "photos"
    small.mkdir(parents=True)
    for number in range(SMALL_FILES):
        (small / f"{number}.jpg").write_bytes(os.urandom(10_000))
        os.utime(small / f"{number}.jpg", (1, 1))
    paths = sorted(small.iterdir())
    large = sorted(folder.glob("photos/*.jpg"))
    size = sum(path.stat().st_size for path in large)
    with KeypointCache(folder / "hashes.sqlite") as cache:
        first = _processor_seconds(lambda: cache.hashes(paths, 1))
        again = _processor_seconds(lambda: cache.hashes(paths, 1))
        bulk = _processor_seconds(lambda: cache.hashes(large, 1))
    print(
        f"  knowing a file: {1e6 * first / len(paths):.0f} microseconds and its size at {size / bulk / 1e9:.2f} GB/s;"
        f" again {1e6 * again / len(paths):.0f} microseconds",
        flush=True,
    )


def _dvc(folder: Path) -> None:
    """A remote in a folder: add, push, and pull in another place."""
    here, other = folder / "dvc", folder / "other"

    def run(place: Path, *words: str) -> float:
        environment = {**os.environ, "DVC_NO_ANALYTICS": "1"}
        started = time.perf_counter()
        done = subprocess.run(["dvc", *words], cwd=place, env=environment, capture_output=True, text=True)
        if done.returncode:
            sys.exit(done.stderr)
        return time.perf_counter() - started

    run(here, "init", "--no-scm")
    run(here, "remote", "add", "--default", "storage", str(folder / "storage"))
    seconds = {"add": run(here, "add", "photos"), "push": run(here, "push")}
    other.mkdir()
    for name in (".dvc/config", "photos.dvc"):
        (other / name).parent.mkdir(exist_ok=True)
        (other / name).write_bytes((here / name).read_bytes())
    seconds["pull"] = run(other, "pull")
    words = ", ".join(f"dvc {word} {1000 * value / SMALL_FILES:.2f} ms" for word, value in seconds.items())
    print(f"  DVC, a file of 10 kB in a folder of {SMALL_FILES}: {words}", flush=True)


def _photos(folder: Path, clips: list[Path]) -> None:
    (folder / "photos").mkdir()
    random = np.random.default_rng(1)
    number = 0
    while number < PHOTOS:
        for clip in clips:
            frame = next(_decoded(clip)).to_ndarray(format="bgr24")
            large = cv2.resize(frame[:, 240:-240], PHOTO, interpolation=cv2.INTER_CUBIC)
            noise = random.integers(-4, 5, (*large.shape[:2], 1), dtype=np.int16)
            path = folder / "photos" / f"{number}.jpg"
            cv2.imwrite(str(path), np.clip(large + noise, 0, 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, 92])
            os.utime(path, (1, 1))
            number += 1


def _processor_seconds(work: Callable[[], object]) -> float:
    """Of this process; the time it waits for others is not its own."""
    started = time.process_time()
    work()
    return time.process_time() - started


def _again(*words: str) -> str:
    """This script in a process of its own: what one holds would count as held by those that it starts."""
    done = subprocess.run([sys.executable, __file__, *words], capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    return done.stdout


if __name__ == "__main__":
    if sys.argv[1:2] == ["extract"]:
        _extract("pose" if sys.argv[2] == "pose" else "action", [Path(word) for word in sys.argv[3:]])
    elif sys.argv[1:2] == ["draw"]:
        _draw_all(Path(sys.argv[2]))
    elif sys.argv[1:2] == ["hold"]:
        _hold()
    else:
        main()
