"""How long a live frame takes from the camera's picture to the answer, on one core.

    python benchmarks/live.py [FRAMES=300]

A drawn clip at 640 x 480 goes through the `Recognizer`, a frame at a time, as a camera of 30 frames/s gives them; the
model is asked at every frame (`stride` 1), which is the most that a live answer can cost. The models are the trained
ones of `models/` where there are any, else networks of the same size with random weights. Limit: a median of 20 ms.
"""

import os
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
if sys.platform == "linux":
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})  # before anything counts the cores

import av
import cv2
import numpy as np

from handloom.config import KINDS, Kind
from handloom.prediction.predictor import Predictor
from handloom.prediction.recognizer import Recognizer
from handloom.sample import draw_clips

GESTURES = Path("data/sample/gestures/action")
SIZE, RATE, WARM_UP = (640, 480), 30, 30


def main(frames: int = 300) -> None:
    import torch

    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    pictures = _pictures()
    for kind in KINDS:
        predictor = _predictor(kind)
        times, answered = [], 0
        with Recognizer(predictor, stride=1, threshold=0.5) as recognizer:
            for number in range(predictor.window + WARM_UP + frames):
                picture = pictures[number % len(pictures)]
                started = time.perf_counter()
                recognizer.add_frame(picture, number / RATE)
                times.append(1000 * (time.perf_counter() - started))
                answered += recognizer.prediction is not None
        counted = statistics.quantiles(times[-frames:], n=20)
        print(
            f"{kind}, window of {predictor.window}: median {counted[9]:.1f} ms, 95 % below {counted[18]:.1f} ms,"
            f" {answered} answers in {len(times)} frames (limit: median 20 ms)"
        )


def _predictor(kind: Kind) -> Predictor:
    if Path(f"models/{kind}/model.ckpt").exists():
        return Predictor.open(f"models/{kind}", kind)
    from bench_prediction import _predictor as with_random_weights

    print(f"models/{kind}: no trained model, random weights are used")
    return with_random_weights(kind)


def _pictures() -> list[np.ndarray]:
    """Frames of drawn clips, RGB, to and fro so that they can be repeated."""
    with tempfile.TemporaryDirectory() as name:
        gestures = Path(name) / "gestures"
        gestures.mkdir()
        shutil.copy(GESTURES / "wave.yaml", gestures)
        draw_clips(gestures, Path(name) / "clips", Path(name) / "t.parquet", seed=5, people=1, per_class=1, workers=1)
        (path,) = (Path(name) / "clips").rglob("*.mp4")
        with av.open(str(path)) as container:
            frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    wide = [_fitted(frame) for frame in frames]
    return [*wide, *wide[::-1]]


def _fitted(frame: np.ndarray) -> np.ndarray:
    """The whole frame in the middle of a picture of `SIZE`, its edges repeated around it."""
    scale = min(SIZE[0] / frame.shape[1], SIZE[1] / frame.shape[0])
    width, height = round(scale * frame.shape[1]), round(scale * frame.shape[0])
    large = cv2.resize(frame, (width, height), interpolation=cv2.INTER_CUBIC)
    across, down = SIZE[0] - width, SIZE[1] - height
    return np.asarray(
        cv2.copyMakeBorder(large, down // 2, down - down // 2, across // 2, across - across // 2, cv2.BORDER_REPLICATE),
        np.uint8,
    )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
