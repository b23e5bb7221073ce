"""HandloomKit under a Swift compiler: built, tested, compared with Python, compiled against stand-ins for Apple's part.

All of it is left out where there is no Swift toolchain. What was built stays in `.handloom/swift`: the next time only
what has changed is compiled.
"""

import base64
import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import REPOSITORY
from gesture_streams import ask_of, random_streams, random_vectors, stream_events
from landmark_vectors import FILE, landmark_vectors
from small_models import random_hands, trained, with_spec

from handloom.config import KINDS, Kind, LabeledKeypointsDataFrame
from handloom.export import interface
from handloom.export.self_check import SELF_CHECK
from handloom.export.swift_kit import with_package, without_package, write_swift_package
from handloom.hand import Poses
from handloom.sources.clip import Gathered
from handloom.sources.labeled_keypoints import labeled_keypoints

BUILT = REPOSITORY / ".handloom" / "swift"
VECTORS = Path("Tests/HandloomKitTests/vectors.json")
LANDMARKS = VECTORS.with_name(FILE.name)
STAND_INS = Path(__file__).parent / "apple_stubs"
MODULES = ("CoreVideo", "ImageIO", "CoreML", "Vision", "AVFoundation")  # in the order in which they import each other
SEED = 20
SWIFT = shutil.which("swift", path=os.pathsep.join([os.environ.get("PATH", ""), "/opt/swift/usr/bin"]))
if SWIFT is None:
    pytest.skip("no Swift toolchain on PATH or in /opt/swift: HandloomKit is not compiled", allow_module_level=True)
SWIFTC = Path(SWIFT).with_name("swiftc")
STRICT = ("-warnings-as-errors", "-parse-as-library", "-wmo")


@pytest.fixture(scope="module")
def kit() -> Path:
    """A copy of the package to build in: Swift leaves files behind, and compiles what is newer than they."""
    fresh = BUILT / "fresh"
    write_swift_package(fresh)
    kit = BUILT / "HandloomKit"
    old = {path.relative_to(kit) for folder in ("Sources", "Tests") for path in (kit / folder).rglob("*.swift")}
    for source in fresh.rglob("*"):
        copy = kit / source.relative_to(fresh)
        old.discard(source.relative_to(fresh))
        if source.is_file() and (not copy.is_file() or copy.read_bytes() != source.read_bytes()):
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, copy)
    for gone in old:
        (kit / gone).unlink()
    return kit


@pytest.fixture(scope="module")
def modules() -> Path:
    """A folder with Apple's frameworks as Swift modules, as far as the kit calls them."""
    folder = BUILT / "apple"
    folder.mkdir(parents=True, exist_ok=True)
    for name in MODULES:
        module = ("-swift-version", "6", "-I", folder, "-module-name", name, STAND_INS / f"{name}.swift")
        run([SWIFTC, *STRICT, "-O", "-emit-module", "-c", *module], folder)
    return folder


@pytest.fixture(scope="module")
def whole_kit(kit: Path, modules: Path) -> Path:
    """The folder of `modules` with HandloomKit as a module too, the part for Apple's frameworks in it."""
    module = ("-swift-version", "6", "-I", modules, "-module-name", "HandloomKit", *kit_sources(kit))
    run([SWIFTC, *STRICT, "-O", "-emit-module", "-c", *module], modules)
    return modules


def run(command: list[Any], folder: Path) -> str:
    """What the command printed; it has to succeed."""
    ended = subprocess.run(
        [str(word) for word in command], cwd=folder, capture_output=True, text=True, check=False, timeout=540
    )
    assert ended.returncode == 0, f"{command[0]} failed:\n{ended.stdout[-6000:]}\n{ended.stderr[-6000:]}"
    return ended.stdout + ended.stderr


