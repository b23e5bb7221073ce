"""The interface of Create ML's hand classifiers, as seven published models have it since 2021.

Apps use these names as literals: the input `poses`, the outputs `label` and `labelProbabilities`.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Literal

from handloom import __version__
from handloom.config import HAND_CHOICES, HandChoice, Kind, section_from
from handloom.errors import printable
from handloom.hand import JOINTS, Poses
from handloom.models.model import StreamSettings

if TYPE_CHECKING:
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
HAND = "Hand"
LANDMARKER = "Landmarker"
BACKGROUND_LABEL = "Background Label"
RECOMMENDED_THRESHOLDS = "Recommended Thresholds"
STREAM_SETTINGS = "Stream Settings"
TRAINED_WITH = "Trained With"
CLASS_LABELS = "Class Labels"  # of formats without a classifier: a JSON list, in the order of the probabilities
TEMPERATURE = "Temperature"
FALSE_ACTIVATION_RATE = "False Activation Rate"
FALSE_ACTIVATION_RATE_AT_THRESHOLDS = "False Activation Rate At Thresholds"
# Those that the trained model decides; the others say where it comes from.
MODEL_METADATA = (
    PREVIEW_TYPE,
    PREDICTION_WINDOW_SIZE,
    TARGET_FRAME_RATE,
    LEFT_HANDS,
    HAND,
    LANDMARKER,
    BACKGROUND_LABEL,
    RECOMMENDED_THRESHOLDS,
    STREAM_SETTINGS,
    TEMPERATURE,
    FALSE_ACTIVATION_RATE,
    FALSE_ACTIVATION_RATE_AT_THRESHOLDS,
)

# A file without this entry is Create ML's own, which samples clips at this rate unless told otherwise.
USUAL_FRAME_RATE = 30.0
LONGEST_WINDOW = 10_000  # frames; no file with more is taken for a hand classifier
FASTEST = 1000.0  # frames/s
# Create ML's models were trained on Vision's joints, whose confidence is never 1 (at most 0.991). Mean 0.925, median
# 0.939, 5 % below 0.833: of 29,400 joints in public Create ML files.
VISION_CONFIDENCE = 0.94
NOT_OURS = (
    f"not made by handloom: a found joint's confidence is given as {VISION_CONFIDENCE}, as Vision gives it, in place of"
    " MediaPipe's 1"
)

FILE_NAMES: dict[Kind, str] = {"pose": "HandPoseClassifier", "action": "HandActionClassifier"}
PREVIEW_TYPES: dict[Kind, str] = {"pose": "handPoseClassifier", "action": "handActionClassifier"}
_CATEGORIES: dict[Kind, str] = {"pose": "hand pose", "action": "hand action"}


def user_metadata(model: "TrainedModel", provenance: "Provenance | None" = None) -> dict[str, str]:
    """The metadata keys that Xcode's preview and readers look at; those that name Apple's own app are not imitated.

    After them, under keys of our own and only where known: whether the app has to mirror left hands, which of two
    hands it takes, the class of no gesture, when a gesture counts in a stream, what validation taught (see
    `Calibration`), and where the model comes from.
    """
    metadata = {
        PREVIEW_TYPE: PREVIEW_TYPES[model.spec.kind],
        PREDICTION_WINDOW_SIZE: str(model.spec.window),
        TARGET_FRAME_RATE: str(float(model.spec.frame_rate)),
        TRAINED_WITH: f"handloom {__version__}",
    }
    if model.spec.left_hands == "mirrored":
        metadata[LEFT_HANDS] = model.spec.left_hands
    if model.spec.hand:
        metadata[HAND] = model.spec.hand
    if model.spec.landmarker:
        metadata[LANDMARKER] = model.spec.landmarker
    if model.spec.background_label in model.spec.classes:
        metadata[BACKGROUND_LABEL] = model.spec.background_label
    if model.spec.stream:
        metadata[STREAM_SETTINGS] = json.dumps(asdict(model.spec.stream), ensure_ascii=False)
    return metadata | _calibration_metadata(model) | _provenance_metadata(provenance)


def made_by_handloom(metadata: Mapping[str, str]) -> bool:
    """Whether a file's metadata are handloom's; before it always said so, a calibrated model or one's origin told."""
    own = {TRAINED_WITH, LEFT_HANDS, BACKGROUND_LABEL, RECOMMENDED_THRESHOLDS, TEMPERATURE}
    return not own.isdisjoint(metadata)


def with_vision_confidence(poses: Poses) -> Poses:
    """Joints as a model of Create ML's has to get them: a confidence of 1, which Vision never gives, becomes 0.94."""
    changed = poses.copy()
    changed[..., 2, :][poses[..., 2, :] == 1] = VISION_CONFIDENCE
    return changed


def frame_rate_of(metadata: Mapping[str, str]) -> float:
    """The rate that a model was trained at, frames/s; Create ML's usual one where the metadata have none.

    Raises:
        ValueError: it is no number above 0 and at most `FASTEST`.
    """
    text = metadata.get(TARGET_FRAME_RATE, str(USUAL_FRAME_RATE))
    rate = float(text)
    if not 0 < rate <= FASTEST:
        raise ValueError(f"{text} frames/s")
    return rate


