"""One file: its joints and what happened on the way, in a form that fits into a cache."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from handloom.config import ExtractKeypoints, Kind
from handloom.hand import CHANNELS, CHIRALITIES, JOINT_COUNT, poses_from_picture
from handloom.landmarks.files import Stretch, clip_of, hand_in_clip, hand_in_photo, read_each
from handloom.landmarks.landmarker import FoundHand, LandmarkerFiles
from handloom.landmarks.looks import Looked
from handloom.landmarks.reader import HandReader
from handloom.media.frame import Frame, Picture

THUMBNAIL_SIDE = 160  # pixels
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
        retries: frames that were looked at again with a border.
        helped: those of them in which only the further look found the hand.
        two_hands: frames in which two hands were seen; in clips only some frames are searched for a second one.
        higher_taken: those of them in which the higher hand was taken.
        larger_taken: those of them in which the larger hand was taken.
        warnings: one line each, without the file's name.
        thumbnail: JPEG of one frame, upright.
        thumbnail_frame: which one.
    """

    frames: NDArray[np.void]
    decoded: int = 1
    retries: int = 0
    helped: int = 0
    two_hands: int = 0
    higher_taken: int = 0
    larger_taken: int = 0
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
            "retries": self.retries,
            "helped": self.helped,
            "two_hands": self.two_hands,
            "higher_taken": self.higher_taken,
            "larger_taken": self.larger_taken,
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


def extract_files(
    stretches: Sequence[Stretch], kind: Kind, settings: ExtractKeypoints, model: Path | LandmarkerFiles
) -> list[Extraction | str]:
    """The joints of each of a few files, or one line that says why it cannot be read.

    Args:
        stretches: photos, whole; or clips and stretches of them.
        kind: "pose" reads photos, "action" reads clips.
        settings: the section `extract_keypoints`.
        model: as of `open_landmarker`.
    """
    return read_each(partial(_photo if kind == "pose" else _clip, settings), stretches, settings, model)


def _photo(settings: ExtractKeypoints, stretch: Stretch, reader: HandReader) -> Extraction:
    return _extraction([hand_in_photo(stretch.path, settings, reader)])


def _clip(settings: ExtractKeypoints, stretch: Stretch, reader: HandReader) -> Extraction:
    frames = clip_of(stretch, settings)
    with hand_in_clip(frames, reader) as looks:
        extraction = _extraction(looks)
    return replace(extraction, decoded=frames.decoded, warnings=tuple(frames.warnings))


def _extraction(looks: Iterable[tuple[Frame, Looked]]) -> Extraction:
    rows = []
    shown: tuple[int, Picture] | None = None
    best = -1.0
    counts = dict.fromkeys(("retries", "helped", "two_hands", "higher_taken", "larger_taken"), 0)
    for number, (frame, looked) in enumerate(looks):
        counts["retries"] += looked.again
        counts["helped"] += looked.helped
        if looked.hand and looked.others:
            counts["two_hands"] += 1
            counts["higher_taken"] += all(looked.hand.down() < other.down() for other in looked.others)
            counts["larger_taken"] += all(looked.hand.area() > other.area() for other in looked.others)
        rows.append(_row(frame, looked.hand))
        score = looked.hand.score if looked.hand else 0.0
        if score > best:  # the clearest frame stands for the file on contact sheets
            best, shown = score, (number, frame.picture)
    assert shown is not None  # readers yield a frame or raise
    return Extraction(
        np.array(rows, FRAME),
        retries=counts["retries"],
        helped=counts["helped"],
        two_hands=counts["two_hands"],
        higher_taken=counts["higher_taken"],
        larger_taken=counts["larger_taken"],
        thumbnail=_thumbnail(shown[1]),
        thumbnail_frame=shown[0],
    )


def _row(frame: Frame, hand: FoundHand | None) -> tuple[object, ...]:
    poses = poses_from_picture(hand.points[None])[0] if hand else np.zeros(FRAME["keypoints"].shape, np.float32)
    chirality, score = (CHIRALITIES.index(hand.chirality), hand.score) if hand else (0, 0.0)
    return frame.time, poses, chirality, score, frame.width, frame.height, frame.rotation


def _thumbnail(picture: Picture) -> bytes:
    image = Image.fromarray(picture)
    image.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE))
    content = BytesIO()
    image.save(content, "JPEG", quality=80)
    return content.getvalue()
