"""The two networks in a hand landmark model file: a zip archive, whatever it is called."""

import zipfile
import zlib
from pathlib import Path

from handloom.errors import LandmarkModelError
from handloom.landmarks.network_landmarker import DETECTOR, LANDMARKS

NETWORK_FILES = (DETECTOR, LANDMARKS)


def read_networks(path: Path) -> dict[str, bytes]:
    """The two networks of a model file, by their names in it.

    Raises:
        LandmarkModelError: the file does not hold them.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return {name: archive.read(name) for name in NETWORK_FILES}
    # Of a damaged archive: what zipfile lets through of a member that is cut off, encrypted or packed otherwise.
    except (zipfile.BadZipFile, KeyError, EOFError, RuntimeError, zlib.error):
        raise LandmarkModelError(
            f"{path}: not a hand landmark model; it must hold {' and '.join(NETWORK_FILES)}"
        ) from None
