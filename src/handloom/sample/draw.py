"""The two public functions: a folder of drawn photos, and a folder of drawn clips, each with its true joints."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path

import av
import cv2
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from tqdm import tqdm

from handloom import keypoint_table
from handloom.described.gestures import Gesture
from handloom.described.people import Person, generator_for, make_people
from handloom.described.performance import FRAMES_PER_SECOND, Performance, perform
from handloom.described.reading import load_gestures
from handloom.described.skeleton import Floats
from handloom.errors import ConfigurationError, DataError, HandloomError
from handloom.hand import Poses, poses_from_picture
from handloom.sample.drawing import SIZES, draw_hand, make_scene
from handloom.support.files import replacing
from handloom.support.pools.processes import run_in_order


@dataclass(frozen=True)
class _Task:
    """One file to draw: who makes which gesture, and from which random numbers."""

    session: int
    seed: int
    number: int
    gesture: Gesture
    others: list[Gesture]
    person: Person

    @property
    def stem(self) -> str:
        """The file's path below the folder, without its suffix."""
        return f"{self.gesture.label}/{self.person.name}-{self.number:04d}"


def draw_photos(
    gestures: Path, out: Path, truth: Path, *, seed: int, people: int, per_class: int, workers: int = -1
) -> None:
    """Draw ``<out>/<label>/<person>-<number>.jpg`` for every declared pose.

    Args:
        gestures: folder of YAML files, see `handloom.described.gestures`.
        out: folder to write; an old one is replaced when all is drawn.
        truth: keypoint table to write, with the joints as drawn.
        seed: the same seed gives the same bytes, whatever the number of workers.
        people: how many people make the gestures; each makes every one.
        per_class: how many photos of each gesture.
        workers: processes; -1 takes every core.

    Raises:
        DataError: the gestures cannot be used.
        ConfigurationError: `people` or `per_class` is below 1.
    """
    tasks = _tasks(gestures, False, seed, people, per_class)
    _draw(tasks, _draw_photo, out, truth, seed, workers)


def draw_clips(
    gestures: Path, out: Path, truth: Path, *, seed: int, people: int, per_class: int, workers: int = -1
) -> None:
    """Draw ``<out>/<label>/<person>-<number>.mp4`` for every declared action; the rest is as in `draw_photos`."""
    tasks = _tasks(gestures, True, seed, people, per_class)
    _draw(tasks, _draw_clip, out, truth, seed, workers)


def _tasks(folder: Path, moving: bool, seed: int, people: int, per_class: int) -> list[_Task]:
    for name, value in (("people", people), ("per_class", per_class)):
        if value < 1:
            raise ConfigurationError(f"{name}: must be at least 1, got {value}")
    gestures = list(load_gestures(folder).values())
    if gestures[0].moves != moving:
        has, wanted = ("key_poses", "photos") if gestures[0].moves else ("no key_poses", "clips")
        raise DataError(f"{folder}: the gestures here have {has}, so no {wanted} can be drawn of them")
    everybody = make_people(seed, people)
    others = {gesture.label: [other for other in gestures if other is not gesture] for gesture in gestures}
    return [
        _Task(at * per_class + number, seed, number, gesture, others[gesture.label], everybody[number % people])
        for at, gesture in enumerate(gestures)
        for number in range(per_class)
    ]


def _draw(
    tasks: list[_Task], draw_one: Callable[[_Task, Path], pa.Table], out: Path, truth: Path, seed: int, workers: int
) -> None:
    metadata = {"source": "handloom.sample", "seed": str(seed), "frame_rate": f"{FRAMES_PER_SECOND:g}"}
    with replacing(out) as temporary:
        for label in {task.gesture.label for task in tasks}:
            (temporary / label).mkdir(parents=True)
        # The answers come in the order of the tasks, so the table does not depend on who was faster.
        tables = _tables(run_in_order(partial(_each, draw_one, temporary), tasks, workers, "loky"))
        keypoint_table.write(truth, tqdm(tables, desc=f"drawing {out.name}", total=len(tasks), unit="file"), metadata)


