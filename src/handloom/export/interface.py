"""The interface of Create ML's hand classifiers, as seven published models have it since 2021.

Apps use these names as literals: the input `poses`, the outputs `label` and `labelProbabilities`.
"""

from handloom.config import Kind
from handloom.hand import JOINTS

POSES = "poses"
LABEL = "label"
LABEL_PROBABILITIES = "labelProbabilities"

FILE_NAMES: dict[Kind, str] = {"pose": "HandPoseClassifier", "action": "HandActionClassifier"}
_PREVIEW_TYPES: dict[Kind, str] = {"pose": "handPoseClassifier", "action": "handActionClassifier"}
_CATEGORIES: dict[Kind, str] = {"pose": "hand pose", "action": "hand action"}


def user_metadata(kind: Kind, window: int, frame_rate: float) -> dict[str, str]:
    """The metadata keys that Xcode's preview and readers look at; those that name Apple's own app are not imitated."""
    return {
        "com.apple.coreml.model.preview.type": _PREVIEW_TYPES[kind],
        "Prediction Window Size": str(window),
        "Target Frame Rate": str(float(frame_rate)),
    }


def feature_descriptions(kind: Kind, window: int) -> dict[str, str]:
    """What input and outputs say of themselves."""
    frames = "1 frame" if window == 1 else f"{window} frames, oldest first"
    return {
        POSES: (
            f"A hand's joints as Vision's keypointsMultiArray() gives them. First axis: time, {frames}. Second axis:"
            " x, y (fractions of the picture, origin at the lower left) and confidence; all 0 where there is no hand."
            f" Third axis: the joints {', '.join(JOINTS)}."
        ),
        LABEL: f"The most likely {_CATEGORIES[kind]}.",
        LABEL_PROBABILITIES: f"The probability of each {_CATEGORIES[kind]}; together they are 1.",
    }
