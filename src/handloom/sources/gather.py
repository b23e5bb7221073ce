"""One way in to every kind of source."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from handloom.config import (
    CreateMLProject,
    Described,
    DirectoryWithImagesAndAnnotation,
    DirectoryWithVideosAndAnnotation,
    JoinedAction,
    JoinedPose,
    Kind,
    LabeledDirectories,
    LabeledFiles,
    LabeledImageDataFrame,
    LabeledKeypointsDataFrame,
    LabeledVideoDataFrame,
    Member,
    Source,
    members,
)
from handloom.errors import ConfigurationError, printable
from handloom.sources.annotated_media import annotated_media
from handloom.sources.clip import Gathered, Skipped
from handloom.sources.create_ml_project import create_ml_project
from handloom.sources.described import described
from handloom.sources.excluded import without_excluded
from handloom.sources.groups import with_copies_together
from handloom.sources.labeled_directories import labeled_directories
from handloom.sources.labeled_files import labeled_files
from handloom.sources.labeled_keypoints import labeled_keypoints
from handloom.sources.labels import check_classes, examples_by_class, note_on_lookalikes


def gather(
    member: Member, kind: Kind, key: str, frame: Any = None, frame_rate: float = 30.0, accept_slow: bool = False
) -> Gathered:
    """Everything that one source holds.

    Args:
        member: its section.
        kind: "pose" takes each row of joints as an example, "action" each session.
        key: its full name, for messages (`data.pose`, `data.pose.sources.studio`).
        frame: a pandas data frame or pyarrow table that takes the place of `data_frame`.
        frame_rate: frames/s that sessions of joints are brought to.
        accept_slow: whether joints of a lower rate are accepted, frames repeated.

    Raises:
        DataError: the source as a whole cannot be used.
        ConfigurationError: see `GroupFinder`; or the section names a part, and so do its examples.
    """
    gathered = _gather(member, kind, key, frame, frame_rate, accept_slow)
    if exclude := getattr(member, "exclude", None):
        gathered = without_excluded(gathered, exclude, f"{key}.exclude")
    if gathered.clips:
        gathered.clips, notes = with_copies_together(gathered.clips, printable(str(gathered.clips[0].folder)))
        gathered.notes += notes
    return _of_part(gathered, member.part, key) if member.part else gathered


def _gather(member: Member, kind: Kind, key: str, frame: Any, frame_rate: float, accept_slow: bool) -> Gathered:
    match member:
        case LabeledDirectories():
            return labeled_directories(member, kind, key)
        case LabeledFiles():
            return labeled_files(member, kind, key)
        case (
            DirectoryWithImagesAndAnnotation()
            | DirectoryWithVideosAndAnnotation()
            | LabeledImageDataFrame()
            | LabeledVideoDataFrame()
        ):
            return annotated_media(member, key, frame)
        case LabeledKeypointsDataFrame():
            return labeled_keypoints(member, kind, key, frame, frame_rate, accept_slow)
        case CreateMLProject():
            return create_ml_project(member, key)
        case Described():
            return described(member, kind, key, frame_rate)


def gather_members(
    source: Source,
    kind: Kind,
    key: str = "",
    frame_rate: float = 30.0,
    accept_slow: bool = False,
    frames: Mapping[str, Any] | None = None,
) -> Gathered:
    """Everything that a source holds, members of a joined one after another in the order of the configuration.

    A member's name stands before the names of its files: in `Clip.name`, in the column `path`, in what was skipped.

    Args:
        source: its section.
        kind: see `gather`.
        key: its full name; empty: `data.` and the kind.
        frame_rate: see `gather`.
        accept_slow: see `gather`.
        frames: data frames in memory by the member's name; a source that is no joined one has an empty name.

    Raises:
        DataError: a source as a whole cannot be used.
        ConfigurationError: see `GroupFinder`.
    """
    key, frames = key or f"data.{kind}", frames or {}
    joined = Gathered()
    tables: list[pa.Table] = []
    for name, member in members(source).items():
        place = f"{key}.sources.{name}" if isinstance(source, JoinedPose | JoinedAction) else key
        gathered = gather(member, kind, place, frames.get(name), frame_rate, accept_slow)
        if name:
            gathered = _named(gathered, name)
        joined.clips += gathered.clips
        joined.skipped += gathered.skipped
        joined.notes += gathered.notes
        joined.landmarkers += gathered.landmarkers
        if gathered.keypoints is not None:
            tables.append(gathered.keypoints)
    joined.keypoints = _numbered_on(tables) if tables else None
    return joined


def gather_all(
    source: Source,
    kind: Kind,
    key: str = "",
    frame_rate: float = 30.0,
    accept_slow: bool = False,
    frames: Mapping[str, Any] | None = None,
) -> Gathered:
    """What a classifier is to learn from: `gather_members`, refused where that cannot teach it anything.

    Raises:
        DataError: a source as a whole cannot be used, there are fewer than two classes, or one has a single example.
        ConfigurationError: see `GroupFinder`.
    """
    gathered = gather_members(source, kind, key, frame_rate, accept_slow, frames)
    check_classes(gathered, key or f"data.{kind}")
    gathered.notes += note_on_lookalikes(examples_by_class(gathered), key or f"data.{kind}")
    return gathered


def _of_part(gathered: Gathered, part: str, key: str) -> Gathered:
    """With all examples in one part of the data."""
    keypoints = gathered.keypoints
    named = {clip.part for clip in gathered.clips}
    if keypoints is not None:
        named |= set(keypoints.column("part").unique().to_pylist())
        column = pa.array([part], pa.string()).take(pa.array(np.zeros(len(keypoints), np.int64)))
        keypoints = keypoints.set_column(keypoints.column_names.index("part"), "part", column)
    if named - {""}:
        raise ConfigurationError(
            f"{key}.part: {part!r}, but its examples name parts themselves (part_column, parts_in_folders, or a column"
            " called part); empty it, or take those out"
        )
    return replace(gathered, clips=[replace(clip, part=part) for clip in gathered.clips], keypoints=keypoints)


def _named(gathered: Gathered, name: str) -> Gathered:
    """With a member's name before the names; also of groups that are files or sessions of their own."""
    clips = [
        replace(clip, member=name, group=f"{name}/{clip.file}" if clip.group == clip.file else clip.group)
        for clip in gathered.clips
    ]
    keypoints = gathered.keypoints
    if keypoints is not None:
        path, group = keypoints.column("path"), keypoints.column("group")
        own = pc.equal(path, group)
        group = pc.if_else(own, _prefixed(group, name), group)
        keypoints = keypoints.set_column(keypoints.column_names.index("group"), "group", group)
        keypoints = keypoints.set_column(keypoints.column_names.index("path"), "path", _prefixed(path, name))
    skipped = [Skipped(f"{name}/{one.name}", f"{name}/{one.reason}", one.label) for one in gathered.skipped]
    return Gathered(clips, keypoints, skipped, [f"{name}: {note}" for note in gathered.notes], gathered.landmarkers)


def _prefixed(column: pa.ChunkedArray, name: str) -> pa.ChunkedArray:
    return pc.binary_join_element_wise(pa.scalar(f"{name}/"), column, "")


def _numbered_on(tables: list[pa.Table]) -> pa.Table:
    """Tables one after another, each one's session ids going on where the one before ended."""
    numbered = []
    count = 0
    for table in tables:
        ids = pc.add(table.column("session_id"), count)
        numbered.append(table.set_column(table.column_names.index("session_id"), table.schema.field("session_id"), ids))
        if len(table):
            count = pc.max(ids).as_py() + 1
    return pa.concat_tables(numbered)