def _each(draw_one: Callable[[_Task, Path], pa.Table], folder: Path, tasks: Sequence[_Task]) -> list[pa.Table]:
    return [draw_one(task, folder) for task in tasks]


def _tables(drawn: Iterator[tuple[_Task, pa.Table | None]]) -> Iterator[pa.Table]:
    for task, table in drawn:
        if table is None:
            raise HandloomError(f"{task.stem}: the process was killed while drawing it; free memory and run again")
        yield table


def _draw_photo(task: _Task, folder: Path) -> pa.Table:
    performance, frames = _start(task)
    picture, joints = next(frames)
    path = f"{task.stem}.jpg"
    write_photo(folder / path, picture)
    return _rows(task, path, performance, [joints])


def _draw_clip(task: _Task, folder: Path) -> pa.Table:
    performance, frames = _start(task)
    path = f"{task.stem}.mp4"
    joints: list[Floats] = []

    def pictures() -> Iterator[NDArray[np.uint8]]:
        for picture, drawn in frames:
            joints.append(drawn)
            yield picture

    write_clip(folder / path, pictures(), performance.width, performance.height)
    return _rows(task, path, performance, joints)


def _start(task: _Task) -> tuple[Performance, Iterator[tuple[NDArray[np.uint8], Floats]]]:
    """What a file shows, and its frames: pictures with their joints ``[21, 2]`` in pixels."""
    # The pool has a process for each core already.
    cv2.setNumThreads(1)
    kind = "clip" if task.gesture.moves else "photo"
    random = generator_for(task.seed, kind, task.gesture.label, task.number)
    performance = perform(task.gesture, task.others, task.person, random, SIZES)
    scene = make_scene(random, task.person, performance.width, performance.height)
    joints, camera = performance.joints, performance.camera
    frames = (draw_hand(scene, joints[at : at + 1], camera.at(at), random) for at in range(len(joints)))
    return performance, frames


def _rows(task: _Task, path: str, performance: Performance, joints: list[Floats]) -> pa.Table:
    """The true joints (``[21, 2]`` pixels a frame) as rows of the keypoint table."""
    frames = len(joints)
    poses: Poses = poses_from_picture(np.stack(joints) / [performance.width, performance.height])
    columns = {
        "session_id": [task.session] * frames,
        "label": [task.gesture.label] * frames,
        "group": [task.person.name] * frames,
        "part": [""] * frames,
        "path": [path] * frames,
        "frame": list(range(frames)),
        "time": [at / FRAMES_PER_SECOND for at in range(frames)],
        "keypoints": keypoint_table.poses_to_column(poses),
        "chirality": ["left" if performance.camera.left else "right"] * frames,
        "score": [1.0] * frames,
        "width": [performance.width] * frames,
        "height": [performance.height] * frames,
        "rotation": [0] * frames,
    }
    return pa.table(columns, schema=keypoint_table.SCHEMA)


_JPEG_QUALITY = 90

# One thread, since more are not repeatable. No macroblock tree: with it, libx264 gives other bytes now and then for the
# very same pictures.
_H264 = {"threads": "1", "preset": "veryfast", "crf": "24", "x264-params": "mbtree=0"}


def write_photo(path: Path, picture: NDArray[np.uint8]) -> None:
    """Write ``[H, W, 3]`` red, green, blue as JPEG."""
    _, encoded = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    path.write_bytes(encoded.tobytes())


def write_clip(path: Path, pictures: Iterable[NDArray[np.uint8]], width: int, height: int) -> None:
    """Write pictures ``[H, W, 3]`` (red, green, blue, even sizes) as an H.264 file."""
    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=FRAMES_PER_SECOND, options=_H264)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.time_base = Fraction(1, FRAMES_PER_SECOND)
        for picture in pictures:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")))
        container.mux(stream.encode())
