"""What came of one file: its joints and what happened on the way, in a form that fits into a cache."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from handloom.hand import CHANNELS, JOINT_COUNT
from handloom.keypoint_table import CHIRALITIES, KEYPOINT_NUMBERS, SCHEMA
from handloom.sources import Clip

# One frame. Little-endian, so that a cache reads the same everywhere.
FRAME = np.dtype(
    [
        ("time", "<f8"),
        ("keypoints", "<f4", (len(CHANNELS), JOINT_COUNT)),
        ("chirality", "u1"),  # index into CHIRALITIES
        ("score", "<f4"),
        ("width", "<i4"),
        ("height", "<i4"),
        ("rotation", "<i4"),
    ]
)


@dataclass(frozen=True)
class Extraction:
    """The joints of one file.

    Attributes:
        frames: `FRAME` ``[T]``; keypoints are `poses` as in `handloom.hand`, zeros where no hand was found.
        decoded: frames that were decoded; more or fewer than T where a clip was resampled.
        second_looks: frames that were looked at again with a border.
        helped: those of them in which only the further look found the hand.
        warnings: one line each, without the file's name.
        thumbnail: JPEG of one frame, upright.
        thumbnail_frame: which one.
    """

    frames: NDArray[np.void]
    decoded: int = 1
    second_looks: int = 0
    helped: int = 0
    warnings: tuple[str, ...] = ()
    thumbnail: bytes = field(default=b"", repr=False)
    thumbnail_frame: int = 0

    @property
    def hands(self) -> int:
        """The number of frames with a hand."""
        return int((self.frames["chirality"] > 0).sum())

    def to_bytes(self) -> bytes:
        """For a cache; the thumbnail comes last, after a line of JSON and the frames."""
        head = {
            "frames": len(self.frames),
            "decoded": self.decoded,
            "second_looks": self.second_looks,
            "helped": self.helped,
            "warnings": self.warnings,
            "thumbnail_frame": self.thumbnail_frame,
        }
        return json.dumps(head).encode() + b"\n" + self.frames.tobytes() + self.thumbnail

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        """The inverse of `to_bytes`."""
        line, rest = content.split(b"\n", 1)
        head = json.loads(line)
        size = head["frames"] * FRAME.itemsize
        frames = np.frombuffer(rest[:size], FRAME)
        return cls(**head | {"frames": frames, "warnings": tuple(head["warnings"]), "thumbnail": rest[size:]})


def rows_of(sessions: Sequence[tuple[int, Clip, Extraction]]) -> pa.Table:
    """The rows of the keypoint table of some files, given as (session id, file, its joints)."""
    counts = [len(extraction.frames) for _, _, extraction in sessions]
    frames = np.concatenate([extraction.frames for _, _, extraction in sessions])
    keypoints = pa.array(np.ascontiguousarray(frames["keypoints"]).reshape(-1))

    def repeated(values: Sequence[object]) -> pa.Array:
        return pa.array(values).take(pa.array(np.repeat(np.arange(len(counts)), counts)))

    columns = {
        "session_id": repeated([session_id for session_id, _, _ in sessions]),
        "label": repeated([clip.label for _, clip, _ in sessions]),
        "group": repeated([clip.group for _, clip, _ in sessions]),
        "part": repeated([clip.part for _, clip, _ in sessions]),
        "path": repeated([clip.name for _, clip, _ in sessions]),
        "frame": np.concatenate([np.arange(count, dtype=np.int32) for count in counts]),
        "time": frames["time"],
        "keypoints": pa.FixedSizeListArray.from_arrays(keypoints, KEYPOINT_NUMBERS),
        "chirality": pa.array(CHIRALITIES).take(pa.array(frames["chirality"])),
        "score": frames["score"],
        "width": frames["width"],
        "height": frames["height"],
        "rotation": frames["rotation"],
    }
    return pa.table({name: pa.array(columns[name]) for name in SCHEMA.names}).cast(SCHEMA)
