"""The section `data`: where labelled media or joints lie, a dataclass a kind of source, under Create ML's names.

Sources and their arguments: https://developer.apple.com/documentation/createml/mlhandposeclassifier/datasource and the
page of the same name of MLHandActionClassifier.
"""

from dataclasses import field
from typing import Annotated, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from handloom.config.fields import STRICT, Column, NotNegative, OptionalColumn, Positive, Seed, Text

# As many places as `dvc.yaml` lists for a source.
DEPENDENCIES = 4


@dataclass(frozen=True, config=STRICT)
class Groups:
    """Who is in a picture: examples of one group stay on one side of every split.

    The first that names one wins: a column of the table (`group_column` of sources that have a table), `file`,
    `folder_level`, `pattern`; else each file is a group of its own.
    """

    file: str = "data/no_groups.csv"  # CSV that names a group for some or all files, the default for none; empty: none
    path_column: Column = "path"  # column of `file`: path inside the data folder
    group_column: Column = "group"  # column of `file`: any text
    folder_level: Annotated[int, Field(ge=0)] = 0  # which folder inside the data folder is the group, from 1; 0: none
    pattern: str = ""  # regular expression on the file name; its first bracket is the group. Empty: each file alone


@dataclass(frozen=True, config=STRICT, kw_only=True)
class _Source:
    # What DVC watches for changes: everything that the source reads. Four, repeat one where fewer are needed.
    dependencies: Annotated[list[Text], Field(min_length=DEPENDENCIES)] = field(default_factory=list)


@dataclass(frozen=True, config=STRICT, kw_only=True)
class _Member(_Source):
    # The part that all its examples belong to (Create ML's validation data from a source of its own); empty: as its
    # table or folders say, else drawn.
    part: Literal["", "train", "validation", "test"] = ""


@dataclass(frozen=True, config=STRICT, kw_only=True)
class _Media(_Member):
    path: Text  # the folder of the files
    follow_links: bool = False  # true: links may lead to files outside the folder
    groups: Groups = field(default_factory=Groups)


@dataclass(frozen=True, config=STRICT, kw_only=True)
class LabeledDirectories(_Media):
    """One sub-folder a class; its name is the label. Folders inside it are read too."""

    kind: Literal["labeled_directories"] = "labeled_directories"
    parts_in_folders: bool = False  # true: path/{train,validation,test}/class/file instead of path/class/file


@dataclass(frozen=True, config=STRICT, kw_only=True)
class LabeledFiles(_Media):
    """One folder of files; the label is the file name up to its first period."""

    kind: Literal["labeled_files"] = "labeled_files"


@dataclass(frozen=True, config=STRICT, kw_only=True)
class _Table(_Media):
    label_column: Column = "label"
    group_column: OptionalColumn = ""  # empty: no such column
    part_column: OptionalColumn = ""  # train, validation or test; empty: no such column


@dataclass(frozen=True, config=STRICT, kw_only=True)
class DirectoryWithImagesAndAnnotation(_Table):
    """A folder of photos and a CSV or JSON file that labels them."""

    kind: Literal["directory_with_images_and_annotation"] = "directory_with_images_and_annotation"
    annotation_file: Text
    image_column: Column = "image"  # path inside the folder


@dataclass(frozen=True, config=STRICT, kw_only=True)
class DirectoryWithVideosAndAnnotation(_Table):
    """A folder of videos and a CSV or JSON file that labels them or stretches of them."""

    kind: Literal["directory_with_videos_and_annotation"] = "directory_with_videos_and_annotation"
    annotation_file: Text
    video_column: Column = "video"  # path inside the folder
    start_time_column: OptionalColumn = ""  # seconds, mm:ss or hh:mm:ss; empty: from the beginning
    end_time_column: OptionalColumn = ""  # the same; empty: to the end


@dataclass(frozen=True, config=STRICT, kw_only=True)
class LabeledImageDataFrame(_Table):
    """A table (Parquet, CSV or JSON; in Python also a data frame) of photos and labels."""

    kind: Literal["labeled_image_data_frame"] = "labeled_image_data_frame"
    data_frame: Text  # the file
    image_column: Column = "imagePath"  # path inside the folder, or an absolute one that leads into it


@dataclass(frozen=True, config=STRICT, kw_only=True)
class LabeledVideoDataFrame(_Table):
    """A table (Parquet, CSV or JSON; in Python also a data frame) of videos or stretches of them and labels."""

    kind: Literal["labeled_video_data_frame"] = "labeled_video_data_frame"
    data_frame: Text  # the file
    video_column: Column = "videoPath"  # path inside the folder, or an absolute one that leads into it
    start_time_column: OptionalColumn = ""  # seconds, mm:ss or hh:mm:ss; empty: from the beginning
    end_time_column: OptionalColumn = ""  # the same; empty: to the end


