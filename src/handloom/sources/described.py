"""Gestures that are described: rows of joints that no camera has seen."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from joblib import Parallel, delayed

from handloom.config import Described, Interval, Kind
from handloom.described.cameras import Cameras
from handloom.described.clips import JointClip, joint_clip
from handloom.described.gestures import Gesture, Range
from handloom.described.joint_sets import TOGETHER, JointSets, Makers, joint_sets
from handloom.described.landmark_error import measured_error
from handloom.described.people import make_people
from handloom.described.randomness import generator_for
from handloom.described.reading import load_gestures
from handloom.described.separation import separation_of
from handloom.errors import ConfigurationError, DataError, printable
from handloom.keypoint_table import SCHEMA, poses_to_column
from handloom.sources.clip import Gathered

# Threads that make joints: most of the work is done in numpy, which lets others run meanwhile.
THREADS = 2


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
    makers = _makers(member, key)
    tasks = [
        (gesture, [other for other in gestures if other is not gesture], number, start)
        for number, gesture in enumerate(gestures)
        for start in range(0, member.examples_per_class, TOGETHER)
    ]
    make = _poses if kind == "pose" else _actions
    tables = Parallel(n_jobs=THREADS, backend="threading")(
        delayed(make)(member, makers, frame_rate, *task) for task in tasks
    )
    notes = separation_of(by_label).notes() if len(by_label) > 1 else []
    return Gathered(keypoints=pa.concat_tables(tables), notes=notes)


def described_gestures(member: Described, kind: Kind, key: str) -> dict[str, Gesture]:
    """The descriptions of a section, by label.

    Raises:
        DataError: see `described`.
    """
    folder = Path(member.path)
    if not folder.is_dir():
        raise DataError(
            f"{key}.path: no folder '{printable(member.path)}'; it is for descriptions, a YAML file a class"
        )
    gestures = load_gestures(folder)
    first = next(iter(gestures.values()))
    if first.moves != (kind == "action"):
        has, wanted = ("key_poses", "action") if first.moves else ("no key_poses", "pose")
        raise DataError(f"{key}.path: {printable(first.label)}.yaml has {has}, so it belongs into data.{wanted}")
    return gestures


def _makers(member: Described, key: str) -> Makers:
    cameras = Cameras(*(_range(member, name, key) for name in ("focal_length", "distance", "aspect")))
    return Makers(make_people(member.seed, member.people), cameras, measured_error(member.landmark_error))


def _range(member: Described, name: str, key: str) -> Range:
    interval: Interval = getattr(member, name)
    if interval.least > interval.most:
        raise ConfigurationError(
            f"{key}.{name}.least: must not be more than most ({interval.most:g}), got {interval.least:g}"
        )
    return Range(interval.least, interval.most)


def _poses(
    member: Described, makers: Makers, _: float, gesture: Gesture, others: list[Gesture], number: int, start: int
) -> pa.Table:
    count = min(TOGETHER, member.examples_per_class - start)
    random = generator_for(member.seed, "described", gesture.label, start)
    sets: JointSets = joint_sets(gesture, others, makers, count, random, first=start)
    return _table(member, makers, gesture, number, start, sets.person, sets.left, sets.poses, np.ones(count, np.int64))


def _actions(
    member: Described,
    makers: Makers,
    frame_rate: float,
    gesture: Gesture,
    others: list[Gesture],
    number: int,
    start: int,
) -> pa.Table:
    numbers = range(start, min(start + TOGETHER, member.examples_per_class))
    persons = np.array(numbers) % len(makers.people)
    clips: list[JointClip] = [
        joint_clip(
            gesture,
            others,
            makers.people[person],
            makers.error,
            frame_rate,
            generator_for(member.seed, "described", gesture.label, clip),
        )
        for clip, person in zip(numbers, persons, strict=True)
    ]
    poses = np.concatenate([clip.poses for clip in clips])
    lengths = np.array([len(clip.poses) for clip in clips])
    left = np.array([clip.left for clip in clips])
    return _table(member, makers, gesture, number, start, persons, left, poses, lengths, frame_rate)


def _table(
    member: Described,
    makers: Makers,
    gesture: Gesture,
    number: int,
    start: int,
    person: np.ndarray,
    left: np.ndarray,
    poses: np.ndarray,
    lengths: np.ndarray,
    frame_rate: float = 30.0,
) -> pa.Table:
    """Rows of some examples of one gesture; `person`, `left` and `lengths` are of the examples."""
    examples = np.arange(start, start + len(lengths))
    frame = (
        np.concatenate([np.arange(length) for length in lengths]) if lengths.max() > 1 else np.zeros(len(poses), int)
    )
    groups = [f"described {one.name}" for one in makers.people]
    people = pa.array([f"{gesture.label}/{one.name}-" for one in makers.people]).take(pa.array(person))
    names = pc.binary_join_element_wise(people, pa.array(examples).cast(pa.string()), "")

    def repeated(values: Sequence[str] | pa.Array, of_example: np.ndarray) -> pa.Array:
        return pa.array(values).take(pa.array(np.repeat(of_example, lengths)))

    same = np.zeros(len(lengths), np.int64)
    columns = {
        "session_id": pa.array(np.repeat(examples + number * member.examples_per_class, lengths), pa.int64()),
        "label": repeated([gesture.label], same),
        "group": repeated(groups, person),
        "part": repeated([""], same),
        "path": repeated(names, np.arange(len(lengths))),
        "frame": pa.array(frame, pa.int32()),
        "time": pa.array(frame / frame_rate, pa.float64()),
        "keypoints": poses_to_column(poses),
        "chirality": repeated(["right", "left"], left.astype(np.int64)),
        "score": pa.array(np.ones(len(poses), np.float32)),
        **{name: pa.nulls(len(poses), pa.int32()) for name in ("width", "height", "rotation")},
    }
    return pa.table(columns, schema=SCHEMA)
