"""The interface of Create ML's hand classifiers, as seven published models have it since 2021.

Apps use these names as literals: the input `poses`, the outputs `label` and `labelProbabilities`.
"""

import json

from handloom import __version__
from handloom.config import Kind
from handloom.hand import JOINTS
from handloom.models.checkpoint import TrainedModel
from handloom.models.provenance import Provenance

POSES = "poses"
LABEL = "label"
LABEL_PROBABILITIES = "labelProbabilities"

# Keys of the metadata that an app reads. The first three are Create ML's.
PREVIEW_TYPE = "com.apple.coreml.model.preview.type"
PREDICTION_WINDOW_SIZE = "Prediction Window Size"
TARGET_FRAME_RATE = "Target Frame Rate"
LEFT_HANDS = "Left Hands"
BACKGROUND_LABEL = "Background Label"
RECOMMENDED_THRESHOLDS = "Recommended Thresholds"

FILE_NAMES: dict[Kind, str] = {"pose": "HandPoseClassifier", "action": "HandActionClassifier"}
PREVIEW_TYPES: dict[Kind, str] = {"pose": "handPoseClassifier", "action": "handActionClassifier"}
_CATEGORIES: dict[Kind, str] = {"pose": "hand pose", "action": "hand action"}


def user_metadata(model: TrainedModel, provenance: Provenance | None = None) -> dict[str, str]:
    """The metadata keys that Xcode's preview and readers look at; those that name Apple's own app are not imitated.

    After them, under keys of handloom's own and only where known: whether the app has to mirror left hands, the class
    of no gesture, what validation taught (see `Calibration`), and where the model comes from.
    """
    metadata = {
        PREVIEW_TYPE: PREVIEW_TYPES[model.kind],
        PREDICTION_WINDOW_SIZE: str(model.window),
        TARGET_FRAME_RATE: str(float(model.frame_rate)),
    }
    if model.left_hands == "mirrored":
        metadata[LEFT_HANDS] = model.left_hands
    if model.background_label in model.classes:
        metadata[BACKGROUND_LABEL] = model.background_label
    return metadata | _calibration_metadata(model) | _provenance_metadata(provenance)


def _provenance_metadata(provenance: Provenance | None) -> dict[str, str]:
    if provenance is None:
        return {}
    known = {
        "Trained With": f"handloom {__version__}",
        "MLflow Run": provenance.run_id,
        "Git Commit": provenance.git_commit,
        "Training Data SHA-256": provenance.keypoints_sha256,
        "Split SHA-256": provenance.split_sha256,
        "Landmarks": provenance.landmarks,
    }
    return {name: value for name, value in known.items() if value}


def _calibration_metadata(model: TrainedModel) -> dict[str, str]:
    if model.calibration is None:
        return {}
    known = {
        "Temperature": model.calibration.temperature,
        RECOMMENDED_THRESHOLDS: model.calibration.thresholds or None,
        "Background Taken For Gesture": model.calibration.background_taken_for_gesture,
        "Background Taken For Gesture At Thresholds": model.calibration.background_taken_for_gesture_at_thresholds,
    }
    return {name: json.dumps(value, ensure_ascii=False) for name, value in known.items() if value is not None}


def feature_descriptions(model: TrainedModel) -> dict[str, str]:
    """What input and outputs say of themselves."""
    category, window = _CATEGORIES[model.kind], model.window
    frames = "1 frame" if window == 1 else f"{window} frames, oldest first"
    mirrored = (
        " The x of a left hand has to be mirrored (1 - x) before prediction." if model.left_hands == "mirrored" else ""
    )
    calibrated = (
        f" Calibrated on {model.calibration.examples} validation examples: take them as they are."
        if model.calibration
        else ""
    )
    return {
        POSES: (
            f"A hand's joints as Vision's keypointsMultiArray() gives them. First axis: time, {frames}. Second axis:"
            " x, y (fractions of the picture, origin at the lower left) and confidence; all 0 where there is no hand."
            f" Third axis: the joints {', '.join(JOINTS)}.{mirrored}"
        ),
        LABEL: f"The most likely {category}.",
        LABEL_PROBABILITIES: f"The probability of each {category}; together they are 1.{calibrated}",
    }
