"""Measure MediaPipe's error on drawn hands of random shapes, people and views, and fit `handloom.described` to it.

    python benchmarks/landmark_error.py [HANDS]
        6,000 hands by default, some minutes on two cores. Writes src/handloom/described/landmark_error.json, fitted to
        two thirds of the hands, and prints, for the last third, each joint's simulated error against the measured one

The landmarker sees nothing at all in some pictures, and something that is no such hand in others (on average more than
half a palm length off). Both are counted and left out: a classifier has nothing to learn from them.
"""

import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np
from joblib import Parallel, delayed
from landmark_error_fit import as_json, fitted
from random_gestures import random_form, random_shape

from handloom.data_source import DataSource
from handloom.described.gestures import Gesture
from handloom.described.landmark_error import TABLE, Floats, LandmarkError
from handloom.described.people import Person, generator_for, make_people
from handloom.described.performance import perform
from handloom.hand import CHANNELS, JOINT_COUNT, JOINTS, turned, upright
from handloom.sample.draw import write_photo
from handloom.sample.drawing import SIZES, draw_hand, make_scene
from handloom.support.files import replacing

SEED = 77
PEOPLE = 80
MISTAKEN = 0.5  # palm lengths, root mean square of a hand's joints
FITTED = 2 / 3


@dataclass(frozen=True)
class DrawnHand:
    """One picture: where its joints are.

    Attributes:
        space: ``[21, 3]``, palm lengths from the wrist, x to the right of a right hand, y up, z towards the camera.
        points: ``[21, 2]``, in the picture, as fractions of its width and height, y up.
        unit: ``[2]``, a palm length as such fractions; x is negative for a left hand.
    """

    space: Floats
    points: Floats
    unit: Floats


def draw(number: int, person: Person, folder: Path) -> DrawnHand:
    cv2.setNumThreads(1)  # there is a process for each core
    random = generator_for(SEED, "landmark error", number)
    any_side = random.random() < 0.2
    view = np.array([random.uniform(-90, 90) if any_side else random.normal(0, 35), *random.normal(0, 18, 2)])
    form = random_form(random_shape(random), np.zeros(12), view, np.zeros(3))
    performance = perform(Gesture("", "", (form,)), [], person, random, SIZES)
    size, camera = np.array([performance.width, performance.height]), performance.camera
    scene = make_scene(random, person, performance.width, performance.height)
    picture, pixels = draw_hand(scene, performance.joints, camera, random)
    write_photo(folder / f"{number:05d}.jpg", picture)
    space = performance.joints[0] @ camera.rotation[0].T
    points = np.stack([pixels[:, 0], performance.height - pixels[:, 1]], axis=-1) / size
    return DrawnHand(space, points, camera.scale * np.array([-1 if camera.left else 1, 1]) / size)


def measured(count: int) -> tuple[Floats, Floats, Floats]:
    """Hands in space ``[N, 21, 3]``, as cameras see them ``[N, 21, 2]``, and the landmarker's errors, all upright."""
    people = make_people(SEED, PEOPLE)
    with TemporaryDirectory() as name:
        folder = Path(name) / "hand"
        folder.mkdir()
        drawn = Parallel(n_jobs=-1)(delayed(draw)(number, people[number % PEOPLE], folder) for number in range(count))
        rows = DataSource.labeled_directories(at=name).extract_keypoints()
    keypoints = np.stack(rows["keypoints"].to_list()).reshape(-1, len(CHANNELS), JOINT_COUNT)
    number = rows["path"].str.extract(r"(\d+)\.jpg")[0].astype(int).to_numpy()
    seen = keypoints[:, 2].max(axis=1) > 0
    hands = [drawn[one] for one in number[seen]]
    space, points, unit = (np.stack([getattr(hand, field) for hand in hands]) for field in ("space", "points", "unit"))
    found = (keypoints[seen, :2].swapaxes(1, 2) - points[:, :1]) / unit[:, None]
    true = (points - points[:, :1]) / unit[:, None]
    turn = upright(true)
    error = turned(found - true, turn)
    usable = size_of(error).mean(axis=1) < MISTAKEN**2
    print(f"{count} hands: {1 - seen.mean():.1%} not found, {1 - usable.mean():.1%} of the others mistaken")
    return turned(space, turn)[usable], turned(true, turn)[usable], error[usable]


def size_of(error: Floats) -> Floats:
    """Squared distance ``[N, 21]``."""
    return np.asarray(np.square(error).sum(axis=-1))


def main() -> None:
    if len(sys.argv) > 2:
        sys.exit(__doc__)
    space, seen, error = measured(int(sys.argv[1]) if len(sys.argv) == 2 else 6000)
    order = np.random.default_rng(SEED).permutation(len(error))
    fitting, tried = np.split(order, [round(FITTED * len(order))])
    out = Path("src/handloom/described") / TABLE
    with replacing(out) as temporary:
        temporary.write_text(as_json(fitted(space[fitting], error[fitting])), encoding="utf-8")
    model = LandmarkError.from_json(out.read_text(encoding="utf-8"))
    simulated = model.draw(space[tried], seen[tried], np.random.default_rng(SEED))
    one, other = (np.sqrt(size_of(errors).mean(axis=0)) for errors in (error[tried], simulated))
    print(f"joint      measured  simulated  ratio   (root mean square, palm lengths, {len(tried)} other hands)")
    for joint, name in enumerate(JOINTS):
        print(f"{name:10} {one[joint]:8.3f} {other[joint]:10.3f} {other[joint] / one[joint]:6.2f}")
    print(f"farthest from 1: {max(other / one, key=lambda ratio: abs(ratio - 1)):.2f}")


if __name__ == "__main__":
    main()
