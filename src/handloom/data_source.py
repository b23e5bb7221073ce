"""Create ML's data source for Python: labelled photos, videos or joints, from folders, files or data frames."""

import mimetypes
import os
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal, Self, TypeAlias

import numpy as np
import pandas as pd
import pyarrow as pa
from pydantic import ValidationError

from handloom.config import (
    Described,
    DirectoryWithImagesAndAnnotation,
    DirectoryWithVideosAndAnnotation,
    ExtractKeypoints,
    Groups,
    JoinedAction,
    JoinedPose,
    Kind,
    LabeledDirectories,
    LabeledFiles,
    LabeledImageDataFrame,
    LabeledKeypointsDataFrame,
    LabeledVideoDataFrame,
    Source,
    members,
)
from handloom.dataset.classes import class_names
from handloom.dataset.split import nearest_groups
from handloom.described.performance import FRAMES_PER_SECOND
from handloom.errors import ConfigurationError, DataError, printable
from handloom.extraction.extract import keypoint_tables
from handloom.extraction.landmark_model import landmark_model_path
from handloom.extraction.report import ExtractionReport
from handloom.keypoint_table import SCHEMA
from handloom.sources import Clip, Gathered, gather_members
from handloom.sources.described import described_kind

Place: TypeAlias = str | os.PathLike[str]
Frame: TypeAlias = pd.DataFrame | pa.Table

IN_MEMORY = "data frame"  # what messages call a table that is no file
_VIDEO_KINDS = (DirectoryWithVideosAndAnnotation, LabeledVideoDataFrame)
_IMAGE_KINDS = (DirectoryWithImagesAndAnnotation, LabeledImageDataFrame)
_JOINT_KINDS = (LabeledKeypointsDataFrame, Described)
_NO_GROUPS = Groups(file="")


