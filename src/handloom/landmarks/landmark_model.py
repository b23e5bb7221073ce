"""The hand landmark model file: fetched once, checked by sha256, kept outside the repository.

MediaPipe's wheel of today holds no model. Google's own wheel of version 0.10.21 holds the two networks; stored side by
side in a zip archive they are a `hand_landmarker.task`. pip can fetch that wheel wherever pip works.
"""

import hashlib
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from platformdirs import user_cache_path

from handloom.config import LandmarkModel
from handloom.errors import LandmarkModelError
from handloom.support.files import replacing, sha256_of_file

WHEEL = "mediapipe==0.10.21"
# Any platform's wheel will do, only two files are read: this one exists on every mirror.
WHEEL_PLATFORM = ("--python-version=3.12", "--platform=manylinux_2_28_x86_64", "--only-binary=:all:", "--no-deps")

# name in the .task archive -> (path in the wheel, sha256)
NETWORKS = {
    "hand_detector.tflite": (
        "mediapipe/modules/palm_detection/palm_detection_full.tflite",
        "1b14e9422c6ad006cde6581a46c8b90dd573c07ab7f3934b5589e7cea3f89a54",
    ),
    "hand_landmarks_detector.tflite": (
        "mediapipe/modules/hand_landmark/hand_landmark_full.tflite",
        "11c272b891e1a99ab034208e23937a8008388cf11ed2a9d776ed3d01d0ba00e3",
    ),
}
FIXED_DATE = (1980, 1, 1, 0, 0, 0)  # so that the archive's own sha256 is the same everywhere


def landmark_model_path(settings: LandmarkModel) -> Path:
    """The checked model file, fetched first if need be.

    Raises:
        LandmarkModelError: the file is missing or has another sha256 than asked for, or it cannot be fetched.
    """
    path = model_file(settings)
    if settings.path:
        return _own_model(path, settings.sha256)
    if not path.exists():
        with replacing(path) as temporary:
            _build(temporary)
    _check_networks(path)
    return path


def model_file(settings: LandmarkModel) -> Path:
    """Where the model file is, or will be after it was fetched."""
    return Path(settings.path) if settings.path else user_cache_path("handloom") / "hand_landmarker.task"


def found_networks(path: Path) -> dict[str, str]:
    """The sha256 of each network of a model file, by its name; of a file that holds none, nothing."""
    try:
        with zipfile.ZipFile(path) as archive:
            return {name: hashlib.sha256(archive.read(name)).hexdigest() for name in archive.namelist()}
    except (OSError, zipfile.BadZipFile):
        return {}


def _own_model(path: Path, sha256: str) -> Path:
    if not path.is_file():
        raise LandmarkModelError(f"{path}: no such file; extract_keypoints.landmark_model.path names it")
    found = sha256_of_file(path)
    if sha256 and found != sha256:
        raise LandmarkModelError(
            f"{path}: its sha256 is {found}, not {sha256} as extract_keypoints.landmark_model.sha256 says;"
            " get the right file or correct the parameter"
        )
    return path


def _check_networks(path: Path) -> None:
    found = found_networks(path)
    for name, (_, sha256) in NETWORKS.items():
        if found.get(name) != sha256:
            raise LandmarkModelError(
                f"{path}: the landmark model is damaged ({name} has a wrong sha256); delete the file"
            )


def _build(target: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        wheel = _download(Path(folder))
        with zipfile.ZipFile(wheel) as source, zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
            for name, (inside, sha256) in NETWORKS.items():
                content = source.read(inside)
                if hashlib.sha256(content).hexdigest() != sha256:
                    raise LandmarkModelError(
                        f"{WHEEL}: {inside} has a wrong sha256; is the package index to be trusted?"
                    )
                archive.writestr(zipfile.ZipInfo(name, FIXED_DATE), content)


def _download(folder: Path) -> Path:
    command = [sys.executable, "-m", "pip", "download", "--quiet", *WHEEL_PLATFORM, f"--dest={folder}", WHEEL]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    wheels = list(folder.glob("*.whl"))
    if result.returncode or not wheels:
        lines = [line for line in result.stderr.splitlines() if line.strip()] or ["no reason given"]
        raise LandmarkModelError(
            f"the hand landmark model could not be fetched with pip ({lines[-1].strip()}); connect once to a"
            f" package index that has {WHEEL}, or set extract_keypoints.landmark_model.path to a file of your own"
        )
    return wheels[0]
