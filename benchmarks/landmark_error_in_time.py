"""How MediaPipe's error goes on from frame to frame: measured on drawn clips, and as `handloom.described` simulates it.

    python benchmarks/landmark_error_in_time.py [CLIPS]
        120 clips by default, the sample's actions made by people of their own, two minutes on two cores. Prints the
        correlation of the error with itself some frames later, measured and simulated, and which shares of its variance
        stay for the clip, flow, and are new in each frame: those of `handloom.described.landmark_error`

The error is what is left when its mean, which depends on the pose, is taken away; all joints together, palm lengths.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray

from handloom.data_source import DataSource
from handloom.described.gestures import Gesture
from handloom.described.landmark_error import (
    FLOW,
    Floats,
    LandmarkError,
    measured_error,
    pose_features,
)
from handloom.described.people import Person, generator_for, make_people
from handloom.described.performance import perform
from handloom.described.reading import load_gestures
from handloom.hand import CHANNELS, JOINT_COUNT, turned, upright
from handloom.sample.draw import write_clip
from handloom.sample.drawing import SIZES, draw_hand, make_scene

SEED, PEOPLE = 78, 30
ACTIONS = Path("data/sample/gestures/action")
LATER = 30  # frames
SHOWN = (1, 2, 3, 5, 8, 12, 20, 30)
MISTAKEN = 0.5  # palm lengths: what is that far off on average is no such hand


def draw(number: int, gestures: list[Gesture], person: Person, folder: Path) -> tuple[Floats, Floats, Floats]:
    """A clip: joints in space ``[T, 21, 3]``, in the picture ``[T, 21, 2]`` (fractions, y up), a palm length in it."""
    cv2.setNumThreads(1)  # there is a process for each core
    random = generator_for(SEED, "landmark error in time", number)
    gesture = gestures[number % len(gestures)]
    performance = perform(gesture, [other for other in gestures if other is not gesture], person, random, SIZES)
    camera, size = performance.camera, np.array([performance.width, performance.height])
    scene = make_scene(random, person, performance.width, performance.height)
    joints: list[Floats] = []

    def pictures() -> Iterator[NDArray[np.uint8]]:
        for at in range(len(performance.joints)):
            picture, drawn = draw_hand(scene, performance.joints[at : at + 1], camera.at(at), random)
            joints.append(drawn)
            yield picture

    write_clip(folder / f"{number:05d}.mp4", pictures(), performance.width, performance.height)
    pixels = np.stack(joints)
    points = np.stack([pixels[..., 0], performance.height - pixels[..., 1]], axis=-1) / size
    space = performance.joints @ camera.rotation.swapaxes(-1, -2)
    return space, points, camera.scale * np.array([-1 if camera.left else 1, 1]) / size


def left_over(model: LandmarkError, space: Floats, error: Floats) -> Floats:
    """Errors ``[T, 21, 2]`` of upright hands without their mean."""
    features = pose_features(space)
    chance = model.chance(features)[:, None]
    mean = (1 - chance) * (features @ model.well.weights) + chance * (features @ model.badly.weights)
    return error - mean.reshape(error.shape)


def correlation(clips: list[Floats]) -> Floats:
    """Of left over errors with themselves 0 to `LATER` frames later, over all clips: ``[LATER + 1]``."""
    products = [
        np.concatenate([(clip[later:] * clip[: len(clip) - later]).sum(axis=(1, 2)) for clip in clips]).mean()
        for later in range(LATER + 1)
    ]
    shares: NDArray[np.floating] = np.array(products) / products[0]
    return shares


def main() -> None:
    if len(sys.argv) > 2:
        sys.exit(__doc__)
    count = int(sys.argv[1]) if len(sys.argv) == 2 else 120
    people, gestures = make_people(SEED, PEOPLE), list(load_gestures(ACTIONS).values())
    model = measured_error()
    assert model is not None
    with TemporaryDirectory() as name:
        folder = Path(name) / "clip"
        folder.mkdir()
        drawn = Parallel(n_jobs=-1)(
            delayed(draw)(number, gestures, people[number % PEOPLE], folder) for number in range(count)
        )
        rows = DataSource.labeled_directories(at=name).extract_keypoints(target_frame_rate=30.0)
    measured, simulated = [], []
    for path, clip in rows.groupby("path"):
        space, points, unit = drawn[int(Path(str(path)).stem)]
        keypoints = np.stack(clip["keypoints"].to_list()).reshape(-1, len(CHANNELS), JOINT_COUNT)
        frames = clip["frame"].to_numpy()
        space, points = space[frames], points[frames]
        true = (points - points[:, :1]) / unit
        turn = upright(true)
        error = turned((keypoints[:, :2].swapaxes(1, 2) - points[:, :1]) / unit - true, turn)
        usable = (keypoints[:, 2].max(axis=1) > 0) & (np.linalg.norm(error, axis=2).mean(axis=1) < MISTAKEN)
        if usable.all() and len(error) > LATER:
            measured.append(left_over(model, turned(space, turn), error))
            random = generator_for(SEED, "simulated", int(Path(str(path)).stem))
            drawn_error = turned(model.draw_in_time(space, true, random), turn)
            simulated.append(left_over(model, turned(space, turn), drawn_error))
    print(f"{len(measured)} of {count} clips: the hand is found in every frame")
    one, other = correlation(measured), correlation(simulated)
    print("frames later " + "".join(f"{later:7d}" for later in SHOWN))
    print("measured     " + "".join(f"{one[later]:7.2f}" for later in SHOWN))
    print("simulated    " + "".join(f"{other[later]:7.2f}" for later in SHOWN))
    flow = np.correlate(FLOW, FLOW, "full")[len(FLOW) - 1 :]
    flow = np.append(flow, np.zeros(LATER + 1))[1 : LATER + 1]
    (stays, flows), *_ = np.linalg.lstsq(np.stack([np.ones(LATER), flow], axis=1), one[1:], rcond=None)
    print(f"shares of the variance: stays {stays:.2f}, flows {flows:.2f}, new in each frame {1 - stays - flows:.2f}")
    size = [
        np.sqrt(np.concatenate([np.square(clip).sum(axis=2) for clip in clips]).mean())
        for clips in (measured, simulated)
    ]
    print(f"root mean square, palm lengths: measured {size[0]:.3f}, simulated {size[1]:.3f}")


if __name__ == "__main__":
    main()
