"""The stage `raw_data`: a small file that changes with the files of a source.

DVC cannot list what a source reads as dependencies of one stage, because their number differs from source to source. So
each file or folder has a stage of its own, which leaves a note, and `extract_keypoints` depends on the folder of notes.
"""

import os
from collections.abc import Collection, Iterator
from pathlib import Path

from handloom.errors import DataError, printable
from handloom.extraction.cache import KeypointCache
from handloom.support.files import write_json
from handloom.support.fingerprint import fingerprint
from handloom.support.pools.processes import worker_count


def write_note(path: Path, note: Path, cache: Path) -> None:
    """Write how many files there are, and a hash of their names and contents.

    Args:
        path: a file or folder that a source reads. Hidden files inside do not count.
        note: the JSON file to write.
        cache: of the hashes of files, see `KeypointCache`; a file that did not change is not read again.

    Raises:
        DataError: there is no such file or folder.
    """
    if not path.exists():
        raise DataError(f"{printable(str(path))}: no such file or folder; dvc pull gets it if it was pushed")
    files = sorted(_files(path)) if path.is_dir() else [path]
    with KeypointCache(cache) as known:
        hashes = known.hashes(files, worker_count(-1))
    names = [(file.relative_to(path).as_posix(), hashes.get(file, "")) for file in files]
    note.parent.mkdir(parents=True, exist_ok=True)
    write_json(note, {"files": len(files), "sha256": fingerprint(names)})


def remove_old_notes(folder: Path, names: Collection[str]) -> None:
    """Remove the notes of files that the sources no longer read."""
    for note in folder.glob("*.json"):
        if note.stem not in names:
            note.unlink()


def _files(folder: Path) -> Iterator[Path]:
    """Every file inside, through links too, each folder once."""
    seen = set()
    for inside, folders, files in os.walk(folder, followlinks=True):
        seen.add(os.path.realpath(inside))
        folders[:] = [
            name for name in folders if not name.startswith(".") and os.path.realpath(Path(inside, name)) not in seen
        ]
        yield from (Path(inside, name) for name in files if not name.startswith("."))
