"""The data source: Create ML's cases as class methods, and methods that read it."""

import os
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any, Literal, Self, TypeAlias

import pandas as pd
from pydantic import ValidationError

from handloom.config import (
    CreateMLProject,
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
)
from handloom.config.errors import one_line
from handloom.data_source import tables
from handloom.data_source.tables import Frame
from handloom.errors import ConfigurationError, HandloomError

Place: TypeAlias = str | os.PathLike[str]

NO_GROUPS = Groups()
_IN_MEMORY = "data frame"  # what messages call a table that is no file


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

    def __repr__(self) -> str:
        if isinstance(self.section, JoinedPose | JoinedAction):
            inside = [f"{name}={_shown(one, self.frames.get(name))}" for name, one in self.section.sources.items()]
            return f"DataSource.joined({', '.join(inside)})"
        return _shown(self.section, self.frames.get(""))

    def _repr_html_(self) -> str:
        """In a notebook: how many files each class has."""
        try:
            rows = [(label, len(files)) for label, files in self.labeled_media().items()]
        except HandloomError as error:  # a display says what is wrong and does not stop the notebook
            return f"<p>{escape(repr(self))}: {escape(str(error))}</p>"
        table = pd.DataFrame(rows, columns=["label", "files"]).to_html(index=False) if rows else ""
        return f"<p>{escape(repr(self))}</p>{table}"

    @classmethod
    def _made(cls, section: type[Any], arguments: Mapping[str, Any]) -> Self:
        """Of a class method's arguments: `at` is the path, `frame` a table; the others have the names of parameters."""
        settings = {name: value for name, value in arguments.items() if name not in ("cls", "frame", "at")}
        if "at" in arguments:
            settings["path"] = arguments["at"]
        frames: dict[str, Frame] = {}
        if "frame" in arguments:
            settings["data_frame"], frames = _table(arguments["frame"])
        settings = {
            name: os.fspath(value) if isinstance(value, os.PathLike) else value
            for name, value in settings.items()
            if value is not None
        }
        return cls(_section(section, **settings), frames)

    @classmethod
    def labeled_directories(cls, *, at: Place, groups: Groups = NO_GROUPS) -> Self:
        """A folder with one sub-folder per class; its name is the label."""
        return cls._made(LabeledDirectories, locals())

    @classmethod
    def labeled_files(cls, *, at: Place, groups: Groups = NO_GROUPS) -> Self:
        """A folder of files; the label is the file name up to its first period."""
        return cls._made(LabeledFiles, locals())

    @classmethod
    def directory_with_images_and_annotation(
        cls,
        *,
        at: Place,
        annotation_file: Place,
        image_column: str,
        label_column: str,
        group_column: str = "",
        groups: Groups = NO_GROUPS,
    ) -> Self:
        """A folder of photos and a CSV or JSON file that labels them."""
        return cls._made(DirectoryWithImagesAndAnnotation, locals())

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
        groups: Groups = NO_GROUPS,
    ) -> Self:
        """A folder of videos and a CSV or JSON file that labels them, or intervals of them."""
        return cls._made(DirectoryWithVideosAndAnnotation, locals())

    @classmethod
    def labeled_image_data_frame(
        cls,
        frame: Frame | Place,
        *,
        at: Place,
        image_column: str = "imagePath",
        label_column: str = "label",
        group_column: str = "",
        groups: Groups = NO_GROUPS,
    ) -> Self:
        """A table (in memory, or the path of one) of photos inside the folder `at`, and their labels."""
        return cls._made(LabeledImageDataFrame, locals())

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
        groups: Groups = NO_GROUPS,
    ) -> Self:
        """A table (in memory, or the path of one) of videos inside the folder `at`, and their labels."""
        return cls._made(LabeledVideoDataFrame, locals())

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
        frame_column: str = "",
        time_column: str = "",
        time_unit: Literal["", "s", "ms", "us", "ns"] = "",
        side_column: str = "",
        left_value: str = "",
        right_value: str = "",
        hand: Literal["each", "left", "right"] = "each",
        landmarker: str = "",
    ) -> Self:
        """A table (in memory, or the path of one) of joints, one row per frame.

        `origin`, `axis_order` and `channels` say what the numbers mean; what stands there is what Create ML takes.
        Columns whose names have an axis and a joint (x0, WRIST_y) go by their names.

        Args:
            frame: the table.
            session_id_column: rows of one clip share it; empty: each row alone.
            label_column: the class.
            feature_column: a column of lists, or a pattern for one column per number.
            origin: where y = 0 is.
            axis_order: whether x of all joints comes first, or x, y ... of one joint after another.
            channels: what the numbers of a joint are.
            frame_rate: frames/s of the rows of a clip.
            header: whether the first row of a CSV names the columns.
            group_column: who is in it; empty: each session by itself.
            frame_column: numbers of the frames of a clip: a missing one is a frame without a hand. Empty: a column
                called frame.
            time_column: times of the frames of a clip, which replace `frame_rate`. Empty: a column called time or
                timestamp.
            time_unit: of these times; empty: by the column's name, or the time from row to row.
            side_column: left or right, in a picture that is not mirrored; empty: a column called chirality, handedness,
                hand or side.
            left_value: what that column says of a left hand; empty: left, L or left_hand, in any case.
            right_value: the same of a right hand.
            hand: of two hands of one frame each is an example of its own, or only that of one side is taken.
            landmarker: what found the joints: mediapipe-hand-full, vision, leap or another name; empty: as a column
                called landmarker says.

        Raises:
            ConfigurationError: an argument is out of range.
        """
        return cls._made(LabeledKeypointsDataFrame, locals())

    @classmethod
    def create_ml_project(cls, *, at: Place, model: str = "") -> Self:
        """A hand pose project of Create ML (.mlproj): the joints that Vision found, training and validation rows.

        Args:
            at: the project's folder.
            model: which of its models; empty: the only one that keeps joints.
        """
        return cls._made(CreateMLProject, locals())

    @classmethod
    def described(cls, *, at: Place, examples_per_class: int = 500, people: int = 200, seed: int = 1) -> Self:
        """A folder of descriptions, one YAML file per class: joints are made of them, without any picture.

        docs/gestures.md explains the descriptions. Of actions, joints have the frame rate that is asked for.
        """
        return cls._made(Described, locals())

    @classmethod
    def joined(cls, **sources: "DataSource") -> Self:
        """Several sources as one; file names start with the name of the argument."""
        for name, source in sources.items():
            if isinstance(source.section, JoinedPose | JoinedAction):
                raise ConfigurationError(f"{name}: a joined source joins no joined ones; name their members instead")
        sections = {name: source.section for name, source in sources.items()}
        videos = any(tables.kind_of(section) == "action" for section in sections.values())
        frames = {name: source.frames[""] for name, source in sources.items() if "" in source.frames}
        return cls(_section(JoinedAction if videos else JoinedPose, sources=sections), frames)

    def labeled_media(self) -> dict[str, list[Path]]:
        """Label to files, each file once; a source of joints has none.

        Raises:
            DataError: the source as a whole cannot be used.
        """
        return tables.labeled_media(self.section, self.frames)

    def gather_annotated_file_names(self) -> pd.DataFrame | None:
        """The labelled files as a table; None if the source has joints.

        Columns: imagePath or videoPath (absolute), label, start and end (seconds, of videos), group, part.

        Raises:
            DataError: the source as a whole cannot be used.
        """
        return tables.annotated_file_names(self.section, self.frames)

    def extract_keypoints(self, *, target_frame_rate: float | None = None) -> pd.DataFrame:
        """The joints of every photo, or of every clip at a frame rate.

        Args:
            target_frame_rate: None: photos; a number: clips at so many frames/s.

        Returns:
            one row per frame: the columns of `handloom.keypoint_table.SCHEMA`. A warning reports unusable files.

        Raises:
            DataError: the source as a whole cannot be used.
            LandmarkModelError: the landmark model could not be had.
        """
        kind: Kind = "pose" if target_frame_rate is None else "action"
        rate = {} if target_frame_rate is None else {"target_frame_rate": target_frame_rate}
        return tables.extract_keypoints(self.section, self.frames, kind, _section(ExtractKeypoints, **rate))

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
        return tables.stratified_split(self.section, self.frames, proportions, seed, label_column)


def _section(section: Any, **settings: Any) -> Any:
    """A section of the class `section`.

    Raises:
        ConfigurationError: a setting is not what it may be.
    """
    try:
        return section(**settings)
    except ValidationError as error:
        raise ConfigurationError(one_line(error, whole=section.__name__)) from None


def _table(frame: Frame | Place) -> tuple[str, dict[str, Frame]]:
    """What a section calls a table, and the table itself by the empty name if it is in memory."""
    if isinstance(frame, str | os.PathLike):
        return os.fspath(frame), {}
    return _IN_MEMORY, {"": frame}


def _shown(section: Source, frame: Frame | None) -> str:
    """The call that makes a source that joins no others, with what it reads."""
    read = [f"<{len(frame)} rows>"] if frame is not None else []
    if frame is None and hasattr(section, "data_frame"):
        read.append(repr(section.data_frame))
    read += [
        f"{argument}={getattr(section, key)!r}"
        for argument, key in (("at", "path"), ("annotation_file", "annotation_file"))
        if hasattr(section, key)
    ]
    return f"DataSource.{section.kind}({', '.join(read)})"
