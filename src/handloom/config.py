"""Every parameter, once: a dataclass a section of `params.yaml`, with type, default, range, unit and meaning.

Values are checked before any work starts. A section is built from plain dictionaries by `parameters_from`, which names
the offending key in full (`train_pose.optimizer.lr`) in one line.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, field
from typing import Annotated, Any, Literal, TypeVar

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from handloom.errors import ConfigurationError

Kind = Literal["pose", "action"]
KINDS: tuple[Kind, ...] = ("pose", "action")

_STRICT = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

PositiveInt = Annotated[int, Field(ge=1)]
Seed = Annotated[int, Field(ge=0, lt=2**31)]
Share = Annotated[float, Field(ge=0.0, le=1.0)]
Positive = Annotated[float, Field(gt=0.0)]
NotNegative = Annotated[float, Field(ge=0.0)]
Workers = Annotated[int, Field(ge=-1)]
Text = Annotated[str, Field(min_length=1)]
Section = TypeVar("Section")


@dataclass(frozen=True, config=_STRICT)
class Sample:
    """The embedded data set of drawn hands (used only while `data.*.path` points at it)."""

    seed: Seed = 1  # same seed, same bytes
    people: Annotated[int, Field(ge=2)] = 24  # drawn people, who differ in bones, skin and manner
    photos_per_class: PositiveInt = 50
    clips_per_class: PositiveInt = 24


@dataclass(frozen=True, config=_STRICT)
class Groups:
    """Who is in a picture: examples of one group stay on one side of every split. First match of file, then pattern."""

    file: Text = "data/no_groups.csv"  # CSV that names a group for some or all files; the default names none
    path_column: Text = "path"  # column of `file`: path inside the data folder
    group_column: Text = "group"  # column of `file`: any text
    pattern: str = ""  # regular expression on the file name; its first bracket is the group. Empty: each file alone


@dataclass(frozen=True, config=_STRICT)
class Source:
    """Where the labelled media of one kind lie."""

    path: Text  # folder with one sub-folder a class
    kind: Literal["labeled_directories"] = "labeled_directories"
    parts_in_folders: bool = False  # true: path/{train,validation,test}/class/file instead of path/class/file
    groups: Groups = field(default_factory=Groups)


@dataclass(frozen=True, config=_STRICT)
class Data:
    """One source a kind."""

    pose: Source
    action: Source


@dataclass(frozen=True, config=_STRICT)
class LandmarkModel:
    """The hand landmark model. By default it is built from the two networks in Google's own Python wheel."""

    path: str = ""  # a hand_landmarker.task of your own; empty: fetched once and kept in the user's cache folder
    sha256: Annotated[str, Field(pattern="^([0-9a-f]{64})?$")] = ""  # what the file at `path` must hash to


@dataclass(frozen=True, config=_STRICT)
class ExtractKeypoints:
    """From pictures to joints."""

    target_frame_rate: Annotated[float, Field(gt=0, le=240)] = 30.0  # frames/s that clips are sampled at
    detection_confidence: Share = 0.5  # below it the landmarker reports no hand
    borders: list[Annotated[float, Field(gt=0, le=2)]] = field(default_factory=lambda: [0.5, 1.0])  # see find_in_photo
    largest_picture_side: Annotated[int, Field(ge=64)] = 1280  # pixels; larger photos are scaled down
    largest_frame_side: Annotated[int, Field(ge=64)] = 480  # pixels; larger frames are scaled down
    unreadable_limit: Share = 0.1  # a greater share of unreadable files stops the stage
    workers: Workers = -1  # processes; -1: one a core
    landmark_model: LandmarkModel = field(default_factory=LandmarkModel)


@dataclass(frozen=True, config=_STRICT)
class Validation:
    """Create ML's validation data: a share of what is left after the test part was taken."""

    strategy: Literal["automatic", "fixed", "none"] = "automatic"  # automatic: none below 50, 10 % below 200, else 5 %
    ratio: Share = 0.1  # the share, when fixed


@dataclass(frozen=True, config=_STRICT)
class Split:
    """Train, validation and test: by class, whole groups together."""

    seed: Seed = 1
    test_ratio: Annotated[float, Field(ge=0.0, lt=1.0)] = (
        0.2  # share of all examples; unused where the source has parts
    )
    validation: Validation = field(default_factory=Validation)


@dataclass(frozen=True, config=_STRICT)
class Model:
    """Size of the network."""

    width: Annotated[int, Field(ge=4, multiple_of=4)] = 32  # features of a joint
    spatial_layers: PositiveInt = 2  # rounds of mixing over joints
    frame_features: PositiveInt = 128  # features of a frame
    temporal_layers: Annotated[int, Field(ge=0)] = 0  # rounds of mixing over time; 0 for single pictures
    dropout: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.1


@dataclass(frozen=True, config=_STRICT)
class Augmentation:
    """How strongly each augmentation changes the joints, when `augmentation_options` names it."""

    rotate: Annotated[float, Field(ge=0, le=180)] = 20.0  # degrees to either side, at most
    scale: Annotated[float, Field(ge=0, lt=1)] = 0.25  # share of the size, at most
    translate: Share = 0.1  # share of the picture, at most
    interpolate_frames: Annotated[float, Field(ge=0, lt=1)] = 0.25  # change of speed, at most
    drop_frames: Annotated[float, Field(ge=0, lt=1)] = 0.1  # share of the frames that are lost, at most
    stretch: Annotated[float, Field(ge=1, le=4)] = 1.8  # factor on width over height, at most; always on, 1 for none
    joint_noise: Annotated[float, Field(ge=0, lt=1)] = 0.02  # standard deviation, palm lengths; always on, 0 for none


