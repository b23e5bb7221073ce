"""Labelled examples: one photo or one clip each."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self, overload

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from typing_extensions import override

from handloom import keypoint_table
from handloom.dataset.frame_store import FrameStore
from handloom.dataset.left_hands import mirror_left_hands, votes
from handloom.dataset.split import PartName, read_split
from handloom.errors import DataError
from handloom.hand import CHANNELS, JOINT_COUNT, Poses, present

TEXTS = ("label", "path", "group")


@dataclass(frozen=True)
class Example:
    """One photo or clip.

    Attributes:
        poses: float32 ``[T, 3, 21]``, see `handloom.hand`; frames without a hand are zeros.
        label: its class.
        name: path of the file inside its source.
        group: who is in it.
    """

    poses: Poses
    label: str
    name: str
    group: str

    @property
    def hand_found(self) -> bool:
        """Whether any frame has a hand."""
        return bool(present(self.poses).any())


@dataclass(frozen=True, eq=False)
class Examples(Sequence[Example]):
    """N photos or clips of any lengths, their frames one after another in one array.

    Attributes:
        frames: float32 ``[F, 3, 21]``, a `numpy.memmap` where they are too many for memory.
        starts: int64 ``[N]``, the row of each example's first frame.
        lengths: int64 ``[N]``, its frames, at least 1.
        labels: pyarrow ``[N]``, dictionary-encoded texts.
        names: pyarrow ``[N]``, texts.
        groups: pyarrow ``[N]``, texts.
        hand_found: bool ``[N]``, whether any of its frames has a hand.
    """

    frames: Poses
    starts: NDArray[np.int64]
    lengths: NDArray[np.int64]
    labels: pa.DictionaryArray
    names: pa.Array
    groups: pa.Array
    hand_found: NDArray[np.bool_]

    @classmethod
    def of(cls, examples: Iterable[Example]) -> "Examples":
        """Convert examples to this form; those in this form are returned unchanged."""
        if isinstance(examples, Examples):
            return examples
        examples = list(examples)
        lengths = np.array([len(example.poses) for example in examples], np.int64)
        empty = np.empty((0, len(CHANNELS), JOINT_COUNT), np.float32)
        return cls(
            np.concatenate([empty, *(example.poses for example in examples)]),
            np.cumsum(lengths) - lengths,
            lengths,
            pa.array([example.label for example in examples], pa.string()).dictionary_encode(),
            pa.array([example.name for example in examples], pa.string()),
            pa.array([example.group for example in examples], pa.string()),
            np.array([example.hand_found for example in examples], bool),
        )

    def __len__(self) -> int:
        return len(self.starts)

    @overload
    def __getitem__(self, index: int) -> Example: ...
    @overload
    def __getitem__(self, index: slice) -> Self: ...
    @override
    def __getitem__(self, index: int | slice) -> Example | Self:
        if isinstance(index, slice):
            return self._chosen(np.arange(len(self))[index])
        row = range(len(self))[index]
        start = self.starts[row]
        poses = self.frames[start : start + self.lengths[row]]
        return Example(poses, self.labels[row].as_py(), self.names[row].as_py(), self.groups[row].as_py())

    @override
    def __iter__(self) -> Iterator[Example]:
        ends = self.starts + self.lengths
        texts = (column.to_pylist() for column in (self.labels, self.names, self.groups))
        for start, end, *known in zip(self.starts.tolist(), ends.tolist(), *texts, strict=True):
            yield Example(self.frames[start:end], *known)

    def with_hand(self) -> Self:
        """The examples with a hand; their frames are not copied."""
        return self if self.hand_found.all() else self._chosen(np.flatnonzero(self.hand_found))

    def targets(self, classes: Sequence[str]) -> NDArray[np.int64]:
        """The index of each one's label among `classes`: ``[N]``.

        Raises:
            ValueError: a label is none of them.
        """
        index = {label: number for number, label in enumerate(classes)}
        known = np.array([index.get(label, -1) for label in self.labels.dictionary.to_pylist()], np.int64)
        targets: NDArray[np.int64] = known[self.labels.indices.to_numpy()]
        if (targets < 0).any():
            raise ValueError(f"{self.labels[int(np.argmin(targets))]}: none of the classes {list(classes)}")
        return targets

    def _chosen(self, rows: NDArray[np.int64]) -> Self:
        labels, names, groups = (texts.take(pa.array(rows)) for texts in (self.labels, self.names, self.groups))
        return type(self)(
            self.frames, self.starts[rows], self.lengths[rows], labels, names, groups, self.hand_found[rows]
        )


def read_examples(
    table: Path,
    split: Path,
    part: PartName,
    in_memory: float = math.inf,
    left_hands: Literal["as_they_are", "mirrored"] = "as_they_are",
    folder: Path | None = None,
) -> Examples:
    """Read the examples of one set, in the order of the table.

    Args:
        table: keypoint table.
        split: its parts.
        part: which of them.
        in_memory: GiB; where the part's frames are more they go into a temporary file.
        left_hands: "mirrored" turns clips of left hands into clips of right ones.
        folder: for the temporary file; None: the system's own.

    Raises:
        DataError: a file is missing, the split was made for another table, the table is not in order, or there is no
            room for the temporary file.
    """
    parts = read_split(split)
    sessions, lengths = read_sessions(table)
    if not np.array_equal(sessions, np.sort(np.fromiter(parts, np.int64, len(parts)))):
        raise DataError(f"{split}: made for another keypoint table than {table}; run the stage split again")
    wanted = np.fromiter((parts[session] == part for session in sessions.tolist()), bool, len(sessions))
    begins = (np.cumsum(lengths) - lengths)[wanted]
    rows_wanted = np.repeat(wanted, lengths)
    lengths = lengths[wanted]
    starts = np.cumsum(lengths) - lengths
    mirrored = left_hands == "mirrored"

    store = FrameStore(int(lengths.sum()), in_memory, folder)
    texts: dict[str, list[Any]] = {name: [] for name in TEXTS}
    hands, sides = [np.empty(0, bool)], [np.empty(0, np.int8)]
    first = 0
    for batch in keypoint_table.batches(table, [*TEXTS, "keypoints", *(["chirality"] if mirrored else [])]):
        end = first + batch.num_rows
        mine = rows_wanted[first:end]
        poses = keypoint_table.poses_of(batch)[mine]
        store.add(poses)
        hands.append(present(poses))
        if mirrored:
            sides.append(votes(batch.column("chirality"))[mine] * hands[-1])
        some = pa.array(begins[np.searchsorted(begins, first) : np.searchsorted(begins, end)] - first)
        for name in TEXTS:
            texts[name].append(batch.column(name).take(some))
        first = end
    frames = store.frames()
    if mirrored:
        mirror_left_hands(frames, starts, lengths, np.concatenate(sides))
    labels, names, groups = (pa.chunked_array(texts[name], pa.string()).combine_chunks() for name in TEXTS)
    hand_found = np.logical_or.reduceat(np.concatenate(hands), starts)
    return Examples(frames, starts, lengths, labels.dictionary_encode(), names, groups, hand_found)


def known_chirality(table: Path, split: Path, part: PartName) -> float:
    """The share of a set's frames whose chirality the table says, 0 to 1; 0 of an empty set.

    Raises:
        DataError: a file is missing or damaged.
    """
    wanted = np.array([session for session, one in read_split(split).items() if one == part], np.int64)
    known = frames = 0
    for batch in keypoint_table.batches(table, ["session_id", "chirality"]):
        mine = np.isin(batch.column("session_id").to_numpy(), wanted)
        known += int((votes(batch.column("chirality"))[mine] != 0).sum())
        frames += int(mine.sum())
    return known / max(frames, 1)


Indices = NDArray[np.int64]


def read_sessions(table: Path) -> tuple[Indices, Indices]:
    """The ids of all sessions of a table, ascending ``[N]``, and how many rows each has ``[N]``.

    Raises:
        DataError: the table cannot be read, or its rows are not in the order of session and frame: reading it clip by
            clip relies on that.
    """
    ids, starts = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    before_session, before_frame = np.empty(0, np.int64), np.empty(0, np.int64)
    count = 0
    for batch in keypoint_table.batches(table, ["session_id", "frame"]):
        session = np.concatenate([before_session, batch.column("session_id").to_numpy()])
        frame = np.concatenate([before_frame, batch.column("frame").to_numpy()])
        step = np.diff(session)
        if ((step < 0) | ((step == 0) & (np.diff(frame) <= 0))).any():
            raise DataError(f"{table}: its rows are not in the order of session_id and frame; sort them by these")
        begins = np.flatnonzero(step) + 1 if count else np.append(0, np.flatnonzero(step) + 1)
        ids.append(session[begins])
        starts.append(begins + count - len(before_session))
        before_session, before_frame = session[-1:], frame[-1:]
        count += batch.num_rows
    return np.concatenate(ids), np.diff(np.concatenate([*starts, [count]]))
