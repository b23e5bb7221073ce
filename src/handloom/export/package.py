"""Saving Core ML files so that equal models are equal files."""

import json
import uuid
from pathlib import Path
from typing import Any

from handloom.files import sha256_of_file
from handloom.fingerprint import fingerprint

SPECIFICATION = Path("Data/com.apple.CoreML/model.mlmodel")
MANIFEST = Path("Manifest.json")


def save_package(model: Any, path: Path) -> None:
    """Save a `coremltools.models.MLModel` as a new `.mlpackage` folder, the same bytes each time.

    coremltools draws the identifiers in the manifest at random, and writes the maps of the specification in any order.
    """
    from coremltools.proto import Model_pb2

    model.save(str(path))
    specification = Model_pb2.Model.FromString((path / SPECIFICATION).read_bytes())
    (path / SPECIFICATION).write_bytes(specification.SerializeToString(deterministic=True))

    manifest = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
    entries = manifest["itemInfoEntries"]
    names = {old: str(uuid.uuid5(uuid.NAMESPACE_URL, entry["path"])) for old, entry in entries.items()}
    manifest["itemInfoEntries"] = {names[old]: entry for old, entry in entries.items()}
    manifest["rootModelIdentifier"] = names[manifest["rootModelIdentifier"]]
    text = json.dumps(manifest, indent=4, sort_keys=True)
    (path / MANIFEST).write_text(text + "\n", encoding="utf-8")


def save_network(spec: Any, path: Path) -> None:
    """Save the protobuf message of a neural network as a `.mlmodel` file, the same bytes each time."""
    path.write_bytes(spec.SerializeToString(deterministic=True))


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
