"""The examples run in their order, on few drawn photos and clips and with short trainings, else as they stand."""

import os
import re
import runpy
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
import warm_start
from conftest import REPOSITORY
from nbclient import NotebookClient

from handloom import Predictor

EXAMPLES = REPOSITORY / "examples"
NAMES = sorted(path.stem for path in EXAMPLES.glob("0*.sh"))
NOTEBOOKS = ("01_first_model", "03_actions")
EXECUTED = "01_first_model"  # a notebook has its script's cells, so one stands for all
IN_A_PROJECT = ("02_own_photos", "06_experiments")  # of their own, where DVC says which
POSES, ACTIONS = ["background", "five", "one", "zero"], ["background", "grab", "swipe_left"]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A copy of the examples, with few photos and clips drawn already."""
    root = tmp_path_factory.mktemp("examples")
    shutil.copytree(EXAMPLES, root / "examples", ignore=shutil.ignore_patterns("outputs", "__pycache__"))
    for path in (root / "examples").glob("0*"):  # how much is learned is not what is tested
        path.write_text(re.sub(r"(maximum_iterations\W+)\d+", r"\g<1>6", path.read_text(encoding="utf-8")))
    (root / "data").symlink_to(REPOSITORY / "data")
    (root / "bin").mkdir()
    starter = root / "bin/handloom"
    starter.write_text('#!/bin/sh\nexec python -m handloom "$@"\n')
    starter.chmod(0o755)
    folder = root / "examples"
    before, sys.path[:] = [*sys.path], [str(folder), *sys.path]
    import draw

    for name, seed in (("photos", 1), ("test_photos", 2)):
        draw.photos(folder / "outputs" / name, per_class=6, seed=seed)
    draw.clips(folder / "outputs/clips", per_class=4)
    yield folder
    sys.path[:] = before


def environment(name: str, folder: Path) -> dict[str, str]:
    """Programs that start warm, and one cache of joints for all examples, as in a clone of the repository."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("DVC_", "MLFLOW_", "GIT_"))}
    root = folder.parent
    folders = (str(root / "bin"), warm_start.folder_of_shims(), str(Path(sys.executable).parent), os.environ["PATH"])
    shared = {} if name in IN_A_PROJECT else {"DVC_ROOT": str(root)}
    shared["DVC_NO_ANALYTICS"] = "1"
    return {**kept, **shared, "PATH": os.pathsep.join(folders), "PYTHONWARNINGS": "ignore"}


def shell(name: str, folder: Path) -> str:
    command = ["sh", f"./{name}.sh"]
    done = subprocess.run(command, cwd=folder, env=environment(name, folder), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def python(name: str, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(folder)
    monkeypatch.setenv("DVC_ROOT", str(folder.parent))
    if name != EXECUTED:
        runpy.run_path(str(folder / f"{name}.py"), run_name="__main__")
        return capsys.readouterr().out
    for variable, value in environment(name, folder).items():
        monkeypatch.setenv(variable, value)
    content = nbformat.read(folder / f"{name}.ipynb", as_version=4)
    NotebookClient(content, timeout=1000, resources={"metadata": {"path": str(folder)}}).execute()
    outputs = [output for cell in content.cells if cell.cell_type == "code" for output in cell.outputs]
    return "".join(output.text for output in outputs if output.output_type == "stream")


@pytest.mark.parametrize("name", NAMES)
def test_command_line_and_python_come_to_the_same(
    name: str, place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    typed, written = shell(name, place), python(name, place, capsys, monkeypatch)
    outputs = place / "outputs"
    number = name[:2]
    if number in ("01", "03"):
        folder, file = ("first_model", "HandPoseClassifier") if number == "01" else ("actions", "HandActionClassifier")
        classes = POSES if number == "01" else ACTIONS
        for model in (outputs / folder / f"export/{file}.mlmodel", outputs / folder / f"{file}.mlmodel"):
            assert Predictor.open(model).classes == classes
        (answer,) = re.findall(r"\.(?:jpg|mp4)\t(\w+)\t", typed)
        said = re.findall(rf"\b({'|'.join(classes)}):? [01]\.\d+$", written, re.MULTILINE)
        assert answer in classes and said, written
        assert number == "03" or said == [answer]  # so few clips are not enough to be sure
    elif number == "02":
        assert (outputs / "my_gestures/exports/pose/HandPoseClassifier.mlmodel").exists()
        assert "accuracy" in typed and "ClassifierMetrics(error" in written
    elif number == "04":
        classes = Predictor.open(outputs / "described/HandPoseClassifier.mlmodel").classes
        assert Predictor.open(outputs / "described/export/HandPoseClassifier.mlmodel").classes == classes
        assert (outputs / "described.png").exists()
    elif number == "05":
        assert "accuracy" in typed and written.count("24 examples") == 2
    elif number == "06":
        assert "train_pose.optimizer.lr" in typed and written.count("lr 0.0") == 2
    elif number == "07":
        assert typed.count("rows passed") == 2
        assert re.findall(r"HandPoseClassifier(\.\w+): \w+ 0\.\d+", written) == [".mlpackage", ".mlmodel", ".tflite"]
    else:
        assert typed.count("swipe_left/person_01-0001.mp4") >= 1 and (outputs / "live.mp4").stat().st_size > 10_000
        assert all(re.fullmatch(r"[\d.]+ s: \w+ (began|ended).*", line) for line in written.splitlines()), written


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_is_its_script_without_outputs(name: str) -> None:
    notebook = runpy.run_path(str(EXAMPLES / "make_notebooks.py"))["notebook"]
    text = (EXAMPLES / f"{name}.ipynb").read_text(encoding="utf-8")
    assert text == notebook(EXAMPLES / f"{name}.py"), "run examples/make_notebooks.py"
    nbformat.validate(nbformat.reads(text, as_version=4))


def test_each_step_of_the_ladder_has_both_and_the_page_names_it() -> None:
    assert [name[:2] for name in NAMES] == [f"0{number}" for number in range(1, 9)]
    page = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    for name in NAMES:
        assert (EXAMPLES / f"{name}.py").exists() and os.access(EXAMPLES / f"{name}.sh", os.X_OK)
        assert f"{name}.sh" in page and f"{name}.py" in page


def test_the_page_of_the_first_model_shows_what_the_example_runs() -> None:
    page = (REPOSITORY / "docs/start/first_model.md").read_text(encoding="utf-8")
    ran = {line for ending in ("sh", "py") for line in (EXAMPLES / f"01_first_model.{ending}").read_text().splitlines()}
    ran |= {
        ". .venv/bin/activate",
        "cd examples",
        "classifier = job.result()",
        "print(classifier.prediction(photo)[0])",
    }
    blocks = re.findall(r"```(?:sh|python)\n(.*?)```", page, re.DOTALL)
    shown = [line for block in blocks for line in block.splitlines() if line]
    assert len(shown) > 15
    assert [line for line in shown if line not in ran] == []
