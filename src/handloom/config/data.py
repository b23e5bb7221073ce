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


@dataclass(frozen=True, config=STRICT)
class Groups:
    """Who is in a picture: examples of one group stay on one side of every split.

    The first that names one wins: a column of the table (`group_column` of sources that have a table), `file`,
    `folder_level`, `pattern`; else each file is a group of its own.
    """

    file: str | None = parameter(None, "a CSV that names a group for some or all files; null: none")
    path_column: Column = parameter("path", "column of `file`: path inside the data folder")
    group_column: Column = parameter("group", "column of `file`: any text")
    folder_level: int = parameter(0, "which folder inside the data folder is the group, from 1; 0: none", ge=0)
    pattern: str = parameter("", "regular expression on the file name; its first bracket is the group; empty: none")


@dataclass(frozen=True, config=STRICT, kw_only=True)
class _Member:
    part: Part = parameter("", "all its examples are for this part; empty: as its table or folders say, else drawn")


@dataclass(frozen=True, config=STRICT, kw_only=True)
class _Media(_Member):
    path: Text = required("the folder of the files", proposed="data/{media}")
    follow_links: bool = parameter(False, "true: links may lead to files outside the folder")
    groups: Groups = parameter(Groups, "who is in a file")


@dataclass(frozen=True, config=STRICT, kw_only=True)
class LabeledDirectories(_Media):
    """One sub-folder a class; its name is the label. Folders inside it are read too."""

    kind: Literal["labeled_directories"] = "labeled_directories"
    parts_in_folders: bool = parameter(False, "true: path/{train,validation,test}/class/file, not path/class/file")


@dataclass(frozen=True, config=STRICT, kw_only=True)
class LabeledFiles(_Media):
    """One folder of files; the label is the file name up to its first period (wave.3.mov)."""

    kind: Literal["labeled_files"] = "labeled_files"


@dataclass(frozen=True, config=STRICT, kw_only=True)
class _Columns:
    label_column: Column = parameter("label", "the class")
    group_column: OptionalColumn = parameter("", "who is in it; empty: a column called group, else see groups")
    part_column: OptionalColumn = parameter("", "train, validation or test; empty: a column called part, else drawn")


@dataclass(frozen=True, config=STRICT, kw_only=True)
class _Times:
    start_time_column: OptionalColumn = parameter(
        "", "seconds, mm:ss or hh:mm:ss (Apple's examples call it start); empty: from the beginning"
    )
    end_time_column: OptionalColumn = parameter("", "the same (end); empty: to the end")


@dataclass(frozen=True, config=STRICT, kw_only=True)
class DirectoryWithImagesAndAnnotation(_Columns, _Media):
    """A folder of photos and a CSV or JSON file that labels them."""

    kind: Literal["directory_with_images_and_annotation"] = "directory_with_images_and_annotation"
    annotation_file: Text = required("the CSV or JSON file", proposed="data/{media}.csv")
    image_column: Column = parameter("image", "path inside the folder")


@dataclass(frozen=True, config=STRICT, kw_only=True)
class DirectoryWithVideosAndAnnotation(_Times, _Columns, _Media):
    """A folder of videos and a CSV or JSON file that labels them or stretches of them."""

    kind: Literal["directory_with_videos_and_annotation"] = "directory_with_videos_and_annotation"
    annotation_file: Text = required("the CSV or JSON file", proposed="data/{media}.csv")
    video_column: Column = parameter("video", "path inside the folder")


@dataclass(frozen=True, config=STRICT, kw_only=True)
class LabeledImageDataFrame(_Columns, _Media):
    """A table (Parquet, CSV or JSON; in Python also a data frame) of photos and labels."""

    kind: Literal["labeled_image_data_frame"] = "labeled_image_data_frame"
    data_frame: Text = required("the file of the table", proposed="data/{media}.parquet")
    image_column: Column = parameter("imagePath", "path inside the folder, or an absolute one that leads into it")


@dataclass(frozen=True, config=STRICT, kw_only=True)
class LabeledVideoDataFrame(_Times, _Columns, _Media):
    """A table (Parquet, CSV or JSON; in Python also a data frame) of videos or stretches of them and labels."""

    kind: Literal["labeled_video_data_frame"] = "labeled_video_data_frame"
    data_frame: Text = required("the file of the table", proposed="data/{media}.parquet")
    video_column: Column = parameter("videoPath", "path inside the folder, or an absolute one that leads into it")


