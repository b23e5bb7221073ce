"""What `import handloom` gives, and what it costs."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest
from warm_start import COLD

import handloom

HEAVY = ("torch", "pytorch_lightning", "mediapipe", "mlflow", "pandas", "numpy", "coremltools", "pyarrow", "cv2", "av")


def in_a_new_process(code: str) -> str:
    environment = {**os.environ, COLD: "1"}
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    return result.stdout.strip()


def test_importing_handloom_loads_no_heavy_library() -> None:
    loaded = in_a_new_process("import handloom, sys; print(*sys.modules)").split()
    assert "handloom" in loaded
    assert not {name.partition(".")[0] for name in loaded} & {*HEAVY, "pydantic", "sklearn"}


@pytest.mark.parametrize("name", handloom.__all__)
def test_every_public_name_is_there_and_documented(name: str) -> None:
    assert getattr(handloom, name).__doc__
    assert name in dir(handloom)


def test_type_checkers_see_the_same_names_from_the_same_modules() -> None:
    tree = ast.parse(Path(handloom.__file__).read_text(encoding="utf-8"))
    (block,) = [
        node
        for node in tree.body
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
    ]
    seen = {alias.name: node.module for node in block.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert seen == {name: f"handloom.{home}" for name, home in handloom._HOME.items()}
    assert set(seen) == set(handloom.__all__)


def test_everything_can_be_imported_at_once() -> None:
    assert in_a_new_process("from handloom import *; print(HandPoseClassifier.__name__)") == "HandPoseClassifier"


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'HandFaceClassifier'"):
        getattr(handloom, "HandFaceClassifier")  # noqa: B009
