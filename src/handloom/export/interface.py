"""The interface of Create ML's hand classifiers, as seven published models have it since 2021.

Apps use these names as literals: the input `poses`, the outputs `label` and `labelProbabilities`.
"""

import json

from handloom.config import Kind
from handloom.hand import JOINTS
from handloom.models.checkpoint import TrainedModel

POSES = "poses"
LABEL = "label"
LABEL_PROBABILITIES = "labelProbabilities"

FILE_NAMES: dict[Kind, str] = {"pose": "HandPoseClassifier", "action": "HandActionClassifier"}
_PREVIEW_TYPES: dict[Kind, str] = {"pose": "handPoseClassifier", "action": "handActionClassifier"}
_CATEGORIES: dict[Kind, str] = {"pose": "hand pose", "action": "hand action"}


def user_metadata(model: TrainedModel) -> dict[str, str]:
    """The metadata keys that Xcode's preview and readers look at; those that name Apple's own app are not imitated.

    After them, under keys of handloom's own and only where known, what validation taught (see `Calibration`) and
    whether the app has to mirror left hands.
    """
    metadata = {
        "com.apple.coreml.model.preview.type": _PREVIEW_TYPES[model.kind],
        "Prediction Window Size": str(model.window),
        "Target Frame Rate": str(float(model.frame_rate)),
    }
    if model.left_hands == "mirrored":
        metadata["Left Hands"] = model.left_hands
    return metadata | _calibration_metadata(model)


def _calibration_metadata(model: TrainedModel) -> dict[str, str]:
    if model.calibration is None:
        return {}
    known = {
        "Temperature": model.calibration.temperature,
        "Recommended Thresholds": model.calibration.thresholds or None,
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
