"""Photos and clips that arrive from the browser: limited in size, decoded as any media, named, renamed into place.

A file is written next to its place under a name that sources pass over, so a server that is killed leaves no half file.
"""

import re
import unicodedata
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path, PurePosixPath

from starlette.concurrency import run_in_threadpool

from handloom.config import Kind
from handloom.errors import DataError, printable
from handloom.media.limits import MediaLimits
from handloom.studio.project_files import ProjectFiles, first_picture, free_name
from handloom.studio.settings import AFTER_PERSON, name_people
from handloom.support.files import creating

LARGEST: dict[Kind, int] = {"pose": 100_000_000, "action": 2_000_000_000}  # bytes of a file
_SMALL_SIDE = 64  # pixels: whether a file can be decoded shows at any size
_LONGEST_NAME = 60  # characters of a person's name, or of what is left of a file's name
_SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,5}")
_NO_NAME = re.compile(r"[^\w.()-]+")
_arriving: set[Path] = set()  # names that are given to files which have not arrived; used by the event loop alone


class TooLargeError(DataError):
    """A file is larger than `LARGEST`."""


def check_size(kind: Kind, size: int) -> None:
    """Refuse what is too large, by what was announced or by what has arrived.

    Raises:
        TooLargeError: it is.
    """
    if size > LARGEST[kind]:
        most = LARGEST[kind] / 1e6
        raise TooLargeError(f"the file has more than {most:.0f} MB; copy it into the folder of its class, or cut it")


async def receive(
    files: ProjectFiles, label: str, person: str, name: str, chunks: AsyncIterator[bytes]
) -> tuple[str, str]:
    """Take a photo or a clip into the folder of a class.

    Args:
        files: of the kind.
        label: the class.
        person: who is in it; empty where that is not known.
        name: what the file was called; only its letters and its suffix count.
        chunks: its bytes.

    Returns:
        its path inside the folder of all classes, and its group by the project's own rule.

    Raises:
        TooLargeError: it has too many bytes.
        DataError: it cannot be read, or the class cannot be.
    """
    person = person_name(person)
    folder = files.class_folder(label)
    place = free_name(folder / file_name(person, name), _arriving)
    _arriving.add(place)
    try:
        with creating(place) as part:
            with part.open("wb") as out:
                size = 0
                async for chunk in chunks:
                    size += len(chunk)
                    check_size(files.kind, size)
                    out.write(chunk)
            await run_in_threadpool(_check, files, part, place.name)
    finally:
        _arriving.discard(place)
    if person:
        await run_in_threadpool(name_people, files.project, files.kind)
    return place.relative_to(files.root).as_posix(), person


def person_name(text: str) -> str:
    """A person's name as files carry it: letters, digits and hyphens, so that it ends where `AFTER_PERSON` begins."""
    plain = "".join(one if one.isalnum() else "-" for one in unicodedata.normalize("NFC", text.strip()))
    return re.sub("-+", "-", plain).strip("-")[:_LONGEST_NAME]


def file_name(person: str, name: str) -> str:
    """The name of a new file: the person, and what the file was called, or the time if it has no name of its own.

    Args:
        person: see `person_name`.
        name: as the browser gives it; ``.jpg`` for what was recorded here.
    """
    path = PurePosixPath(unicodedata.normalize("NFC", name.replace("\\", "/").rpartition("/")[2]))
    suffix = path.suffix if _SUFFIX.fullmatch(path.suffix) else ""
    if name.startswith(".") and _SUFFIX.fullmatch(name):
        suffix, stem = name, ""
    else:
        stem = _NO_NAME.sub("-", path.stem if suffix else path.name).strip(".-")[:_LONGEST_NAME]
    if person:
        stem = stem.replace(AFTER_PERSON, "-")
    now = datetime.now().astimezone()
    stem = stem or f"{now:%Y%m%d-%H%M%S}-{now.microsecond // 1000:03d}"
    return f"{person}{AFTER_PERSON if person else ''}{stem}{suffix.lower()}"


def _check(files: ProjectFiles, part: Path, name: str) -> None:
    limits = MediaLimits.of(files.project.parameters().extract_keypoints)
    first_picture(part, files.kind, _SMALL_SIDE, limits, printable(name))
