"""Our own landmarker against MediaPipe's, picture by picture, in one run: hands, joints, handedness, time.

    python benchmarks/landmarkers.py [FOLDER ...]

FOLDER holds photos and clips at any depth; without one it is the drawn sample (run it after `make repro`). Both look
for two hands in each photo, as it is and with a border, and follow one hand through each clip. It prints how many
hands each found, how far the joints of hands that both found are apart, as a share of the picture's width or height,
and the CPU time of a picture: with opening the networks as often as the stage does, once for 16 photos or for a clip.
Where joints are further apart than 0.1 %, or a hand is found by one alone, the picture is named.
"""

import statistics
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from handloom.config import ExtractKeypoints, LandmarkModel, Runtime
from handloom.config import Landmarker as Choice
from handloom.errors import DataError
from handloom.landmarks.landmark_model import landmark_model_path
from handloom.landmarks.landmarker import FoundHand
from handloom.landmarks.reader import RUNTIMES, open_landmarker
from handloom.media.clips import ClipReader
from handloom.media.frame import Picture
from handloom.media.photos import read_photo

SAMPLE = (Path("data/sample/photos"), Path("data/sample/clips"))
PHOTOS, CLIPS = (".jpg", ".jpeg", ".png", ".heic"), (".mp4", ".mov", ".webm")
PHOTOS_TOGETHER = 16
NEAR = 1e-3  # of the picture
MODEL = landmark_model_path(LandmarkModel())


@dataclass
class Counts:
    """What both found."""

    hands: dict[str, int] = field(default_factory=lambda: dict.fromkeys(RUNTIMES, 0))
    pictures: int = 0
    apart: list[float] = field(default_factory=list)
    same_side: int = 0
    seconds: dict[str, float] = field(default_factory=lambda: dict.fromkeys(RUNTIMES, 0.0))
    named: list[str] = field(default_factory=list)

    def compare(self, name: str, found: dict[str, list[FoundHand]]) -> None:
        """Count what both found in one picture."""
        self.pictures += 1
        for runtime, hands in found.items():
            self.hands[runtime] += len(hands)
        ours, reference = found["litert"], found["mediapipe"]
        if len(ours) != len(reference):
            self.named.append(f"{name}: {len(ours)} hands, MediaPipe {len(reference)}")
        for one, other in zip(ours, reference, strict=False):
            self.apart.append(float(np.abs(one.points - other.points).max()))
            self.same_side += one.chirality == other.chirality
            if self.apart[-1] > NEAR:
                self.named.append(f"{name}: joints {self.apart[-1]:.2%} apart")

    def report(self, title: str) -> None:
        """Print it."""
        apart, both = np.array(self.apart or [0.0]), max(len(self.apart), 1)
        ours, reference = self.hands["litert"], self.hands["mediapipe"]
        print(f"{title}: {self.pictures} pictures; hands found {ours}, MediaPipe {reference}")
        print(
            f"  joints equal to the bit {np.mean(apart == 0):.2%}, within 0.1 % {np.mean(apart <= NEAR):.3%}, largest"
            f" {apart.max():.3%} apart; same handedness {self.same_side / both:.3%}"
        )
        mine, its = (1000 * self.seconds[runtime] / max(self.pictures, 1) for runtime in ("litert", "mediapipe"))
        print(f"  CPU {mine:.2f} ms a picture, MediaPipe {its:.2f}: {its / max(mine, 1e-9):.2f} times as fast")
        for line in self.named[:20]:
            print(f"  {line}")


def main(folders: Sequence[Path]) -> None:
    cv2.setNumThreads(1)
    paths = sorted(path for folder in folders for path in folder.rglob("*") if path.is_file())
    photos = [path for path in paths if path.suffix.lower() in PHOTOS]
    clips = [path for path in paths if path.suffix.lower() in CLIPS]
    for title, border in (("photos", 0.0), ("photos with a border of half their size", 0.5)):
        counts = Counts()
        for start in range(0, len(photos), PHOTOS_TOGETHER):
            _look_at(photos[start : start + PHOTOS_TOGETHER], border, counts)
        counts.report(title)
    counts = Counts()
    for path in clips:
        _follow_through(path, counts)
    counts.report(f"frames of {len(clips)} clips")
    _live(clips)


def _look_at(paths: Sequence[Path], border: float, counts: Counts) -> None:
    pictures = [(path, _bordered(read_photo(path, 1280).picture, border)) for path in paths]
    found: dict[str, list[list[FoundHand]]] = {}
    for runtime in RUNTIMES:
        started = time.process_time()
        with closing(open_landmarker(_settings(runtime), MODEL)) as landmarker:
            found[runtime] = [landmarker.find(picture, 2) for _, picture in pictures]
        counts.seconds[runtime] += time.process_time() - started
    for number, (path, _) in enumerate(pictures):
        counts.compare(path.name, {runtime: hands[number] for runtime, hands in found.items()})


def _follow_through(path: Path, counts: Counts) -> None:
    try:
        frames = list(ClipReader(path, 480, 30.0, accept_slow=True))
    except DataError as error:
        print(error)
        return
    found: dict[str, list[list[FoundHand]]] = {}
    for runtime in RUNTIMES:
        started = time.process_time()
        with closing(open_landmarker(_settings(runtime), MODEL)) as landmarker:
            follower = landmarker.follow(1)
            found[runtime] = [follower.find(frame.picture, round(1000 * frame.time)) for frame in frames]
            follower.close()
        counts.seconds[runtime] += time.process_time() - started
    for number in range(len(frames)):
        name = f"{path.name}, frame {number}"
        counts.compare(name, {runtime: hands[number] for runtime, hands in found.items()})


def _live(clips: Sequence[Path]) -> None:
    """The median of a frame of 640 x 480, the two taking turns."""
    frames = [np.asarray(cv2.resize(frame.picture, (640, 480)), np.uint8) for frame in ClipReader(clips[0], 640, 30.0)]
    milliseconds: dict[str, list[float]] = {runtime: [] for runtime in RUNTIMES}
    landmarkers = {runtime: open_landmarker(_settings(runtime), MODEL) for runtime in RUNTIMES}
    followers = {runtime: landmarker.follow(1) for runtime, landmarker in landmarkers.items()}
    for number in range(300):
        for runtime, follower in followers.items():
            started = time.perf_counter()
            follower.find(frames[number % len(frames)], 33 * number)
            milliseconds[runtime].append(1000 * (time.perf_counter() - started))
    for runtime in RUNTIMES:
        followers[runtime].close()
        landmarkers[runtime].close()
    ours, reference = (statistics.median(milliseconds[runtime]) for runtime in ("litert", "mediapipe"))
    print(f"live, 640 x 480: median {ours:.2f} ms a frame, MediaPipe {reference:.2f}")


def _settings(runtime: Runtime) -> ExtractKeypoints:
    return ExtractKeypoints(landmarker=Choice(runtime=runtime))


def _bordered(picture: Picture, border: float) -> Picture:
    down, across = (round(border * side) for side in picture.shape[:2])
    return np.asarray(cv2.copyMakeBorder(picture, down, down, across, across, cv2.BORDER_REPLICATE), np.uint8)


if __name__ == "__main__":
    main([Path(name) for name in sys.argv[1:]] or SAMPLE)
