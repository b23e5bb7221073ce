"""Gestures that are described: rows of joints that no camera has seen."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from handloom.config import Described, Interval, Kind
from handloom.described.cameras import Cameras
from handloom.described.gestures import Gesture, Range
from handloom.described.joint_sets import TOGETHER, Makers, joint_clip, joint_sets
from handloom.described.landmark_error import measured_error
from handloom.described.people import Person, generator_for, make_people
from handloom.described.reading import DESCRIPTIONS, load_gesture, load_gestures
from handloom.described.separation import separation_of
from handloom.errors import ConfigurationError, DataError, printable
from handloom.hand import Poses
from handloom.keypoint_table import MADE_UP, MEDIAPIPE, SCHEMA, poses_to_column
from handloom.sources.clip import Gathered

# Threads that make joints: most of the work is done in numpy, which lets others run meanwhile.
THREADS = 2


@dataclass(frozen=True)
class _Task:
    """Examples of one gesture that are made together."""

    gesture: Gesture
    others: list[Gesture]
    numbers: range  # of the examples, among all of the gesture
    first_session: int  # the session id of the gesture's number 0


@dataclass(frozen=True)
class _Examples:
    """N examples of one gesture.

    Attributes:
        poses: float32 ``[sum of lengths, 3, 21]``, one example after another, see `handloom.hand`.
        lengths: int64 ``[N]``, frames.
        person: int64 ``[N]``, who makes it.
        left: bool ``[N]``.
    """

    poses: Poses
    lengths: NDArray[np.int64]
    person: NDArray[np.int64]
    left: NDArray[np.bool_]


def described(member: Described, kind: Kind, key: str, frame_rate: float = 30.0) -> Gathered:
    """Joints of described gestures as rows of `handloom.keypoint_table.SCHEMA`.

    Each person is a group. The same section and descriptions give the same bits, on any number of cores.

    Args:
        member: its section.
        kind: "pose" or "action"; what is described has to be of this kind.
        key: the section's full name, for messages.
        frame_rate: frames/s of actions.

    Raises:
        DataError: there is no such folder, a description has a mistake, or is of the other kind.
        ConfigurationError: an interval ends before it begins.
    """
    by_label = described_gestures(member, kind, key)
    gestures = list(by_label.values())
    makers = makers_of(member, key)
    tasks = [
        _Task(
            gesture,
            others=[other for other in gestures if other is not gesture],
            numbers=range(start, min(start + TOGETHER, member.examples_per_class)),
            first_session=at * member.examples_per_class,
        )
        for at, gesture in enumerate(gestures)
        for start in range(0, member.examples_per_class, TOGETHER)
    ]

    def rows(task: _Task) -> pa.Table:
        if kind == "pose":
            examples = _poses(task, makers, member.seed)
        else:
            examples = _actions(task, makers, member.seed, frame_rate)
        return _table(task, examples, makers.people, frame_rate)

    with ThreadPoolExecutor(THREADS) as threads:
        tables = list(threads.map(rows, tasks))
    notes = separation_of(by_label).notes() if len(by_label) > 1 else []
    # Their errors are those that were measured on MediaPipe.
    return Gathered(keypoints=pa.concat_tables(tables), notes=notes, landmarkers=[MEDIAPIPE])


def described_gestures(member: Described, kind: Kind, key: str) -> dict[str, Gesture]:
    """The descriptions of a section, by label.

    Raises:
        DataError: see `described`.
    """
    folder = Path(member.path)
    if not folder.is_dir():
        raise DataError(
            f"{key}.path: no folder '{printable(member.path)}'; it is for descriptions, one YAML file per class"
        )
    gestures = load_gestures(folder)
    first = next(iter(gestures.values()))
    if _kind_of(first) != kind:
        has, wanted = ("key_poses", "action") if first.moves else ("no key_poses", "pose")
        raise DataError(f"{key}.path: {printable(first.label)}.yaml has {has}, so it belongs into data.{wanted}")
    return gestures


def described_kind(member: Described) -> Kind:
    """Whether a section describes poses or actions. One description is read: all of a folder are of one kind.

    Where there is none: poses, and reading the section says what is missing.

    Raises:
        DataError: the description has a mistake.
    """
    first = min(Path(member.path).glob(DESCRIPTIONS), default=None)
    return _kind_of(load_gesture(first)) if first else "pose"


def _kind_of(gesture: Gesture) -> Kind:
    return "action" if gesture.moves else "pose"


def makers_of(member: Described, key: str) -> Makers:
    """The people, cameras and landmarker's error of a section.

    Raises:
        ConfigurationError: an interval ends before it begins.
    """
    cameras = Cameras(*(_range(member, name, key) for name in ("focal_length", "distance", "aspect")))
    return Makers(make_people(member.seed, member.people), cameras, measured_error(member.landmark_error))


def _range(member: Described, name: str, key: str) -> Range:
    interval: Interval = getattr(member, name)
    if interval.least > interval.most:
        raise ConfigurationError(
            f"{key}.{name}.least: must not be more than most ({interval.most:g}), got {interval.least:g}"
        )
    return Range(interval.least, interval.most)


def _poses(task: _Task, makers: Makers, seed: int) -> _Examples:
    count, first = len(task.numbers), task.numbers.start
    random = generator_for(seed, "described", task.gesture.label, first)
    sets = joint_sets(task.gesture, task.others, makers, count, random, first)
    return _Examples(sets.poses, np.ones(count, np.int64), sets.person, sets.left)


def _actions(task: _Task, makers: Makers, seed: int, frame_rate: float) -> _Examples:
    person = np.array(task.numbers) % len(makers.people)
    clips = [
        joint_clip(
            task.gesture,
            task.others,
            makers.people[who],
            makers.cameras,
            makers.error,
            frame_rate,
            generator_for(seed, "described", task.gesture.label, number),
        )
        for number, who in zip(task.numbers, person, strict=True)
    ]
    return _Examples(
        poses=np.concatenate([clip.poses for clip in clips]),
        lengths=np.array([len(clip.poses) for clip in clips]),
        person=person,
        left=np.array([clip.left for clip in clips]),
    )


def _table(task: _Task, examples: _Examples, people: Sequence[Person], frame_rate: float) -> pa.Table:
    count, lengths = len(examples.poses), examples.lengths
    frame = np.arange(count) - np.repeat(np.cumsum(lengths) - lengths, lengths)  # from 0 in each example
    groups = [f"{MADE_UP}{one.name}" for one in people]
    stems = pa.array([f"{task.gesture.label}/{one.name}-" for one in people]).take(pa.array(examples.person))
    names = pc.binary_join_element_wise(stems, pa.array(task.numbers).cast(pa.string()), "")

    def repeated(values: Sequence[str] | pa.Array, of_example: np.ndarray) -> pa.Array:
        return pa.array(values).take(pa.array(np.repeat(of_example, lengths)))

    same = np.zeros(len(lengths), np.int64)
    columns = {
        "session_id": pa.array(np.repeat(np.array(task.numbers) + task.first_session, lengths), pa.int64()),
        "label": repeated([task.gesture.label], same),
        "group": repeated(groups, examples.person),
        "part": repeated([""], same),
        "path": repeated(names, np.arange(len(lengths))),
        "frame": pa.array(frame, pa.int32()),
        "time": pa.array(frame / frame_rate, pa.float64()),
        "keypoints": poses_to_column(examples.poses),
        "chirality": repeated(["right", "left"], examples.left.astype(np.int64)),
        "score": pa.array(np.ones(count, np.float32)),
        **{name: pa.nulls(count, pa.int32()) for name in ("width", "height", "rotation")},
    }
    return pa.table(columns, schema=SCHEMA)
