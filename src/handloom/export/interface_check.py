"""A saved file against what an app counts on: the interface of Create ML's hand classifiers, and the metadata.

The rows of `check_interface` are those of seven models that Create ML exported between 2021 and 2025, which agree in
all of them. A package (`.mlpackage`) cannot be the same in its container, version and type; there the row says what
takes its place.
"""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from handloom.config import HAND_CHOICES
from handloom.errors import printable
from handloom.export.comparison import Limits, differences
from handloom.export.exported import ExportedModel
from handloom.export.hard_cases import hard_cases, plain_hand
from handloom.export.interface import (
    BACKGROUND_LABEL,
    HAND,
    LABEL,
    LABEL_PROBABILITIES,
    LEFT_HANDS,
    LONGEST_WINDOW,
    MODEL_METADATA,
    POSES,
    PREDICTION_WINDOW_SIZE,
    PREVIEW_TYPE,
    PREVIEW_TYPES,
    RECOMMENDED_THRESHOLDS,
    TARGET_FRAME_RATE,
    frame_rate_of,
    made_by_handloom,
    thresholds_of,
    user_metadata,
    with_vision_confidence,
)
from handloom.export.self_check import read_self_check, sha256_without_seal
from handloom.export.specification import argument, class_labels, operations
from handloom.export.task_model import looks_whole
from handloom.hand import CHANNELS, JOINT_COUNT, JOINTS
from handloom.models.files import ML_PROGRAM, NEURAL_NETWORK, TASK

if TYPE_CHECKING:
    from handloom.models.checkpoint import TrainedModel

TOGETHER = 0.01  # how far the sum of all probabilities may be from 1; half precision rounds each
SHOWN = 80  # characters of a file's text in a row


@dataclass(frozen=True)
class InterfaceRow:
    """One property of the interface.

    Attributes:
        item: what it is.
        expected: what Create ML's models have.
        found: what this file has.
        passed: whether an app that was written for Create ML's model is served.
    """

    item: str
    expected: str
    found: str
    passed: bool


def check_interface(path: Path, spec: Any) -> list[InterfaceRow]:
    """Compare a file, and its specification as `read_specification` gives it, with Create ML's interface."""
    program = spec.WhichOneof("Type") == "mlProgram"
    description, user = spec.description, spec.description.metadata.userDefined
    window = user.get(PREDICTION_WINDOW_SIZE, "?")
    # A package's outputs stand in the order that coremltools gives them; Core ML finds them by name.
    outputs = sorted(description.output, key=lambda output: output.name == LABEL) if program else description.output
    shape = f"[{window}, {len(CHANNELS)}, {JOINT_COUNT}]"
    rows = [
        _row("container", ML_PROGRAM if program else NEURAL_NETWORK, path.suffix),
        _version(spec, program),
        _row("model type", "mlProgram" if program else "neuralNetworkClassifier", spec.WhichOneof("Type")),
        _row("updatable", "no", "yes" if spec.isUpdatable else "no"),
        _row("inputs", f"{POSES}: FLOAT32 {shape}", _features(description.input)),
        _row("optional or flexible inputs", "none", _flexible(description.input)),
        _row("outputs", f"{LABEL_PROBABILITIES}: dictionary by string, {LABEL}: string", _features(outputs)),
        _row("predictedFeatureName", LABEL, description.predictedFeatureName),
        _row("predictedProbabilitiesName", LABEL_PROBABILITIES, description.predictedProbabilitiesName),
        _labels(spec, program),
        _row("probabilities made by", "softmax", _maker(spec, program)),
        _row("joint order in the description of the input", "the 21 joints", _joint_order(description.input)),
    ]
    if not program:
        network = getattr(spec, spec.WhichOneof("Type"))
        rows += [
            _row(
                "labelProbabilityLayerName", LABEL_PROBABILITIES, getattr(network, "labelProbabilityLayerName", "none")
            ),
            _row("array input mapping", "exact", _mapping(network)),
            _row("preprocessing", "none", "some" if len(getattr(network, "preprocessing", ())) else "none"),
        ]
    return rows