AugmentationOption = Literal["horizontally_flip", "rotate", "scale", "translate", "interpolate_frames", "drop_frames"]


@dataclass(frozen=True, config=_STRICT)
class Optimizer:
    """AdamW, with the rate falling to zero along half a cosine."""

    lr: Positive = 0.003
    weight_decay: NotNegative = 0.01
    gradient_clip: NotNegative = 1.0  # largest norm of the gradient; 0: not clipped


@dataclass(frozen=True, config=_STRICT)
class Training:
    """Training of one kind, under Create ML's names where it has one."""

    seed: Seed = 1
    batch_size: PositiveInt = 32  # photos or clips a step
    maximum_iterations: PositiveInt = 80  # passes over the training part
    prediction_window_size: PositiveInt = 1  # frames a prediction sees; 1 for photos
    augmentation_options: list[AugmentationOption] = field(default_factory=list)
    augmentation: Augmentation = field(default_factory=Augmentation)
    model: Model = field(default_factory=Model)
    optimizer: Optimizer = field(default_factory=Optimizer)
    label_smoothing: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.05
    report_interval: PositiveInt = 5  # iterations between two reports of loss and accuracy
    checkpoint_interval: PositiveInt = 10  # iterations between two checkpoints
    accelerator: Literal["cpu", "gpu", "mps", "auto"] = (
        "cpu"  # the same bits are promised on one kind of processor only
    )
    threads: PositiveInt = 1  # threads of PyTorch on the CPU; a fixed number, because sums depend on it


@dataclass(frozen=True, config=_STRICT)
class Evaluate:
    """Reading the test part."""

    window_stride: PositiveInt = 15  # frames between two windows of a clip; their probabilities are averaged


@dataclass(frozen=True, config=_STRICT)
class ExportCoreML:
    """What the Core ML file says of itself, and how its weights are stored."""

    author: str = ""
    short_description: str = "A hand classifier trained with handloom."
    license: str = ""
    version: str = "1"
    precision: Literal["float16", "float32"] = "float16"  # of weights and arithmetic; the input stays float32


@dataclass(frozen=True, config=_STRICT)
class Tracking:
    """MLflow. `MLFLOW_TRACKING_URI` in the environment wins over the local store."""

    experiment: Text = "handloom"  # the kind is appended: handloom-pose, handloom-action


@dataclass(frozen=True, config=_STRICT)
class Parameters:
    """`params.yaml` as a whole."""

    data: Data
    sample: Sample = field(default_factory=Sample)
    extract_keypoints: ExtractKeypoints = field(default_factory=ExtractKeypoints)
    split: Split = field(default_factory=Split)
    train_pose: Training = field(default_factory=Training)
    train_action: Training = field(default_factory=Training)
    evaluate: Evaluate = field(default_factory=Evaluate)
    export_coreml: ExportCoreML = field(default_factory=ExportCoreML)
    tracking: Tracking = field(default_factory=Tracking)

    def source(self, kind: Kind) -> Source:
        """The source of one kind."""
        return self.data.pose if kind == "pose" else self.data.action

    def training(self, kind: Kind) -> Training:
        """The training section of one kind."""
        return self.train_pose if kind == "pose" else self.train_action


def parameters_from(content: Mapping[str, Any]) -> Parameters:
    """Check plain dictionaries, as YAML gives them, and build `Parameters`.

    Raises:
        ConfigurationError: an unknown key, a wrong type or a value out of range; one line that starts with the key's
            full name. Further mistakes are counted in it.
    """
    try:
        parameters = section_from(Parameters, content)
    except ValidationError as error:
        raise ConfigurationError(_one_line(error)) from None
    if parameters.train_pose.prediction_window_size != 1:
        raise ConfigurationError(
            f"train_pose.prediction_window_size: must be 1, a photo has one frame"
            f" (got {parameters.train_pose.prediction_window_size}); for clips use train_action"
        )
    return parameters


def section_from(section: type[Section], content: Mapping[str, Any]) -> Section:
    """The inverse of `as_plain`, with every value checked: a section out of what a checkpoint holds.

    Raises:
        ValueError: it does not fit this version of handloom.
    """
    return TypeAdapter(section).validate_json(json.dumps(content))  # strict, yet takes dictionaries


def as_plain(section: Any) -> dict[str, Any]:
    """A section as plain dictionaries, lists, numbers and texts: what YAML, JSON and checkpoints hold."""
    return asdict(section)


def _one_line(error: ValidationError) -> str:
    first, *others = error.errors(include_url=False)
    key = ".".join(str(part) for part in first["loc"] if part != "[key]") or "params.yaml"
    if first["type"] in ("unexpected_keyword_argument", "extra_forbidden"):
        text = f"{key}: unknown parameter; see conf/ for those that exist"
    elif first["type"] == "missing":
        text = f"{key}: missing; add it to params.yaml"
    else:
        message = first["msg"][0].lower() + first["msg"][1:]
        text = f"{key}: {message} (got {first['input']!r})"
    return text + (f" (and {len(others)} more)" if others else "")
