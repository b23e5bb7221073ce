"""The class of the data source: Create ML's cases as class methods, and what can be asked of them."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, Self

import pandas as pd

from handloom.config import (
    Described,
    DirectoryWithImagesAndAnnotation,
    DirectoryWithVideosAndAnnotation,
    Groups,
    JoinedAction,
    JoinedPose,
    LabeledDirectories,
    LabeledFiles,
    LabeledImageDataFrame,
    LabeledKeypointsDataFrame,
    LabeledVideoDataFrame,
    Source,
)
from handloom.data_source import joints, media, parts
from handloom.data_source.sections import NO_GROUPS, Frame, Place, kind_of, section_of, shown, table_of
from handloom.errors import ConfigurationError


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
            inside = [f"{name}={shown(one, self.frames.get(name))}" for name, one in self.section.sources.items()]
            return f"DataSource.joined({', '.join(inside)})"
        return shown(self.section, self.frames.get(""))

    @classmethod
    def labeled_directories(cls, *, at: Place, groups: Groups = NO_GROUPS) -> Self:
        """A folder with one sub-folder a class; its name is the label."""
        return cls(section_of(LabeledDirectories, path=os.fspath(at), groups=groups))

    @classmethod
    def labeled_files(cls, *, at: Place, groups: Groups = NO_GROUPS) -> Self:
        """A folder of files; the label is the file name up to its first period."""
        return cls(section_of(LabeledFiles, path=os.fspath(at), groups=groups))

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
        return cls(
            section_of(
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
        groups: Groups = NO_GROUPS,
    ) -> Self:
        """A folder of videos and a CSV or JSON file that labels them, or stretches of them."""
        return cls(
            section_of(
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
        groups: Groups = NO_GROUPS,
    ) -> Self:
        """A table (in memory, or the path of one) of photos inside the folder `at`, and their labels."""
        text, frames = table_of(frame)
        section = section_of(
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
        groups: Groups = NO_GROUPS,
    ) -> Self:
        """A table (in memory, or the path of one) of videos inside the folder `at`, and their labels."""
        text, frames = table_of(frame)
        section = section_of(
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
        frame_column: str = "",
        time_column: str = "",
        time_unit: Literal["", "s", "ms", "us", "ns"] = "",
        side_column: str = "",
        left_value: str = "",
        right_value: str = "",
        hand: Literal["each", "left", "right"] = "each",
    ) -> Self:
        """A table (in memory, or the path of one) of joints, a row a frame.

        `origin`, `axis_order` and `channels` say what the numbers mean; what stands there is what Create ML takes.
        Columns whose names have an axis and a joint (x0, WRIST_y) go by their names.

        Args:
            frame: the table.
            session_id_column: rows of one clip share it; empty: each row alone.
            label_column: the class.
            feature_column: a column of lists, or a pattern for one column a number.
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

        Raises:
            ConfigurationError: an argument is out of range.
        """
        text, frames = table_of(frame)
        section = section_of(
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
            frame_column=frame_column,
            time_column=time_column,
            time_unit=time_unit,
            side_column=side_column,
            left_value=left_value,
            right_value=right_value,
            hand=hand,
        )
        return cls(section, frames)

    @classmethod
    def described(cls, *, at: Place, examples_per_class: int = 500, people: int = 200, seed: int = 1) -> Self:
        """A folder of descriptions, a YAML file a class: joints are made of them, without any picture.

        docs/gestures.md explains the descriptions. Of actions, joints have the frame rate that is asked for.
        """
        return cls(
            section_of(Described, path=os.fspath(at), examples_per_class=examples_per_class, people=people, seed=seed)
        )

    @classmethod
    def joined(cls, **sources: "DataSource") -> Self:
        """Several sources as one; the names of the arguments stand before the names of their files."""
        for name, source in sources.items():
            if isinstance(source.section, JoinedPose | JoinedAction):
                raise ConfigurationError(f"{name}: a joined source joins no joined ones; name their members instead")
        sections = {name: source.section for name, source in sources.items()}
        videos = any(kind_of(section) == "action" for section in sections.values())
        frames = {name: source.frames[""] for name, source in sources.items() if "" in source.frames}
        return cls(section_of(JoinedAction if videos else JoinedPose, sources=sections), frames)

    def labeled_media(self) -> dict[str, list[Path]]:
        """Label to files, each file once; a source of joints has none.

        Raises:
            DataError: the source as a whole cannot be used.
        """
        return media.labeled_media(self.section, self.frames)

    def gather_annotated_file_names(self) -> pd.DataFrame | None:
        """The labelled files as a table, or None if the source holds joints.

        Columns: imagePath or videoPath (absolute), label, start and end (seconds, of videos), group, part.

        Raises:
            DataError: the source as a whole cannot be used.
        """
        return media.annotated_file_names(self.section, self.frames)

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
        return joints.extract_keypoints(self.section, self.frames, target_frame_rate)

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
        return parts.stratified_split(self.section, self.frames, proportions, seed, label_column)
