"""The sections of `params.yaml` but `data`: a dataclass each, with type, default, range, unit and meaning."""

from dataclasses import field
from typing import Annotated, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from handloom.config.fields import (
    STRICT,
    Kind,
    LeftHands,
    ModelFormat,
    NotNegative,
    Pictures,
    Positive,
    PositiveInt,
    Seed,
    Share,
    Text,
    Workers,
)


@dataclass(frozen=True, config=STRICT)
class Sample:
    """The embedded data set of drawn hands (used only while `data.*.path` points at it)."""

    seed: Seed = 1  # same seed, same bytes
    people: Annotated[int, Field(ge=2)] = 24  # drawn people, who differ in bones, skin and manner
    photos_per_class: PositiveInt = 50
    clips_per_class: PositiveInt = 24


@dataclass(frozen=True, config=STRICT)
class LandmarkModel:
    """The hand landmark model. By default it is built from the two networks in Google's own Python wheel."""

    path: str = ""  # a hand_landmarker.task of your own; empty: fetched once and kept in the user's cache folder
    sha256: Annotated[str, Field(pattern="^([0-9a-f]{64})?$")] = ""  # what the file at `path` must hash to


Runtime = Literal["litert", "mediapipe"]  # what runs the two networks of the hand landmark model


@dataclass(frozen=True, config=STRICT)
class Landmarker:
    """What finds the hands. Both give the same joints, to 0.1 % of the picture (`benchmarks/landmarkers.py`)."""

    runtime: Runtime = "litert"  # litert: our own, asks no server; mediapipe: MediaPipe's tasks


HandChoice = Literal["followed", "largest", "most_confident", "left", "right"]


PictureSide = Annotated[int, Field(ge=64, le=32_766)]  # OpenCV cuts squares out of no larger pictures


@dataclass(frozen=True, config=STRICT)
class ExtractKeypoints:
    """From pictures to joints."""

    target_frame_rate: Annotated[float, Field(gt=0, le=240)] = 30.0  # frames/s that clips are sampled at
    accept_slow_clips: bool = False  # true: clips slower than that are used, frames repeated; false: refused
    # Which of several hands. followed: the first one seen, through the clip (in a photo the most confident one);
    # largest, most_confident, left, right: chosen anew in every picture, which costs time in clips.
    hand: HandChoice = "followed"
    detection_confidence: Share = 0.5  # below it the landmarker reports no hand
    borders: list[Annotated[float, Field(gt=0, le=2)]] = field(default_factory=lambda: [0.5, 1.0])  # see looks.py
    turns: list[Annotated[float, Field(ge=-90, le=90)]] = field(default_factory=list)  # degrees, with each border too
    look_again: Literal["unsure", "always"] = "unsure"  # at photos whose hand is not found for sure, or at all of them
    largest_picture_side: PictureSide = 1280  # pixels; larger photos are scaled down
    largest_frame_side: PictureSide = 480  # pixels; larger frames are scaled down
    picture_memory_limit: Positive = 2000.0  # MB; a photo, or a clip's frames at once, that need more are refused
    clip_pixels_limit: Positive = 2000.0  # gigapixels, frames x width x height, that are decoded of a clip at most
    pixels_per_byte_limit: Positive = 20_000.0  # pixels a byte of a clip of over 5 gigapixels; a hundredth in a GIF
    unreadable_limit: Share = 0.1  # a greater share of unusable files and rows stops the stage
    workers: Workers = -1  # processes; -1: one a core
    backend: Literal["loky", "ray", "dask"] = "loky"  # loky: this machine; ray, dask: a cluster
    landmarker: Landmarker = field(default_factory=Landmarker)
    landmark_model: LandmarkModel = field(default_factory=LandmarkModel)


@dataclass(frozen=True, config=STRICT)
class Validation:
    """Create ML's validation data: a share of what is left after the test part was taken."""

    strategy: Literal["automatic", "fixed", "none"] = "automatic"  # automatic: none below 50, 10 % below 200, else 5 %
    ratio: Share = 0.1  # the share, when fixed


@dataclass(frozen=True, config=STRICT)
class Split:
    """Train, validation and test: by class, whole groups together."""

    seed: Seed = 1
    test_ratio: Annotated[float, Field(ge=0.0, lt=1.0)] = (
        0.2  # share of all examples; unused where the source has parts
    )
    validation: Validation = field(default_factory=Validation)


