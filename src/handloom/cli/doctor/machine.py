"""What was found of one thing; and what is no Python package: system libraries, programs, the landmark model, a GPU."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from handloom.errors import HandloomError
from handloom.support.system_libraries import missing_system_libraries

if TYPE_CHECKING:
    from handloom.config import ExtractKeypoints


State = Literal["ok", "note", "MISSING"]


@dataclass(frozen=True)
class Finding:
    """What was found of one thing.

    Attributes:
        item: what was looked at.
        state: "ok"; "note" for what is good to know and stops nothing; "MISSING" for what something will fail without.
        text: what was found.
        advice: what to type, or to do; empty where nothing needs to be done.
    """

    item: str
    state: State
    text: str
    advice: str = ""

    def __str__(self) -> str:
        return f"{self.state:7}  {self.item}: {self.text}" + (f"; {self.advice}" if self.advice else "")


def system_libraries() -> Iterator[Finding]:
    """The libraries that MediaPipe and OpenCV load."""
    missing = missing_system_libraries()
    for library, package in missing.items():
        yield Finding(library, "MISSING", "cannot be loaded", f"type, on Debian or Ubuntu: apt-get install {package}")
    if not missing:
        yield Finding("system libraries", "ok", "all that MediaPipe and OpenCV load are installed")


def programs() -> Iterator[Finding]:
    """Programs that `dvc repro` needs on the path, and that its `python` is this one."""
    for name, package in (("git", "on Debian or Ubuntu: apt-get install git"), ("dvc", "python -m pip install dvc")):
        found = shutil.which(name)
        here = Path(sys.executable).with_name(name)
        if found:
            yield Finding(name, "ok", found)
        elif here.exists():
            yield Finding(name, "MISSING", f"not on PATH, but installed: {here}", _activate())
        else:
            yield Finding(name, "MISSING", "not found, and dvc repro needs it", f"type: {package}")
    python = shutil.which("python")
    if python and Path(python).parent.resolve() == Path(sys.executable).parent.resolve():
        yield Finding("python", "ok", python)
    else:
        what = f"{python or 'none'} on PATH, handloom is in {sys.executable}; stages run the one on PATH"
        yield Finding("python", "MISSING", what, _activate())


def _activate() -> str:
    script = Path(sys.prefix) / "bin" / "activate"
    if script.exists():
        return f"type: . {script}"
    return f'type: export PATH="{Path(sys.executable).parent}:$PATH"'


def landmark_model() -> Iterator[Finding]:
    """The model that finds joints: there and undamaged, or, without fetching it, whether it could be fetched."""
    from handloom.landmarks.landmark_model import WHEEL, landmark_model_path, model_file

    item = "landmark model"
    settings = extraction_settings().landmark_model
    path = model_file(settings)
    if settings.path or path.exists():
        try:
            yield Finding(item, "ok", str(landmark_model_path(settings)))
        except HandloomError as error:
            yield Finding(item, "MISSING", str(error))
        return
    package, _, wanted = WHEEL.partition("==")
    listing = _pip("index", "versions", package, "--python-version=3.12", "--only-binary=:all:", "--timeout=5")
    if wanted in listing.replace(",", " ").split():
        yield Finding(item, "ok", "not fetched yet; the first extraction fetches it with pip, which can")
    else:
        yield Finding(
            item,
            "MISSING",
            f"not in {path}, and pip does not find {WHEEL}, which holds it",
            "connect to a package index that has it or set extract_keypoints.landmark_model.path to a file of your own",
        )


def extraction_settings() -> "ExtractKeypoints":
    """The project's own settings where the working folder is one, as far as they can be read; else the defaults."""
    from handloom.config import ExtractKeypoints, section_from
    from handloom.support.yaml_files import read_yaml

    try:
        content = read_yaml(Path("params.yaml"))
        return section_from(ExtractKeypoints, content["extract_keypoints"])
    except (HandloomError, ValueError, KeyError, TypeError):
        return ExtractKeypoints()


def _pip(*arguments: str) -> str:
    command = [sys.executable, "-m", "pip", *arguments, "--retries=0"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60).stdout
    except (OSError, subprocess.TimeoutExpired):
        return ""


def gpu() -> Iterator[Finding]:
    """Whether PyTorch sees one. None is needed."""
    import torch

    if torch.cuda.is_available():
        name = torch.cuda.get_device_name(0)
        yield Finding("GPU", "ok", f"{name}; train_pose.accelerator and train_action.accelerator: gpu use it")
    elif torch.backends.mps.is_available():
        yield Finding("GPU", "ok", "Apple's; train_pose.accelerator and train_action.accelerator: mps use it")
    else:
        yield Finding("GPU", "note", "PyTorch finds none; none is needed")