def test_the_kit_builds_and_its_tests_pass_on_random_examples_too(kit: Path) -> None:
    vectors = json.loads((kit / VECTORS).read_text("utf-8"))
    for rule, examples in random_vectors(1_000, SEED).items():
        vectors[rule] += examples
    (kit / VECTORS).write_text(json.dumps(vectors), "utf-8")
    landmarks = json.loads((kit / LANDMARKS).read_text("utf-8"))
    for part, examples in landmark_vectors(50, SEED, streams=1).items():
        landmarks[part] += examples
    (kit / LANDMARKS).write_text(json.dumps(landmarks), "utf-8")
    quiet = ["--disable-dependency-cache", "--manifest-cache", "local", "-Xswiftc", "-warnings-as-errors"]
    said = run([SWIFT, "test", *quiet], kit)
    written = "".join(path.read_text("utf-8") for path in kit.glob("Tests/**/*.swift"))
    assert f"Executed {len(re.findall('func test', written))} tests, with 0 failures" in said


def kit_sources(kit: Path) -> list[Path]:
    return sorted((kit / "Sources" / "HandloomKit").rglob("*.swift"))


def tool_sources(kit: Path) -> list[Path]:
    return sorted((kit / "Sources" / "handloom-joints").rglob("*.swift"))


# Only passes that come after the types see a data race, so up to SIL and not `-typecheck`.
@pytest.mark.parametrize("language", ["5", "6"])
def test_the_part_for_apples_frameworks_compiles(kit: Path, modules: Path, language: str) -> None:
    sources = ("-I", modules, "-module-name", "HandloomKit", *kit_sources(kit))
    run([SWIFTC, *STRICT, "-swift-version", language, "-emit-sil", "-o", os.devnull, *sources], modules)


@pytest.mark.parametrize("language", ["5", "6"])
def test_the_tool_for_a_mac_compiles(kit: Path, whole_kit: Path, language: str) -> None:
    sources = ("-I", whole_kit, "-module-name", "handloom_joints", *tool_sources(kit))
    run([SWIFTC, *STRICT, "-swift-version", language, "-emit-sil", "-o", os.devnull, *sources], whole_kit)


def test_the_compiler_sees_what_is_wrong_in_the_part_for_apples_frameworks(
    kit: Path, modules: Path, tmp_path: Path
) -> None:
    shutil.copytree(kit / "Sources", tmp_path / "Sources")
    detector = next(tmp_path.rglob("HandDetector.swift"))
    text = detector.read_text("utf-8")
    sources = ("-I", modules, "-module-name", "HandloomKit", *kit_sources(tmp_path))
    command = [SWIFTC, *STRICT, "-swift-version", "6", "-emit-sil", "-o", os.devnull, *sources]
    for right, wrong, message in (
        ("hand.keypointsMultiArray()", "hand.keypoints()", "has no member"),
        ("struct ReadOnly: @unchecked Sendable", "struct ReadOnly", "data race"),
    ):
        assert right in text
        detector.write_text(text.replace(right, wrong), "utf-8")
        with pytest.raises(AssertionError, match=message):
            run(command, modules)


def test_ten_thousand_streams_give_the_events_that_python_gives(whole_kit: Path) -> None:
    objects = [whole_kit / f"{name}.o" for name in (*MODULES, "HandloomKit")]
    player = ("-swift-version", "6", "-I", whole_kit, Path(__file__).parent / "play_streams.swift", *objects)
    run([SWIFTC, *STRICT, "-O", *player, "-o", whole_kit / "play_streams"], whole_kit)
    streams = random_streams(10_000, SEED)
    (whole_kit / "streams.json").write_text(json.dumps([with_metadata(*stream) for stream in enumerate(streams)]))
    answers = json.loads(run([whole_kit / "play_streams", whole_kit / "streams.json"], whole_kit))
    assert len(answers) == len(streams)
    for number, (stream, said) in enumerate(zip(streams, answers, strict=True)):
        expected = stream_events(stream)
        assert said["events"] == said["eventsByNewestRequest"] == expected, f"stream {number}: {stream}"
        apart = wrong_by(number)
        assert said.get("apart") == (None if apart is None else pytest.approx(apart)), f"stream {number}: {stream}"


