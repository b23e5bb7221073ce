"""Extraction against the usual loop and against what the machine allows, on the same 1080p clips and large photos.

    python benchmarks/bench_extraction.py [ROUNDS]

It draws hands, enlarges them to 1920 x 1080 and encodes them as H.264, with the bit rate of phones and with
one of clips that were sent on; then it measures, several times in turn,

    the usual loop: one process, `cv2.VideoCapture`, the landmarker in video mode on whole frames
    handloom: the stage with an empty cache, its processes having started
    the limit: cores / (time to decode and scale a frame + time of the landmark network alone)

The network alone is timed with LiteRT (`pip install ai-edge-litert`), one thread, as MediaPipe runs it. Memory is the
proportional set size of all processes together, its largest value.
"""

import os
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import av
import cv2
import mediapipe as mp
import numpy as np
import psutil
from ai_edge_litert.interpreter import Interpreter

from handloom.config import Kind, LandmarkModel
from handloom.landmarks.landmark_model import landmark_model_path
from handloom.media.clips import ClipReader
from handloom.sample import draw_clips

GESTURES = Path("data/sample/gestures/action")
LABELS = ("grab", "swipe_left")
# Title, encoder's options, strength of the sensor's grain: as a phone writes a clip, and as one is sent on or shared.
CONTENTS = (
    ("from a phone", {"preset": "veryfast", "b": "12M"}, 4),
    ("shared", {"preset": "medium", "crf": "23"}, 2),
)
CLIPS = 6
COPIES = 6
MODEL = landmark_model_path(LandmarkModel())
STAGE = """
import shutil, sys, time
from pathlib import Path
from handloom.config import ExtractKeypoints, LabeledDirectories
from handloom.extraction.extract import extract_keypoints
from handloom.support.workspace import Workspace
media, kind, folder = Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
def stage(media):
    source = LabeledDirectories(path=str(media))
    started = time.perf_counter()
    cache = Workspace.here().keypoint_cache
    table = folder / "table.parquet"
    extract_keypoints(source, ExtractKeypoints(), kind, table, folder / "what_happened", cache)
    return time.perf_counter() - started
for path in sorted(media.rglob("*.*"))[::7]:  # so that the processes have started, as the usual loop's has
    target = folder / "first" / path.relative_to(media)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(path.read_bytes() + b"other content")
stage(folder / "first")
print(stage(media))
"""


def main(rounds: int = 2) -> None:
    with tempfile.TemporaryDirectory() as name:
        for title, options, grain in CONTENTS:
            folder = Path(name) / title.replace(" ", "_")
            paths = _draw(folder, options, grain)
            frames = {path: sum(1 for _ in _decoded(path)) for path in paths}
            megabits = sum(path.stat().st_size for path in paths) * 8 / 1e6 / (sum(frames.values()) / 30)
            print(
                f"{title}: {len(paths)} clips, {sum(frames.values())} frames, 1920 x 1080, H.264,"
                f" {megabits:.1f} Mbit/s, {os.cpu_count()} cores"
            )
            some = paths[::COPIES]
            count = sum(frames[path] for path in some)
            for _ in range(rounds):  # in turns, since neighbours on the same machine come and go
                usual = count / _seconds(partial(_usual_loop, some))
                seconds, peak = _ours(folder / "clips", "action")
                ours = sum(frames.values()) / seconds
                decoding = _seconds(partial(_read, some)) / count
                network = _network_seconds()
                limit = (os.cpu_count() or 1) / (decoding + network)
                print(
                    f"  (a) usual loop {usual:6.1f} frames/s   (b) handloom {ours:6.1f}   (c) limit {limit:6.1f}"
                    f" = {os.cpu_count()} / ({1000 * decoding:.1f} ms decoding + {1000 * network:.1f} ms network)"
                    f"   (b)/(a) {ours / usual:.2f}   (b)/(c) {ours / limit:.2f}   memory {peak / 1e6:.0f} MB"
                )
        _photos(folder, some)


def _photos(folder: Path, clips: list[Path]) -> None:
    photos = folder / "photos"
    for clip in clips:
        (photos / clip.parent.name).mkdir(parents=True, exist_ok=True)
        for number, frame in enumerate(_decoded(clip)):
            if number % 3 == 0:
                large = cv2.resize(frame.to_ndarray(format="bgr24"), (4032, 2268), interpolation=cv2.INTER_CUBIC)
                cv2.imwrite(str(photos / clip.parent.name / f"{clip.stem}-{number:03}.jpg"), large)
    paths = sorted(photos.rglob("*.jpg"))
    usual = len(paths[::3]) / _seconds(partial(_usual_photos, paths[::3]))
    seconds, peak = _ours(photos, "pose")
    ours = len(paths) / seconds
    print(f"{len(paths)} photos, 4032 x 2268, JPEG")
    print(
        f"  (a) usual loop {usual:6.1f} photos/s   (b) handloom {ours:6.1f}   (b)/(a) {ours / usual:.2f}"
        f"   memory {peak / 1e6:.0f} MB"
    )


