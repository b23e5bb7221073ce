"""What the tests of sources share: folders of empty files, tables, and reading them."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from handloom import config
from handloom.sources import Gathered, gather

NO_GROUPS = config.Groups(file="")


class Place:
    """A folder to make files and tables in, and the sources that read them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.photos = root / "photos"
        self.photos.mkdir()

    def touch(self, *names: str) -> None:
        """Make empty files in the data folder: sources do not open them."""
        for name in names:
            (self.photos / name).parent.mkdir(parents=True, exist_ok=True)
            (self.photos / name).touch()

    def write(self, name: str, content: str | bytes) -> str:
        path = self.root / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    def directories(self, **settings: Any) -> Gathered:
        section = config.LabeledDirectories(path=str(self.photos), **{"groups": NO_GROUPS, **settings})
        return gather(section, "pose", "data.pose")

    def files(self, **settings: Any) -> Gathered:
        section = config.LabeledFiles(path=str(self.photos), **{"groups": NO_GROUPS, **settings})
        return gather(section, "pose", "data.pose")

    def annotated(self, content: str | bytes, name: str = "photos.csv", **settings: Any) -> Gathered:
        """Photos labelled by an annotation file of this content."""
        section = config.DirectoryWithImagesAndAnnotation(
            path=str(self.photos), annotation_file=self.write(name, content), **{"groups": NO_GROUPS, **settings}
        )
        return gather(section, "pose", "data.pose")

    def videos(self, content: str | bytes, name: str = "videos.csv", **settings: Any) -> Gathered:
        """Videos labelled by an annotation file of this content."""
        section = config.DirectoryWithVideosAndAnnotation(
            path=str(self.photos), annotation_file=self.write(name, content), **{"groups": NO_GROUPS, **settings}
        )
        return gather(section, "action", "data.action")

    def joints(self, table: Any, kind: config.Kind = "action", rate: float = 30.0, **settings: Any) -> Gathered:
        """Joints in a frame in memory, or in a file of this path."""
        section = keypoints_section(table if isinstance(table, str) else "joints", **settings)
        return gather(section, kind, f"data.{kind}", None if isinstance(table, str) else table, rate)


def keypoints_of(gathered: Gathered) -> pa.Table:
    """Its joints, which it has."""
    assert gathered.keypoints is not None
    return gathered.keypoints


def keypoints_section(data_frame: str = "joints", **settings: Any) -> config.LabeledKeypointsDataFrame:
    declared = {"origin": "lower_left", "axis_order": "channel_joint", "channels": "xy_confidence"}
    return config.LabeledKeypointsDataFrame(data_frame=data_frame, **{**declared, **settings})


def make_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """An empty data folder, in a working folder of its own.

    Each test module makes a fixture of it: a second conftest would hide the first.
    """
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DVC_ROOT", raising=False)
    return Place(tmp_path)
