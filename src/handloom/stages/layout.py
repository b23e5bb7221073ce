"""Where the artefacts of a classifier lie."""

from dataclasses import dataclass, replace
from pathlib import Path

from handloom.config import Kind
from handloom.models.files import MODEL_FILE

CHECKPOINTS = "checkpoints"  # a session's folder of them


@dataclass(frozen=True)
class Layout:
    """The files and folders that the stages of one classifier write, each of which the next stages read.

    Attributes:
        raw_data: the folder of notes of the files that the sources read.
        keypoints: the keypoint table.
        keypoint_report: the folder that says what happened to each file.
        split: the table of parts.
        streams: the keypoint table of whole recordings; None: none are used.
        model: the folder of the trained model.
        report: the folder of its metrics.
        cross_validation: the folder of their mean and spread over folds.
        exports: the folder of its files for apps.
        checkpoints: the folder that keeps every checkpoint; None: the newest ones, in the workspace, until the end.
    """

    raw_data: Path
    keypoints: Path
    keypoint_report: Path
    split: Path
    streams: Path | None
    model: Path
    report: Path
    cross_validation: Path
    exports: Path
    checkpoints: Path | None = None

    @classmethod
    def project(cls, kind: Kind, folder: Path = Path()) -> "Layout":
        """In a project, as `dvc.yaml` has it."""
        return cls(
            raw_data=folder / "data/raw_data" / kind,
            keypoints=folder / "data/keypoints" / f"{kind}.parquet",
            keypoint_report=folder / "data/keypoints" / kind,
            split=folder / "data/splits" / f"{kind}.parquet",
            streams=folder / "data/streams" / f"{kind}.parquet",
            model=folder / "models" / kind,
            report=folder / "reports" / kind,
            cross_validation=folder / "reports/cross_validation" / kind,
            exports=folder / "exports" / kind,
        )

    @classmethod
    def in_folder(cls, folder: Path) -> "Layout":
        """All in one folder, as `handloom train --out` has it."""
        return cls(
            raw_data=folder / "raw_data",
            keypoints=folder / "keypoints.parquet",
            keypoint_report=folder / "keypoints",
            split=folder / "split.parquet",
            streams=folder / "streams.parquet",
            model=folder / "model",
            report=folder / "report",
            cross_validation=folder / "cross_validation",
            exports=folder / "export",
        )

    @classmethod
    def session(cls, folder: Path) -> "Layout":
        """In the folder of a training session, which keeps its checkpoints."""
        return replace(cls.in_folder(folder), checkpoints=folder / CHECKPOINTS)

    @property
    def model_file(self) -> Path:
        """The trained model."""
        return self.model / MODEL_FILE

    @property
    def recordings(self) -> Path | None:
        """The table of whole recordings if it was written; a project's older dvc.yaml has no stage for it."""
        return self.streams if self.streams and self.streams.is_file() else None


def as_seen_from_here(project: Path) -> Path:
    """A project's folder, empty where it is the working folder: paths in messages are then as a person types them."""
    return Path() if project == Path.cwd() else project
