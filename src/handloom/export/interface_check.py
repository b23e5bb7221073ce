"""A saved Core ML file against the interface of Create ML's hand classifiers.

The rows are those of seven models that Create ML exported between 2021 and 2025, which agree in all of them. A package
(`.mlpackage`) cannot be the same in its container, version and type; there the row says what takes its place.
"""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from handloom.export.interface import (
    LABEL,
    LABEL_PROBABILITIES,
    POSES,
    PREDICTION_WINDOW_SIZE,
    PREVIEW_TYPE,
    PREVIEW_TYPES,
    TARGET_FRAME_RATE,
)
from handloom.export.specification import operations
from handloom.hand import CHANNELS, JOINT_COUNT, JOINTS


@dataclass(frozen=True)
class InterfaceRow:
    """One property of the interface.

    Attributes:
        item: what it is.
        expected: what Create ML's models have.
        found: what this file has.
        agrees: whether an app that was written for Create ML's model is served.
    """

    item: str
    expected: str
    found: str
    agrees: bool


def check_interface(path: Path, spec: Any) -> list[InterfaceRow]:
    """Compare a file, and its specification as `read_specification` gives it, with Create ML's interface."""
    program = spec.WhichOneof("Type") == "mlProgram"
    description, user = spec.description, spec.description.metadata.userDefined
    window = user.get(PREDICTION_WINDOW_SIZE, "?")
    # A package's outputs stand in the order that coremltools gives them; Core ML finds them by name.
    outputs = sorted(description.output, key=lambda output: output.name == LABEL) if program else description.output
    shape = f"[{window}, {len(CHANNELS)}, {JOINT_COUNT}]"
    rows = [
        _row("container", ".mlpackage" if program else ".mlmodel", path.suffix),
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
        _preview(user, window),
        _row("metadata: window", "as the input's", "as the input's" if window.isdigit() else "missing"),
        InterfaceRow(
            f"metadata: {TARGET_FRAME_RATE}",
            "a number",
            user.get(TARGET_FRAME_RATE, "missing"),
            _is_number(user.get(TARGET_FRAME_RATE, "")),
        ),
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


def _row(item: str, expected: str, found: str) -> InterfaceRow:
    return InterfaceRow(item, expected, found, expected == found)


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
    found = f"{labels[0]} and others twice" if twice else f"{len(labels)} texts" if labels else "none"
    return InterfaceRow("labels", "texts, each once", found, bool(labels) and not twice)


def class_labels(spec: Any) -> list[str]:
    """The class labels in the file's order; empty where they are no texts."""
    if spec.WhichOneof("Type") == "mlProgram":
        for operation in operations(spec):
            if operation.type == "classify":
                values = operation.inputs["classes"].arguments[0].value.immediateValue.list.values
                return [value.immediateValue.tensor.strings.values[0] for value in values]
        return []
    network = getattr(spec, spec.WhichOneof("Type"))
    return list(network.stringClassLabels.vector) if hasattr(network, "stringClassLabels") else []


def _maker(spec: Any, program: bool) -> str:
    """The type of the operation or layer that makes the probabilities; "softmax" for each of Core ML's two layers."""
    if program:
        makers = {output.name: operation for operation in operations(spec) for output in operation.outputs}
        classify = next((one for one in operations(spec) if one.type == "classify"), None)
        if classify is None:
            return "no classify operation"
        maker = makers.get(classify.inputs["probabilities"].arguments[0].name)
        while maker is not None and maker.type == "cast":
            maker = makers.get(maker.inputs["x"].arguments[0].name)
        return "unknown" if maker is None else str(maker.type)
    network = getattr(spec, spec.WhichOneof("Type"))
    for layer in getattr(network, "layers", ()):
        if spec.description.predictedProbabilitiesName in layer.output:
            return str(layer.WhichOneof("layer")).removesuffix("ND")
    return "unknown"


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


def _preview(user: Any, window: str) -> InterfaceRow:
    expected = PREVIEW_TYPES["pose"] if window == "1" else PREVIEW_TYPES["action"]
    return _row(f"metadata: {PREVIEW_TYPE}", expected, user.get(PREVIEW_TYPE, "missing"))


def _mapping(network: Any) -> str:
    exact = 1  # NeuralNetworkMultiArrayShapeMapping.EXACT_ARRAY_MAPPING
    return "exact" if getattr(network, "arrayInputShapeMapping", 0) == exact else "by rank 5"


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
