"""Create ML's parameters, and what they are in `params.yaml`."""

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from handloom.config import (
    Data,
    ExportCoreML,
    ExtractKeypoints,
    JoinedAction,
    JoinedPose,
    Kind,
    LabeledDirectories,
    Parameters,
    Source,
    Split,
    Training,
    as_plain,
    default_training,
    section_from,
)
from handloom.config.errors import one_line
from handloom.data_source import DataSource
from handloom.errors import ConfigurationError, expect

# Create ML's arguments have the defaults of the sections that they stand for.
_TRAINING, _SPLIT, _EXPORT = Training(), Split(), ExportCoreML()
# Those that are keys of a section of training, under the same names.
_OF_TRAINING = ("seed", "batch_size", "maximum_iterations", "prediction_window_size")
_OF_SESSION = ("report_interval", "checkpoint_interval", "iterations")


class ImageAugmentationOptions(Enum):
    """Augmentations of photos' joints during training; their strength is in `train_pose.augmentation`."""

    HORIZONTALLY_FLIP = "horizontally_flip"
    ROTATE = "rotate"
    SCALE = "scale"
    TRANSLATE = "translate"


class VideoAugmentationOptions(Enum):
    """Augmentations of clips' joints during training; their strength is in `train_action.augmentation`."""

    HORIZONTALLY_FLIP = "horizontally_flip"
    ROTATE = "rotate"
    SCALE = "scale"
    TRANSLATE = "translate"
    INTERPOLATE_FRAMES = "interpolate_frames"
    DROP_FRAMES = "drop_frames"


@dataclass(frozen=True)
class ValidationData:
    """Where the validation set comes from; use one of the three constructors.

    Attributes:
        strategy: "automatic" is Create ML's rule: none of fewer than 50 examples, 10 % of fewer than 200, else 5 %.
        ratio: the share of the examples, when fixed.
        seed: of the drawing.
        source: a source of its own.
    """

    strategy: Literal["automatic", "fixed", "none", "data_source"] = "automatic"
    ratio: float = _SPLIT.validation.ratio
    seed: int = _SPLIT.seed
    source: DataSource | None = None

    @classmethod
    def none(cls) -> "ValidationData":
        """No validation: all examples are for training, and no validation number is reported."""
        return cls("none")

    @classmethod
    def split(
        cls,
        strategy: Literal["automatic", "fixed"] = "automatic",
        *,
        ratio: float = _SPLIT.validation.ratio,
        seed: int = _SPLIT.seed,
    ) -> "ValidationData":
        """A share of the training data, by class and whole groups."""
        return cls(strategy, ratio, seed)

    @classmethod
    def data_source(cls, source: DataSource) -> "ValidationData":
        """Examples of their own."""
        return cls("data_source", source=source)


@dataclass
class ModelParameters:
    """How a classifier is trained. None: the default of the section `train_pose` or `train_action`.

    Attributes:
        validation: where the validation set comes from.
        batch_size: photos or clips a step.
        maximum_iterations: passes over the training data.
        prediction_window_size: frames a prediction sees; of actions only, a pose has one.
        augmentation_options: of `ImageAugmentationOptions` or `VideoAugmentationOptions`, or their values.
        algorithm: "gcn", the only one, as in Create ML.
        target_frame_rate: frames/s that clips are brought to; of actions only.
        seed: of weights, batches and augmentation; Create ML has none.
        training: further parameters of the section `train_pose` or `train_action`, by their keys in `params.yaml`:
            ``{"optimizer": {"lr": 0.001}, "left_hands": "mirrored"}``.
        extraction: the same of the section `extract_keypoints`.
    """

    validation: ValidationData = field(default_factory=ValidationData.split)
    batch_size: int | None = None
    maximum_iterations: int | None = None
    prediction_window_size: int | None = None
    augmentation_options: Iterable[ImageAugmentationOptions | VideoAugmentationOptions | str] | None = None
    algorithm: Literal["gcn"] = "gcn"
    target_frame_rate: float | None = None
    seed: int = _TRAINING.seed
    training: Mapping[str, Any] = field(default_factory=dict)
    extraction: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class TrainingSessionParameters:
    """Where and how long a session trains.

    Attributes:
        session_directory: what it knows is kept there; None: in a temporary folder, for as long as the session lives.
        report_interval: iterations between two reports of loss and accuracy.
        checkpoint_interval: iterations between two checkpoints.
        iterations: the iteration at which the session pauses; raise it later to continue.
    """

    session_directory: str | Path | None = None
    report_interval: int = _TRAINING.report_interval
    checkpoint_interval: int = _TRAINING.checkpoint_interval
    iterations: int = _TRAINING.iterations


@dataclass
class ModelMetadata:
    """Metadata of a written model.

    Attributes:
        author: who made it.
        short_description: what it is for.
        license: what others may do with it.
        version: its version.
        additional: further keys and texts.
    """

    author: str = _EXPORT.author
    short_description: str = _EXPORT.short_description
    license: str = _EXPORT.license
    version: str = _EXPORT.version
    additional: Mapping[str, str] = field(default_factory=dict)


