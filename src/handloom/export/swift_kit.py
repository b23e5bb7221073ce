"""Swift for the app: the package HandloomKit, copied next to a model, and a few lines that call one trained model.

The package's source files travel with handloom.
"""

import unicodedata
from collections.abc import Iterator, Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from handloom.hand import CHANNELS, JOINT_COUNT
from handloom.models.model import DEFAULT_THRESHOLD, ModelSpec, usual_stride
from handloom.support.files import replacing

PACKAGE_NAME = "HandloomKit"

_NO_TEXT = {"Cc", "Cf", "Zl", "Zp"}  # characters that a literal does not show, or cannot hold


def write_swift_package(to: Path) -> None:
    """Write the package `HandloomKit` as the folder `to`, in place of what is there."""
    with replacing(to) as temporary:
        for path, source in _sources(files("handloom.export") / "swift" / PACKAGE_NAME, Path()):
            target = temporary / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(source.read_bytes())


def _sources(folder: Traversable, path: Path) -> Iterator[tuple[Path, Traversable]]:
    """All files below `folder`, sorted; hidden ones are left out, since Swift builds into one."""
    for source in sorted(folder.iterdir(), key=lambda one: one.name):
        if source.name.startswith("."):
            continue
        if source.is_dir():
            yield from _sources(source, path / source.name)
        else:
            yield path / source.name, source


def swift_string(text: str) -> str:
    """`text` as a literal of Swift."""
    return '"' + "".join(_escaped(character) for character in text) + '"'


def _escaped(character: str) -> str:
    if character in '\\"':
        return "\\" + character
    return f"\\u{{{ord(character):x}}}" if unicodedata.category(character) in _NO_TEXT else character


def with_package(spec: ModelSpec, class_name: str) -> str:
    """Events by HandloomKit, from the class that Xcode makes of the file.

    Stream settings in the file count as they are; without them the code has values to start with.
    """
    pose = spec.kind == "pose"
    wrapper, time = ("HandPoseClassifier", "") if pose else ("HandActionClassifier", ", at: seconds")
    start = ", smoothing: .mean(count: 5), holdTime: 0.3" if pose else ", cooldown: 0.5"
    settings = "" if spec.stream else start
    return f"""\
import CoreML
import HandloomKit

let model = try {class_name}(configuration: MLModelConfiguration()).model
let classifier = try HandloomKit.{wrapper}(model: model)
var recognizer = HandGestureRecognizer(metadata: classifier.metadata{settings})

// For each camera frame, whatever the camera's rate:
let outcome = try classifier.classify(pixelBuffer, orientation: .up{time})
for event in recognizer.update(with: outcome, at: seconds) {{
    print(event)  // began("...") or ended("...")
}}
"""


def without_package(spec: ModelSpec, class_name: str, thresholds: Mapping[str, float]) -> str:
    """One prediction with Vision and the class that Xcode makes of the file."""
    parts = [_once(spec, class_name, thresholds), _joints(spec)]
    parts.append(_pose_call(spec) if spec.kind == "pose" else _action_call(spec))
    return "\n".join(parts)


def _once(spec: ModelSpec, class_name: str, thresholds: Mapping[str, float]) -> str:
    known = ", ".join(f"{swift_string(label)}: {threshold}" for label, threshold in thresholds.items()) or ":"
    lines = [
        f"let classifier = try {class_name}(configuration: MLModelConfiguration())",
        f"let thresholds: [String: Double] = [{known}]",
        "let request = VNDetectHumanHandPoseRequest()",
        "request.maximumHandCount = 1",
    ]
    if spec.kind == "action":
        lines += ["var frames: [MLMultiArray] = []", *_zeros()]
        if spec.left_hands == "mirrored":
            lines.append("var sides: [Int] = []")
    return "\n".join(lines) + "\n"


def _zeros() -> list[str]:
    count = len(CHANNELS) * JOINT_COUNT
    return [
        f"let zeros = try MLMultiArray(shape: [1, {len(CHANNELS)}, {JOINT_COUNT}], dataType: .float32)",
        f"for index in 0..<{count} {{ zeros[index] = 0 }}",
    ]


def _joints(spec: ModelSpec) -> str:
    rate = "" if spec.kind == "pose" else f", {spec.frame_rate:g} times a second"
    lines = [
        f"// For each frame{rate}:",
        "try VNImageRequestHandler(cvPixelBuffer: pixelBuffer, orientation: .up).perform([request])",
        "let hand = request.results?.first",
        "let joints = try hand?.keypointsMultiArray()",
    ]
    if spec.left_hands == "mirrored" and spec.kind == "pose":
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


def _pose_call(spec: ModelSpec) -> str:
    return f"""\
if let joints = joints {{
{_decision(spec, "joints")}}}
"""


def _action_call(spec: ModelSpec) -> str:
    mirrored = spec.left_hands == "mirrored"
    lines = [
        "frames.append(joints ?? zeros)",
        f"if frames.count > {spec.window} {{ frames.removeFirst() }}",
        *(_sides(spec.window) if mirrored else []),
        f"if frames.count == {spec.window} {{  // {_how_often(spec)}",
        "    let poses = MLMultiArray(concatenating: frames, axis: 0, dataType: .float32)",
        *(_mirrored_window(spec.window) if mirrored else []),
    ]
    return "\n".join(lines) + f"\n{_decision(spec, 'poses')}}}\n"


def _how_often(spec: ModelSpec) -> str:
    stride = spec.stream.stride if spec.stream else usual_stride(spec.window)
    return "ask at each frame" if stride == 1 else f"it is often enough to ask every {stride} frames"


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


def _decision(spec: ModelSpec, poses: str) -> str:
    background = spec.background_label
    gesture = f"output.label != {swift_string(background)}, " if background in spec.classes else ""
    return f"""\
    let output = try classifier.prediction(poses: {poses})
    let probability = output.labelProbabilities[output.label] ?? 0
    if {gesture}probability >= thresholds[output.label, default: {DEFAULT_THRESHOLD}] {{
        print(output.label, probability)
    }}
"""
