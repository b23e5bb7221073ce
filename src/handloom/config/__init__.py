"""Every parameter, once: a dataclass a section of `params.yaml`, with type, default, range, unit and meaning.

Values are checked before any work starts. A section is built from plain dictionaries by `parameters_from`, which names
the offending key in full (`train_pose.optimizer.lr`) in one line.
"""

from handloom.config.data import (
    Data,
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
    MediaSource,
    Member,
    Source,
    members,
)
from handloom.config.fields import KINDS, Kind
from handloom.config.parameters import Parameters, as_plain, parameters_from, section_from
from handloom.config.sections import (
    Augmentation,
    AugmentationOption,
    Evaluate,
    ExportCoreML,
    ExtractKeypoints,
    HandChoice,
    LandmarkModel,
    Model,
    Optimizer,
    Sample,
    Split,
    Tracking,
    Training,
    Validation,
)

__all__ = [
    "KINDS",
    "Augmentation",
    "AugmentationOption",
    "Data",
    "DirectoryWithImagesAndAnnotation",
    "DirectoryWithVideosAndAnnotation",
    "Evaluate",
    "ExportCoreML",
    "ExtractKeypoints",
    "Groups",
    "HandChoice",
    "JoinedAction",
    "JoinedPose",
    "Kind",
    "LabeledDirectories",
    "LabeledFiles",
    "LabeledImageDataFrame",
    "LabeledKeypointsDataFrame",
    "LabeledVideoDataFrame",
    "LandmarkModel",
    "MediaSource",
    "Member",
    "Model",
    "Optimizer",
    "Parameters",
    "Sample",
    "Source",
    "Split",
    "Tracking",
    "Training",
    "Validation",
    "as_plain",
    "members",
    "parameters_from",
    "section_from",
]