@pytest.fixture(scope="module")
def joints_tool(kit: Path, whole_kit: Path) -> Path:
    """The tool `handloom-joints`, which finds in a file that is no picture but JSON what stands there."""
    objects = [whole_kit / f"{name}.o" for name in (*MODULES, "HandloomKit")]
    tool = ("-swift-version", "6", "-I", whole_kit, "-module-name", "handloom_joints", *tool_sources(kit), *objects)
    run([SWIFTC, *STRICT, "-O", *tool, "-o", whole_kit / "handloom-joints"], whole_kit)
    return whole_kit / "handloom-joints"


def as_vision_sees(poses: Poses, is_left: bool = False) -> dict[str, Any]:
    """A photo with a hand, stored on its side, as a phone does that was held upright."""
    hands = [{"joints": poses.reshape(-1).tolist(), "isLeft": is_left}] if poses.any() else []
    return {"orientation": 6, "hands": hands}


def read(table: Path, kind: Kind) -> tuple[Gathered, list[dict[str, Any]]]:
    """A table that the tool wrote, as `data/*=labeled_keypoints_data_frame` reads it."""
    section = LabeledKeypointsDataFrame(
        data_frame=str(table), origin="lower_left", axis_order="channel_joint", channels="xy_confidence"
    )
    gathered = labeled_keypoints(section, kind, f"data.{kind}")
    assert gathered.keypoints is not None
    assert not gathered.skipped
    return gathered, gathered.keypoints.to_pylist()


def test_python_reads_the_table_that_the_tool_for_a_mac_wrote_of_photos(joints_tool: Path, tmp_path: Path) -> None:
    hands = random_hands(1, 3)[:, 0]
    names = ['fist/anna_1, "a".jpg', "fist/ben_2.HEIC", "open/anna_3.png", "open/none.jpg"]
    for name, hand in zip(names, [*hands, np.zeros_like(hands[0])], strict=True):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(json.dumps(as_vision_sees(hand, is_left="anna" in name)), "utf-8")
    (tmp_path / "open" / "broken.jpg").write_text("no picture", "utf-8")
    said = run([joints_tool, tmp_path, "--to", tmp_path / "joints.csv", "--group", "^([a-z]+)_"], tmp_path)
    assert "open/broken.jpg: cannot be read (no picture); left out" in said
    gathered, rows = read(tmp_path / "joints.csv", "pose")
    assert gathered.landmarkers == ["vision"]
    assert [row["label"] for row in rows] == ["fist", "fist", "open", "open"]
    assert [row["path"] for row in rows] == names
    assert [row["group"] for row in rows] == ["anna", "ben", "anna", "joints.csv/3"]  # the last: a group of its own
    assert [row["chirality"] for row in rows] == ["left", "right", "left", ""]
    found = np.array([row["keypoints"] for row in rows], np.float32).reshape(-1, 3, 21)
    assert np.array_equal(found, [*hands, np.zeros_like(hands[0])])