@dataclass(frozen=True, config=STRICT, kw_only=True)
class LabeledKeypointsDataFrame(_Member):
    """A table (Parquet, CSV or JSON; in Python also a data frame) of joints that were found before, a row a frame.

    What the numbers mean is declared, never guessed: `origin` and `axis_order` have no default. Columns whose names
    have an axis and a joint (x0, landmark_0_x, WRIST_y) go by their names.
    """

    kind: Literal["labeled_keypoints_data_frame"] = "labeled_keypoints_data_frame"
    data_frame: Text  # the file
    session_id_column: OptionalColumn = (
        "session_id"  # rows of one clip share it, in the order of time; empty: each row alone
    )
    label_column: Column = "label"
    feature_column: Column = (
        "keypoints"  # a column of lists, or a pattern for one column a number: 'joint_*', '*': the rest
    )
    header: bool = True  # false: a CSV without a header; columns are named 0, 1, 2 ...
    # Where y = 0 lies: lower_left (Vision, Create ML; y grows upwards) or upper_left (MediaPipe, OpenCV).
    origin: Literal["lower_left", "upper_left"]
    # How a row's numbers follow each other: channel_joint is x of all 21 joints, then y ... (Create ML's [1, 3, 21]);
    # joint_channel is x, y ... of the wrist, then of the next joint (MediaPipe's landmarks).
    axis_order: Literal["channel_joint", "joint_channel"]
    # What the channels are; xyz is MediaPipe's, its z is left out. A joint without a confidence counts as seen.
    channels: Literal["xy", "xyz", "xy_confidence"]
    frame_rate: Annotated[float, Field(gt=0, le=1000)] = 30.0  # frames/s of the rows of a clip; no meaning for photos
    # Numbers of the frames of a clip: one that is missing is a frame without a hand. Empty: a column called frame.
    frame_column: OptionalColumn = ""
    # Times of the frames of a clip: they replace `frame_rate`. Empty: a column called time or timestamp.
    time_column: OptionalColumn = ""
    # The unit of the times; empty: by the column's name, or else by the time between two rows.
    time_unit: Literal["", "s", "ms", "us", "ns"] = ""
    # The side of the hand in a picture that is not mirrored. Empty: a column called chirality, handedness, hand, side.
    side_column: OptionalColumn = ""
    left_value: str = ""  # what that column says of a left hand; empty: left, L or left_hand, in any case
    right_value: str = ""  # the same of a right hand
    # Of two hands of one frame: each is an example of its own, or only hands of one side are taken.
    hand: Literal["each", "left", "right"] = "each"
    group_column: OptionalColumn = ""  # empty: no such column
    part_column: OptionalColumn = ""  # train, validation or test; empty: no such column


@dataclass(frozen=True, config=STRICT)
class Interval:
    """From `least` to `most`."""

    least: Positive
    most: Positive


@dataclass(frozen=True, config=STRICT, kw_only=True)
class Described(_Member):
    """Gestures that are described, a YAML file a class: joints are made of the descriptions, without any picture."""

    kind: Literal["described"] = "described"
    path: Text  # the folder of the descriptions
    examples_per_class: Annotated[int, Field(ge=2)] = 500
    people: Annotated[int, Field(ge=2)] = 200  # who make them, each a group
    seed: Seed = 1
    landmark_error: NotNegative = 1.0  # of what was measured on MediaPipe; 0: joints exactly where they are
    # Shorter sides of the picture; a phone's main camera has 1.1, a cropped picture more.
    focal_length: Interval = field(default_factory=lambda: Interval(1.0, 4.0))
    # Palm lengths from the camera to the wrist, whatever the hand's size in the picture.
    distance: Interval = field(default_factory=lambda: Interval(3.0, 15.0))
    # The picture's width by its height.
    aspect: Interval = field(default_factory=lambda: Interval(0.5625, 1.7778))


PoseMember = Annotated[
    LabeledDirectories
    | LabeledFiles
    | DirectoryWithImagesAndAnnotation
    | LabeledImageDataFrame
    | LabeledKeypointsDataFrame
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
class JoinedPose(_Source):
    """Several sources as one; a member's name stands before the names of its files."""

    kind: Literal["joined"] = "joined"
    sources: Annotated[dict[MemberName, PoseMember], Field(min_length=1)]


@dataclass(frozen=True, config=STRICT, kw_only=True)
class JoinedAction(_Source):
    """Several sources as one; a member's name stands before the names of its files."""

    kind: Literal["joined"] = "joined"
    sources: Annotated[dict[MemberName, ActionMember], Field(min_length=1)]


MediaSource = (
    LabeledDirectories
    | LabeledFiles
    | DirectoryWithImagesAndAnnotation
    | DirectoryWithVideosAndAnnotation
    | LabeledImageDataFrame
    | LabeledVideoDataFrame
)
Member = MediaSource | LabeledKeypointsDataFrame | Described
Source = Member | JoinedPose | JoinedAction


@dataclass(frozen=True, config=STRICT)
class Data:
    """One source a kind."""

    pose: Annotated[PoseMember | JoinedPose, Field(discriminator="kind")]
    action: Annotated[ActionMember | JoinedAction, Field(discriminator="kind")]


def members(source: Source) -> dict[str, Member]:
    """The sources that a joined one joins, by name; any other source alone, under an empty name."""
    return dict(source.sources) if isinstance(source, JoinedPose | JoinedAction) else {"": source}


def read_paths(member: Member) -> list[str]:
    """The files and folders that a source reads."""
    if isinstance(member, LabeledKeypointsDataFrame):
        return [member.data_frame]
    if isinstance(member, Described):
        return [member.path]
    paths = [path for path in (member.path, member.groups.file) if path]
    if isinstance(member, DirectoryWithImagesAndAnnotation | DirectoryWithVideosAndAnnotation):
        paths.append(member.annotation_file)
    if isinstance(member, LabeledImageDataFrame | LabeledVideoDataFrame):
        paths.append(member.data_frame)
    return paths
