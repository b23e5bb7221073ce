"""One labelled example: a photo, or a stretch of a video."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Clip:
    """Something labelled, and where it lies.

    Attributes:
        path: the file.
        name: the path inside the source's folder, with forward slashes: what reports and tables call it.
        label: the class.
        group: examples of one group stay on one side of every split.
        part: train, validation or test where the source says so, else empty.
    """

    path: Path
    name: str
    label: str
    group: str
    part: str = ""
