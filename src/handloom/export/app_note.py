"""The note next to an exported model: one page that tells an app's developer what the model needs."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import ROUND_FLOOR, Decimal
from pathlib import PurePath
from types import MappingProxyType

from handloom.errors import printable
from handloom.evaluation.robustness import MOVED_BY
from handloom.export.agreement import Pair
from handloom.export.interface import FILE_NAMES, LABEL, LABEL_PROBABILITIES, POSES
from handloom.export.swift_kit import PACKAGE_NAME, with_package, without_package
from handloom.hand import CHANNELS, JOINT_COUNT, JOINTS
from handloom.keypoint_table import CREATE_ML, VISION
from handloom.models.checkpoint import TrainedModel
from handloom.models.files import CORE_AI, CORE_ML, LITERT, ML_PROGRAM, NEURAL_NETWORK, ONNX, TASK
from handloom.models.model import DEFAULT_THRESHOLD, MINIMUM_PRESENCE, ModelSpec, StreamSettings

_USES = {
    NEURAL_NETWORK: "iOS 14 and macOS 11 on: older ones have no hand request in Vision",
    ML_PROGRAM: "iOS 15 and macOS 12 on",
    CORE_AI: "Core AI, iOS 27 and macOS 27 on; the labels stand in its metadata, as `Class Labels`",
    LITERT: "LiteRT (TensorFlow Lite): Android, web; the labels stand in its metadata, as `Class Labels`",
    TASK: "MediaPipe's GestureRecognizer: Android, web, iOS, desktop; photos and video in, labels out",
    ONNX: "other platforms; it takes any number of windows at once and gives probabilities in the labels' order",
}


def app_note(
    model: TrainedModel,
    files: Sequence[str],
    compressed: bool = False,
    pairs: Sequence[Pair] = (),
    robustness: Mapping[str, float] = MappingProxyType({}),
) -> str:
    """The note as Markdown. It depends on nothing but the arguments.

    Args:
        model: the trained classifier.
        files: the exported files; only their names are used.
        compressed: whether the weights in the Core ML files are stored in 8 bits or fewer.
        pairs: the runtimes against each other.
        robustness: accuracies by name, see `handloom.evaluation.robustness`.
    """
    names = [PurePath(file).name for file in files]
    core_ml = [name for name in names if name.endswith(CORE_ML)]
    class_name = PurePath(core_ml[0]).stem if core_ml else FILE_NAMES[model.spec.kind]
    sections = [
        f"# {class_name}: what the app needs\n\nWritten by handloom from the trained model.",
        _files(names, class_name, compressed),
        _model(model),
        _labels(model),
        _input(model.spec),
        _joints(model.spec, robustness),
        _call(model, class_name),
        _agreement(pairs),
    ]
    return "\n\n".join(filter(None, sections)) + "\n"


def _files(names: Sequence[str], class_name: str, compressed: bool) -> str:
    rows = [f"| {_code(name)} | {_use(name, compressed)} |" for name in names]
    table = "\n".join(["| file | for |", "| --- | --- |", *rows])
    both = {PurePath(name).suffix for name in names} >= set(CORE_ML)
    one = " Put only one of the two into the app: both make the same class." if both else ""
    return f"## Files\n\n{table}\n\nXcode makes the class {_code(class_name)} from a Core ML file's name.{one}"


def _use(name: str, compressed: bool) -> str:
    suffix = PurePath(name).suffix
    if suffix == ML_PROGRAM and compressed:
        return "iOS 16 and macOS 13 on: its weights are compressed"
    return _USES.get(suffix, "see the file itself")


def _model(model: TrainedModel) -> str:
    frames, rate = model.spec.window, model.spec.frame_rate
    shape = f"[{frames}, {len(CHANNELS)}, {JOINT_COUNT}]"
    if frames == 1:
        window = "One frame is enough; frames do not depend on each other."
    else:
        window = f"A window of {frames} frames at {rate:g} frames/s: {frames / rate:.3g} s, oldest first."
    lines = [
        f"- {window}",
        f"- Input `{POSES}`, float32 {shape}. Outputs `{LABEL}`, a string, and `{LABEL_PROBABILITIES}`,"
        " `[String: Double]`.",
        f"- {_temperature(model)}",
    ]
    return "## The model\n\n" + "\n".join(lines)


def _temperature(model: TrainedModel) -> str:
    if model.calibration is None:
        return "The probabilities are not calibrated: there was no validation set to learn it from."
    temperature = model.calibration.temperature
    was = (
        "was too sure of itself" if temperature > 1 else "was not sure enough" if temperature < 1 else "was about right"
    )
    return (
        f"The probabilities are calibrated on {model.calibration.examples} validation examples. The network {was}, so"
        f" its scores are divided by {temperature:.3g} (the temperature) inside the file. Take them as they are."
    )


def _labels(model: TrainedModel) -> str:
    thresholds = _thresholds(model)
    rows = [
        f"| {index} | {_code(label)} | {_threshold_cell(model.spec, thresholds.get(label), label)} |"
        for index, label in enumerate(model.spec.classes)
    ]
    table = "\n".join(["| | label | recommended threshold |", "| --- | --- | --- |", *rows])
    return f"## Labels, in order\n\n{table}\n\n{' '.join(_advice(model, thresholds))}"


def _thresholds(model: TrainedModel) -> dict[str, float]:
    """Those of gestures, in streams where they were chosen there.

    They are rounded down: an answer that just reached the exact one still does.
    """
    stream = model.spec.stream
    known = model.thresholds
    if stream:
        known = {label: stream.thresholds.get(label, stream.threshold) for label in model.spec.classes}
    return {
        label: float(Decimal(repr(known[label])).quantize(Decimal("0.0001"), ROUND_FLOOR))
        for label in model.spec.classes
        if label in known and label != model.spec.background_label
    }


def _threshold_cell(spec: ModelSpec, threshold: float | None, label: str) -> str:
    if label == spec.background_label:
        return "no gesture: do nothing"
    return "none known" if threshold is None else str(threshold)


def _advice(model: TrainedModel, thresholds: dict[str, float]) -> Iterator[str]:
    gestures = [label for label in model.spec.classes if label != model.spec.background_label]
    if thresholds:
        yield "Believe an answer only if its probability reaches the threshold of its class."
    if len(thresholds) < len(gestures):
        yield f"Where no threshold is known, start with {DEFAULT_THRESHOLD}."
    if model.spec.stream:
        yield _for_streams(model.spec.stream)
    if model.spec.background_label not in model.spec.classes:
        yield "No class stands for no gesture: any hand gets one of the labels, so the thresholds alone keep it out."
    calibration = model.calibration
    if calibration and calibration.false_activation_rate is not None:
        taken = f"{calibration.false_activation_rate:.1%}"
        at_thresholds = calibration.false_activation_rate_at_thresholds
        also = "" if at_thresholds is None or model.spec.stream else f", with the thresholds {at_thresholds:.1%}"
        yield f"The false activation rate on the validation set is {taken}{also}."


def _for_streams(stream: StreamSettings) -> str:
    chosen = "are for streams"
    if stream.false_per_hour is not None:
        chosen = f"were chosen on streams (limit of false answers an hour: {stream.false_per_hour:g})"
    mean = "no mean of predictions" if stream.mean == 1 else f"a mean of {stream.mean} predictions"
    return (
        f"The thresholds {chosen}, with a hold time of {stream.hold_time:g} s, a cooldown of"
        f" {stream.cooldown:g} s and {mean}. {PACKAGE_NAME} reads them all from the file; the code without it has only"
        " the thresholds."
    )


def _input(spec: ModelSpec) -> str:
    lines = [
        "- Each frame is what Vision's `keypointsMultiArray()` gives: all x, then all y, then all confidences.",
        "- x and y are fractions of the upright picture's width and height. The origin is at the **lower left**.",
        f"- The {JOINT_COUNT} joints, in order: {', '.join(JOINTS)}.",
    ]
    action = spec.kind == "action"
    if action:
        lines.append(
            f"- A frame without a hand is all zeros. Predict only if {MINIMUM_PRESENCE:.0%} of the frames hold a hand."
        )
    else:
        lines.append("- Do not ask the model where there is no hand.")
    if spec.left_hands == "mirrored":
        lines.append(
            "- **Mirror left hands** first: x becomes 1 - x where the confidence is above 0. Vision tells left from"
            " right (`chirality`) from iOS 15 and macOS 12 on."
            + (" Mirror all frames of a window, or none: if more of them are left hands than right ones." * action)
        )
    lines.append("- Give Vision pictures that are not mirrored, also from the front camera, and the right orientation.")
    return "## Input\n\n" + "\n".join(lines)


def _joints(spec: ModelSpec, robustness: Mapping[str, float]) -> str:
    """Whose joints the model has seen, and what it costs that the app's lie elsewhere."""
    lines = []
    if spec.landmarker:
        by_vision = {VISION, CREATE_ML} & set(spec.landmarker.split(", "))
        elsewhere = "" if by_vision else " Vision's joints lie elsewhere, by a part of the palm's length."
        lines.append(f"- The joints of the training were found by {_code(spec.landmarker)}.{elsewhere}")
    if robustness:
        moved = ", ".join(
            f"by {name.removeprefix(MOVED_BY).replace('_percent', ' %')} {accuracy:.1%}"
            for name, accuracy in robustness.items()
        )
        lines.append(
            f"- Accuracy on the test set if each joint lies elsewhere, in shares of the palm's length: {moved}."
        )
    if not lines:
        return ""
    lines.append(
        f"- On a Mac, `handloom-joints` in `{PACKAGE_NAME}` writes the joints of Vision as a table to train on."
    )
    return "## Other joints than the training's\n\n" + "\n".join(lines)


