"""Prediction against the extraction engine alone, on the same photos and the same long clip.

    python benchmarks/bench_prediction.py [MINUTES=2] [PHOTOS=240] [ROUNDS=2]

It draws hands, enlarges them to photos of 4032 x 2268 and to a clip of 1920 x 1080 of so many minutes, and measures in
turn, with all cores and nothing kept from before,

    the engine: `run_over` with `extract_files`, the joints thrown away; of the clip it gets as many stretches of 30
        seconds, since it reads one clip with one process only
    prediction: `predict_photos`, `predict_video`

The networks have random weights and the sizes of `params.yaml`. Memory is the proportional set size of all processes
together: its largest value in the second quarter of the prediction's time, and in the last. Limit: 0.8 of the engine.
"""

import os
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from fractions import Fraction
from functools import partial
from pathlib import Path

import av
import cv2
import numpy as np
import psutil
import torch
import yaml

from handloom.config import ExtractKeypoints, Kind, LandmarkModel, parameters_from
from handloom.extraction.extraction import extract_files
from handloom.landmarks.files import PHOTOS_TOGETHER, Stretch
from handloom.landmarks.landmark_model import landmark_model_path
from handloom.models.checkpoint import TrainedModel
from handloom.models.model import ModelSpec
from handloom.models.network import HandNetwork
from handloom.prediction.photos import predict_photos
from handloom.prediction.predictor import Predictor
from handloom.prediction.reading import PIECE_SECONDS
from handloom.prediction.videos import predict_video
from handloom.sample import draw_clips
from handloom.support.pools.processes import run_over

GESTURES = Path("data/sample/gestures/action")
LABELS = ("grab", "swipe_left")
PHOTO_SIZE = (4032, 2268)
RATE = 30
SETTINGS = ExtractKeypoints(accept_slow_clips=True)
MODEL = landmark_model_path(LandmarkModel())


def main(minutes: int = 2, photos: int = 240, rounds: int = 2) -> None:
    with tempfile.TemporaryDirectory() as name:
        pictures = _pictures(Path(name))
        paths = _photos(Path(name) / "photos", pictures, photos)
        _engine([Stretch(path, None, None) for path in paths[:8]], "pose", 1)  # so that the processes have started
        _compare(
            f"{photos} photos, {PHOTO_SIZE[0]} x {PHOTO_SIZE[1]}, JPEG",
            "photos",
            photos,
            partial(_engine, [Stretch(path, None, None) for path in paths], "pose", PHOTOS_TOGETHER),
            lambda: sum(1 for _ in predict_photos(_predictor("pose"), paths, settings=SETTINGS)),
            rounds,
        )
        clip, frames = _clip(Path(name) / "clip.mp4", pictures, minutes)
        seconds = frames / RATE
        megabits = clip.stat().st_size * 8 / seconds / 1e6
        starts = np.arange(0, seconds, PIECE_SECONDS).tolist()
        stretches = [Stretch(clip, start, min(seconds, start + PIECE_SECONDS)) for start in starts]
        _compare(
            f"a clip of {seconds / 60:.1f} minutes, 1920 x 1080, H.264, {megabits:.1f} Mbit/s",
            "frames",
            frames,
            partial(_engine, stretches, "action", 1),
            lambda: sum(1 for _ in predict_video(_predictor("action"), clip, settings=SETTINGS)),
            rounds,
        )


