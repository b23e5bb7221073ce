"""The tutorials run as they stand, from drawn pictures to a Core ML file."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from handloom import Predictor

TUTORIALS = Path(__file__).parents[2] / "docs/tutorials"
CLASSES = {"hand_pose": ["background", "five", "one", "zero"], "hand_action": ["background", "grab", "swipe_left"]}


def run(name: str, folder: Path) -> str:
    """Run a tutorial in an empty folder; give what it prints, without the lines that are written over."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("MLFLOW_")}
    result = subprocess.run(
        [sys.executable, TUTORIALS / f"{name}.py"], cwd=folder, env=environment, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr[-3000:]
    return re.sub(r"[^\n]*\r", "", result.stdout)


@pytest.mark.parametrize("name", CLASSES)
def test_it_ends_in_a_model_that_answers(name: str, tmp_path: Path) -> None:
    printed = run(name, tmp_path)
    work = tmp_path / "outputs" / f"{name}_tutorial"
    file = next(work.glob("*.mlmodel"))
    saved = Predictor.open(file)
    assert saved.classes == CLASSES[name]
    assert [path.name for path in tmp_path.iterdir() if not path.name.startswith(".")] == ["outputs"]

    counts = re.search(r"(\d+) to learn from, (\d+) to test on", printed)
    assert counts and int(counts[1]) > int(counts[2]) > 0
    assert "iteration 10: " in printed
    wrong = re.search(r"^test: ClassifierMetrics\(error ([\d.]+)%", printed, re.MULTILINE)
    assert wrong and float(wrong[1]) < 35, printed
    for label in CLASSES[name]:
        assert re.search(rf"^ *{label} +[\d.]+ +[\d.]+", printed, re.MULTILINE), label
    assert re.search(r"^[\d.]+ s: \w+ began$", printed, re.MULTILINE), printed
    # The saved file says of the same picture, or of the clip's first window, what the classifier says.
    answer = re.search(r"(?:\.jpg |\d s: )(\w+):? [01]\.\d{3}$", printed, re.MULTILINE)
    said = re.search(r"^the file says: \['(\w+)'", printed, re.MULTILINE)
    assert answer and said and answer[1] == said[1] in CLASSES[name], printed


@pytest.mark.parametrize("name", CLASSES)
def test_it_opens_as_a_notebook(name: str) -> None:
    text = (TUTORIALS / f"{name}.py").read_text(encoding="utf-8")
    cells = re.split(r"^# %%", text, flags=re.MULTILINE)
    assert cells[0] == "" and len(cells) > 15
    for cell in cells[1:]:
        kind, _, content = cell.partition("\n")
        statements = ast.parse(content).body  # a cell is whole statements
        assert kind in ("", " [markdown]") and bool(statements) == (kind == "")