def check_metadata(file: ExportedModel) -> list[InterfaceRow]:
    """Whether what any exported file says of itself can be used by an app."""
    given, window = file.metadata, str(file.shape[0]) if file.shape else "?"
    rows = [
        _row(
            f"metadata: {PREVIEW_TYPE}",
            PREVIEW_TYPES["pose"] if window == "1" else PREVIEW_TYPES["action"],
            given.get(PREVIEW_TYPE, "missing"),
        ),
        _row(f"metadata: {PREDICTION_WINDOW_SIZE}", window, given.get(PREDICTION_WINDOW_SIZE, "missing")),
        _readable(TARGET_FRAME_RATE, "a number of frames/s above 0", given, lambda: frame_rate_of(given)),
    ]
    if TARGET_FRAME_RATE not in given:
        rows[-1] = _row(rows[-1].item, rows[-1].expected, "missing")
    if RECOMMENDED_THRESHOLDS in given:
        expected = "a probability for some of the classes"
        rows.append(
            _readable(RECOMMENDED_THRESHOLDS, expected, given, lambda: thresholds_of(given, file.classes), "as due")
        )
    if BACKGROUND_LABEL in given:
        known = given[BACKGROUND_LABEL] in file.classes
        rows.append(InterfaceRow(f"metadata: {BACKGROUND_LABEL}", "a class", _short(given[BACKGROUND_LABEL]), known))
    if LEFT_HANDS in given:
        rows.append(_row(f"metadata: {LEFT_HANDS}", "mirrored", given[LEFT_HANDS]))
    if HAND in given:
        known = given[HAND] in HAND_CHOICES
        rows.append(InterfaceRow(f"metadata: {HAND}", " or ".join(HAND_CHOICES), _short(given[HAND]), known))
    return rows


def check_metadata_against(model: "TrainedModel", metadata: Mapping[str, str]) -> list[InterfaceRow]:
    """A row for each metadata entry that the export writes, and for each further one in the file."""
    expected = user_metadata(model)
    return [
        InterfaceRow(
            f"metadata as the model's: {name}",
            _short(expected.get(name, "none")),
            _short(metadata.get(name, "none")),
            _same_value(expected.get(name), metadata.get(name)),
        )
        for name in MODEL_METADATA
        if name in expected or name in metadata
    ]


def check_answers(file: ExportedModel) -> InterfaceRow:
    """Run a file on a drawn hand and what becomes of one (`hard_cases`): whether probabilities come out each time."""
    item, expected = "answers of a drawn hand", "probabilities, together 1"
    if file.shape[1:] != (len(CHANNELS), JOINT_COUNT) or not 0 < file.shape[0] <= LONGEST_WINDOW:
        return InterfaceRow(item, expected, f"it takes {list(file.shape)}, no window of hands", False)
    hand = plain_hand(file.shape[0])
    if not made_by_handloom(file.metadata):
        hand = with_vision_confidence(hand)
    for name, windows in {"a drawn hand": hand[None], **hard_cases(hand[None])}.items():
        found = file.run(windows[0]).astype(np.float64)
        if not np.isfinite(found).all() or (found < 0).any() or abs(found.sum() - 1) > TOGETHER:
            return InterfaceRow(item, expected, f"{np.array2string(found[:3], precision=3)} for {name}", False)
    return InterfaceRow(item, expected, expected, True)


def check_self(path: Path, file: ExportedModel, limits: Limits) -> list[InterfaceRow]:
    """What the file carries to prove itself (`self_check`); no row where it carries nothing."""
    asked, written = "probes in the metadata", "bytes as they were written"
    try:
        carried = read_self_check(file.metadata)
    except ValueError as error:
        return [InterfaceRow(asked, "probes", str(error), False)]
    if carried is None:
        return []
    if carried.windows.shape[1:] != file.shape or sorted(carried.labels) != sorted(file.classes):
        return [InterfaceRow(asked, "probes", "they are of another window, or have other labels", False)]
    order = [file.classes.index(label) for label in carried.labels]
    asked_of = looks_whole(carried.windows) if path.suffix == TASK else np.ones(len(carried.windows), bool)
    if not asked_of.any():
        return [InterfaceRow(asked, "probes", "none that this format can be asked", False)]
    found = np.stack([file.run(window) for window in carried.windows[asked_of]])[:, order]
    apart = differences(found, carried.probabilities[asked_of]).max()
    same = carried.sha256 == sha256_without_seal(path)
    return [
        InterfaceRow(
            f"{len(found)} {asked}",
            f"probabilities within {limits.largest_difference:g} of the trained model's",
            f"within {apart:.1e}",
            bool(apart <= limits.largest_difference),
        ),
        InterfaceRow(written, "the sha256 in the metadata", "the same" if same else "another", same),
    ]


