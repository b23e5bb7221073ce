"""handloom as it is installed to predict only: nothing of the extra `train` is there."""

import json
import os
import re
import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path

import pytest
from conftest import REPOSITORY
from packaging.requirements import Requirement
from small_models import save, trained
from warm_start import COLD

from handloom.support.extras import missing_package

# Modules that are not called as their packages are.
MODULES = {"hydra-core": "hydra", "pytorch-lightning": "pytorch_lightning", "scikit-learn": "sklearn"}
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
PROGRAM = """
import json, sys
for name in json.loads(sys.argv[1]):
    sys.modules[name] = None  # as if it were not installed
from handloom.cli import main
for command in json.loads(sys.argv[2]):
    print(main(command), flush=True)
import handloom
try:
    handloom.HandPoseClassifier
except handloom.HandloomError as error:
    print(error)
"""


def names(requirements: list[str]) -> set[str]:
    return {Requirement(one).name for one in requirements}


def without(blocked: list[str], commands: list[list[str]], folder: Path) -> tuple[list[str], list[str]]:
    """The lines that the commands print, and those of their errors."""
    program = [sys.executable, "-c", PROGRAM, json.dumps(blocked), json.dumps(commands)]
    environment = os.environ | {COLD: "1"}  # a fork would have imported them
    done = subprocess.run(program, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines(), done.stderr.splitlines()


def test_exported_files_answer_without_what_training_needs(drawn: Path, tmp_path: Path) -> None:
    blocked = [MODULES.get(name, name) for name in sorted(names(PROJECT["optional-dependencies"]["train"]))]
    assert {"coremltools", "dvc", "mlflow", "mediapipe", "pyarrow", "pytorch_lightning", "torch"} <= set(blocked)
    photo = str(next((drawn / "photos").rglob("*.jpg")))
    files = [str(save(trained("pose"), tmp_path / f"Hand{suffix}")) for suffix in (".mlpackage", ".mlmodel")]
    (tmp_path / "model.ckpt").touch()
    commands = [["predict", photo, "--model", file] for file in files]
    commands += [
        ["verify", files[0]],
        ["predict", photo, "--model", "model.ckpt"],
        ["train", "pose", str(drawn / "photos"), "--out", "new"],
    ]
    printed, errors = without(blocked, commands, tmp_path)
    answers = [line.split("\t") for line in printed if "\t" in line]
    assert [answer[0] for answer in answers] == [photo] * 2
    assert answers[0][1] == answers[1][1] in ("a", "b", "c")
    assert [line for line in printed if re.fullmatch(r"\d", line)] == ["0", "0", "0", "1", "1"], errors
    whole = r"pip install 'handloom\[train\]'"
    assert re.fullmatch(rf"handloom predict: model\.ckpt needs torch: {whole}", errors[0])
    assert re.fullmatch(rf"handloom train needs \w+: {whole}", errors[1])
    assert re.fullmatch(rf"handloom\.HandPoseClassifier needs \w+: {whole}", printed[-1])


def test_an_application_gets_neither_dvc_nor_mlflow() -> None:
    base, train = names(PROJECT["dependencies"]), names(PROJECT["optional-dependencies"]["train"])
    assert not base & train
    assert not base & {"torch", "dvc", "mlflow", "coremltools", "pytorch-lightning", "hydra-core", "mediapipe"}
    assert "handloom[dask,docs,onnx,raw,ray,search,studio,train]" in PROJECT["optional-dependencies"]["dev"]


@pytest.mark.parametrize(
    ("module", "extra"), [("optuna", "search"), ("ray", "ray"), ("torch", "train"), ("uvicorn", "studio")]
)
def test_a_missing_package_is_called_by_its_extra(module: str, extra: str) -> None:

    line = missing_package("it", ModuleNotFoundError("no", name=f"{module}.inner"))
    assert line == f"it needs {module}: pip install 'handloom[{extra}]'"
    assert extra in PROJECT["optional-dependencies"]


def test_a_file_with_the_name_of_a_module_of_python_is_named() -> None:
    error = ImportError("cannot import name 'reader' from 'csv' (/photos/csv.py)", name="csv", path="/photos/csv.py")
    line = missing_package("it", error)
    assert line == f"it cannot be loaded: {error}; Python has a module csv, too: rename the file if it is yours"


def test_a_file_in_place_of_a_package_of_python_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "xml.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    for name in [name for name in sys.modules if name.partition(".")[0] == "xml"]:
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(ImportError) as raised:
        import_module("xml.etree")
    line = missing_package("it", raised.value)
    del sys.modules["xml"]
    assert line.endswith(f" in {tmp_path / 'xml.py'}; Python has a module xml, too: rename the file if it is yours")


def test_an_installed_package_that_cannot_be_loaded_is_installed_again() -> None:
    line = missing_package("it", ImportError("libc10.so: cannot open shared object file", name="torch._C"))
    assert line.endswith("; install it again: pip install --force-reinstall torch")
    line = missing_package("it", ImportError("libc10.so: cannot open shared object file"))
    assert line.endswith("; install it again: pip install --force-reinstall PACKAGE")


def test_a_library_that_cannot_be_loaded_is_not_called_missing() -> None:
    line = missing_package("it", ImportError("libGL.so.1: cannot open shared object file"))
    assert (
        line == "it cannot be loaded: libGL.so.1: cannot open shared object file; handloom doctor says what is missing"
    )
