"""The sections of `params.yaml` but `data`: a dataclass each, with type, default, range, unit and meaning."""

from typing import Annotated, Literal, get_args

from pydantic import Field
from pydantic.dataclasses import dataclass

from handloom.config.fields import (
    STRICT,
    Kind,
    LeftHandsOption,
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
HAND_CHOICES: tuple[HandChoice, ...] = get_args(HandChoice)
PictureSide = Annotated[int, Field(ge=64, le=32_766)]  # OpenCV cuts squares out of no larger pictures
AugmentationOption = Literal["horizontally_flip", "rotate", "scale", "translate", "interpolate_frames", "drop_frames"]


@dataclass(frozen=True, config=STRICT)
class Sample:
    """The sample data set of drawn hands. It is drawn only while `data.*.path` points at it."""

    seed: Seed = parameter(1, "of the drawing; the same seed draws the same bytes")
    people: int = parameter(24, "drawn people; each has its own proportions, skin tone and way of moving", ge=2)
    photos_per_class: PositiveInt = parameter(50, "photos to draw for each class")
    clips_per_class: PositiveInt = parameter(24, "clips to draw for each class")


@dataclass(frozen=True, config=STRICT)
class LandmarkModel:
    """The hand landmark model. By default it is built from the two networks in MediaPipe's Python wheel."""

    path: str = parameter("", "a hand_landmarker.task of your own; empty: fetched once, kept in the cache folder")
    sha256: str = parameter(
        "", "expected sha256 of the file at `path`; empty: do not check", pattern="^([0-9a-f]{64})?$"
    )


@dataclass(frozen=True, config=STRICT)
class Landmarker:
    """What finds the hands. Both give the same joints, to 0.1 % of the picture (`benchmarks/landmarkers.py`)."""

    runtime: Runtime = parameter("litert", "litert: our own, asks no server; mediapipe: MediaPipe's tasks")


@dataclass(frozen=True, config=STRICT)
class ExtractKeypoints:
    """Finding the joints of hands in photos and clips."""

    target_frame_rate: float = parameter(
        30.0,
        "rate at which clips are sampled; the app must pass frames to the model at this rate",
        "frames/s",
        gt=0,
        le=240,
    )
    accept_slow_clips: bool = parameter(
        False, "true: use clips with a lower rate and repeat frames; false: refuse them, as Create ML does"
    )
    hand: HandChoice = parameter(
        "raised",
        "which of two hands. raised: the higher one, or the larger one where one is less than half as large;"
        " followed: the first one seen (in a photo the most confident one). In clips the chosen hand is followed",
    )
    detection_confidence: Share = parameter(0.5, "minimum confidence of a hand detection")
    tta_paddings: list[Annotated[float, Field(gt=0, le=2)]] = parameter(
        [0.5, 1.0], "test-time augmentation: pad the photo with its edge pixels by these shares of its size; []: off"
    )
    tta_rotations: list[Annotated[float, Field(ge=-90, le=90)]] = parameter(
        [], "test-time augmentation: also rotate each padded photo by these angles", "degrees"
    )
    test_time_augmentation: Literal["unsure", "always"] = parameter(
        "unsure", "when to run it on photos. unsure: when no hand or a low-confidence hand is found; always"
    )
    largest_picture_side: PictureSide = parameter(
        1280, "longest side of a photo; larger photos are scaled down", "pixels"
    )
    largest_frame_side: PictureSide = parameter(
        480, "longest side of a frame of a clip; larger frames are scaled down", "pixels"
    )
    picture_memory_limit: Positive = parameter(
        2000.0, "most memory for decoding one file; a file that needs more is refused", "MB"
    )
    clip_pixels_limit: Positive = parameter(
        2000.0, "most frames x width x height of a clip; an hour of 4K at 60 frames/s has 1792", "gigapixels"
    )
    pixels_per_byte_limit: Positive = parameter(
        20_000.0,
        "highest compression of a clip above 5 gigapixels (cameras: below 5000); a GIF may have a hundredth",
        "pixels a byte",
    )
    unreadable_limit: Share = parameter(0.1, "largest share of unusable files and rows; above it the stage stops")
    workers: Workers = parameter(-1, "processes; -1: one for each core")
    backend: Literal["loky", "ray", "dask"] = parameter(
        "loky", "loky: this machine; ray, dask: the cluster at RAY_ADDRESS, DASK_SCHEDULER_ADDRESS"
    )
    landmarker: Landmarker = parameter(Landmarker, "what finds the hands")
    landmark_model: LandmarkModel = parameter(LandmarkModel, "the hand landmark model")


@dataclass(frozen=True, config=STRICT)
class Validation:
    """Create ML's validation data: a share of what is left after the test set was taken."""

    strategy: Literal["automatic", "fixed", "none"] = parameter(
        "automatic", "automatic: no validation set below 50 examples, 10 % below 200, else 5 %"
    )
    ratio: Share = parameter(0.1, "share of the examples outside the test set; used when strategy is fixed")


@dataclass(frozen=True, config=STRICT)
class Split:
    """Train, validation and test: by class, whole groups together."""

    seed: Seed = parameter(1, "of the random choice")
    test_ratio: ShareBelowOne = parameter(0.2, "share of all examples; ignored if the source has a test set")
    validation: Validation = parameter(Validation, "the validation set")


@dataclass(frozen=True, config=STRICT)
class Model:
    """Size of the network."""

    width: int = parameter(32, "features for each joint", ge=4, multiple_of=4)
    spatial_layers: PositiveInt = parameter(2, "graph layers over the joints")
    frames_per_step: PositiveInt = parameter(1, "neighbouring frames that form one step")
    frame_features: PositiveInt = parameter(128, "features for each step")
    temporal_layers: int = parameter(0, "temporal convolutions, with dilations 1, 2, 4 ...; 0 for photos", ge=0)
    dropout: ShareBelowOne = parameter(0.3, "share of the features that dropout removes during training")


@dataclass(frozen=True, config=STRICT)
class Augmentation:
    """How strongly each augmentation changes the joints.

    The first six act only if `augmentation_options` names them. The others are always on; the value off is given with
    each. They simulate other people's hands and a phone's camera.
    """

    horizontally_flip: Share = parameter(
        0.1,
        "share of the examples that are flipped. A flipped palm looks like the back of a hand: at half, a model cannot"
        " tell the two apart; at a tenth it can, and it still learns the other hand",
    )
    rotate: float = parameter(20.0, "maximum rotation to either side", "degrees", ge=0, le=180)
    scale: ShareBelowOne = parameter(0.25, "maximum change of size, as a share")
    translate: Share = parameter(0.1, "maximum shift, as a share of the picture")
    interpolate_frames: ShareBelowOne = parameter(0.25, "maximum change of speed, as a share")
    drop_frames: ShareBelowOne = parameter(0.1, "maximum share of single frames that are dropped")
    bone_length: ShareBelowOne = parameter(0.1, "standard deviation of each bone's length, as a share of it; 0: off")
    shear: Share = parameter(0.2, "maximum shear (width per height); simulates oblique views; 0: off")
    stretch: float = parameter(1.8, "maximum change of the aspect ratio, as a factor; 1: off", ge=1, le=4)
    joint_noise: ShareBelowOne = parameter(0.02, "standard deviation of noise on each joint; 0: off", "palm lengths")
    joint_dropout: ShareBelowOne = parameter(0.0, "maximum share of the joints that are dropped; 0: off")
    hand_dropout: ShareBelowOne = parameter(
        0.0, "longest run of frames without a hand, as a share of the window; 0: off"
    )


@dataclass(frozen=True, config=STRICT)
class Optimizer:
    """The optimizer AdamW and its learning rate schedule."""

    lr: Positive = parameter(0.003, "peak learning rate")
    weight_decay: NotNegative = parameter(0.01, "weight decay of AdamW")
    gradient_clip: NotNegative = parameter(1.0, "maximum norm of the gradient; 0: off")
    schedule: Literal["cosine", "constant"] = parameter(
        "cosine", "cosine: the learning rate falls to zero along half a cosine"
    )
    warmup: ShareBelowOne = parameter(0.0, "share of the iterations in which the learning rate rises to lr")


@dataclass(frozen=True, config=STRICT)
class EarlyStopping:
    """Stop when a loss no longer falls. The weights of the best report are kept."""

    patience: int = parameter(
        0,
        "reports without a lower loss before training stops; more than there are reports: only keep the best; 0: off",
        ge=0,
    )
    minimum_change: NotNegative = parameter(0.0, "smallest decrease of the loss that counts")
    monitor: Literal["validation_loss", "training_loss"] = parameter(
        "validation_loss",
        "training_loss: the loss on the training set without augmentation and dropout, which needs no validation set."
        " It tells a training that falls apart, not one that learns the training set by heart",
    )

    @property
    def needs_validation(self) -> bool:
        """Whether it goes by a validation set."""
        return self.patience > 0 and self.monitor == "validation_loss"


@dataclass(frozen=True, config=STRICT)
class Training:
    """Training of one kind, under Create ML's names where it has one."""

    seed: Seed = parameter(1, "of the initial weights, batches and augmentation")
    batch_size: PositiveInt = parameter(32, "photos or clips in a batch")
    maximum_iterations: PositiveInt = parameter(
        80, "length of the training and of the schedule, in epochs (Create ML calls them iterations)"
    )
    iterations: PositiveInt = parameter(
        1000, "stop after this many epochs, resumably; raise it to continue (Create ML's session parameter)"
    )
    prediction_window_size: PositiveInt = parameter(
        1, "length of the window that a prediction sees; 1 for photos", "frames"
    )
    augmentation_options: list[AugmentationOption] = parameter([], "augmentations to use: the first six below")
    augmentation: Augmentation = parameter(Augmentation, "strength of each augmentation")
    left_hands: LeftHandsOption = parameter(
        "auto",
        "mirrored: mirror left hands into right hands, by their chirality; the app must do the same. auto: mirrored for"
        " photos if the chirality of most training examples is known, else as_they_are",
    )
    model: Model = parameter(Model, "size of the network")
    optimizer: Optimizer = parameter(Optimizer, "AdamW")
    early_stopping: EarlyStopping = parameter(EarlyStopping, "when training stops")
    label_smoothing: ShareBelowOne = parameter(0.05, "share of each target that is spread evenly over all classes")
    class_balance: Literal["none", "weights", "sampling"] = parameter(
        "none", "weights: weight the loss by class; sampling: draw all classes equally often"
    )
    source_weights: dict[str, Annotated[float, Field(gt=0.0, lt=1.0)]] = parameter(
        {},
        "share of each joined source in a training epoch: {own: 0.5} draws half of the examples from own; other sources"
        " share the rest; {}: use every example once",
    )
    align_to: dict[str, str] = parameter(
        {},
        "joined sources of photos: {described: own} shifts the mean of each class in described towards that in own",
    )
    pretrained_weights: Literal["auto", "described", "none"] = parameter(
        "auto",
        "described: start from the weights that come with handloom, trained on described hands. auto: described for"
        " photos if the network has the default sizes, else none. none: start from random weights",
    )
    background_label: str = parameter(
        "background", "the class without a gesture; its false activation rate is reported"
    )
    false_events_per_hour: Positive = parameter(
        1.0,
        "clips only; highest number of false gestures an hour in a stream; where videos of the validation set have"
        " start and end of each gesture, threshold, hold time and cooldown are chosen for it",
    )
    report_interval: PositiveInt = parameter(5, "distance between two reports of loss and accuracy", "iterations")
    checkpoint_interval: PositiveInt = parameter(10, "distance between two checkpoints", "iterations")
    accelerator: Literal["cpu", "gpu", "mps", "auto"] = parameter(
        "cpu", "device; results are bit-identical only on one kind of processor"
    )
    devices: PositiveInt = parameter(1, "number of devices; they share each batch")
    strategy: Literal["auto", "ddp"] = parameter("auto", "strategy of Lightning for several devices")
    precision: Literal["32-true", "16-mixed", "bf16-mixed"] = parameter("32-true", "arithmetic, by Lightning's names")
    threads: PositiveInt = parameter(1, "threads of PyTorch on the CPU; the number changes rounding, so it is fixed")
    keypoints_in_memory: NotNegative = parameter(
        2.0, "most memory for the training set; a larger one is read from disk batch by batch", "GiB"
    )


def default_training(kind: Kind) -> Training:
    """What `train_pose` and `train_action` are by default: the same section, but for what clips need."""
    if kind == "pose":
        return Training(augmentation_options=["horizontally_flip", "rotate", "scale", "translate"])
    return Training(
        prediction_window_size=45,  # 1.5 s at 30 frames/s
        augmentation_options=["rotate", "scale", "translate", "interpolate_frames", "drop_frames"],  # left is not right
        model=Model(frames_per_step=3, temporal_layers=3),
        optimizer=Optimizer(warmup=0.1),
    )


@dataclass(frozen=True, config=STRICT)
class Search:
    """A hyperparameter search with pruning.

    A trial is pruned when its lowest validation loss is not within the best `percentile` percent of the complete
    trials at the same report.
    """

    trials: PositiveInt = parameter(30, "number of trials; raise it to extend a search")
    startup_trials: PositiveInt = parameter(8, "random trials before the TPE sampler starts")
    seed: Seed = parameter(1, "of the sampler")
    prune_after_trials: PositiveInt = parameter(4, "complete trials before pruning starts")
    percentile: float = parameter(
        75.0, "percent of the complete trials that a trial must be within to continue", ge=0, le=100
    )
    prune_warmup: Share = parameter(0.2, "share of maximum_iterations without pruning")


@dataclass(frozen=True, config=STRICT)
class CrossValidate:
    """Cross-validation over whole groups. Each fold is the test set once."""

    folds: int = parameter(5, "number of folds", ge=2)
    seeds: Annotated[list[Seed], Field(min_length=1)] = parameter(
        [1], "training seeds; each fold is trained once with each"
    )
    fold_seed: Seed = parameter(1, "of the assignment of groups to folds")
    include_test_set: bool = parameter(False, "true: make folds of all examples; false: leave out the test set")


@dataclass(frozen=True, config=STRICT)
class Evaluate:
    """Reading the test set."""

    window_stride: PositiveInt = parameter(
        15, "distance between two windows of a clip; their probabilities are averaged", "frames"
    )


LONGEST_TIME = 60.0  # seconds of a hold time, a cooldown, or a gesture's length; more is damage


@dataclass(frozen=True, config=STRICT)
class StreamValues:
    """When a gesture counts in a stream. null: as the trained model has it."""

    threshold: float | None = parameter(
        None, "lowest probability at which a gesture counts; null: that of each class", ge=0, le=1
    )
    hold_time: float | None = parameter(
        None, "how long a gesture must reach its threshold before it begins", "seconds", ge=0, le=LONGEST_TIME
    )
    cooldown: float | None = parameter(
        None, "how long after the end of a gesture none begins", "seconds", ge=0, le=LONGEST_TIME
    )


@dataclass(frozen=True, config=STRICT)
class StreamsOfKinds:
    """What exported models recommend for streams."""

    pose: StreamValues = parameter(StreamValues, "of poses")
    action: StreamValues = parameter(StreamValues, "of actions")

    def of(self, kind: Kind) -> StreamValues:
        """Those of one kind."""
        return self.pose if kind == "pose" else self.action


@dataclass(frozen=True, config=STRICT)
class ExportCoreML:
    """The exported files: formats, metadata and how weights are stored."""

    author: str = parameter("", "author in the metadata")
    short_description: str = parameter("A hand classifier trained with handloom.", "description in the metadata")
    license: str = parameter("", "license in the metadata")
    version: str = parameter("1", "version in the metadata")
    formats: Annotated[list[ModelFormat], Field(min_length=1)] = parameter(
        ["mlpackage", "mlmodel"],
        "mlpackage: an ML program, iOS 15; mlmodel: a neural network as Create ML writes it, iOS 14; aimodel: Core AI,"
        " iOS 27; onnx, tflite: Android, web and desktop; task: a gesture recogniser of MediaPipe, for poses",
    )
    precision: Literal["float16", "float32"] = parameter(
        "float16", "of the weights, in an mlpackage also of the arithmetic; the input stays float32"
    )
    weight_compression: Literal["none", "8_bit", "palettized"] = parameter(
        "none", "compression of the two Core ML files; palettized: 6 bits; a compressed mlpackage needs iOS 16"
    )
    landmarker: bool = parameter(
        False,
        "true: also the networks that found the joints, as mlpackage and aimodel, for HandloomKit's"
        " LandmarkHandDetector",
    )
    streams: StreamsOfKinds = parameter(StreamsOfKinds, "what the model recommends for streams")


@dataclass(frozen=True, config=STRICT)
class Tracking:
    """MLflow tracking. The environment variable `MLFLOW_TRACKING_URI` overrides the local store."""

    experiment: Text = parameter(
        "handloom", "name of the experiment; the kind is appended: handloom-pose, handloom-action"
    )
    pictures: Pictures = parameter(
        "local",
        "where to log contact sheets and tables with file names. local: only a store on this computer (a file, or a"
        " server on localhost); always: any store; never",
    )
