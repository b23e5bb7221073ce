"""The files that a Core ML model is: saving them so that equal models are equal files, and finding them again."""

import io
import json
import os
import uuid
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

from handloom.errors import DataError, first_line, printable
from handloom.export.core_ml_messages import model_class
from handloom.models.files import COMPILED, EXPORTED, EXPORTED_NAMES, ML_PROGRAM
from handloom.support.files import sha256_of_file
from handloom.support.fingerprint import fingerprint

SPECIFICATION = Path("Data/com.apple.CoreML/model.mlmodel")
MANIFEST = Path("Manifest.json")
WEIGHTS = "weights"  # the folder next to the specification
RECOGNIZER, EMBEDDER = "hand_gesture_recognizer.task", "gesture_embedder.tflite"  # in a `.task`, one in the other
DATA = "Data"  # the folder that the manifest's paths start from
MOST_NAMED = 6  # models of a folder that an error names
LARGEST = 100_000_000  # bytes of a file that is read; a hand classifier has about a million


def save_package(model: Any, path: Path) -> None:
    """Save a `coremltools.models.MLModel` as a new `.mlpackage` folder, the same bytes each time.

    coremltools draws the identifiers in the manifest at random, and writes the maps of the specification in any order.
    """
    model.save(str(path))
    specification = model_class().FromString((path / SPECIFICATION).read_bytes())
    (path / SPECIFICATION).write_bytes(specification.SerializeToString(deterministic=True))

    manifest = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
    entries = manifest["itemInfoEntries"]
    names = {old: str(uuid.uuid5(uuid.NAMESPACE_URL, entry["path"])) for old, entry in entries.items()}
    manifest["itemInfoEntries"] = {names[old]: entry for old, entry in entries.items()}
    manifest["rootModelIdentifier"] = names[manifest["rootModelIdentifier"]]
    text = json.dumps(manifest, indent=4, sort_keys=True)
    (path / MANIFEST).write_text(text + "\n", encoding="utf-8")


@contextmanager
def weights_as_file() -> Iterator[None]:
    """Coremltools writes a program's weights to a temporary file; its error there is of no class of its own."""
    try:
        yield
    except RuntimeError as error:
        if "FileWriter" not in str(error):
            raise
        raise OSError("writing the weights failed; free space on this disk and on that of TMPDIR") from None


def save_network(spec: Any, path: Path) -> None:
    """Save the protobuf message of a neural network as a `.mlmodel` file, the same bytes each time."""
    path.write_bytes(spec.SerializeToString(deterministic=True))


def require_model_file(path: Path) -> None:
    """Refuse what cannot be a model file before anything opens it: a pipe would make the reader wait forever.

    Raises:
        DataError: there is nothing, or something with another suffix; it is a compiled model, a pipe or a device; it is
            larger than `LARGEST`; or it is a package that holds a link, a pipe or a device.
    """
    name = printable(str(path))
    if path.suffix == COMPILED:
        raise DataError(
            f"{name}: a model compiled by Xcode, which cannot be read; give the .mlpackage or"
            " .mlmodel that it was compiled from"
        )
    if not path.exists():
        raise _not_there(path)
    if path.suffix not in EXPORTED and path.is_dir() and (inside := _models_in(path)):
        raise DataError(f"{name}: a folder, not a saved model; give one of those in it: {inside}")
    if path.suffix not in EXPORTED:
        raise DataError(f"{name}: not a saved model; give a {EXPORTED_NAMES}")
    if path.is_dir():
        for place, folders, files in os.walk(path):
            for one in (*folders, *files):
                _require_plain(Path(place, one))
    else:
        _require_plain(path.resolve())


def _not_there(path: Path) -> DataError:
    what = "folder" if path.suffix == ML_PROGRAM else "file"
    return DataError(f"{printable(str(path))}: no such {what}; export the model first (dvc repro)")


def _models_in(folder: Path) -> str:
    files = sorted((file for file in folder.iterdir() if file.suffix in EXPORTED), key=lambda file: file.name)
    more = f" and {len(files) - MOST_NAMED} more" if files[MOST_NAMED:] else ""
    return ", ".join(printable(str(file)) for file in files[:MOST_NAMED]) + more


def _require_plain(path: Path) -> None:
    name = printable(str(path))
    if path.is_symlink():
        raise DataError(f"{name}: a link inside a package; copy the package with cp -rL, and give the copy")
    if not path.is_dir() and not path.is_file():
        raise DataError(f"{name}: a pipe or a device, not a file; export the model again")
    if path.is_file() and path.stat().st_size > LARGEST:
        raise DataError(f"{name}: larger than {LARGEST // 1_000_000} MB; a hand classifier has about 1 MB")


def specification_file(package: Path) -> Path:
    """The file of a `.mlpackage` that its manifest names as the model.

    Raises:
        DataError: the package or its manifest is missing; the manifest is damaged, or names a file that is not in the
            package.
    """
    name = printable(str(package))
    try:
        manifest = json.loads((package / MANIFEST).read_text(encoding="utf-8"))
        entries = manifest["itemInfoEntries"]
        paths = [PurePosixPath(entry["path"]) for entry in entries.values()]
        model = PurePosixPath(entries[manifest["rootModelIdentifier"]]["path"])
    except FileNotFoundError:
        if not package.exists():
            raise _not_there(package) from None
        raise DataError(f"{name}: it has no {MANIFEST}; copy the whole folder, or export the model again") from None
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise DataError(
            f"{name}: its {MANIFEST} cannot be read ({printable(first_line(error))[:200]}); export the model again"
        ) from None
    for path in paths:
        if path.is_absolute() or ".." in path.parts or not (package / DATA / path).exists():
            raise DataError(
                f"{name}: its {MANIFEST} names {printable(str(path))[:200]}, which is not in the package; export the"
                " model again"
            )
    return package / DATA / model


def embedder_of(path: Path) -> bytes:
    """The network inside a `.task`, whose bytes `self_check` seals.

    Raises:
        KeyError, OSError, zipfile.BadZipFile: the file is another one.
    """
    with zipfile.ZipFile(path) as bundle, zipfile.ZipFile(io.BytesIO(bundle.read(RECOGNIZER))) as recognizer:
        return recognizer.read(EMBEDDER)


def size_of(path: Path) -> int:
    """The bytes of a file, or of all files of a package."""
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())


def sha256_of(path: Path) -> str:
    """The sha256 of a file; of a package, over the paths and the hashes of its files."""
    if path.is_file():
        return sha256_of_file(path)
    files = sorted(file for file in path.rglob("*") if file.is_file())
    return fingerprint([(file.relative_to(path).as_posix(), sha256_of_file(file)) for file in files])
