"""The fingerprint of work: what decides a result, so that finished work is used again only where it is the same."""

import hashlib
import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import handloom
from handloom.support.files import sha256_of_file

SUFFIXES = (".py", ".json", ".npz")


def fingerprint(content: Any) -> str:
    """The sha256 of plain content, as JSON."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


@cache
def code_version(*names: str) -> str:
    """A hash of files and folders of the package: another code or table of numbers, another version."""
    package = Path(handloom.__file__).parent
    files = [path for name in names for path in _files(package / name)]
    return fingerprint([(path.relative_to(package).as_posix(), sha256_of_file(path)) for path in files])


def _files(path: Path) -> Sequence[Path]:
    if path.is_dir():
        return sorted(file for file in path.rglob("*") if file.suffix in SUFFIXES)
    if not path.is_file():
        raise FileNotFoundError(path)  # a name that nobody has any more would make a fingerprint blind
    return [path]
