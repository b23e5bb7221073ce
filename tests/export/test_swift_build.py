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
from small_models import trained, with_spec

from handloom.config import KINDS
from handloom.export import interface
from handloom.export.self_check import SELF_CHECK
from handloom.export.swift_kit import with_package, without_package, write_swift_package

BUILT = REPOSITORY / ".handloom" / "swift"
VECTORS = Path("Tests/HandloomKitTests/vectors.json")
STAND_INS = Path(__file__).parent / "apple_stubs"
MODULES = ("CoreVideo", "ImageIO", "CoreML", "Vision")  # in the order in which they import each other
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
    quiet = ["--disable-dependency-cache", "--manifest-cache", "local", "-Xswiftc", "-warnings-as-errors"]
    said = run([SWIFT, "test", *quiet], kit)
    written = "".join(path.read_text("utf-8") for path in kit.glob("Tests/**/*.swift"))
    assert f"Executed {len(re.findall('func test', written))} tests, with 0 failures" in said


def kit_sources(kit: Path) -> list[Path]:
    return sorted((kit / "Sources").rglob("*.swift"))


# Only passes that come after the types see a data race, so up to SIL and not `-typecheck`.
@pytest.mark.parametrize("language", ["5", "6"])
def test_the_part_for_apples_frameworks_compiles(kit: Path, modules: Path, language: str) -> None:
    sources = ("-I", modules, "-module-name", "HandloomKit", *kit_sources(kit))
    run([SWIFTC, *STRICT, "-swift-version", language, "-emit-sil", "-o", os.devnull, *sources], modules)


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
