"""The note next to a model says what this very model needs."""

import re
from dataclasses import replace
from typing import Literal

import pytest
import small_models
import torch
import tree_sitter
import tree_sitter_swift
from small_models import with_spec

from handloom.config import KINDS, Kind, Model
from handloom.export.agreement import Pair
from handloom.export.app_note import app_note
from handloom.export.swift_kit import PACKAGE_NAME, swift_string
from handloom.hand import JOINTS
from handloom.models.calibration import Calibration, ClassThreshold
from handloom.models.checkpoint import TrainedModel
from handloom.models.model import ModelSpec, StreamSettings
from handloom.models.network import HandNetwork

WINDOWS: dict[Kind, int] = {"pose": 1, "action": 45}
FILES = ["HandActionClassifier.mlpackage", "HandActionClassifier.mlmodel", "HandActionClassifier.onnx"]
CALIBRATION = replace(
    small_models.CALIBRATION,
    classes=(
        ClassThreshold("fist", 20, 0.62509, 0.9, 0.8),
        ClassThreshold("background", 20, 0.3, 1.0, 0.7),
        ClassThreshold("open hand", 0, None, None, None),
    ),
)


def trained(kind: Kind, calibration: Calibration | None = None) -> TrainedModel:
    torch.manual_seed(0)
    sizes = Model(width=8, frames_per_step=3, frame_features=16, temporal_layers=0 if kind == "pose" else 2)
    classes = ["fist", "background", "open hand"]
    network = HandNetwork(len(classes), WINDOWS[kind], sizes).eval()
    return TrainedModel(network, ModelSpec(kind, classes, WINDOWS[kind], 30.0), calibration)


def swift_in(note: str) -> list[str]:
    return re.findall(r"```swift\n(.*?)```", note, re.DOTALL)


def label_rows(note: str) -> list[tuple[str, str, str]]:
    return re.findall(r"^\| (\d+) \| (.+) \| (.+) \|$", note, re.MULTILINE)


def test_labels_stand_in_order_with_their_thresholds() -> None:
    note = app_note(trained("action", CALIBRATION), FILES)
    assert label_rows(note) == [
        ("0", "`fist`", "0.625"),
        ("1", "`background`", "no gesture: do nothing"),
        ("2", "`open hand`", "none known"),
    ]
    assert "Where no threshold is known, start with 0.8." in note
    assert "The false activation rate on the validation set is 25.0%, with the thresholds 12.5%" in note
    assert '["fist": 0.625]' in swift_in(note)[1]


STARTS: dict[Kind, str] = {"pose": ", smoothing: .mean(count: 5), holdTime: 0.3", "action": ", cooldown: 0.5"}


@pytest.mark.parametrize(("kind", "start"), STARTS.items())
def test_what_was_chosen_on_streams_counts(kind: Kind, start: str) -> None:
    model = trained(kind, CALIBRATION)
    assert f"(metadata: classifier.metadata{start})" in swift_in(app_note(model, FILES))[0]
    chosen = StreamSettings(0.7, 0.3, 0.6, 1, 3, {"fist": 0.95}, 1.0)
    note = app_note(with_spec(model, stream=chosen), FILES)
    assert "(metadata: classifier.metadata)\n" in swift_in(note)[0]
    assert [row[2] for row in label_rows(note)] == ["0.95", "no gesture: do nothing", "0.7"]
    assert '["fist": 0.95, "open hand": 0.7]' in swift_in(note)[1]
    assert "chosen on streams (limit of false answers an hour: 1)" in note
    assert "with a hold time of 0.3 s, a cooldown of 0.6 s and a mean of 3 predictions" in note
    assert "with the thresholds 12.5%" not in note


def test_how_often_to_ask() -> None:
    model = trained("action")
    assert "ask every 15 frames" in app_note(model, FILES)
    assert "ask every 5 frames" in app_note(with_spec(model, stream=StreamSettings(stride=5)), FILES)
    assert "ask at each frame" in app_note(with_spec(model, stream=StreamSettings()), FILES)


def test_thresholds_are_never_rounded_up() -> None:
    classes = (ClassThreshold("fist", 20, 0.99999, 1.0, 1.0),)
    assert label_rows(app_note(trained("pose", replace(CALIBRATION, classes=classes)), FILES))[0][2] == "0.9999"


def test_a_model_without_calibration_says_so() -> None:
    note = app_note(trained("pose"), FILES)
    assert "not calibrated" in note
    assert {row[2] for row in label_rows(note)} == {"none known", "no gesture: do nothing"}
    assert "[String: Double] = [:]" in note


@pytest.mark.parametrize(
    ("temperature", "words"), [(1.5, "was too sure of itself"), (0.5, "was not sure enough"), (1.0, "was about right")]
)
def test_the_temperature_in_words(temperature: float, words: str) -> None:
    assert words in app_note(trained("pose", replace(CALIBRATION, temperature=temperature)), FILES)