def parameters_of(
    kind: Kind, source: Source, parameters: ModelParameters, session: TrainingSessionParameters
) -> Parameters:
    """All parameters in the form of `params.yaml`, checked.

    Raises:
        ConfigurationError: a parameter is unknown, of the wrong type or out of range, by its name.
    """
    if parameters.algorithm != "gcn":
        raise ConfigurationError(f"algorithm: the only one is 'gcn' (got {parameters.algorithm!r})")
    split = {"seed": parameters.validation.seed, "test_ratio": 0.0, "validation": _validation(parameters.validation)}
    sections: dict[str, Any] = {f"train_{kind}": _training(kind, parameters, session)}
    return Parameters(
        data=_data(kind, source),
        split=_section(Split, split, ""),
        extract_keypoints=_extraction(kind, parameters),
        **sections,
    )


def _data(kind: Kind, source: Source) -> Data:
    unused = LabeledDirectories(path="unused")
    sources: dict[str, Any] = {"pose": unused, "action": unused, kind: source}
    try:
        return Data(**sources)
    except ValidationError:
        files = "photos" if kind == "pose" else "videos"
        raise ConfigurationError(
            f"training_data: a source of {files} or joints was expected (got {source.kind})"
        ) from None


def _validation(validation: ValidationData) -> dict[str, Any]:
    strategy = "none" if validation.strategy == "data_source" else validation.strategy
    return {"strategy": strategy, "ratio": validation.ratio}


def _extraction(kind: Kind, parameters: ModelParameters) -> ExtractKeypoints:
    expect("extraction", parameters.extraction, Mapping)
    given = dict(parameters.extraction)
    own = {"target_frame_rate"} - given.keys()
    if parameters.target_frame_rate is not None:
        if not own:
            raise ConfigurationError("extraction: target_frame_rate is a parameter of its own; give it there")
        if kind == "pose":
            raise ConfigurationError("target_frame_rate: photos have none; leave it out")
        given["target_frame_rate"] = parameters.target_frame_rate
    settings: ExtractKeypoints = _section(
        ExtractKeypoints, _merged(as_plain(ExtractKeypoints()), given), "extraction", own
    )
    return settings


def with_validation(kind: Kind, training: DataSource, validation: ValidationData) -> DataSource:
    """The training source, joined with the validation source if there is one."""
    expect("validation", validation, ValidationData)
    if validation.strategy != "data_source":
        return training
    expect("validation", validation.source, DataSource)
    assert validation.source is not None
    sources: dict[str, Any] = {}
    frames: dict[str, Any] = {}
    parts: tuple[tuple[Any, DataSource], ...] = (("train", training), ("validation", validation.source))
    for part, source in parts:
        if isinstance(source.section, JoinedPose | JoinedAction):
            for name, member in source.section.sources.items():
                sources[f"{part}_{name}"] = replace(member, part=part)
                if name in source.frames:
                    frames[f"{part}_{name}"] = source.frames[name]
        else:
            sources[part] = replace(source.section, part=part)
            if "" in source.frames:
                frames[part] = source.frames[""]
    return DataSource(_joined(kind, sources), frames)


def _joined(kind: Kind, sources: Mapping[str, Any]) -> Source:
    try:
        return (JoinedPose if kind == "pose" else JoinedAction)(sources=dict(sources))
    except ValidationError as error:
        raise ConfigurationError(f"validation: {one_line(error)}") from None


def _training(kind: Kind, parameters: ModelParameters, session: TrainingSessionParameters) -> Training:
    given: dict[str, Any] = {name: getattr(parameters, name) for name in _OF_TRAINING}
    given |= {name: getattr(session, name) for name in _OF_SESSION}
    expect("training", parameters.training, Mapping)
    if parameters.augmentation_options is not None:
        expect("augmentation_options", parameters.augmentation_options, list, tuple, set, frozenset)
        allowed = ImageAugmentationOptions if kind == "pose" else VideoAugmentationOptions
        given["augmentation_options"] = [_option(allowed, option) for option in parameters.augmentation_options]
    for name in given.keys() & parameters.training.keys():
        if given[name] is not None:
            raise ConfigurationError(f"training: {name} is a parameter of its own; give it there")
    if kind == "pose" and parameters.prediction_window_size not in (None, 1):
        raise ConfigurationError(
            f"prediction_window_size: a pose has one frame (got {parameters.prediction_window_size}); for clips use"
            " HandActionClassifier"
        )
    given = {name: value for name, value in given.items() if value is not None}
    content = _merged(_merged(as_plain(default_training(kind)), parameters.training), given)
    training: Training = _section(Training, content, "training", given)
    return training


def _option(allowed: type[Enum], option: Any) -> str:
    value = option.value if isinstance(option, Enum) else option
    if value not in [one.value for one in allowed]:
        raise ConfigurationError(
            f"augmentation_options: {value!r} is none of {', '.join(str(one.value) for one in allowed)}"
        )
    return str(value)


def _merged(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """`base` with `changes`, sections inside sections."""
    merged = dict(base)
    for name, value in changes.items():
        old = merged.get(name)
        merged[name] = _merged(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return merged


def _section(section: type[Any], content: Mapping[str, Any], name: str, top: Container[str] = ()) -> Any:
    """Build a section; an error names the parameter: those in `top` by their own name, others inside `name`."""
    try:
        return section_from(section, content)
    except ValidationError as error:
        raise ConfigurationError(one_line(error, name, own=top)) from None
    except TypeError as error:
        raise ConfigurationError(f"{name}: {error}") from None