class DataSource:
    """Labelled photos, videos or joints, as Create ML's `DataSource`.

    Build one with the class method that is called as Create ML's case, with the same argument labels. Paths are
    relative to the working folder. `groups` says who is in a file, see `handloom.config.Groups`.

    Args:
        section: what is where, as in `params.yaml`.
        frames: tables in memory by the name of the joined source; one that is not joined has an empty name.
    """

    def __init__(self, section: Source, frames: Mapping[str, Frame] | None = None) -> None:
        self.section = section
        self.frames = dict(frames or {})

    @classmethod
    def labeled_directories(cls, *, at: Place, groups: Groups = _NO_GROUPS) -> Self:
        """A folder with one sub-folder a class; its name is the label."""
        return cls(_built(LabeledDirectories, path=os.fspath(at), groups=groups))

    @classmethod
    def labeled_files(cls, *, at: Place, groups: Groups = _NO_GROUPS) -> Self:
        """A folder of files; the label is the file name up to its first period."""
        return cls(_built(LabeledFiles, path=os.fspath(at), groups=groups))

    @classmethod
    def directory_with_images_and_annotation(
        cls,
        *,
        at: Place,
        annotation_file: Place,
        image_column: str,
        label_column: str,
        group_column: str = "",
        groups: Groups = _NO_GROUPS,
    ) -> Self:
        """A folder of photos and a CSV or JSON file that labels them."""
        return cls(
            _built(
                DirectoryWithImagesAndAnnotation,
                path=os.fspath(at),
                annotation_file=os.fspath(annotation_file),
                image_column=image_column,
                label_column=label_column,
                group_column=group_column,
                groups=groups,
            )
        )

    @classmethod
    def directory_with_videos_and_annotation(
        cls,
        *,
        at: Place,
        annotation_file: Place,
        video_column: str,
        label_column: str,
        start_time_column: str | None = None,
        end_time_column: str | None = None,
        group_column: str = "",
        groups: Groups = _NO_GROUPS,
    ) -> Self:
        """A folder of videos and a CSV or JSON file that labels them, or stretches of them."""
        return cls(
            _built(
                DirectoryWithVideosAndAnnotation,
                path=os.fspath(at),
                annotation_file=os.fspath(annotation_file),
                video_column=video_column,
                label_column=label_column,
                start_time_column=start_time_column or "",
                end_time_column=end_time_column or "",
                group_column=group_column,
                groups=groups,
            )
        )

    @classmethod
    def labeled_image_data_frame(
        cls,
        frame: Frame | Place,
        *,
        at: Place,
        image_column: str = "imagePath",
        label_column: str = "label",
        group_column: str = "",
        groups: Groups = _NO_GROUPS,
    ) -> Self:
        """A table (in memory, or the path of one) of photos inside the folder `at`, and their labels."""
        text, frames = _table(frame)
        section = _built(
            LabeledImageDataFrame,
            path=os.fspath(at),
            data_frame=text,
            image_column=image_column,
            label_column=label_column,
            group_column=group_column,
            groups=groups,
        )
        return cls(section, frames)

    @classmethod
    def labeled_video_data_frame(
        cls,
        frame: Frame | Place,
        *,
        at: Place,
        video_column: str = "videoPath",
        label_column: str = "label",
        start_time_column: str | None = None,
        end_time_column: str | None = None,
        group_column: str = "",
        groups: Groups = _NO_GROUPS,
    ) -> Self:
        """A table (in memory, or the path of one) of videos inside the folder `at`, and their labels."""
        text, frames = _table(frame)
        section = _built(
            LabeledVideoDataFrame,
            path=os.fspath(at),
            data_frame=text,
            video_column=video_column,
            label_column=label_column,
            start_time_column=start_time_column or "",
            end_time_column=end_time_column or "",
            group_column=group_column,
            groups=groups,
        )
        return cls(section, frames)

    @classmethod
    def labeled_keypoints_data_frame(
        cls,
        frame: Frame | Place,
        *,
        session_id_column: str = "session_id",
        label_column: str = "label",
        feature_column: str = "keypoints",
        origin: Literal["lower_left", "upper_left"] = "lower_left",
        axis_order: Literal["channel_joint", "joint_channel"] = "channel_joint",
        channels: Literal["xy", "xyz", "xy_confidence"] = "xy_confidence",
        frame_rate: float = 30.0,
        header: bool = True,
        group_column: str = "",
    ) -> Self:
        """A table (in memory, or the path of one) of joints, a row a frame.

        `origin`, `axis_order` and `channels` say what the numbers mean; what stands there is what Create ML takes.
        """
        text, frames = _table(frame)
        section = _built(
            LabeledKeypointsDataFrame,
            data_frame=text,
            session_id_column=session_id_column,
            label_column=label_column,
            feature_column=feature_column,
            origin=origin,
            axis_order=axis_order,
            channels=channels,
            frame_rate=float(frame_rate),
            header=header,
            group_column=group_column,
        )
        return cls(section, frames)

    @classmethod
    def described(cls, *, at: Place, examples_per_class: int = 500, people: int = 200, seed: int = 1) -> Self:
        """A folder of descriptions, a YAML file a class: joints are made of them, without any picture.

        docs/gestures.md explains the descriptions. Of actions, joints have the frame rate that is asked for.
        """
        return cls(
            _built(Described, path=os.fspath(at), examples_per_class=examples_per_class, people=people, seed=seed)
        )

    @classmethod
    def joined(cls, **sources: "DataSource") -> Self:
        """Several sources as one; the names of the arguments stand before the names of their files."""
        for name, source in sources.items():
            if isinstance(source.section, JoinedPose | JoinedAction):
                raise ConfigurationError(f"{name}: a joined source joins no joined ones; name their members instead")
        sections = {name: source.section for name, source in sources.items()}
        videos = any(_kind_of(section) == "action" for section in sections.values())
        frames = {name: source.frames[""] for name, source in sources.items() if "" in source.frames}
        return cls(_built(JoinedAction if videos else JoinedPose, sources=sections), frames)

    def labeled_media(self) -> dict[str, list[Path]]:
        """Label to files, each file once; a source of joints has none.

        Raises:
            DataError: the source as a whole cannot be used.
        """
        media: dict[str, dict[Path, None]] = {}
        for clip in self._gathered().clips:
            media.setdefault(clip.label, {})[clip.path] = None
        return {label: list(media[label]) for label in class_names(media)}

    def gather_annotated_file_names(self) -> pd.DataFrame | None:
        """The labelled files as a table, or None if the source holds joints.

        Columns: imagePath or videoPath (absolute), label, start and end (seconds, of videos), group, part.

        Raises:
            DataError: the source as a whole cannot be used.
        """
        if self._holds_joints():
            return None
        clips = self._gathered().clips
        columns: dict[str, Any] = {
            "videoPath" if self._are_videos(clips) else "imagePath": [str(clip.path.absolute()) for clip in clips],
            "label": [clip.label for clip in clips],
        }
        if self._are_videos(clips):
            columns["start"] = pd.array([clip.start for clip in clips], dtype="Float64")
            columns["end"] = pd.array([clip.end for clip in clips], dtype="Float64")
        columns["group"] = [clip.group for clip in clips]
        columns["part"] = [clip.part for clip in clips]
        return pd.DataFrame(columns)

    def extract_keypoints(self, *, target_frame_rate: float | None = None) -> pd.DataFrame:
        """The joints of every photo, or of every clip at a frame rate.

        Args:
            target_frame_rate: None: photos; a number: clips at so many frames/s.

        Returns:
            a row a frame: the columns of `handloom.keypoint_table.SCHEMA`. What could not be used is told in a warning.

        Raises:
            DataError: the source as a whole cannot be used.
            LandmarkModelError: the landmark model could not be had.
        """
        kind: Kind = "pose" if target_frame_rate is None else "action"
        settings = _built(
            ExtractKeypoints, **({} if target_frame_rate is None else {"target_frame_rate": target_frame_rate})
        )
        gathered = gather_members(self.section, kind, "data", settings.target_frame_rate, frames=self.frames)
        with TemporaryDirectory() as folder, ExtractionReport(Path(folder)) as report:
            model = landmark_model_path(settings.landmark_model) if gathered.clips else None
            rows = pa.concat_tables([SCHEMA.empty_table(), *keypoint_tables(gathered, settings, kind, model, report)])
        if report.total().unusable:
            warnings.warn(report.as_text(), stacklevel=2)
        return rows.to_pandas()

    def stratified_split(
        self, proportions: Sequence[float], seed: int, label_column: str = "label"
    ) -> list[pd.DataFrame]:
        """The annotated files, or the joints by session, in parts of these shares of every class.

        Whole groups stay together, so shares are kept as nearly as groups allow.

        Args:
            proportions: the share of each part, 0 to 1; together at most 1, and what is left over is in no part.
            seed: the same seed gives the same parts.
            label_column: the column of the table whose values are kept in proportion.

        Raises:
            DataError: the source as a whole cannot be used, or has no such column.
            ConfigurationError: the proportions are no such shares.
        """
        if not all(0 <= share <= 1 for share in proportions) or sum(proportions) > 1 + 1e-9:
            raise ConfigurationError(
                f"proportions: shares from 0 to 1 that are together at most 1 were expected (got {list(proportions)})"
            )
        frame = self._splittable()
        if label_column not in frame.columns:
            raise DataError(
                f"label_column: no column '{printable(label_column)}'; there are {', '.join(frame.columns)}"
            )
        labels, groups = frame[label_column].astype(str).to_numpy(), frame["group"].to_numpy()
        if "session_id" in frame.columns:  # a session counts once, whatever its length
            counted = ~frame["session_id"].duplicated().to_numpy()
        else:
            counted = np.ones(len(frame), bool)
        parts = _parts(labels, groups, counted, list(proportions), seed)
        return [frame[parts == part].reset_index(drop=True) for part in range(len(proportions))]

    def _gathered(self) -> Gathered:
        return gather_members(self.section, _kind_of(self.section), "data", frames=self.frames)

    def _holds_joints(self) -> bool:
        return any(isinstance(member, _JOINT_KINDS) for member in members(self.section).values())

    def _are_videos(self, clips: list[Clip]) -> bool:
        """Folders do not say of which kind their files are: then the suffix of the first does."""
        kinds = tuple(members(self.section).values())
        if any(isinstance(member, _VIDEO_KINDS + _IMAGE_KINDS) for member in kinds):
            return any(isinstance(member, _VIDEO_KINDS) for member in kinds)
        return bool(clips) and (mimetypes.guess_type(clips[0].file)[0] or "").startswith("video/")

    def _splittable(self) -> pd.DataFrame:
        frame = self.gather_annotated_file_names()
        if frame is not None:
            return frame
        described = any(isinstance(member, Described) for member in members(self.section).values())
        kind = _kind_of(self.section) if described else "action"
        gathered = gather_members(self.section, kind, "data", self._frame_rate(), accept_slow=True, frames=self.frames)
        if gathered.clips or gathered.keypoints is None:
            raise DataError("this source joins files and joints; split what extract_keypoints gives")
        return gathered.keypoints.to_pandas()

    def _frame_rate(self) -> float:
        """The rate of the joints themselves: splitting does not change their number."""
        joints = [member for member in members(self.section).values() if isinstance(member, LabeledKeypointsDataFrame)]
        return max((member.frame_rate for member in joints), default=float(FRAMES_PER_SECOND))


