"""What a source yields: labelled examples, what of them cannot be used, and what is worth knowing."""

from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa


class UnusableError(Exception):
    """Why one file or row cannot be used: no more than the reason. Whoever reads the source makes it a `Skipped`."""


@dataclass(frozen=True, slots=True)
class Clip:
    """One labelled example: a photo, or a stretch of a video.

    Attributes:
        folder: the source's folder.
        file: the path inside it, with forward slashes.
        label: the class.
        group: examples of one group stay on one side of every split.
        part: train, validation or test where the source says so, else empty.
        start: seconds into the video, included; None: from its beginning.
        end: seconds into the video, excluded; None: to its end.
        member: the name of its source among joined ones, else empty.
    """

    folder: Path
    file: str
    label: str
    group: str
    part: str = ""
    start: float | None = None
    end: float | None = None
    member: str = ""

    @property
    def path(self) -> Path:
        """Where the file is."""
        return self.folder / self.file

    @property
    def name(self) -> str:
        """What reports and tables call it."""
        return f"{self.member}/{self.file}" if self.member else self.file


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file or row that cannot be used.

    Attributes:
        name: the file's path inside the source, or the table and its row.
        reason: one line: the name, what is wrong, what to do.
        label: its class where that is known, else empty.
    """

    name: str
    reason: str
    label: str = ""


@dataclass
class Gathered:
    """Everything that a source holds.

    Attributes:
        clips: media to look for hands in, in a fixed order.
        keypoints: joints that were found before: rows of `handloom.keypoint_table.SCHEMA` with session ids from 0 on.
        skipped: what cannot be used.
        notes: one line each: what was done with something unusual.
        landmarkers: what made `keypoints`, names that are known.
    """

    clips: list[Clip] = field(default_factory=list)
    keypoints: pa.Table | None = None
    skipped: list[Skipped] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    landmarkers: list[str] = field(default_factory=list)
