"""The key of a file's joints besides its content: settings, landmark model, libraries and code."""

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from handloom.config import ExtractKeypoints, Kind
from handloom.landmarks.reader import runtime_version
from handloom.support.code import code_version
from handloom.support.files import sha256_of_file
from handloom.support.fingerprint import fingerprint

SETTINGS: dict[Kind, tuple[str, ...]] = {
    "pose": (
        "hand",
        "detection_confidence",
        "tta_paddings",
        "tta_rotations",
        "test_time_augmentation",
        "largest_picture_side",
    ),
    "action": (
        "hand",
        "detection_confidence",
        "tta_paddings",
        "largest_frame_side",
        "target_frame_rate",
        "accept_slow_clips",
    ),
}
LIBRARIES = ("av", "numpy", "opencv-contrib-python", "pillow", "pillow-heif", "rawpy")
CODE = "handloom.extraction.extraction"  # the module that finds the hands of a file


def recipe(kind: Kind, settings: ExtractKeypoints, model: Path) -> str:
    """A hash of everything but the file itself."""
    return fingerprint(
        {
            "kind": kind,
            "settings": {name: getattr(settings, name) for name in SETTINGS[kind]},
            "landmark_model": sha256_of_file(model),
            "landmarker": runtime_version(settings),
            "libraries": {name: _version(name) for name in LIBRARIES},
            "code": code_version(CODE),
        }
    )


def entry_key(recipe: str, sha256: str, start: float | None, end: float | None) -> str:
    """The key in the cache of a file with this content, or of an interval of it."""
    return fingerprint([recipe, sha256, start, end])


def _version(library: str) -> str:
    """Empty for one that is not installed: an extra."""
    try:
        return version(library)
    except PackageNotFoundError:
        return ""
