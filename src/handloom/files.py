"""Writing so that nothing half-written is ever left in place: beside first, then renamed."""

import csv
import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

# What a spreadsheet computes when it opens a CSV; a sign alone or before a number is text there, or that number.
_FORMULA = re.compile(r"[=+\-@\t](?!$)(?!\d+([.,]\d+)?$)")
_MARKUP = re.compile(r"<(?=[a-z/!?])", re.IGNORECASE)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a path beside `path` to write a file or folder to; rename it to `path` when the block ends well.

    The old content of `path` stays untouched until then, and for ever if the block raises. The suffix is kept, since
    many libraries choose the format by it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = _beside(path)
    try:
        yield beside
        if beside.is_dir() and path.exists():
            shutil.rmtree(path)
        beside.replace(path)
    finally:
        if beside.is_dir():
            shutil.rmtree(beside, ignore_errors=True)
        else:
            beside.unlink(missing_ok=True)


@contextmanager
def creating(path: Path) -> Iterator[Path]:
    """Give a path beside `path` to write a file to; it becomes `path` when the block ends well, unless one is there.

    For a file that several processes may find missing at once, and that is used from the moment it is there: the first
    one stays, and what the others made is thrown away. The folder has to be there.
    """
    beside = _beside(path)
    try:
        yield beside
        try:
            path.hardlink_to(beside)  # not a rename, which would replace what another process has made just now
        except FileExistsError:
            pass
        except OSError:  # no hard links on this file system
            beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def write_json(path: Path, content: Any) -> None:
    """Write `content` as indented JSON with a closing newline, atomically. NaN is refused: it is not JSON."""
    text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)
    with replacing(path) as beside:
        beside.write_text(text + "\n", encoding="utf-8")


def write_csv(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows under a header of all their keys, in order of appearance, atomically. A missing value stays empty.

    Texts are written as `as_cell` says.
    """
    columns = list(dict.fromkeys(name for row in rows for name in row))
    with replacing(path) as beside, beside.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writerow({name: as_cell(name) for name in columns})
        writer.writerows({name: as_cell(value) for name, value in row.items()} for row in rows)


def as_cell(value: Any) -> Any:
    r"""A value as people's CSVs have it: nothing in it runs where it is opened.

    A text that a spreadsheet would take for a formula (it begins with ``=``, ``+``, ``-``, ``@`` or a tab) has ``'``
    before it, as OWASP advises (https://owasp.org/www-community/attacks/CSV_Injection). ``<`` before a letter, ``/``,
    ``!`` or ``?`` is written ``\x3c``: pages that show the table put it between their own tags. Names of files may have
    such a ``<``, and labels of other people's models; our own sources refuse it in labels. A carriage return is
    written ``\r``. Other values stay as they are.
    """
    if not isinstance(value, str):
        return value
    text = _MARKUP.sub(r"\\x3c", value.replace("\r", r"\r"))  # which the csv module does not put in quotes
    return f"'{text}" if _FORMULA.match(text) else text


def sha256_of_file(path: Path) -> str:
    """The hexadecimal sha256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.stem}.{os.getpid()}.part{path.suffix}")