def test_python_reads_the_table_that_the_tool_for_a_mac_wrote_of_clips(joints_tool: Path, tmp_path: Path) -> None:
    hands = random_hands(1, 40)[:, 0]
    hands[3] = 0
    frames = [{"time": 7 + number / 30, "picture": as_vision_sees(hand)} for number, hand in enumerate(hands)]
    for name in ("wave/one.mov", "rest/two.mp4"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(json.dumps({"transform": [0, 1, -1, 0], "frames": frames}), "utf-8")
    run([joints_tool, tmp_path, "--to", tmp_path / "joints.csv"], tmp_path)
    gathered, rows = read(tmp_path / "joints.csv", "action")
    assert gathered.landmarkers == ["vision"]
    assert [row["label"] for row in rows] == ["rest"] * 40 + ["wave"] * 40
    found = np.array([row["keypoints"] for row in rows], np.float32).reshape(2, 40, 3, 21)
    assert np.array_equal(found[0], hands)
    assert np.array_equal(found[1], hands)


def wrong_by(number: int) -> float | None:
    """How wrong the self check of a stream's model is; None: it has none."""
    return (None, 0.0, 0.25)[number % 3]


def with_metadata(number: int, stream: dict[str, Any]) -> dict[str, Any]:
    """The stream with what the file of its model says of itself."""
    metadata = {
        interface.TARGET_FRAME_RATE: repr(stream["frameRate"]),
        interface.RECOMMENDED_THRESHOLDS: json.dumps(stream["thresholds"]),
        interface.LEFT_HANDS: stream["leftHands"],
        interface.BACKGROUND_LABEL: stream["backgroundLabel"],
    }
    if stream["settings"]:
        metadata[interface.STREAM_SETTINGS] = json.dumps(stream["settings"])
    if stream["hand"]:
        metadata[interface.HAND] = stream["hand"]
    if (apart := wrong_by(number)) is not None:
        metadata[SELF_CHECK] = self_check(stream, apart)
    return stream | {"metadata": metadata}


def self_check(stream: dict[str, Any], apart: float) -> str:
    """Two random windows and what the stream's model gives for them, one probability `apart` from it."""
    hold = 1 + stream["window"] // 2
    stored = np.random.default_rng(0).integers(0, 256, (2, -(-stream["window"] // hold), 3, 21), np.uint8)
    windows = np.repeat(stored.astype(np.float32) / np.float32(255), hold, axis=1)[:, : stream["window"]]
    probabilities = ask_of(stream)(windows)
    probabilities[1, 0] += apart
    return json.dumps(
        {
            "frames": stream["window"],
            "hold": hold,
            "windows": base64.b64encode(stored.tobytes()).decode("ascii"),
            "labels": stream["labels"],
            "probabilities": probabilities.tolist(),
        }
    )


# What an app has already: the classes that Xcode makes of a model, a picture, its time.
APP = """
import CoreML
import CoreVideo
import Foundation

final class Output {
    var label = ""
    var labelProbabilities: [String: Double] = [:]
}

class XcodesClass {
    let model = MLModel(window: 1, creatorDefined: [:]) { _ in [:] }
    init(configuration: MLModelConfiguration) throws {}
    func prediction(poses: MLMultiArray) throws -> Output { Output() }
}

final class HandPoseClassifier: XcodesClass {}
final class PalmDetector: XcodesClass {}
final class HandLandmarks: XcodesClass {}
final class HandActionClassifier: XcodesClass {}
nonisolated(unsafe) let pixelBuffer = CVPixelBuffer(hands: [])
let seconds: TimeInterval = 0
"""


def test_the_lines_that_an_app_copies_compile(kit: Path, whole_kit: Path, tmp_path: Path) -> None:
    shown = re.findall(r"```swift\n(.*?)```", (kit / "README.md").read_text("utf-8"), re.DOTALL)
    for kind in KINDS:
        model, class_name = with_spec(trained(kind), left_hands="mirrored"), interface.FILE_NAMES[kind]
        shown.append(with_package(model.spec, class_name))
        shown.append(f"import CoreML\nimport Vision\n{without_package(model.spec, class_name, {'fist': 0.5})}")
    (tmp_path / "App.swift").write_text(APP, "utf-8")
    for number, lines in enumerate(shown):
        imports = "".join(re.findall(r"^import \w+\n", lines, re.MULTILINE))
        body = re.sub(r"^import \w+\n", "", lines, flags=re.MULTILINE)
        function = f"{imports}func shown{number}() throws {{\n{body}}}\n"
        (tmp_path / f"Shown{number}.swift").write_text(function, "utf-8")
    app = ("-swift-version", "6", "-I", whole_kit, "-module-name", "App", *sorted(tmp_path.glob("*.swift")))
    run([SWIFTC, *STRICT, "-emit-sil", "-o", os.devnull, *app], whole_kit)
