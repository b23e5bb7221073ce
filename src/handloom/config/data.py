"""The section `data`: where labelled media or joints lie, a dataclass a kind of source, under Create ML's names.

Sources and their arguments: https://developer.apple.com/documentation/createml/mlhandposeclassifier/datasource and the
page of the same name of MLHandActionClassifier.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from handloom.config.fields import (
    KINDS,
    STRICT,
    Column,
    NotNegative,
    OptionalColumn,
    Positive,
    Seed,
    Text,
    parameter,
    required,
)

Part = Literal["", "train", "validation", "test"]
LANDMARKER_NAME = r"^[\w.+-]*$"


@dataclass(frozen=True, config=STRICT)
class Groups:
    """The group (person) of each file. All examples of a group are in the same set.

    The first of these that gives a group is used: a column of the table (`group_column`), `file`, `folder_level`,
    `pattern`. Without any, each file is a group.
    """

    file: str | None = parameter(None, "CSV with the group of some or all files; null: none")
    path_column: Column = parameter("path", "column of `file` with the path inside the data folder")
    group_column: Column = parameter("group", "column of `file` with the group")
    folder_level: int = parameter(0, "use the name of this folder level inside the data folder, from 1; 0: off", ge=0)
    pattern: str = parameter(
        "", "regular expression on the file name; its first capture group is the group; empty: off"
    )


@dataclass(frozen=True, config=STRICT, kw_only=True)
class _Member:
    part: Part = parameter("", "put all examples into this set; empty: use the table or folders, else draw")


@dataclass(frozen=True, config=STRICT, kw_only=True)
class _Media(_Member):
    path: Text = required("folder of the files", proposed="data/{media}")
    follow_links: bool = parameter(False, "true: follow links to files outside the folder")
    groups: Groups = parameter(Groups, "the group of each file")
    exclude: str | None = parameter(None, "CSV with a column path, of files to leave out; null: none")


@dataclass(frozen=True, config=STRICT, kw_only=True)
class LabeledDirectories(_Media):
    """One sub-folder per class; its name is the label. Folders inside it are read too."""

    kind: Literal["labeled_directories"] = "labeled_directories"
    parts_in_folders: bool = parameter(False, "true: path/{train,validation,test}/class/file, not path/class/file")


@dataclass(frozen=True, config=STRICT, kw_only=True)
class LabeledFiles(_Media):
    """One folder of files; the label is the file name up to its first period (wave.3.mov)."""

    kind: Literal["labeled_files"] = "labeled_files"


@dataclass(frozen=True, config=STRICT, kw_only=True)
class _Columns:
    label_column: Column = parameter("label", "column with the label")
    group_column: OptionalColumn = parameter("", "column with the group; empty: a column called group, else see groups")
    part_column: OptionalColumn = parameter(
        "", "column with train, validation or test; empty: a column called part, else draw"
    )


@dataclass(frozen=True, config=STRICT, kw_only=True)
class _Times:
    start_time_column: OptionalColumn = parameter(
        "", "column with the start, in seconds, mm:ss or hh:mm:ss (start in Apple's examples); empty: the clip's start"
    )
    end_time_column: OptionalColumn = parameter(
        "", "column with the end (end in Apple's examples); empty: the clip's end"
    )
    between_label: str = parameter(
        "",
        "label of the time before and between a video's annotated parts, such as background; there is"
        " none after the last; empty: not used",
    )


@dataclass(frozen=True, config=STRICT, kw_only=True)
class DirectoryWithImagesAndAnnotation(_Columns, _Media):
    """A folder of photos and a CSV or JSON file that labels them."""

    kind: Literal["directory_with_images_and_annotation"] = "directory_with_images_and_annotation"
    annotation_file: Text = required("CSV or JSON file with the labels", proposed="data/{media}.csv")
    image_column: Column = parameter("image", "column with the path inside the folder")


@dataclass(frozen=True, config=STRICT, kw_only=True)
class DirectoryWithVideosAndAnnotation(_Times, _Columns, _Media):
    """A folder of videos and a CSV or JSON file that labels them, or parts of them by time."""

    kind: Literal["directory_with_videos_and_annotation"] = "directory_with_videos_and_annotation"
    annotation_file: Text = required("CSV or JSON file with the labels", proposed="data/{media}.csv")
    video_column: Column = parameter("video", "column with the path inside the folder")


@dataclass(frozen=True, config=STRICT, kw_only=True)
class LabeledImageDataFrame(_Columns, _Media):
    """A table (Parquet, CSV or JSON; in Python also a data frame) of photos and labels."""

    kind: Literal["labeled_image_data_frame"] = "labeled_image_data_frame"
    data_frame: Text = required("file of the table", proposed="data/{media}.parquet")
    image_column: Column = parameter("imagePath", "column with the path, relative to the folder or absolute inside it")


@dataclass(frozen=True, config=STRICT, kw_only=True)
class LabeledVideoDataFrame(_Times, _Columns, _Media):
    """A table (Parquet, CSV or JSON; in Python also a data frame) of videos, or parts of them by time, and labels."""

    kind: Literal["labeled_video_data_frame"] = "labeled_video_data_frame"
    data_frame: Text = required("file of the table", proposed="data/{media}.parquet")
    video_column: Column = parameter("videoPath", "column with the path, relative to the folder or absolute inside it")


@dataclass(frozen=True, config=STRICT, kw_only=True)
class LabeledKeypointsDataFrame(_Columns, _Member):
    """A table (Parquet, CSV or JSON; in Python also a data frame) of known joints, one frame in each row.

    You declare `origin`, `axis_order` and `channels`; they have no default. Columns whose names contain an axis and a
    joint (x0, landmark_0_x, WRIST_y) are assigned by name.
    """

    kind: Literal["labeled_keypoints_data_frame"] = "labeled_keypoints_data_frame"
    data_frame: Text = required("file of the table", proposed="data/joints.parquet")
    session_id_column: OptionalColumn = parameter(
        "session_id",
        "column with the clip of each row; rows of a clip are in order of time; empty: each row is an example",
    )
    feature_column: Column = parameter(
        "keypoints", "column of lists, or a pattern for single columns: 'joint_*'; '*': all other columns"
    )
    header: bool = parameter(True, "false: the CSV has no header, and its columns are called 0, 1, 2 ...")
    origin: Literal["lower_left", "upper_left"] = required(
        "position of y = 0. lower_left: Vision, Create ML; upper_left: MediaPipe, OpenCV", proposed="lower_left"
    )
    axis_order: Literal["channel_joint", "joint_channel"] = required(
        "order of a row's numbers. channel_joint: x of all joints, then y ... (Create ML's [1, 3, 21]);"
        " joint_channel: x, y ... of the wrist, then of the next joint (MediaPipe)",
        proposed="channel_joint",
    )
    channels: Literal["xy", "xyz", "xy_confidence"] = required(
        "numbers of each joint; z is ignored; without a confidence every joint counts as visible",
        proposed="xy_confidence",
    )
    frame_rate: float = parameter(30.0, "rate of the rows of a clip; ignored for photos", "frames/s", gt=0, le=1000)
    frame_column: OptionalColumn = parameter(
        "", "column with the frame number; a missing number is a frame without a hand; empty: a column called frame"
    )
    time_column: OptionalColumn = parameter(
        "", "column with the time of each frame, instead of frame_rate; empty: a column called time or timestamp"
    )
    time_unit: Literal["", "s", "ms", "us", "ns"] = parameter(
        "", "unit of the times; empty: from the column's name or the differences between rows"
    )
    side_column: OptionalColumn = parameter(
        "",
        "column with left or right, for images that are not mirrored; empty: a column called chirality,"
        " handedness, hand or side",
    )
    left_value: str = parameter("", "value for a left hand; empty: left, L or left_hand, in any case")
    right_value: str = parameter("", "value for a right hand; empty: right, R or right_hand, in any case")
    hand: Literal["each", "left", "right"] = parameter(
        "each", "for frames with two hands. each: use each hand as an example; left, right: use only that hand"
    )
    landmarker: str = parameter(
        "",
        "what found the joints: mediapipe-hand-full, vision, leap or another name; empty: a column called landmarker",
        pattern=LANDMARKER_NAME,
    )


@dataclass(frozen=True, config=STRICT)
class Interval:
    """From `least` to `most`."""

    least: Positive
    most: Positive


@dataclass(frozen=True, config=STRICT, kw_only=True)
class CreateMLProject(_Member):
    """The joints that Create ML found for a hand pose project, with its training and validation rows.

    Create ML keeps them in the project folder (.mlproj) once it has trained there. Groups are not known: each photo is
    a group of its own.
    """

    kind: Literal["create_ml_project"] = "create_ml_project"
    path: Text = required("the project, a folder that ends in .mlproj", proposed="data/gestures.mlproj")
    model: str = parameter("", "which of the project's models, by its name; empty: the only one that keeps joints")


@dataclass(frozen=True, config=STRICT, kw_only=True)
class Described(_Member):
    """Described gestures (docs/gestures.md), a YAML file for each class. Joints are generated without images."""

    kind: Literal["described"] = "described"
    path: Text = required("folder of the descriptions", proposed="data/gestures")
    examples_per_class: int = parameter(500, "examples to generate for each class", ge=2)
    people: int = parameter(200, "simulated people; each is a group", ge=2)
    seed: Seed = parameter(1, "of the generator; the same seed gives the same joints")
    landmark_error: NotNegative = parameter(
        1.0, "scale of the simulated landmark error; 1: as measured on MediaPipe; 0: exact joints"
    )
    focal_length: Interval = Field(
        default_factory=lambda: Interval(1.0, 4.0),
        description="range of focal lengths; a phone's main camera has 1.1, a cropped picture more",
        json_schema_extra={"unit": "shorter sides of the picture"},
    )
    distance: Interval = Field(
        default_factory=lambda: Interval(3.0, 15.0),
        description="range of distances from the camera to the wrist; the hand's size in the picture stays",
        json_schema_extra={"unit": "palm lengths"},
    )
    aspect: Interval = Field(
        default_factory=lambda: Interval(0.5625, 1.7778),
        description="range of aspect ratios of the picture, width / height",
    )


PoseMember = Annotated[
    LabeledDirectories
    | LabeledFiles
    | DirectoryWithImagesAndAnnotation
    | LabeledImageDataFrame
    | LabeledKeypointsDataFrame
    | CreateMLProject
    | Described,
    Field(discriminator="kind"),
]
ActionMember = Annotated[
    LabeledDirectories
    | LabeledFiles
    | DirectoryWithVideosAndAnnotation
    | LabeledVideoDataFrame
    | LabeledKeypointsDataFrame
    | Described,
    Field(discriminator="kind"),
]
MemberName = Annotated[str, Field(pattern=r"^\w[\w-]*$")]


@dataclass(frozen=True, config=STRICT, kw_only=True)
class JoinedPose:
    """Several sources as one. The name of a source is prefixed to the names of its files."""

    kind: Literal["joined"] = "joined"
    sources: Annotated[dict[MemberName, PoseMember], Field(min_length=1, description="the sources by name")]


@dataclass(frozen=True, config=STRICT, kw_only=True)
class JoinedAction:
    """Several sources as one. The name of a source is prefixed to the names of its files."""

    kind: Literal["joined"] = "joined"
    sources: Annotated[dict[MemberName, ActionMember], Field(min_length=1, description="the sources by name")]


MediaSource = (
    LabeledDirectories
    | LabeledFiles
    | DirectoryWithImagesAndAnnotation
    | DirectoryWithVideosAndAnnotation
    | LabeledImageDataFrame
    | LabeledVideoDataFrame
)
Member = MediaSource | LabeledKeypointsDataFrame | CreateMLProject | Described
Source = Member | JoinedPose | JoinedAction


@dataclass(frozen=True, config=STRICT)
class Data:
    """One source a kind."""

    pose: Annotated[PoseMember | JoinedPose, Field(discriminator="kind")]
    action: Annotated[ActionMember | JoinedAction, Field(discriminator="kind")]


def members(source: Source) -> dict[str, Member]:
    """The sources that a joined one joins, by name; any other source alone, under an empty name."""
    return dict(source.sources) if isinstance(source, JoinedPose | JoinedAction) else {"": source}


# The parameters of a source that name a file or folder that it reads.
_READ = ("path", "annotation_file", "data_frame", "groups.file", "exclude")


def raw_data(data: Any) -> dict[str, dict[str, str]]:
    """What the sources read, for `dvc.yaml`: a stage `raw_data_pose` or `raw_data_action` for each file or folder.

    Args:
        data: the section `data` as plain dictionaries; it need not be valid.

    Returns:
        for each kind, paths by a name that says where in the section they are: `path`, `own-groups-file`.
    """
    return {kind: dict(_read_by(data.get(kind) if isinstance(data, Mapping) else None)) for kind in KINDS}


def _read_by(source: Any) -> Iterator[tuple[str, str]]:
    if not isinstance(source, Mapping):
        return
    if isinstance(source.get("sources"), Mapping):
        for member, content in source["sources"].items():
            yield from ((f"{member}-{name}", path) for name, path in _read_by(content))
        return
    for key in _READ:
        value: Any = source
        for part in key.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
        if isinstance(value, str) and value:
            yield key.replace(".", "-"), value


def read_from(folder: Path, source: Source) -> Source:
    """A source whose relative paths count from a folder. From the working folder it stays as it is."""
    if folder == Path():
        return source
    if isinstance(source, JoinedPose | JoinedAction):
        inner: Any = {name: read_from(folder, member) for name, member in source.sources.items()}
        return replace(source, sources=inner)
    changes: dict[str, Any] = {}
    for key in _READ:
        name, _, part = key.partition(".")
        value: Any = getattr(source, name, None)
        path = getattr(value, part) if value and part else value
        if path:
            changes[name] = replace(value, **{part: str(folder / path)}) if part else str(folder / path)
    return replace(source, **changes)
