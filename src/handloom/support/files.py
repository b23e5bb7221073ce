"""Atomic writes: to a temporary path first, then renamed."""

import csv
import ctypes
import errno
import hashlib
import json
import math
import os
import platform
import re
import secrets
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from itertools import count
from pathlib import Path
from time import time
from typing import Any

# What a spreadsheet computes when it opens a CSV; a sign alone or before a number is text there, or that number.
# Spreadsheets of Japan and China take the full-width signs for the same.
_FORMULA = re.compile(r"[=+\-@\t\uff1d\uff0b\uff0d\uff20](?!$)(?!\d+([.,]\d+)?$)")
_MARKUP = re.compile(r"<(?=[a-z/!?])", re.IGNORECASE)
# What a process writes to before it renames (part), and what it renames away while it replaces a folder (old).
PART, OLD = "part", "old"
_TEMPORARY = re.compile(
    rf"\.(?P<stem>.+)\.(?P<pid>\d+)(-(?P<machine>\w+)-(?P<run>\w+))?(-\w+)?\.(?P<state>{PART}|{OLD})(?P<suffix>\.[^.]*)?"
)
# Tells this process from an earlier one that had the same number: in a container each is number 1.
_RUN = secrets.token_hex(3)
# Seconds for which a process of another machine is taken to be at work, as it cannot be asked whether it runs.
_LONGEST = {PART: 86_400, OLD: 60}
_number = count()  # so that two threads that write the same file do not share a temporary one
# The system call that exchanges two names: Linux has renameat2, macOS has renamex_np. The flag of both has the value 2.
_AT_FDCWD, _EXCHANGE = -100, 2
_CANNOT_EXCHANGE = {errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP}  # not on this file system


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path next to `path` to write a file or folder to, and rename it to `path` when the block ends.

    The old content of `path` stays until then, and also if the block raises. However this process is killed, `path` is
    the whole old or the whole new content; on a file system that cannot exchange two folders, a kill can leave a folder
    missing, and the next `replacing` of it puts the old one back first, after a minute if the kill was on another
    machine or in another container. The suffix is kept, since many libraries choose
    the format by it. What killed processes left of earlier attempts is removed.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    _clear_remains(path)
    part = _temporary(path, PART)
    try:
        yield part
        if part.is_dir() and os.path.lexists(path):
            _exchange(part, path)
        else:
            part.replace(path)
    except OSError as error:
        unnamed = error.filename is None or str(error.filename).startswith(str(part))
        if error.errno is not None and unnamed:  # without a number it is a library's own, with a text of its own
            # Where a user looks; what is written to a full disk does not say where. PyAV's errors keep their file name.
            raise OSError(error.errno, error.strerror, str(path)) from error
        raise
    finally:
        _remove(part)


@contextmanager
def creating(path: Path) -> Iterator[Path]:
    """Give a temporary path next to `path` to write a file to, and rename it to `path` unless that is there by then.

    For a file that several processes may find missing at once, and that is used from the moment it is there: the first
    one stays, and what the others made is thrown away. The folder has to be there.
    """
    with part_of(path) as part:
        yield part
        take_name(part, path)


@contextmanager
def part_of(path: Path) -> Iterator[Path]:
    """Give a temporary path next to `path` to write a file to; `take_name` names it. The folder has to be there."""
    _clear_remains(path)
    part = _temporary(path, PART)
    try:
        yield part
    finally:
        part.unlink(missing_ok=True)


def take_name(part: Path, path: Path) -> bool:
    """Name a file `path`, unless another one has that name; whether it has the name now."""
    try:
        path.hardlink_to(part)  # not a rename, which would replace what another process has made just now
    except FileExistsError:
        return False
    except OSError:  # no hard links on this file system
        if os.path.lexists(path):
            return False
        part.replace(path)
    return True


def remove_remains(folder: Path) -> None:
    """Remove temporary files and folders of killed processes from a folder of handloom's own."""
    for stem in list(_remains(folder.absolute())):
        _clear_remains(folder / stem)


def write_json(path: Path, content: Any) -> None:
    """Write `content` as indented JSON with a closing newline, atomically. NaN is refused: it is not JSON."""
    text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)
    with replacing(path) as part:
        part.write_text(text + "\n", encoding="utf-8")


def json_number(value: float) -> float | None:
    """A number as JSON can hold it: None where it is not finite."""
    return value if math.isfinite(value) else None


def write_csv(
    path: Path, rows: Sequence[Mapping[str, Any]], columns: Sequence[str] = (), paths: Sequence[str] = ()
) -> None:
    """Write rows under a header of all their keys, in order of appearance, atomically. A missing value stays empty.

    Texts are written as `as_cell` says, those of the columns `paths` as `as_path_cell` says. `columns` come first in
    the header, also where there is no row. All cells are in quotes where a path has a carriage return.
    """
    columns = list(dict.fromkeys([*columns, *(name for row in rows for name in row)]))
    returns = any("\r" in row.get(name, "") for row in rows for name in paths)
    with replacing(path) as part, part.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(
            file, columns, lineterminator="\n", quoting=csv.QUOTE_ALL if returns else csv.QUOTE_MINIMAL
        )
        writer.writerow({name: as_cell(name) for name in columns})
        writer.writerows(
            {name: as_path_cell(value) if name in paths else as_cell(value) for name, value in row.items()}
            for row in rows
        )