def _compare(
    title: str, unit: str, count: int, engine: Callable[[], int], prediction: Callable[[], int], rounds: int
) -> None:
    print(f"{title}, {os.cpu_count()} cores")
    for _ in range(rounds):  # in turns, since neighbours on the same machine come and go
        alone, _ = _measured(engine)
        ours, memory = _measured(prediction)
        quarter = max(1, len(memory) // 4)
        early, late = max(memory[quarter:][:quarter], default=0), max(memory[-quarter:])
        print(
            f"  (a) engine {count / alone:6.1f} {unit}/s   (b) prediction {count / ours:6.1f}"
            f"   (b)/(a) {alone / ours:.2f}   memory {early / 1e6:.0f} MB, at the end {late / 1e6:.0f} MB",
            flush=True,
        )


def _engine(stretches: list[Stretch], kind: Kind, together: int) -> int:
    read = partial(extract_files, kind=kind, settings=SETTINGS, model=MODEL)
    return sum(1 for _ in run_over(read, stretches, SETTINGS.workers, SETTINGS.backend, together))


def _measured(work: Callable[[], object]) -> tuple[float, list[int]]:
    """Seconds, and the memory of all processes in bytes, twice a second."""
    done, memory = threading.Event(), []

    def watch() -> None:
        while not done.wait(0.5):
            memory.append(_memory())

    watcher = threading.Thread(target=watch)
    watcher.start()
    started = time.perf_counter()
    try:
        work()
        return time.perf_counter() - started, memory or [_memory()]
    finally:
        done.set()
        watcher.join()


def _memory() -> int:
    total, process = 0, psutil.Process()
    for member in [process, *process.children(recursive=True)]:
        with suppress(psutil.Error):  # it has just ended
            total += member.memory_full_info().pss
    return total


def _predictor(kind: Kind) -> Predictor:
    training = parameters_from(yaml.safe_load(Path("params.yaml").read_text(encoding="utf-8"))).training(kind)
    classes = [f"class {number}" for number in range(8)]
    torch.manual_seed(0)
    network = HandNetwork(len(classes), training.prediction_window_size, training.model).eval()
    return Predictor(TrainedModel(network, ModelSpec(kind, classes, training.prediction_window_size, float(RATE))))


def _pictures(folder: Path) -> list[np.ndarray]:
    """Frames of drawn clips, BGR, to and fro so that they can be repeated."""
    gestures = folder / "gestures"
    gestures.mkdir(parents=True)
    for label in LABELS:
        shutil.copy(GESTURES / f"{label}.yaml", gestures)
    draw_clips(gestures, folder / "clips", folder / "clips.parquet", seed=5, people=2, per_class=2)
    pictures = []
    for path in sorted((folder / "clips").rglob("*.mp4")):
        with av.open(str(path)) as container:
            frames = [frame.to_ndarray(format="bgr24") for frame in container.decode(video=0)]
        pictures += [*frames, *frames[::-1]]
    return pictures


def _photos(folder: Path, pictures: list[np.ndarray], count: int) -> list[Path]:
    folder.mkdir()
    paths = [folder / f"{number:05}.jpg" for number in range(count)]
    for number, path in enumerate(paths):
        if number < len(pictures) // 3:
            large = cv2.resize(pictures[3 * number], PHOTO_SIZE, interpolation=cv2.INTER_CUBIC)
            cv2.imwrite(str(path), large)
        else:
            path.hardlink_to(paths[number % (len(pictures) // 3)])
    return paths


def _clip(path: Path, pictures: list[np.ndarray], minutes: int) -> tuple[Path, int]:
    """The pictures as 1080p video, encoded once and written over and over; and the number of its frames."""
    random = np.random.default_rng(1)
    packets: list[tuple[int, int, bool, bytes]] = []
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=RATE, options={"preset": "veryfast", "crf": "23", "bf": "0"})
        stream.width, stream.height, stream.pix_fmt = 1920, 1080, "yuv420p"
        unit = Fraction(1, RATE)
        for picture in [*pictures, None]:
            if picture is None:
                encoded = stream.encode()
            else:
                height, width = picture.shape[:2]
                large = cv2.resize(picture, (round(1080 * width / height), 1080), interpolation=cv2.INTER_CUBIC)
                side = max(0, 1920 - large.shape[1])
                large = cv2.copyMakeBorder(large, 0, 0, side // 2, side - side // 2, cv2.BORDER_REPLICATE)[:, :1920]
                noise = random.integers(-2, 3, (1080, 1920, 1), dtype=np.int16)
                noisy = np.clip(large.astype(np.int16) + noise, 0, 255).astype(np.uint8)
                encoded = stream.encode(av.VideoFrame.from_ndarray(noisy, format="bgr24"))
            for packet in encoded:
                assert packet.pts is not None and packet.time_base
                number = round(packet.pts * packet.time_base / unit)
                packets.append((number, number, packet.is_keyframe, bytes(packet)))
        times = max(1, round(minutes * 60 * RATE / len(packets)))
        for turn in range(times):
            for number, _, key, content in packets:
                packet = av.Packet(content)
                packet.stream, packet.time_base, packet.is_keyframe = stream, unit, key
                packet.pts = packet.dts = number + turn * len(packets)
                packet.duration = 1
                container.mux(packet)
    return path, times * len(packets)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
