"""A few lines of Swift that call one trained model: with the package HandloomKit, and without."""

import unicodedata
from collections.abc import Mapping

from handloom.hand import CHANNELS, JOINT_COUNT
from handloom.models.checkpoint import TrainedModel

DEFAULT_THRESHOLD = 0.8  # where none is known; HandloomKit has the same
REQUIRED_SHARE = 0.6  # of a window's frames that hold a hand; HandloomKit has the same
STRIDE = 5  # frames from one prediction to the next; HandloomKit has the same

_NO_TEXT = {"Cc", "Cf", "Zl", "Zp"}  # characters that a literal does not show, or cannot hold


def swift_string(text: str) -> str:
    """`text` as a literal of Swift."""
    return '"' + "".join(_escaped(character) for character in text) + '"'


def _escaped(character: str) -> str:
    if character in '\\"':
        return "\\" + character
    return f"\\u{{{ord(character):x}}}" if unicodedata.category(character) in _NO_TEXT else character


def with_package(model: TrainedModel, class_name: str) -> str:
    """Events by HandloomKit, from the class that Xcode makes of the file."""
    pose = model.kind == "pose"
    wrapper, time = ("HandPoseClassifier", "") if pose else ("HandActionClassifier", ", at: seconds")
    smoothing = "smoothing: .mean(count: 5), holdTime: 0.3" if pose else "cooldown: 0.5"
    return f"""\
import CoreML
import HandloomKit

let model = try {class_name}(configuration: MLModelConfiguration()).model
let classifier = try HandloomKit.{wrapper}(model: model)
var recognizer = HandGestureRecognizer(metadata: classifier.metadata, {smoothing})

// For each camera frame, whatever the camera's rate:
let outcome = try classifier.classify(pixelBuffer, orientation: .up{time})
for event in recognizer.update(with: outcome, at: seconds) {{
    print(event)  // began("...") or ended("...")
}}
"""


def without_package(model: TrainedModel, class_name: str, thresholds: Mapping[str, float]) -> str:
    """One prediction with Vision and the class that Xcode makes of the file."""
    parts = [_once(model, class_name, thresholds), _joints(model)]
    parts.append(_pose_call(model) if model.kind == "pose" else _action_call(model))
    return "\n".join(parts)


def _once(model: TrainedModel, class_name: str, thresholds: Mapping[str, float]) -> str:
    known = ", ".join(f"{swift_string(label)}: {threshold}" for label, threshold in thresholds.items()) or ":"
    lines = [
        f"let classifier = try {class_name}(configuration: MLModelConfiguration())",
        f"let thresholds: [String: Double] = [{known}]",
        "let request = VNDetectHumanHandPoseRequest()",
        "request.maximumHandCount = 1",
    ]
    if model.kind == "action":
        lines += ["var frames: [MLMultiArray] = []", *_zeros()]
        if model.left_hands == "mirrored":
            lines.append("var sides: [Int] = []")
    return "\n".join(lines) + "\n"


def _zeros() -> list[str]:
    count = len(CHANNELS) * JOINT_COUNT
    return [
        f"let zeros = try MLMultiArray(shape: [1, {len(CHANNELS)}, {JOINT_COUNT}], dataType: .float32)",
        f"for index in 0..<{count} {{ zeros[index] = 0 }}",
    ]


def _joints(model: TrainedModel) -> str:
    rate = "" if model.kind == "pose" else f", {model.frame_rate:g} times a second"
    lines = [
        f"// For each frame{rate}:",
        "try VNImageRequestHandler(cvPixelBuffer: pixelBuffer, orientation: .up).perform([request])",
        "let hand = request.results?.first",
        "let joints = try hand?.keypointsMultiArray()",
    ]
    if model.left_hands == "mirrored" and model.kind == "pose":
        lines += ["if let joints = joints, hand?.chirality == .left {", *_mirror("joints", "joint"), "}"]
    return "\n".join(lines)


def _mirror(array: str, index: str, margin: str = "    ") -> list[str]:
    """Lines that make x to 1 - x where the joint was seen; `index` is that of a joint's x, in terms of `joint`."""
    confidence = f"{CHANNELS.index('confidence') * JOINT_COUNT} + {index}"
    return [
        f"{margin}for joint in 0..<{JOINT_COUNT} where {array}[{confidence}].floatValue > 0 {{",
        f"{margin}    {array}[{index}] = NSNumber(value: 1 - {array}[{index}].floatValue)",
        f"{margin}}}",
    ]


def _pose_call(model: TrainedModel) -> str:
    return f"""\
if let joints = joints {{
{_decision(model, "joints")}}}
"""


def _action_call(model: TrainedModel) -> str:
    mirrored = model.left_hands == "mirrored"
    lines = [
        "frames.append(joints ?? zeros)",
        f"if frames.count > {model.window} {{ frames.removeFirst() }}",
        *(_sides(model.window) if mirrored else []),
        f"if frames.count == {model.window} {{  // every {STRIDE}th frame is often enough",
        "    let poses = MLMultiArray(concatenating: frames, axis: 0, dataType: .float32)",
        *(_mirrored_window(model.window) if mirrored else []),
    ]
    return "\n".join(lines) + f"\n{_decision(model, 'poses')}}}\n"


def _sides(window: int) -> list[str]:
    return [
        "sides.append(hand?.chirality == .left ? 1 : hand?.chirality == .right ? -1 : 0)",
        f"if sides.count > {window} {{ sides.removeFirst() }}",
    ]


def _mirrored_window(window: int) -> list[str]:
    first = len(CHANNELS) * JOINT_COUNT
    return [
        "    if sides.reduce(0, +) > 0 {  // most are left hands",
        f"        for frame in 0..<{window} {{",
        *_mirror("poses", f"{first} * frame + joint", margin=" " * 12),
        "        }",
        "    }",
    ]


def _decision(model: TrainedModel, poses: str) -> str:
    gesture = (
        f"output.label != {swift_string(model.background_label)}, " if model.background_label in model.classes else ""
    )
    return f"""\
    let output = try classifier.prediction(poses: {poses})
    let probability = output.labelProbabilities[output.label] ?? 0
    if {gesture}probability >= thresholds[output.label, default: {DEFAULT_THRESHOLD}] {{
        print(output.label, probability)
    }}
"""
