"""HandloomKit under a Swift compiler: built, tested, compared with Python, and compiled against stand-ins for Apple's part.

All of it is left out where there is no Swift toolchain. What was built stays in `.handloom/swift`: the next time only
what has changed is compiled.
"""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from conftest import REPOSITORY
from gesture_streams import random_streams, random_vectors, stream_events

from handloom.export import interface
from handloom.export.swift_package import write_swift_package

BUILT = REPOSITORY / ".handloom" / "swift"
VECTORS = Path("Tests/HandloomKitTests/vectors.json")
STAND_INS = Path(__file__).parent / "apple_stubs"
MODULES = ("CoreVideo", "ImageIO", "CoreML", "Vision")  # in the order in which they import each other
SEED = 20
STRICT = ("-warnings-as-errors", "-parse-as-library", "-wmo")


@pytest.fixture(scope="module")
def toolchain() -> Path:
    """The folder of `swift` and `swiftc`."""
    path = os.pathsep.join([os.environ.get("PATH", ""), "/opt/swift/usr/bin"])
    found = shutil.which("swift", path=path)
    if found is None:
        pytest.skip("no Swift toolchain on PATH or in /opt/swift: HandloomKit was not compiled")
    return Path(found).parent


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
def modules(toolchain: Path) -> Path:
    """A folder with Apple's frameworks as Swift modules, as far as the kit calls them."""
    folder = BUILT / "apple"
    folder.mkdir(parents=True, exist_ok=True)
    for name in MODULES:
        module = ("-swift-version", "6", "-I", folder, "-module-name", name, STAND_INS / f"{name}.swift")
        run([toolchain / "swiftc", *STRICT, "-O", "-emit-module", "-c", *module], folder)
    return folder


def run(command: list[Any], folder: Path) -> str:
    """What the command printed; it has to succeed."""
    ended = subprocess.run(
        [str(word) for word in command], cwd=folder, capture_output=True, text=True, check=False, timeout=540
    )
    assert ended.returncode == 0, f"{command[0]} failed:\n{ended.stdout[-6000:]}\n{ended.stderr[-6000:]}"
    return ended.stdout + ended.stderr


def test_the_kit_builds_and_its_tests_pass_on_random_examples_too(toolchain: Path, kit: Path) -> None:
    vectors = json.loads((kit / VECTORS).read_text("utf-8"))
    for rule, examples in random_vectors(1_000, SEED).items():
        vectors[rule] += examples
    (kit / VECTORS).write_text(json.dumps(vectors), "utf-8")
    quiet = ["--disable-dependency-cache", "--manifest-cache", "local", "-Xswiftc", "-warnings-as-errors"]
    said = run([toolchain / "swift", "test", *quiet], kit)
    written = "".join(path.read_text("utf-8") for path in kit.glob("Tests/**/*.swift"))
    assert f"Executed {len(re.findall('func test', written))} tests, with 0 failures" in said


def kit_sources(kit: Path) -> list[Path]:
    return sorted((kit / "Sources").rglob("*.swift"))


# Only passes that come after the types see a data race, so up to SIL and not `-typecheck`.
@pytest.mark.parametrize("language", ["5", "6"])
def test_the_part_for_apples_frameworks_compiles(toolchain: Path, kit: Path, modules: Path, language: str) -> None:
    sources = ("-I", modules, "-module-name", "HandloomKit", *kit_sources(kit))
    run([toolchain / "swiftc", *STRICT, "-swift-version", language, "-emit-sil", "-o", os.devnull, *sources], modules)


def test_the_compiler_sees_what_is_wrong_in_the_part_for_apples_frameworks(
    toolchain: Path, kit: Path, modules: Path, tmp_path: Path
) -> None:
    shutil.copytree(kit / "Sources", tmp_path / "Sources")
    detector = next(tmp_path.rglob("HandDetector.swift"))
    text = detector.read_text("utf-8")
    sources = ("-I", modules, "-module-name", "HandloomKit", *kit_sources(tmp_path))
    command = [toolchain / "swiftc", *STRICT, "-swift-version", "6", "-emit-sil", "-o", os.devnull, *sources]
    for right, wrong, message in (
        ("hand.keypointsMultiArray()", "hand.keypoints()", "has no member"),
        ("nonisolated(unsafe) let picture", "let picture", "data race"),
    ):
        assert right in text
        detector.write_text(text.replace(right, wrong), "utf-8")
        with pytest.raises(AssertionError, match=message):
            run(command, modules)


def test_ten_thousand_streams_give_the_events_that_python_gives(toolchain: Path, kit: Path, modules: Path) -> None:
    whole_kit = ("-swift-version", "6", "-I", modules, "-module-name", "HandloomKit")
    run([toolchain / "swiftc", *STRICT, "-O", *whole_kit, "-emit-module", "-c", *kit_sources(kit)], modules)
    objects = [modules / f"{name}.o" for name in (*MODULES, "HandloomKit")]
    player = ("-swift-version", "6", "-I", modules, Path(__file__).parent / "play_streams.swift", *objects)
    run([toolchain / "swiftc", *STRICT, "-O", *player, "-o", modules / "play_streams"], modules)
    streams = random_streams(10_000, SEED)
    (modules / "streams.json").write_text(json.dumps([stream | {"metadata": metadata(stream)} for stream in streams]))
    answers = json.loads(run([modules / "play_streams", modules / "streams.json"], modules))
    assert len(answers) == len(streams)
    for number, (stream, by_both_requests) in enumerate(zip(streams, answers, strict=True)):
        expected = stream_events(stream)
        assert by_both_requests == [expected, expected], f"stream {number}: {stream}"


def metadata(stream: dict[str, Any]) -> dict[str, str]:
    """What the file of a model of this stream would say of itself."""
    return {
        interface.TARGET_FRAME_RATE: repr(stream["frameRate"]),
        interface.RECOMMENDED_THRESHOLDS: json.dumps(stream["thresholds"]),
        interface.LEFT_HANDS: stream["leftHands"],
        interface.BACKGROUND_LABEL: stream["backgroundLabel"],
    }
