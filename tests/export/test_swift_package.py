"""The Swift package, as far as it can be checked without a Swift compiler; `test_swift_build.py` has one."""

import re
from pathlib import Path

import pytest
import tree_sitter
import tree_sitter_swift

from handloom.export import interface
from handloom.export.self_check import SELF_CHECK
from handloom.export.swift_kit import write_swift_package
from handloom.hand import CHANNELS, JOINTS
from handloom.models.model import DEFAULT_THRESHOLD, MINIMUM_PRESENCE

KIT = Path(interface.__file__).parent / "swift" / "HandloomKit"
SOURCES = KIT / "Sources" / "HandloomKit"
APPLE_ONLY = {"ClassifierModel", "CoreMLHandNetwork", "HandActionClassifier", "HandDetector", "HandPoseClassifier"}
PARSER = tree_sitter.Parser(tree_sitter.Language(tree_sitter_swift.language()))


def has_syntax_error(swift: str) -> bool:
    return PARSER.parse(swift.encode()).root_node.has_error


def swift_files(folder: Path) -> list[Path]:
    found = sorted(folder.rglob("*.swift"))
    assert found
    return found


@pytest.mark.parametrize("path", swift_files(KIT), ids=lambda path: path.stem)
def test_swift_parses(path: Path) -> None:
    assert not has_syntax_error(path.read_text(encoding="utf-8"))


def test_the_parser_sees_syntax_errors() -> None:
    assert has_syntax_error("func broken( {")


@pytest.mark.parametrize("name", ["README.md", "RULES.md"])
def test_swift_in_the_texts_parses(name: str) -> None:
    for example in re.findall(r"```swift\n(.*?)```", (KIT / name).read_text(encoding="utf-8"), re.DOTALL):
        assert not has_syntax_error(example)


@pytest.mark.parametrize("path", swift_files(SOURCES), ids=lambda path: path.stem)
def test_only_what_needs_apples_frameworks_imports_them(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    imports = re.findall(r"^ *(?:@\w+ +)?import (.+)$", text, re.MULTILINE)
    if path.stem in APPLE_ONLY:
        assert text.startswith("#if canImport(Vision) && canImport(CoreML)\n")
        assert text.endswith("#endif\n")
        assert set(imports) <= {"CoreML", "CoreVideo", "Foundation", "ImageIO", "Vision"}
    else:
        assert imports == ["Foundation"]


def test_no_third_party_package_is_needed() -> None:
    assert ".package(" not in (KIT / "Package.swift").read_text(encoding="utf-8")


def test_the_models_names_are_the_interfaces() -> None:
    model = (SOURCES / "ClassifierModel.swift").read_text(encoding="utf-8")
    assert re.findall(r'inputDescriptionsByName\["(\w+)"\]', model) == [interface.POSES]
    outputs = [interface.LABEL, interface.LABEL_PROBABILITIES]
    assert re.findall(r'outputDescriptionsByName\["(\w+)"\]', model) == outputs
    assert re.findall(r'featureValue\(for: "(\w+)"\)', model) == outputs
    assert re.findall(r'dictionary: \["(\w+)"', model) == [interface.POSES]


def test_the_metadata_keys_are_the_interfaces() -> None:
    metadata = (SOURCES / "ModelMetadata.swift").read_text(encoding="utf-8")
    keys = [
        interface.PREDICTION_WINDOW_SIZE,
        interface.TARGET_FRAME_RATE,
        interface.RECOMMENDED_THRESHOLDS,
        interface.LEFT_HANDS,
        interface.HAND,
        interface.LANDMARKER,
        interface.BACKGROUND_LABEL,
        interface.STREAM_SETTINGS,
        SELF_CHECK,
    ]
    assert re.findall(r'userDefined\["(.+?)"\]', metadata) == keys
    rules = (KIT / "RULES.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `(.+?)` \|", rules, re.MULTILINE) == keys


def test_the_joints_are_the_interfaces() -> None:
    hand = (SOURCES / "HandArray.swift").read_text(encoding="utf-8")
    assert swift_strings(hand, "joints") == list(JOINTS)
    assert swift_strings(hand, "channels") == list(CHANNELS)


def swift_strings(text: str, name: str) -> list[str]:
    found = re.search(rf"static let {name} = \[(.*?)\]", text, re.DOTALL)
    assert found
    return re.findall(r'"(\w+)"', found[1])


def test_the_defaults_are_those_that_the_note_tells() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in swift_files(SOURCES))
    assert defaults(text, "defaultThreshold: Double") == {DEFAULT_THRESHOLD}
    assert defaults(text, "minimumPresence: Double") == {MINIMUM_PRESENCE}
    assert re.findall(r"entry\.threshold \?\? ([\d.]+)", text) == [str(DEFAULT_THRESHOLD)]


def defaults(text: str, parameter: str) -> set[float]:
    return {float(value) for value in re.findall(rf"{parameter} = ([\d.]+)", text)}


def test_the_readme_says_what_was_not_tried_and_names_all_files() -> None:
    readme = (KIT / "README.md").read_text(encoding="utf-8")
    assert "**Not tried:** Vision, Core ML, Image I/O and AVFoundation themselves" in readme
    for path in swift_files(SOURCES):
        assert f"`{path.name}`" in readme


def test_the_package_is_copied_as_it_is_without_what_swift_built(tmp_path: Path) -> None:
    (tmp_path / "HandloomKit").mkdir()
    (tmp_path / "HandloomKit" / "old.swift").touch()
    write_swift_package(tmp_path / "HandloomKit")
    assert contents(tmp_path / "HandloomKit") == {
        path: content for path, content in contents(KIT).items() if not path.parts[0].startswith(".")
    }
    assert [path.name for path in tmp_path.iterdir()] == ["HandloomKit"]


def contents(folder: Path) -> dict[Path, bytes]:
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
