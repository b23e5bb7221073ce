"""The sections of `params.yaml` but `data`: a dataclass each, with type, default, range, unit and meaning."""

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
    ShareBelowOne,
    Text,
    Workers,
    parameter,
)

Runtime = Literal["litert", "mediapipe"]  # what runs the two networks of the hand landmark model
HandChoice = Literal["raised", "followed", "largest", "most_confident", "left", "right"]
PictureSide = Annotated[int, Field(ge=64, le=32_766)]  # OpenCV cuts squares out of no larger pictures
AugmentationOption = Literal["horizontally_flip", "rotate", "scale", "translate", "interpolate_frames", "drop_frames"]


@dataclass(frozen=True, config=STRICT)
class Sample:
    """The embedded data set of drawn hands, used only while `data.*.path` points at it."""

    seed: Seed = parameter(1, "same seed, same bytes")
    people: int = parameter(24, "drawn people, who differ in bones, skin and manner", ge=2)
    photos_per_class: PositiveInt = parameter(50, "drawn photos of a class")
    clips_per_class: PositiveInt = parameter(24, "drawn clips of a class")


@dataclass(frozen=True, config=STRICT)
class LandmarkModel:
    """The hand landmark model. By default it is built from the two networks in Google's own Python wheel."""

    path: str = parameter("", "a hand_landmarker.task of your own; empty: fetched once, kept in the cache folder")
    sha256: str = parameter("", "what the file at `path` must hash to; empty: anything", pattern="^([0-9a-f]{64})?$")


@dataclass(frozen=True, config=STRICT)
class Landmarker:
    """What finds the hands. Both give the same joints, to 0.1 % of the picture (`benchmarks/landmarkers.py`)."""

    runtime: Runtime = parameter("litert", "litert: our own, asks no server; mediapipe: MediaPipe's tasks")


@dataclass(frozen=True, config=STRICT)
class ExtractKeypoints:
    """From pictures to joints."""

    target_frame_rate: float = parameter(
        30.0, "what clips are sampled at, and what the app must feed", "frames/s", gt=0, le=240
    )
    accept_slow_clips: bool = parameter(
        False, "true: clips slower than that are used, frames repeated; false: refused, as Create ML does"
    )
    hand: HandChoice = parameter(
        "raised",
        "which of two hands. raised: the higher one, or the larger one where one is less than half as large;"
        " followed: the first one seen (in a photo the most confident one). In clips the chosen hand is followed",
    )
    detection_confidence: Share = parameter(0.5, "below it the landmarker reports no hand")
    tta_paddings: list[Annotated[float, Field(gt=0, le=2)]] = parameter(
        [0.5, 1.0], "further looks at tight photos: the edge is replicated by these shares of the size; []: none"
    )
    tta_rotations: list[Annotated[float, Field(ge=-90, le=90)]] = parameter(
        [], "photos are turned by these angles in more looks, with each of the tta_paddings", "degrees"
    )
    test_time_augmentation: Literal["unsure", "always"] = parameter(
        "unsure", "unsure: at photos whose hand is not found for sure; always: at all photos"
    )
    largest_picture_side: PictureSide = parameter(1280, "larger photos are scaled down", "pixels")
    largest_frame_side: PictureSide = parameter(480, "larger frames are scaled down", "pixels")
    picture_memory_limit: Positive = parameter(
        2000.0, "what decoding a photo, or a clip's frames at once, may take; others are refused", "MB"
    )
    clip_pixels_limit: Positive = parameter(
        2000.0, "frames x width x height of a clip or its stretch; an hour of 4K60 has 1792", "gigapixels"
    )
    pixels_per_byte_limit: Positive = parameter(
        20_000.0, "of a clip of over 5 gigapixels; cameras stay below 5000; of a GIF a hundredth", "pixels a byte"
    )
    unreadable_limit: Share = parameter(0.1, "a greater share of unusable files and rows stops the stage")
    workers: Workers = parameter(-1, "processes; -1: one a core")
    backend: Literal["loky", "ray", "dask"] = parameter(
        "loky", "loky: this machine; ray, dask: the cluster at RAY_ADDRESS, DASK_SCHEDULER_ADDRESS"
    )
    landmarker: Landmarker = parameter(Landmarker, "what finds the hands")
    landmark_model: LandmarkModel = parameter(LandmarkModel, "the hand landmark model")


@dataclass(frozen=True, config=STRICT)
class Validation:
    """Create ML's validation data: a share of what is left after the test set was taken."""

    strategy: Literal["automatic", "fixed", "none"] = parameter(
        "automatic", "automatic: none of fewer than 50 examples, 10 % of fewer than 200, else 5 %"
    )
    ratio: Share = parameter(0.1, "the share, when fixed")