def _kind_of(section: Source) -> Kind:
    if isinstance(section, Described):
        return described_kind(section)
    return "action" if isinstance(section, (JoinedAction, *_VIDEO_KINDS)) else "pose"


def _built(section: Any, **settings: Any) -> Any:
    groups = settings.get("groups")
    if groups is not None and groups.file == Groups().file and not Path(groups.file).exists():
        settings["groups"] = replace(groups, file="")  # the default is a file that every project has; here is none
    try:
        return section(**settings)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or section.__name__
        raise ConfigurationError(f"{place}: {first['msg']} (got {printable(repr(first['input'])[:80])})") from None


def _table(frame: Frame | Place) -> tuple[str, dict[str, Frame]]:
    if isinstance(frame, str | os.PathLike):
        return os.fspath(frame), {}
    return IN_MEMORY, {"": frame}


def _parts(
    labels: np.ndarray, groups: np.ndarray, counted: np.ndarray, proportions: list[float], seed: int
) -> np.ndarray:
    """The part of each row, -1 for none: one part after another takes whole groups of what is left."""
    generator = np.random.default_rng(seed)
    classes = {label: column for column, label in enumerate(class_names(labels))}
    names, group = np.unique(groups, return_inverse=True)
    counts = np.zeros((len(names), len(classes)))
    np.add.at(counts, (group, np.array([classes[label] for label in labels], np.int64)), counted)
    part_of_group = np.full(len(names), -1)
    left = 1.0
    for part, share in enumerate(proportions):
        free = np.flatnonzero(part_of_group < 0)
        if share > 0 and len(free):
            ratio = share / left
            taken = range(len(free)) if ratio > 1 - 1e-9 else nearest_groups(counts[free], ratio, generator)
            part_of_group[free[list(taken)]] = part
        left -= share
    return part_of_group[group]