def _agreement(pairs: Sequence[Pair]) -> str:
    """Each runtime against each other, one row per pair and one column per part."""
    if not pairs:
        return ""
    parts = list(dict.fromkeys(pair.part for pair in pairs))
    rows: dict[tuple[str, str], dict[str, str]] = {}
    for pair in pairs:
        told = f"{pair.other_labels} of {pair.rows}, {pair.largest_difference:.0e}"
        rows.setdefault((pair.one, pair.other), {})[pair.part] = told
    table = [f"| runtimes | {' | '.join(parts)} |", f"| --- |{' --- |' * len(parts)}"]
    table += [
        f"| {one}; {other} | {' | '.join(told.get(part, '') for part in parts)} |"
        for (one, other), told in rows.items()
    ]
    return (
        "## How far apart the runtimes are\n\nRows with another label, and the largest difference of a probability:\n\n"
        + "\n".join(table)
    )


def _call(model: TrainedModel, class_name: str) -> str:
    return (
        f"## Call it\n\nWith the Swift package `{PACKAGE_NAME}`; `seconds` is the frame's time stamp:\n\n"
        f"```swift\n{with_package(model.spec, class_name)}```\n\n"
        "Without it (import CoreML and Vision):\n\n"
        f"```swift\n{without_package(model.spec, class_name, _thresholds(model))}```"
    )


def _code(text: str) -> str:
    """`text` as code inside a table, whatever it holds."""
    fence = "`" * (max((len(run) for run in _runs_of_backticks(text)), default=0) + 1)
    padding = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{padding}{printable(text).replace('|', chr(92) + '|')}{padding}{fence}"


def _runs_of_backticks(text: str) -> Iterator[str]:
    return (run for run in "".join(character if character == "`" else " " for character in text).split())