def left_hands_of(metadata: Mapping[str, str]) -> Literal["as_they_are", "mirrored"]:
    """What becomes of left hands before a model is asked; they stay as they are where the metadata say nothing.

    Raises:
        ValueError: the metadata say anything else.
    """
    text = metadata.get(LEFT_HANDS, "as_they_are")
    if text == "mirrored":
        return "mirrored"
    if text != "as_they_are":
        raise ValueError(f"{LEFT_HANDS} is {text!r}")
    return "as_they_are"


def hand_of(metadata: Mapping[str, str]) -> HandChoice | Literal[""]:
    """Which of two hands a model was trained to take (`extract_keypoints.hand`); empty where the metadata say nothing.

    Raises:
        ValueError: they name a rule that there is not.
    """
    text = metadata.get(HAND, "")
    for rule in HAND_CHOICES:
        if rule == text:
            return rule
    if text:
        raise ValueError(f"{HAND} is {text!r}")
    return ""


def thresholds_of(metadata: Mapping[str, str], classes: Sequence[str]) -> dict[str, float]:
    """The recommended thresholds by class; empty where the metadata have none.

    Raises:
        ValueError: they are no JSON object from some of the classes, each once, to probabilities.
    """
    if RECOMMENDED_THRESHOLDS not in metadata:
        return {}
    try:
        pairs = json.loads(metadata[RECOMMENDED_THRESHOLDS], object_pairs_hook=tuple)
    except (ValueError, RecursionError):
        pairs = None
    if not isinstance(pairs, tuple):
        raise ValueError("no JSON object")
    for label, value in pairs:
        if label not in classes:
            raise ValueError(f"{label!r} is none of the classes")
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
            raise ValueError(f"no probability for {label!r}")
    found = {label: float(value) for label, value in pairs}
    if len(found) < len(pairs):
        raise ValueError("a class twice")
    return found


def stream_settings_of(metadata: Mapping[str, str], classes: Sequence[str]) -> StreamSettings | None:
    """When a gesture counts in a stream; None where the metadata say nothing. Further keys are not read.

    Raises:
        ValueError: they are not as `user_metadata` writes them.
    """
    if STREAM_SETTINGS not in metadata:
        return None
    try:
        content = dict(json.loads(metadata[STREAM_SETTINGS]))
        known = {one.name: content[one.name] for one in fields(StreamSettings) if one.name in content}
        found = section_from(StreamSettings, known)
    except (ValueError, TypeError, RecursionError):
        raise ValueError(f"{STREAM_SETTINGS} is {printable(metadata[STREAM_SETTINGS])[:80]!r}") from None
    if not set(found.thresholds) <= set(classes):
        raise ValueError(f"{STREAM_SETTINGS} names {sorted(set(found.thresholds) - set(classes))[0]!r}, no class")
    return found


def _provenance_metadata(provenance: "Provenance | None") -> dict[str, str]:
    if provenance is None:
        return {}
    known = {
        "Training Fingerprint": provenance.fingerprint,
        "MLflow Run": provenance.old_run_id,
        "Training Data SHA-256": provenance.keypoints_sha256,
        "Split SHA-256": provenance.split_sha256,
        "Landmarks": provenance.landmarks,
    }
    return {name: value for name, value in known.items() if value}


def _calibration_metadata(model: "TrainedModel") -> dict[str, str]:
    if model.calibration is None:
        return {}
    known = {
        TEMPERATURE: model.calibration.temperature,
        RECOMMENDED_THRESHOLDS: model.calibration.thresholds or None,
        FALSE_ACTIVATION_RATE: model.calibration.false_activation_rate,
        FALSE_ACTIVATION_RATE_AT_THRESHOLDS: model.calibration.false_activation_rate_at_thresholds,
    }
    return {name: json.dumps(value, ensure_ascii=False) for name, value in known.items() if value is not None}


def feature_descriptions(model: "TrainedModel") -> dict[str, str]:
    """What input and outputs say of themselves."""
    category, window = _CATEGORIES[model.spec.kind], model.spec.window
    frames = "1 frame" if window == 1 else f"{window} frames, oldest first"
    mirrored = (
        " The x of a left hand has to be mirrored (1 - x) before prediction."
        if model.spec.left_hands == "mirrored"
        else ""
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


def self_describing(model: "TrainedModel", metadata: Mapping[str, str]) -> dict[str, str]:
    """The metadata for a format that knows neither labels nor descriptions of input and output: with these."""
    descriptions = feature_descriptions(model)
    return {
        **metadata,
        CLASS_LABELS: json.dumps(model.spec.classes, ensure_ascii=False),
        f"Description of {POSES}": descriptions[POSES],
        f"Description of {LABEL_PROBABILITIES}": f"{descriptions[LABEL_PROBABILITIES]} Their order is that of"
        f" {CLASS_LABELS}.",
    }


def labels_of(metadata: Mapping[str, str]) -> list[str]:
    """The labels that `self_describing` wrote; none where there are none, one is empty or double, or it is no list."""
    try:
        labels = json.loads(metadata[CLASS_LABELS])
    except (KeyError, ValueError, RecursionError):
        return []
    if not isinstance(labels, list) or not all(isinstance(label, str) and label for label in labels):
        return []
    return labels if len(set(labels)) == len(labels) else []
