"""Which of two hands is taken: of people who stand, and where a hand fills the picture.

    python benchmarks/which_hand.py [PHOTOS [SEED]] [FOLDER ...]

It draws PHOTOS (330 if none are given) of people who stand, once to the legs and once at full length: one hand is
raised and makes a sign of the sample, the other hangs next to the leg (`handloom.sample.standing`). For each value of
`extract_keypoints.hand` it prints in how many the raised hand is taken, and the CPU time of a photo. Then, for each
FOLDER of photos or clips, it compares `raised` with `followed`: how many hands are found, in how many pictures the
joints differ, and the CPU time.
"""

import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from handloom.config import ExtractKeypoints, HandChoice, LandmarkModel
from handloom.described.people import generator_for, make_people
from handloom.described.reading import load_gestures
from handloom.errors import DataError
from handloom.hand import MIDDLE_MCP, WRIST
from handloom.landmarks.landmark_model import landmark_model_path
from handloom.landmarks.landmarker import FoundHand
from handloom.landmarks.looks import Looked
from handloom.landmarks.reader import HandReader
from handloom.media.clips import ClipReader
from handloom.media.photos import read_photo
from handloom.sample.standing import Framing, Standing, draw_standing

GESTURES = Path("data/sample/gestures/pose")
SEED, PEOPLE = 11, 24
FRAMINGS: tuple[Framing, ...] = ("to_the_legs", "full_length")
CHOICES: tuple[HandChoice, ...] = ("followed", "raised", "largest")
PHOTOS, CLIPS = (".jpg", ".jpeg", ".png"), (".mp4", ".mov", ".webm")
MODEL = landmark_model_path(LandmarkModel())


def main(photos: int, seed: int, folders: list[Path]) -> None:
    cv2.setNumThreads(1)
    for framing in FRAMINGS if photos else ():
        _standing(photos, seed, framing)
    for folder in folders:
        _compare(folder)


def _standing(photos: int, seed: int, framing: Framing) -> None:
    drawn = list(_drawn(photos, seed, framing))
    print(f"{photos} drawn photos of people who stand, {framing}, seed {seed}")
    for choice in CHOICES:
        taken: Counter[str] = Counter()
        started = time.process_time()
        with HandReader(ExtractKeypoints(hand=choice), MODEL) as reader:
            for one in drawn:
                taken[_which(reader.in_photo(one.picture).hand, one)] += 1
        seconds = time.process_time() - started
        counts = ", ".join(f"{name} {count}" for name, count in sorted(taken.items()))
        print(
            f"  {choice}: {counts}; raised {taken['raised'] / photos:.2%}; {photos / seconds:.1f} photos/s of CPU",
            flush=True,
        )


def _drawn(photos: int, seed: int, framing: Framing) -> Iterator[Standing]:
    gestures, people = list(load_gestures(GESTURES).values()), make_people(seed, PEOPLE)
    for number in range(photos):
        gesture = gestures[number % len(gestures)]
        others = [other for other in gestures if other is not gesture]
        random = generator_for(seed, "standing", number)
        yield draw_standing(gesture, others, people[number % PEOPLE], random, framing)


def _which(hand: FoundHand | None, drawn: Standing) -> str:
    if hand is None:
        return "none"
    points = hand.points * drawn.picture.shape[1::-1]
    for name, joints in (("raised", drawn.raised), ("hanging", drawn.hanging)):
        palm = np.linalg.norm(joints[MIDDLE_MCP] - joints[WRIST])
        if np.linalg.norm(points - joints, axis=1).mean() < palm:
            return name
    return "neither"


def _compare(folder: Path) -> None:
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in (*PHOTOS, *CLIPS))
    found: dict[HandChoice, list[FoundHand | None]] = {"followed": [], "raised": []}
    seconds = dict.fromkeys(found, 0.0)
    two = 0
    for choice, hands in found.items():
        with HandReader(ExtractKeypoints(hand=choice), MODEL) as reader:
            for path in paths:
                started = time.process_time()
                try:
                    looks = _looks(path, reader)
                except DataError as error:
                    print(error)
                    continue
                seconds[choice] += time.process_time() - started
                hands += [look.hand for look in looks]
                two += sum(bool(look.others) for look in looks)
    differ = sum(
        (one is None) != (other is None)
        or (one is not None and other is not None and (one.points != other.points).any())
        for one, other in zip(*found.values(), strict=True)
    )
    print(
        f"{folder}: {len(paths)} files, {len(found['raised'])} pictures, two hands in {two}; joints differ in {differ}"
    )
    for choice, hands in found.items():
        with_hand = sum(hand is not None for hand in hands)
        rate = len(hands) / max(seconds[choice], 1e-9)
        files = len(paths) / max(seconds[choice], 1e-9)
        print(f"  {choice}: a hand in {with_hand}; {rate:.1f} pictures/s of CPU, {files:.2f} files/s")


def _looks(path: Path, reader: HandReader) -> list[Looked]:
    if path.suffix.lower() in PHOTOS:
        return [reader.in_photo(read_photo(path, 1280).picture)]
    with reader.follow() as follower:
        return [follower.find(frame.picture, frame.time) for frame in ClipReader(path, 480, 30.0, accept_slow=True)]


if __name__ == "__main__":
    arguments = sys.argv[1:]
    numbers = [int(arguments.pop(0)) for _ in range(2) if arguments and arguments[0].isdigit()]
    photos, seed = numbers + [330, SEED][len(numbers) :]
    main(photos, seed, [Path(name) for name in arguments])
