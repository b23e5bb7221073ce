"""What invalidates cached joints: whatever decides them, and nothing else."""

import ast
import sys
from dataclasses import fields, replace
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from pathlib import Path
from typing import Any

import pytest
from conftest import REPOSITORY

from handloom.config import KINDS, ExtractKeypoints, Kind, Landmarker, LandmarkModel
from handloom.extraction.recipe import CODE, LIBRARIES, entry_key, recipe
from handloom.landmarks.reader import RUNTIMES
from handloom.support.code import modules_of


def test_all_libraries_of_that_code_are_in_the_recipe() -> None:
    names: set[str] = set()
    for module in modules_of(CODE):
        file = REPOSITORY / "src" / module.replace(".", "/")
        source = file.with_suffix(".py") if file.with_suffix(".py").is_file() else file / "__init__.py"
        for node in ast.walk(ast.parse(source.read_text())):
            if isinstance(node, ast.Import):
                names |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                names.add(str(node.module).split(".")[0])
    names -= {*sys.stdlib_module_names, "handloom", "pyarrow"}  # pyarrow: the form of the table
    owners = packages_distributions()
    assert {owner.replace("_", "-") for name in names for owner in owners[name]} == {
        *LIBRARIES,
        *(package for _, package in RUNTIMES.values()),
    }


# every setting, with another value than the default
CHANGED: dict[str, Any] = {
    "target_frame_rate": 15.0,
    "accept_slow_clips": True,
    "hand": "left",
    "detection_confidence": 0.6,
    "tta_paddings": [0.5],
    "tta_rotations": [15.0],
    "test_time_augmentation": "always",
    "largest_picture_side": 640,
    "largest_frame_side": 640,
    "picture_memory_limit": 100.0,
    "clip_pixels_limit": 1.0,
    "pixels_per_byte_limit": 100.0,
    "unreadable_limit": 0.2,
    "workers": 3,
    "backend": "dask",
    "landmarker": Landmarker(runtime="mediapipe"),
    "landmark_model": LandmarkModel(path="elsewhere.task"),
}
BOTH = {"hand", "detection_confidence", "tta_paddings", "landmarker"}
MATTERS: dict[Kind, set[str]] = {
    "pose": BOTH | {"tta_rotations", "test_time_augmentation", "largest_picture_side"},
    "action": BOTH | {"largest_frame_side", "target_frame_rate", "accept_slow_clips"},
}


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "a.task"
    path.write_bytes(b"networks")
    return path


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", CHANGED)
def test_a_setting_that_matters_makes_another_recipe_and_no_other_does(model: Path, name: str, kind: Kind) -> None:
    default = ExtractKeypoints()
    changed = replace(default, **{name: CHANGED[name]})
    assert getattr(default, name) != getattr(changed, name)
    assert (recipe(kind, default, model) != recipe(kind, changed, model)) == (name in MATTERS[kind])


def test_every_setting_was_thought_of() -> None:
    assert [field.name for field in fields(ExtractKeypoints)] == list(CHANGED)


def test_the_kind_and_the_content_of_the_model_matter(model: Path) -> None:
    settings = ExtractKeypoints()
    copy = model.with_name("b.task")
    copy.write_bytes(model.read_bytes())
    first = recipe("pose", settings, model)
    assert recipe("pose", settings, copy) == first
    assert recipe("action", settings, model) != first
    copy.write_bytes(b"other networks")
    assert recipe("pose", settings, copy) != first


def test_every_content_and_stretch_has_a_key_of_its_own() -> None:
    keys = {
        entry_key(made_by, content, start, end)
        for made_by in ("a", "b")
        for content in ("1", "2")
        for start in (None, 0.0, 1.0)
        for end in (None, 1.0, 2.0)
    }
    assert len(keys) == 2 * 2 * 3 * 3
    assert entry_key("a", "1", None, None) in keys


def test_a_library_that_is_an_extra_may_be_missing(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def without_rawpy(name: str) -> str:
        if name == "rawpy":
            raise PackageNotFoundError(name)
        return version(name)

    with_it = recipe("pose", ExtractKeypoints(), model)
    monkeypatch.setattr("handloom.extraction.recipe.version", without_rawpy)
    assert recipe("pose", ExtractKeypoints(), model) != with_it