@dataclass(frozen=True, config=STRICT, kw_only=True)
class LabeledKeypointsDataFrame(_Columns, _Member):
    """A table (Parquet, CSV or JSON; in Python also a data frame) of joints that were found before, a row a frame.

    What the numbers mean is declared, never guessed: `origin`, `axis_order` and `channels` have no default. Columns
    whose names have an axis and a joint (x0, landmark_0_x, WRIST_y) go by their names.
    """

    kind: Literal["labeled_keypoints_data_frame"] = "labeled_keypoints_data_frame"
    data_frame: Text = required("the file of the table", proposed="data/joints.parquet")
    session_id_column: OptionalColumn = parameter(
        "session_id", "rows of one clip share it, in the order of time; empty: each row alone"
    )
    feature_column: Column = parameter(
        "keypoints", "a column of lists, or a pattern for one column a number: 'joint_*', '*': the rest"
    )
    header: bool = parameter(True, "false: a CSV without a header; columns are called 0, 1, 2 ...")
    origin: Literal["lower_left", "upper_left"] = required(
        "where y = 0 is. lower_left: Vision, Create ML; upper_left: MediaPipe, OpenCV", proposed="lower_left"
    )
    axis_order: Literal["channel_joint", "joint_channel"] = required(
        "how a row's numbers follow each other. channel_joint: x of all joints, then y ... (Create ML's [1, 3, 21]);"
        " joint_channel: x, y ... of the wrist, then of the next joint (MediaPipe)",
        proposed="channel_joint",
    )
    channels: Literal["xy", "xyz", "xy_confidence"] = required(
        "what the numbers of a joint are; z (MediaPipe's xyz) is left out. A joint without a confidence counts as seen",
        proposed="xy_confidence",
    )
    frame_rate: float = parameter(30.0, "of the rows of a clip; no meaning for photos", "frames/s", gt=0, le=1000)
    frame_column: OptionalColumn = parameter(
        "", "numbers of a clip's frames: a missing one is a frame without a hand; empty: a column called frame"
    )
    time_column: OptionalColumn = parameter(
        "", "times of a clip's frames, which replace frame_rate; empty: a column called time or timestamp"
    )
    time_unit: Literal["", "s", "ms", "us", "ns"] = parameter(
        "", "of these times; empty: by the column's name, or the time from row to row"
    )
    side_column: OptionalColumn = parameter(
        "",
        "left or right, in a picture that is not mirrored; empty: a column called chirality, handedness, hand or side",
    )
    left_value: str = parameter("", "what that column says of a left hand; empty: left, L or left_hand, in any case")
    right_value: str = parameter("", "the same of a right hand")
    hand: Literal["each", "left", "right"] = parameter(
        "each", "of two hands of one frame. each: each is an example of its own; left, right: only that one is taken"
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
    """Gestures that are described (docs/gestures.md), a YAML file a class: joints are made of them, not of pictures."""

    kind: Literal["described"] = "described"
    path: Text = required("the folder of the descriptions", proposed="data/gestures")
    examples_per_class: int = parameter(500, "how many are made", ge=2)
    people: int = parameter(200, "who make them, each a group", ge=2)
    seed: Seed = parameter(1, "same seed, same joints")
    landmark_error: NotNegative = parameter(1.0, "of what was measured on MediaPipe; 0: joints exactly where they are")
    focal_length: Interval = Field(
        default_factory=lambda: Interval(1.0, 4.0),
        description="a phone's main camera has 1.1, a cropped picture more",
        json_schema_extra={"unit": "shorter sides of the picture"},
    )
    distance: Interval = Field(
        default_factory=lambda: Interval(3.0, 15.0),
        description="from the camera to the wrist, whatever the hand's size in the picture",
        json_schema_extra={"unit": "palm lengths"},
    )
    aspect: Interval = Field(
        default_factory=lambda: Interval(0.5625, 1.7778), description="the picture's width by its height"
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
    """Several sources as one; a member's name stands before the names of its files."""

    kind: Literal["joined"] = "joined"
    sources: Annotated[
        dict[MemberName, PoseMember], Field(min_length=1, description="the members by name, each a source")
    ]


@dataclass(frozen=True, config=STRICT, kw_only=True)
class JoinedAction:
    """Several sources as one; a member's name stands before the names of its files."""

    kind: Literal["joined"] = "joined"
    sources: Annotated[
        dict[MemberName, ActionMember], Field(min_length=1, description="the members by name, each a source")
    ]


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
_READ = ("path", "annotation_file", "data_frame", "groups.file")


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