@dataclass(frozen=True, config=STRICT)
class Model:
    """Size of the network."""

    width: Annotated[int, Field(ge=4, multiple_of=4)] = 32  # features of a joint
    spatial_layers: PositiveInt = 2  # rounds of mixing over joints
    frames_per_step: PositiveInt = 1  # neighbouring frames that are taken together
    frame_features: PositiveInt = 128  # features of a step
    temporal_layers: Annotated[int, Field(ge=0)] = 0  # rounds of mixing over steps, each twice as far; 0 for photos
    dropout: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.3


@dataclass(frozen=True, config=STRICT)
class Augmentation:
    """How strongly each augmentation changes the joints.

    The first five act when `augmentation_options` names them; the others are what other people's hands and a phone's
    camera add, and are always on unless set to nothing.
    """

    rotate: Annotated[float, Field(ge=0, le=180)] = 20.0  # degrees to either side, at most
    scale: Annotated[float, Field(ge=0, lt=1)] = 0.25  # share of the size, at most
    translate: Share = 0.1  # share of the picture, at most
    interpolate_frames: Annotated[float, Field(ge=0, lt=1)] = 0.25  # change of speed, at most
    drop_frames: Annotated[float, Field(ge=0, lt=1)] = 0.1  # share of the frames that are lost, at most
    bone_length: Annotated[float, Field(ge=0, lt=1)] = 0.1  # standard deviation of each bone's length, as a share of it
    shear: Annotated[float, Field(ge=0, le=1)] = 0.2  # of width by height, at most: hands seen from aslant; 0 for none
    stretch: Annotated[float, Field(ge=1, le=4)] = 1.8  # factor on width over height, at most; 1 for none
    joint_noise: Annotated[float, Field(ge=0, lt=1)] = 0.02  # standard deviation, palm lengths; 0 for none
    lost_joints: Annotated[float, Field(ge=0, lt=1)] = 0.0  # share of the joints that are lost, at most
    lost_frames: Annotated[float, Field(ge=0, lt=1)] = 0.0  # longest run of frames without the hand, share of a window


AugmentationOption = Literal["horizontally_flip", "rotate", "scale", "translate", "interpolate_frames", "drop_frames"]


@dataclass(frozen=True, config=STRICT)
class Optimizer:
    """AdamW, and how its rate changes over the iterations."""

    lr: Positive = 0.003
    weight_decay: NotNegative = 0.01
    gradient_clip: NotNegative = 1.0  # largest norm of the gradient; 0: not clipped
    schedule: Literal["cosine", "constant"] = "cosine"  # cosine: the rate falls to zero along half a cosine
    warmup: Annotated[float, Field(ge=0, lt=1)] = 0.0  # share of the iterations in which the rate rises to lr


@dataclass(frozen=True, config=STRICT)
class EarlyStopping:
    """Stop when the validation loss no longer falls; the model is then that of the best report."""

    patience: Annotated[int, Field(ge=0)] = 0  # reports without a lower loss before training stops; 0: never
    minimum_change: NotNegative = 0.0  # a loss counts as lower if it is by more than this


@dataclass(frozen=True, config=STRICT)
class Training:
    """Training of one kind, under Create ML's names where it has one."""

    seed: Seed = 1
    batch_size: PositiveInt = 32  # photos or clips a step
    maximum_iterations: PositiveInt = 80  # passes over the training part; the schedule's length
    iterations: PositiveInt = 1000  # of the session: a smaller number pauses there, a greater one later goes on
    prediction_window_size: PositiveInt = 1  # frames a prediction sees; 1 for photos
    augmentation_options: list[AugmentationOption] = field(default_factory=list)
    augmentation: Augmentation = field(default_factory=Augmentation)
    left_hands: LeftHands = "as_they_are"
    model: Model = field(default_factory=Model)
    optimizer: Optimizer = field(default_factory=Optimizer)
    early_stopping: EarlyStopping = field(default_factory=EarlyStopping)
    label_smoothing: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.05
    # For classes of unequal size. weights: rare ones count more in the loss; sampling: all are drawn equally often.
    class_balance: Literal["none", "weights", "sampling"] = "none"
    # Of joined sources, by name: the share of what is shown that is drawn from it, however few examples it has; the
    # others share the rest. Empty: every example is shown once an iteration.
    source_shares: dict[str, Annotated[float, Field(gt=0.0, lt=1.0)]] = field(default_factory=dict)
    # Of joined sources of photos: {described: own} moves the middle of each class of described to near that of own.
    aligned: dict[str, str] = field(default_factory=dict)
    # described: from the weights that come with handloom, learnt from random described hands; for few photos.
    start: Literal["random", "described"] = "random"
    background_label: str = "background"  # the class of no gesture: how often it is taken for one is reported
    report_interval: PositiveInt = 5  # iterations between two reports of loss and accuracy
    checkpoint_interval: PositiveInt = 10  # iterations between two checkpoints
    # The same bits are promised on one kind of processor only.
    accelerator: Literal["cpu", "gpu", "mps", "auto"] = "cpu"
    devices: PositiveInt = 1  # how many of them; each takes its share of a batch
    strategy: Literal["auto", "ddp"] = "auto"  # Lightning's, for more than one device
    precision: Literal["32-true", "16-mixed", "bf16-mixed"] = "32-true"  # Lightning's names
    threads: PositiveInt = 1  # threads of PyTorch on the CPU; a fixed number, because sums depend on it
    keypoints_in_memory: NotNegative = 2.0  # GiB; a larger training part is read from a file as it is needed


