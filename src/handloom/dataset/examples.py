"""Labelled examples: what one photo or one clip is to learning and to testing."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from handloom import keypoint_table
from handloom.dataset.split import PartName, read_split
from handloom.errors import DataError
from handloom.hand import Poses, present


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


def read_examples(table: Path, split: Path, part: PartName) -> list[Example]:
    """The examples of one part, in the order of the table.

    Raises:
        DataError: a file is missing, or the split was made for another table.
    """
    parts = read_split(split)
    rows = keypoint_table.read(table).sort_by([("session_id", "ascending"), ("frame", "ascending")])
    sessions = rows.column("session_id").to_numpy()
    if set(np.unique(sessions)) != set(parts):
        raise DataError(f"{split}: made for another keypoint table than {table}; run the stage split again")
    poses = keypoint_table.poses_of(rows)
    labels, names, groups = (rows.column(name) for name in ("label", "path", "group"))
    starts = np.flatnonzero(np.diff(sessions, prepend=sessions[0] - 1))
    ends = [*starts[1:], len(sessions)]
    return [
        Example(poses[start:end], labels[start].as_py(), names[start].as_py(), groups[start].as_py())
        for start, end in zip(starts.tolist(), ends, strict=True)
        if parts[int(sessions[start])] == part
    ]
