"""handloom: hand pose and hand action classifiers, from pictures to Core ML, on any computer.

The names below are loaded when they are first used: importing handloom takes no time.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    # X as X: for a type checker, that is a name of this package.
    from handloom.api.classifier import (
        HandActionClassifier as HandActionClassifier,
        HandPoseClassifier as HandPoseClassifier,
    )
    from handloom.api.errors import (
        CancelledError as CancelledError,
        IncompatibleParametersError as IncompatibleParametersError,
        ModifiedTrainingDataError as ModifiedTrainingDataError,
    )
    from handloom.api.job import Job as Job
    from handloom.api.metrics import ClassifierMetrics as ClassifierMetrics
    from handloom.api.parameters import (
        ImageAugmentationOptions as ImageAugmentationOptions,
        ModelMetadata as ModelMetadata,
        ModelParameters as ModelParameters,
        TrainingSessionParameters as TrainingSessionParameters,
        ValidationData as ValidationData,
        VideoAugmentationOptions as VideoAugmentationOptions,
    )
    from handloom.api.progress import (
        Checkpoint as Checkpoint,
        Phase as Phase,
        Progress as Progress,
    )
    from handloom.api.session import TrainingSession as TrainingSession
    from handloom.config import Groups as Groups
    from handloom.data_source import DataSource as DataSource
    from handloom.errors import (
        ConfigurationError as ConfigurationError,
        DataError as DataError,
        HandloomError as HandloomError,
    )
    from handloom.prediction.decision import Event as Event
    from handloom.prediction.photos import predict_photos as predict_photos
    from handloom.prediction.predictor import Predictor as Predictor
    from handloom.prediction.recognizer import Recognizer as Recognizer
    from handloom.prediction.results import (
        Classification as Classification,
        Prediction as Prediction,
    )
    from handloom.prediction.smoothing import (
        Exponential as Exponential,
        Mean as Mean,
    )
    from handloom.prediction.streams import predict_stream as predict_stream
    from handloom.prediction.videos import (
        predict_video as predict_video,
        predict_videos as predict_videos,
    )

_HOMES = {
    "api.classifier": ("HandActionClassifier", "HandPoseClassifier"),
    "api.errors": ("CancelledError", "IncompatibleParametersError", "ModifiedTrainingDataError"),
    "api.job": ("Job",),
    "api.metrics": ("ClassifierMetrics",),
    "api.parameters": (
        "ImageAugmentationOptions",
        "ModelMetadata",
        "ModelParameters",
        "TrainingSessionParameters",
        "ValidationData",
        "VideoAugmentationOptions",
    ),
    "api.progress": ("Checkpoint", "Phase", "Progress"),
    "api.session": ("TrainingSession",),
    "config": ("Groups",),
    "data_source": ("DataSource",),
    "errors": ("ConfigurationError", "DataError", "HandloomError"),
    "prediction.decision": ("Event",),
    "prediction.photos": ("predict_photos",),
    "prediction.predictor": ("Predictor",),
    "prediction.recognizer": ("Recognizer",),
    "prediction.results": ("Classification", "Prediction"),
    "prediction.smoothing": ("Exponential", "Mean"),
    "prediction.streams": ("predict_stream",),
    "prediction.videos": ("predict_video", "predict_videos"),
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [*_HOME]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from handloom.support.extras import needs_extra

    with needs_extra(f"{__name__}.{name}"):
        value = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