@dataclass(frozen=True, config=STRICT)
class Split:
    """Train, validation and test: by class, whole groups together."""

    seed: Seed = parameter(1, "of the drawing")
    test_ratio: ShareBelowOne = parameter(0.2, "share of all examples; unused where the source has a test set")
    validation: Validation = parameter(Validation, "the validation set")


@dataclass(frozen=True, config=STRICT)
class Model:
    """Size of the network."""

    width: int = parameter(32, "features of a joint", ge=4, multiple_of=4)
    spatial_layers: PositiveInt = parameter(2, "rounds of mixing over joints")
    frames_per_step: PositiveInt = parameter(1, "neighbouring frames that are taken together")
    frame_features: PositiveInt = parameter(128, "features of a step")
    temporal_layers: int = parameter(
        0, "rounds of mixing over steps, each twice as far (1, 2, 4 steps apart); 0 for photos", ge=0
    )
    dropout: ShareBelowOne = parameter(0.3, "share of the features that are dropped while training")


@dataclass(frozen=True, config=STRICT)
class Augmentation:
    """How strongly each augmentation changes the joints.

    The first five act when `augmentation_options` names them; the others are what other people's hands and a phone's
    camera add, and are always on unless set to nothing.
    """

    rotate: float = parameter(20.0, "to either side, at most", "degrees", ge=0, le=180)
    scale: ShareBelowOne = parameter(0.25, "share of the size, at most")
    translate: Share = parameter(0.1, "share of the picture, at most")
    interpolate_frames: ShareBelowOne = parameter(0.25, "change of speed, at most")
    drop_frames: ShareBelowOne = parameter(0.1, "share of the frames that are lost, at most")
    bone_length: ShareBelowOne = parameter(
        0.1, "standard deviation of each bone's length, as a share of it; 0 for none"
    )
    shear: Share = parameter(0.2, "of width by height, at most: hands seen from an angle; 0 for none")
    stretch: float = parameter(1.8, "factor on width over height, at most; 1 for none", ge=1, le=4)
    joint_noise: ShareBelowOne = parameter(0.02, "standard deviation; 0 for none", "palm lengths")
    joint_dropout: ShareBelowOne = parameter(0.0, "share of the joints that are lost, at most")
    hand_dropout: ShareBelowOne = parameter(0.0, "longest run of frames without the hand, share of a window")


@dataclass(frozen=True, config=STRICT)
class Optimizer:
    """AdamW, and how its rate changes over the iterations."""

    lr: Positive = parameter(0.003, "learning rate")
    weight_decay: NotNegative = parameter(0.01, "AdamW's")
    gradient_clip: NotNegative = parameter(1.0, "largest norm of the gradient; 0: not clipped")
    schedule: Literal["cosine", "constant"] = parameter("cosine", "cosine: the rate falls to zero along half a cosine")
    warmup: ShareBelowOne = parameter(0.0, "share of the iterations in which the rate rises to lr")


@dataclass(frozen=True, config=STRICT)
class EarlyStopping:
    """Stop when the validation loss no longer falls; the model is then that of the best report."""

    patience: int = parameter(0, "reports without a lower loss before training stops; 0: never", ge=0)
    minimum_change: NotNegative = parameter(0.0, "a loss counts as lower if it is by more than this")