def test_a_model_without_a_background_class_says_so() -> None:
    without = app_note(with_spec(trained("pose"), background_label="other"), FILES)
    assert "No class stands for no gesture" in without
    assert "output.label !=" not in without
    note = app_note(trained("pose"), FILES)
    assert "No class stands for no gesture" not in note
    assert 'if output.label != "background", probability' in note


def test_window_rate_and_joints() -> None:
    note = app_note(trained("action"), FILES)
    assert "A window of 45 frames at 30 frames/s: 1.5 s, oldest first." in note
    assert "[45, 3, 21]" in note
    assert ", ".join(JOINTS) in note
    assert "lower left" in note
    assert "all zeros" in note
    assert "[1, 3, 21]" in app_note(trained("pose"), FILES)


def test_each_file_says_what_it_is_for() -> None:
    note = app_note(trained("action"), FILES)
    assert "| `HandActionClassifier.mlpackage` | iOS 15 and macOS 12 on |" in note
    assert "| `HandActionClassifier.mlmodel` | iOS 14 and macOS 11 on" in note
    assert "| `HandActionClassifier.onnx` | other platforms" in note
    assert "Put only one of the two" in note
    assert "iOS 16" in app_note(trained("action"), FILES, compressed=True)
    assert "Put only one" not in app_note(trained("action"), FILES[:1])


def test_only_the_files_names_are_told() -> None:
    note = app_note(trained("pose"), ["/home/someone/exports/Waves.mlmodel"])
    assert "/home" not in note
    assert "the class `Waves`" in note
    assert "try Waves(configuration" in note


def test_left_hands_are_mirrored_only_if_they_have_to_be() -> None:
    pose, note = (app_note(with_spec(trained(kind), left_hands="mirrored"), FILES) for kind in KINDS)
    assert "**Mirror left hands**" in pose and "**Mirror left hands**" in note
    assert "joints[42 + joint].floatValue > 0" in pose and "poses[42 + 63 * frame + joint].floatValue > 0" in note
    assert "irror left" not in app_note(trained("action"), FILES)
    assert "Mirror all frames of a window, or none" in note and "if sides.reduce(0, +) > 0" in swift_in(note)[1]
    assert "chirality" not in app_note(trained("action"), FILES)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("left_hands", ["as_they_are", "mirrored"])
def test_the_swift_parses_and_calls_this_model(kind: Kind, left_hands: Literal["as_they_are", "mirrored"]) -> None:
    parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_swift.language()))
    model = with_spec(trained(kind, CALIBRATION), left_hands=left_hands)
    with_package, without = swift_in(app_note(model, FILES))
    for swift in (with_package, without):
        assert not parser.parse(swift.encode()).root_node.has_error
    assert f"import {PACKAGE_NAME}" in with_package
    assert ("at: seconds)\nfor" in with_package) == (kind == "action")
    assert ("frames.count == 45" in without) == (kind == "action")


def test_strange_labels_break_neither_the_table_nor_the_swift() -> None:
    strange = 'a|b`c"\\d\n'
    model = trained("pose", replace(CALIBRATION, classes=(ClassThreshold(strange, 1, 0.5, 1.0, 1.0),)))
    note = app_note(with_spec(model, classes=[strange, "background", "`"]), FILES)
    assert [row[1] for row in label_rows(note)] == ['``a\\|b`c"\\d\\n``', "`background`", "`` ` ``"]
    assert r'"a|b`c\"\\d\u{a}": 0.5' in note
    assert swift_string("ä\u202e") == '"ä\\u{202e}"'


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_about_a_page(kind: Kind) -> None:
    assert len(app_note(trained(kind, CALIBRATION), FILES).splitlines()) < 100


def test_whose_joints_the_training_saw_and_what_other_joints_cost() -> None:
    numbers = {"accuracy_joints_moved_by_10_percent": 0.987, "accuracy_joints_moved_by_20_percent": 0.9}
    for landmarker, elsewhere in (("mediapipe-hand-full", True), ("leap, vision", False), ("create_ml", False)):
        note = app_note(with_spec(trained("pose"), landmarker=landmarker), FILES, robustness=numbers)
        assert f"found by `{landmarker}`." in note
        assert ("Vision's joints lie elsewhere" in note) == elsewhere
        assert "by 10 % 98.7%, by 20 % 90.0%." in note
    assert "Other joints" not in app_note(trained("pose"), FILES)


def test_the_table_of_runtimes_has_a_row_a_pair() -> None:
    pairs = [
        Pair("PyTorch", "one", "test set", 110, 1, 2.34e-4),
        Pair("PyTorch", "one", "hard cases", 89, 0, 1e-7),
    ]
    note = app_note(trained("pose"), FILES, pairs=pairs)
    assert "| PyTorch; one | 1 of 110, 2e-04 | 0 of 89, 1e-07 |" in note