def _same_value(one: str | None, other: str | None) -> bool:
    """Equal as texts or, since numbers may be written in several ways, as JSON."""
    if one is None or other is None or one == other:
        return one == other
    try:
        return bool(json.loads(one) == json.loads(other))
    except (ValueError, RecursionError):
        return False


def _readable(
    name: str, expected: str, given: Mapping[str, str], read: Callable[[], Any], found: str | None = None
) -> InterfaceRow:
    """A row on an entry that has a form of its own: what it is, or what is wrong with it."""
    try:
        read()
    except ValueError as error:
        return InterfaceRow(f"metadata: {name}", expected, f"{_short(given[name])} ({_short(str(error))})", False)
    return InterfaceRow(f"metadata: {name}", expected, found or _short(given[name]), True)


def _short(text: str) -> str:
    """A text of a file as it can stand in a row, whatever it holds."""
    return printable(text) if len(text) <= SHOWN else f"{printable(text[:SHOWN])}…"


def _row(item: str, expected: str, found: str) -> InterfaceRow:
    return InterfaceRow(item, expected, _short(found), expected == found)


def _version(spec: Any, program: bool) -> InterfaceRow:
    version = spec.specificationVersion
    if program:
        return InterfaceRow("specification version", "6 (iOS 15) or later", str(version), version >= 6)
    return InterfaceRow("specification version", "4, at most 5 (iOS 14)", str(version), version in (4, 5))


def _features(features: Any) -> str:
    return ", ".join(f"{feature.name}: {_type(feature.type)}" for feature in features)


def _type(feature: Any) -> str:
    kind = feature.WhichOneof("Type")
    if kind == "multiArrayType":
        array = feature.multiArrayType
        return f"{array.ArrayDataType.Name(array.dataType)} {list(array.shape)}"
    if kind == "dictionaryType":
        key = feature.dictionaryType.WhichOneof("KeyType")
        return f"dictionary by {(key or 'nothing').removesuffix('KeyType')}"
    return (kind or "nothing").removesuffix("Type")


def _flexible(features: Any) -> str:
    found = [
        feature.name
        for feature in features
        if feature.type.isOptional or feature.type.multiArrayType.WhichOneof("ShapeFlexibility")
    ]
    return ", ".join(found) or "none"


def _labels(spec: Any, program: bool) -> InterfaceRow:
    """Class labels: texts, each once."""
    labels = class_labels(spec)
    twice = [label for label, count in Counter(labels).items() if count > 1]
    found = f"{_short(twice[0])} and others twice" if twice else f"{len(labels)} texts" if labels else "none"
    if "" in labels:
        found = "an empty text"
    return InterfaceRow("labels", "texts, each once", found, bool(labels) and all(labels) and not twice)


def _maker(spec: Any, program: bool) -> str:
    """The type of the operation or layer that makes the probabilities; "softmax" for each of Core ML's two layers."""
    if program:
        makers = {output.name: operation for operation in operations(spec) for output in operation.outputs}
        classify = next((one for one in operations(spec) if one.type == "classify"), None)
        if classify is None:
            return "no classify operation"
        maker = makers.get(_name_given(classify, "probabilities"))
        for _ in range(len(makers)):  # a cast may, in a damaged file, be its own input
            if maker is None or maker.type != "cast":
                break
            maker = makers.get(_name_given(maker, "x"))
        return "unknown" if maker is None else str(maker.type)
    network = getattr(spec, spec.WhichOneof("Type"))
    for layer in reversed(getattr(network, "layers", ())):  # the last one that writes it counts
        if spec.description.predictedProbabilitiesName in layer.output:
            return str(layer.WhichOneof("layer")).removesuffix("ND")
    return "unknown"


def _name_given(operation: Any, parameter: str) -> str:
    given = argument(operation, parameter)
    return given.name if given else ""


def _joint_order(features: Any) -> str:
    """Whether a description names all joints one after another, whatever stands between them."""
    for feature in features:
        text, place = feature.shortDescription, 0
        for joint in JOINTS:
            place = text.find(joint, place) + 1
            if not place:
                break
        else:
            return "the 21 joints"
    return "not stated"


def _mapping(network: Any) -> str:
    exact = 1  # NeuralNetworkMultiArrayShapeMapping.EXACT_ARRAY_MAPPING
    return "exact" if getattr(network, "arrayInputShapeMapping", 0) == exact else "by rank 5"