def _draw(folder: Path, options: dict[str, str], grain: int) -> list[Path]:
    gestures = folder / "gestures"
    gestures.mkdir(parents=True)
    for label in LABELS:
        (gestures / f"{label}.yaml").write_bytes((GESTURES / f"{label}.yaml").read_bytes())
    small = folder / "small"
    draw_clips(gestures, small, folder / "small.parquet", seed=5, people=2, per_class=CLIPS // len(LABELS))
    random = np.random.default_rng(1)
    enlarged = []
    for path in sorted(small.rglob("*.mp4")):
        target = folder / "clips" / path.relative_to(small)
        target.parent.mkdir(parents=True, exist_ok=True)
        _enlarge(path, target, options, grain, random)
        enlarged.append(target)
        for copy in range(1, COPIES):  # the same pictures in a file of other content, which no cache takes for the same
            other = target.with_stem(f"{target.stem}-{copy}")
            other.write_bytes(target.read_bytes() + (9).to_bytes(4, "big") + b"free" + bytes([copy]))
            enlarged.append(other)
    return enlarged


def _enlarge(path: Path, target: Path, options: dict[str, str], grain: int, random: np.random.Generator) -> None:
    with av.open(str(target), "w") as container:
        stream = container.add_stream("libx264", rate=30, options=options)
        stream.width, stream.height, stream.pix_fmt = 1920, 1080, "yuv420p"
        frames = [frame.to_ndarray(format="rgb24") for frame in _decoded(path)]
        for frame in 2 * [*frames, *frames[::-1]]:  # to and fro: four times as long
            height, width = frame.shape[:2]
            large = cv2.resize(frame, (round(1080 * width / height), 1080), interpolation=cv2.INTER_CUBIC)
            side = max(0, 1920 - large.shape[1])
            large = cv2.copyMakeBorder(large, 0, 0, side // 2, side - side // 2, cv2.BORDER_REPLICATE)[:, :1920]
            noise = random.integers(-grain, grain + 1, (1080, 1920, 1), dtype=np.int16)
            noisy = np.clip(large.astype(np.int16) + noise, 0, 255).astype(np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(noisy, format="rgb24")))
        container.mux(stream.encode())


def _decoded(path: Path) -> Iterator[av.VideoFrame]:
    with av.open(str(path)) as container:
        yield from container.decode(video=0)


def _landmarker(mode: str) -> Any:
    vision = mp.tasks.vision
    return vision.HandLandmarker.create_from_options(
        vision.HandLandmarkerOptions(
            base_options=mp.tasks.BaseOptions(model_asset_path=str(MODEL)), running_mode=vision.RunningMode[mode]
        )
    )


def _usual_loop(paths: list[Path]) -> None:
    for path in paths:
        capture, number = cv2.VideoCapture(str(path)), 0
        with _landmarker("VIDEO") as landmarker:
            while True:
                there, frame = capture.read()
                if not there:
                    break
                rgb = cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)
                landmarker.detect_for_video(mp.Image(image_format=mp.ImageFormat.SRGB, data=rgb), number * 33)
                number += 1


def _usual_photos(paths: list[Path]) -> None:
    with _landmarker("IMAGE") as landmarker:
        for path in paths:
            rgb = cv2.cvtColor(np.asarray(cv2.imread(str(path))), cv2.COLOR_BGR2RGB)
            landmarker.detect(mp.Image(image_format=mp.ImageFormat.SRGB, data=rgb))


def _ours(media: Path, kind: Kind) -> tuple[float, int]:
    """Seconds of the stage with an empty cache, and the largest memory of all its processes in bytes."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-c", STAGE, str(media), kind, folder]
        environment = {**os.environ, "DVC_ROOT": folder}
        process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        peak = 0
        while process.poll() is None:
            peak = max(peak, _memory(psutil.Process(process.pid)))
            time.sleep(1)
        if process.returncode or process.stdout is None:
            sys.exit("the stage failed")
        return float(process.stdout.read()), peak


def _memory(process: psutil.Process) -> int:
    total = 0
    try:
        for member in [process, *process.children(recursive=True)]:
            total += member.memory_full_info().pss
    except psutil.Error:  # it has just ended
        pass
    return total


def _read(paths: list[Path]) -> None:
    for path in paths:
        for _ in ClipReader(path, 480, 30.0):
            pass


def _network_seconds() -> float:
    with zipfile.ZipFile(MODEL) as archive:
        interpreter = Interpreter(model_content=archive.read("hand_landmarks_detector.tflite"), num_threads=1)
    interpreter.allocate_tensors()
    for _ in range(20):
        interpreter.invoke()
    return _seconds(lambda: [interpreter.invoke() for _ in range(300)]) / 300


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
