"""Saving a Core ML package so that equal models are equal files."""

import json
import uuid
from pathlib import Path
from typing import Any

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