def as_cell(value: Any) -> Any:
    r"""A value as a CSV cell that neither a spreadsheet runs as a formula nor a page as HTML.

    A text that a spreadsheet would take for a formula (it begins with ``=``, ``+``, ``-``, ``@``, one of these in full
    width, or a tab) has ``'`` before it, as OWASP advises
    (https://owasp.org/www-community/attacks/CSV_Injection). ``<`` before a letter, ``/``,
    ``!`` or ``?`` is written ``\x3c``: pages that show the table put it between their own tags. Names of files may have
    such a ``<``, and labels of other people's models; our own sources refuse it in labels. A carriage return is
    written ``\r``. Other values stay as they are.
    """
    if not isinstance(value, str):
        return value
    text = _MARKUP.sub(r"\\x3c", value.replace("\r", r"\r"))  # which the csv module does not put in quotes
    return f"'{text}" if _FORMULA.match(text) else text


def as_path_cell(path: str) -> str:
    """A relative path as a CSV cell that names the same file and that a spreadsheet does not run as a formula.

    ``./`` comes before a path that a spreadsheet would take for a formula, and before one that begins with a blank,
    which readers of a CSV drop. Nothing else is changed, so a page that shows the path has to escape ``<``, and a cell
    with a carriage return needs quotes.
    """
    return f"./{path}" if _FORMULA.match(path) or path[:1].isspace() else path


def path_of_cell(cell: str) -> str:
    """The inverse of `as_path_cell`."""
    return cell.removeprefix("./")


def sha256_of_file(path: Path) -> str:
    """The hexadecimal sha256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _temporary(path: Path, state: str) -> Path:
    return path.with_name(f".{path.stem}.{os.getpid()}-{_machine()}-{_RUN}-{next(_number)}.{state}{path.suffix}")


def _exchange(part: Path, path: Path) -> None:
    """Rename `part` to `path`; what was there is at `part` afterwards, or nowhere."""
    if _swap(part, path):
        return
    old = _temporary(path, OLD)
    os.utime(path)  # says to other machines since when it is gone
    path.rename(old)
    try:
        part.rename(path)
    except OSError:
        old.rename(path)
        raise
    _remove(old)


def _swap(one: Path, other: Path) -> bool:
    """Exchange two names in one step; False where this system or file system cannot.

    Raises:
        OSError: it can, and did not.
    """
    system = ctypes.CDLL(None, use_errno=True)
    names = os.fsencode(one), os.fsencode(other)
    if hasattr(system, "renameat2"):
        failed = system.renameat2(_AT_FDCWD, names[0], _AT_FDCWD, names[1], _EXCHANGE)
    elif hasattr(system, "renamex_np"):
        failed = system.renamex_np(*names, _EXCHANGE)
    else:
        return False
    number = ctypes.get_errno()
    if failed and number not in _CANNOT_EXCHANGE:
        raise OSError(number, os.strerror(number), str(other))
    return not failed


def _clear_remains(path: Path) -> None:
    """Finish what a killed process was doing at `path`, and remove what it left."""
    remains = _remains(path.parent.absolute())
    for remain in remains.pop(path.stem, ()):
        match = _TEMPORARY.fullmatch(remain.name)
        was_here = match and match["state"] == OLD and (match["suffix"] or "") == path.suffix
        if was_here and not os.path.lexists(path):
            remain.rename(path)
        else:
            _remove(remain)


@cache
def _remains(folder: Path) -> dict[str, list[Path]]:
    """The temporary files and folders of processes that are no more, by the stem of what they were to become.

    Looked for once a process and folder: a folder may hold many files, and each of them be replaced.
    """
    found: dict[str, list[Path]] = {}
    try:
        paths = sorted(folder.iterdir())
    except OSError:
        return found
    for path in paths:
        match = _TEMPORARY.fullmatch(path.name)
        if match and not _is_written(path, match):
            found.setdefault(match["stem"], []).append(path)
    return found


def _is_written(path: Path, match: re.Match[str]) -> bool:
    """Whether what made a temporary file may still be writing it: another thread, process or machine."""
    process = int(match["pid"])
    if match["machine"] not in (None, _machine()):
        try:
            return time() - path.lstat().st_mtime < _LONGEST[match["state"]]
        except OSError:
            return True  # it has its name by now
    if process == os.getpid():
        return match["run"] == _RUN
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        pass  # it is somebody else's
    return True


@cache
def _machine() -> str:
    """Where a process's number means something: a machine, or a container of it; several may share a folder."""
    about = [platform.node()]
    with suppress(OSError):
        about.append(Path("/etc/machine-id").read_text(encoding="utf-8"))
    with suppress(OSError):  # Linux: the container
        about.append(str(Path("/proc/self/ns/pid").readlink()))
    return hashlib.sha256(" ".join(about).encode()).hexdigest()[:6]


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):  # a disk that is read-only refuses it even where there is nothing
            path.unlink()