def default_training(kind: Kind) -> Training:
    """The section of a kind as `conf/` has it."""
    if kind == "pose":
        return Training(augmentation_options=["horizontally_flip", "rotate", "scale", "translate"])
    return Training(
        prediction_window_size=45,  # 1.5 s at 30 frames/s
        augmentation_options=["rotate", "scale", "translate", "interpolate_frames", "drop_frames"],  # left is not right
        model=Model(frames_per_step=3, temporal_layers=3),
    )


@dataclass(frozen=True, config=STRICT)
class Search:
    """A search: how many trials, and when one is given up.

    At a report a trial is given up if its lowest validation loss is not among the lower ones of the trials before.
    """

    trials: PositiveInt = 30
    startup_trials: PositiveInt = 8  # drawn at random before the sampler (TPE) learns from them
    seed: Seed = 1
    prune_after_trials: Annotated[int, Field(ge=1)] = 4  # complete trials before the first one is given up
    kept_share: Share = 0.75  # of the complete trials: which part of them, at the same report, counts as lower
    prune_from: Share = 0.2  # share of maximum_iterations that every trial may have


@dataclass(frozen=True, config=STRICT)
class CrossValidate:
    """Cross-validation: each fold is held out once, groups together."""

    folds: Annotated[int, Field(ge=2)] = 5
    seeds: Annotated[list[Seed], Field(min_length=1)] = field(default_factory=lambda: [1])  # of the trainings of a fold
    fold_seed: Seed = 1  # which group is in which fold
    with_test_part: bool = False  # true: folds of all examples; false: the test part is left alone


@dataclass(frozen=True, config=STRICT)
class Evaluate:
    """Reading the test part."""

    window_stride: PositiveInt = 15  # frames between two windows of a clip; their probabilities are averaged


@dataclass(frozen=True, config=STRICT)
class ExportCoreML:
    """Which files to write, what they say of themselves, and how their weights are stored."""

    author: str = ""
    short_description: str = "A hand classifier trained with handloom."
    license: str = ""
    version: str = "1"
    # mlpackage: an ML program, for iOS 15; mlmodel: a neural network as Create ML writes it, for iOS 14; aimodel: Core
    # AI, for iOS 27; onnx, tflite: for Android, web and desktop;
    # task: a gesture recogniser of MediaPipe, for poses.
    formats: Annotated[list[ModelFormat], Field(min_length=1)] = field(default_factory=lambda: ["mlpackage", "mlmodel"])
    # Of weights, and in a package of arithmetic too; the input stays float32.
    precision: Literal["float16", "float32"] = "float16"
    # Of the two Core ML files. Makes a package one for iOS 16.
    weight_compression: Literal["none", "8_bit", "palettized"] = "none"


@dataclass(frozen=True, config=STRICT)
class Tracking:
    """MLflow. `MLFLOW_TRACKING_URI` in the environment wins over the local store."""

    experiment: Text = "handloom"  # the kind is appended: handloom-pose, handloom-action
    # Where contact sheets and tables with the names of files may go: `local`, only to a store on this computer (a file,
    # or a server on the loopback interface); `always`, also to another one; `never`.
    pictures: Pictures = "local"
