"""Photos and clips that arrive from the browser: limited in size, decoded as any media, named, renamed into place.

A file is written next to its place under a name that sources pass over, so a server that is killed leaves no half file;
the next one removes what is left.
"""

import re
import unicodedata
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath

from starlette.concurrency import run_in_threadpool

from handloom.config import Kind
from handloom.errors import DataError, HandloomError, printable
from handloom.media.limits import MediaLimits
from handloom.sources.groups import GroupFinder
from handloom.studio.project import StudioProject
from handloom.studio.project_files import ProjectFiles, first_picture, free_name
from handloom.studio.settings import AFTER_PERSON, name_people
from handloom.support.files import part_of, remove_remains, take_name

LARGEST: dict[Kind, int] = {"pose": 100_000_000, "action": 2_000_000_000}  # bytes of a file
_SMALL_SIDE = 64  # pixels: whether a file can be decoded shows at any size
_LONGEST_NAME = 60  # bytes of a person's name, or of what is left of a file's name; file systems take 255 in all
_SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,5}")
_NO_NAME = re.compile(r"[^\w.()-]+")


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


@dataclass(frozen=True)
class Received:
    """A photo or a clip that has arrived.

    Attributes:
        name: its path inside the folder of all classes.
        group: who is in it by the project's own rule; empty where none says.
        note: a line where that is not the person that was typed; else empty.
    """

    name: str
    group: str
    note: str


async def receive(files: ProjectFiles, label: str, person: str, name: str, chunks: AsyncIterator[bytes]) -> Received:
    """Take a photo or a clip into the folder of a class.

    Args:
        files: of the kind.
        label: the class.
        person: who is in it; empty where that is not known.
        name: what the file was called; only its letters and its suffix count.
        chunks: its bytes.

    Raises:
        TooLargeError: it has too many bytes.
        DataError: it cannot be read, or the class cannot be.
    """
    person = person_name(person)
    wanted = files.class_folder(label) / file_name(person, name)
    with part_of(wanted) as part:
        with part.open("wb") as out:
            size = 0
            async for chunk in chunks:
                size += len(chunk)
                check_size(files.kind, size)
                out.write(chunk)
        await run_in_threadpool(_check, files, part, wanted.name)
        place = await run_in_threadpool(_named, files, part, wanted)
    return await run_in_threadpool(_received, files, place.relative_to(files.root).as_posix(), person)


def remove_remains_of_uploads(project: StudioProject) -> None:
    """Remove what servers that were killed left of uploads in the folders of the classes."""
    for kind in project.kinds():
        try:
            root = ProjectFiles(project, kind).root
        except HandloomError:
            continue  # this kind is trained on something else
        for folder in root.iterdir():
            if folder.is_dir() and not folder.is_symlink():
                remove_remains(folder)


def person_name(text: str) -> str:
    """A person's name as files carry it: letters, digits and hyphens, so that it ends where `AFTER_PERSON` begins."""
    plain = "".join(one if one.isalnum() else "-" for one in unicodedata.normalize("NFC", text.strip()))
    return _cut(re.sub("-+", "-", plain).strip("-"))


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
        stem = _cut(_NO_NAME.sub("-", path.stem if suffix else path.name).strip(".-"))
    if person:
        stem = stem.replace(AFTER_PERSON, "-")
    now = datetime.now().astimezone()
    stem = stem or f"{now:%Y%m%d-%H%M%S}-{now.microsecond // 1000:03d}"
    return f"{person}{AFTER_PERSON if person else ''}{stem}{suffix.lower()}"


def _cut(name: str) -> str:
    return name.encode()[:_LONGEST_NAME].decode(errors="ignore")


def _check(files: ProjectFiles, part: Path, name: str) -> None:
    limits = MediaLimits.of(files.project.parameters().extract_keypoints)
    first_picture(part, files.kind, _SMALL_SIDE, limits, printable(name))


def _named(files: ProjectFiles, part: Path, wanted: Path) -> Path:
    """Give what has arrived the first free name: another file may have taken one in the meantime."""
    with files.project.changes:
        while not take_name(part, place := free_name(wanted)):
            pass
    return place


def _received(files: ProjectFiles, name: str, person: str) -> Received:
    if person:
        name_people(files.project, files.kind)
    key = f"data.{files.kind}.groups"
    group = GroupFinder(files.project.source(files.kind).groups, key).group_of(name)
    group = "" if group == name else group
    if not person or group == person:
        return Received(name, group, "")
    counted = f"puts it into group {printable(group)}" if group else "gives it no group"
    return Received(name, group, f"{printable(name)}: {key} {counted}, so {printable(person)} does not count")