@dataclass(frozen=True, config=STRICT)
class Training:
    """Training of one kind, under Create ML's names where it has one."""

    seed: Seed = parameter(1, "of weights, batches and augmentation")
    batch_size: PositiveInt = parameter(32, "photos or clips a step")
    maximum_iterations: PositiveInt = parameter(80, "passes over the training set; the schedule's length")
    iterations: PositiveInt = parameter(
        1000, "of the session: training pauses after so many; a greater number later goes on"
    )
    prediction_window_size: PositiveInt = parameter(1, "what a prediction sees; 1 for photos", "frames")
    augmentation_options: list[AugmentationOption] = parameter([], "which of the first five augmentations, and flips")
    augmentation: Augmentation = parameter(Augmentation, "how strong each augmentation is")
    left_hands: LeftHands = parameter(
        "as_they_are",
        "mirrored: turned into right ones by the chirality of the table, and the app has to do the same",
    )
    model: Model = parameter(Model, "size of the network")
    optimizer: Optimizer = parameter(Optimizer, "AdamW")
    early_stopping: EarlyStopping = parameter(EarlyStopping, "when training stops")
    label_smoothing: ShareBelowOne = parameter(0.05, "share of each target that is spread over all classes")
    class_balance: Literal["none", "weights", "sampling"] = parameter(
        "none", "weights: rare classes count more in the loss; sampling: all are drawn equally often"
    )
    source_weights: dict[str, Annotated[float, Field(gt=0.0, lt=1.0)]] = parameter(
        {},
        "of joined sources: {own: 0.5} draws half of what is shown from own, however few examples it has; the others"
        " share the rest; {}: every example is shown once an iteration",
    )
    align_to: dict[str, str] = parameter(
        {},
        "of joined sources of photos: {described: own} moves the middle of each class of described to near that of own",
    )
    pretrained_weights: Literal["none", "described"] = parameter(
        "none", "described: start from the weights that come with handloom, trained on described hands; for few photos"
    )
    background_label: str = parameter(
        "background", "the class of no gesture: how often it is taken for one is reported"
    )
    report_interval: PositiveInt = parameter(5, "between two reports of loss and accuracy", "iterations")
    checkpoint_interval: PositiveInt = parameter(10, "between two checkpoints", "iterations")
    accelerator: Literal["cpu", "gpu", "mps", "auto"] = parameter(
        "cpu", "the same bits are promised on one kind of processor only"
    )
    devices: PositiveInt = parameter(1, "how many of them; each takes its share of a batch")
    strategy: Literal["auto", "ddp"] = parameter("auto", "Lightning's, for more than one device")
    precision: Literal["32-true", "16-mixed", "bf16-mixed"] = parameter("32-true", "Lightning's names")
    threads: PositiveInt = parameter(1, "of PyTorch on the CPU; a fixed number, because sums depend on it")
    keypoints_in_memory: NotNegative = parameter(
        2.0, "a larger training set is read from a file as it is needed", "GiB"
    )


def default_training(kind: Kind) -> Training:
    """What `train_pose` and `train_action` are by default: the same section, but for what clips need."""
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

    trials: PositiveInt = parameter(30, "a greater number later adds trials")
    startup_trials: PositiveInt = parameter(8, "drawn at random before the sampler (TPE) learns from them")
    seed: Seed = parameter(1, "of the sampler")
    prune_after_trials: PositiveInt = parameter(4, "complete trials before the first one is given up")
    kept_share: Share = parameter(
        0.75, "of the complete trials: which part of them, at the same report, counts as lower"
    )
    prune_warmup: Share = parameter(0.2, "share of maximum_iterations that every trial may have")


@dataclass(frozen=True, config=STRICT)
class CrossValidate:
    """Cross-validation: each fold is held out once, groups together."""

    folds: int = parameter(5, "parts of the examples", ge=2)
    seeds: Annotated[list[Seed], Field(min_length=1)] = parameter([1], "each fold is trained once with each")
    fold_seed: Seed = parameter(1, "which group is in which fold")
    include_test_set: bool = parameter(False, "true: folds of all examples; false: the test set is left alone")


@dataclass(frozen=True, config=STRICT)
class Evaluate:
    """Reading the test set."""

    window_stride: PositiveInt = parameter(
        15, "between two windows of a clip; their probabilities are averaged", "frames"
    )


@dataclass(frozen=True, config=STRICT)
class ExportCoreML:
    """Which files to write, what they say of themselves, and how their weights are stored."""

    author: str = parameter("", "who made it")
    short_description: str = parameter("A hand classifier trained with handloom.", "what it is for")
    license: str = parameter("", "what others may do with it")
    version: str = parameter("1", "the model's")
    formats: Annotated[list[ModelFormat], Field(min_length=1)] = parameter(
        ["mlpackage", "mlmodel"],
        "mlpackage: an ML program, iOS 15; mlmodel: a neural network as Create ML writes it, iOS 14; aimodel: Core AI,"
        " iOS 27; onnx, tflite: Android, web and desktop; task: a gesture recogniser of MediaPipe, for poses",
    )
    precision: Literal["float16", "float32"] = parameter(
        "float16", "of weights, and in a package of arithmetic too; the input stays float32"
    )
    weight_compression: Literal["none", "8_bit", "palettized"] = parameter(
        "none", "of the two Core ML files; palettized: 6 bits. Makes a package one for iOS 16"
    )


@dataclass(frozen=True, config=STRICT)
class Tracking:
    """MLflow. `MLFLOW_TRACKING_URI` in the environment wins over the local store."""

    experiment: Text = parameter("handloom", "the kind is appended: handloom-pose, handloom-action")
    pictures: Pictures = parameter(
        "local",
        "where contact sheets and tables with the names of files may go. local: only to a store on this computer (a"
        " file, or a server on localhost); always: to any store; never",
    )
