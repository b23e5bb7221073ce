"""Photos and clips in the folders of the classes: list, add a class, move, delete, exclude, show small."""

import csv
import io
import os
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from handloom.config import Kind
from handloom.errors import DataError, HandloomError, printable, renamed
from handloom.media.clips import ClipReader
from handloom.media.frame import Picture
from handloom.media.limits import MediaLimits
from handloom.media.photos import read_photo
from handloom.sources.clip import UnusableError
from handloom.sources.excluded import COLUMN
from handloom.sources.folder import MediaFolder
from handloom.sources.groups import plain_path
from handloom.sources.labeled_directories import labeled_directories
from handloom.sources.labels import checked_label
from handloom.sources.tables import read_table
from handloom.studio.project import StudioProject
from handloom.studio.settings import change_settings
from handloom.support.files import write_csv

SMALL_SIDE = 160  # pixels of the pictures in the page's list
_FIRST_FRAME_RATE = 5.0  # frames/s; only the first frame is asked for


@dataclass(frozen=True)
class ProjectFile:
    """A photo or a clip.

    Attributes:
        name: its path inside the folder of all classes, with forward slashes.
        group: who is in it, by the project's own rule; empty where none says.
        excluded: whether the project leaves it out.
        version: another one when the file has changed.
    """

    name: str
    group: str
    excluded: bool
    version: str


@dataclass(frozen=True)
class Listing:
    """What a kind is trained on.

    Attributes:
        classes: files by class; a class without files is there too.
        notes: lines on what was passed over or cannot be used.
    """

    classes: dict[str, list[ProjectFile]]
    notes: list[str]


class ProjectFiles:
    """The files of one kind, as the project's own source reads them.

    Args:
        project: whose they are.
        kind: "pose" (photos) or "action" (clips).

    Raises:
        HandloomError: the kind is not trained on a folder for each class.
    """

    def __init__(self, project: StudioProject, kind: Kind) -> None:
        self.project, self.kind = project, kind
        self.source = project.source(kind)
        self.root = Path(self.source.path)

    def listing(self) -> Listing:
        """All files, in the order in which training reads them.

        Raises:
            HandloomError: the folder or a table of groups or exclusions cannot be read.
        """
        found = self._folder().subfolders()[0]
        classes: dict[str, list[ProjectFile]] = {name: [] for name in found}
        if not classes:
            return Listing({}, [])
        gathered = labeled_directories(self.source, self.kind, f"data.{self.kind}")
        excluded = self._excluded()
        for clip in gathered.clips:
            status = (self.root / clip.file).stat()
            group = "" if clip.group == clip.file else clip.group
            version = f"{status.st_mtime_ns:x}-{status.st_size:x}"
            one = ProjectFile(clip.file, group, plain_path(clip.file) in excluded, version)
            classes.setdefault(clip.file.split("/", 1)[0], []).append(one)
        notes = [*gathered.notes, *(f"{printable(one.name)}: {one.reason}" for one in gathered.skipped)]
        return Listing(classes, [note for note in notes if "no files in it" not in note])

    def class_folder(self, label: str) -> Path:
        """The folder of a class, made if it is missing.

        Raises:
            DataError: the text cannot be a label, or cannot be the name of a folder.
        """
        try:
            label = checked_label(label)
        except UnusableError as error:
            raise DataError(f"{printable(label)[:100]}: {error}") from None
        if label.startswith(".") or set(label) & set('/\\:*?"<>|') or len(label.encode()) > 200:
            raise DataError(f"{printable(label)}: cannot be the name of a folder; use letters, digits, - and _")
        folder = self.root / label
        folder.mkdir(exist_ok=True)
        if not folder.resolve().is_relative_to(self.root.resolve()):
            raise DataError(f"{printable(label)}: a link that leads out of {printable(str(self.root))}; remove it")
        return folder

    def path_of(self, name: str) -> Path:
        """A file that is there, by its path inside the folder.

        Raises:
            DataError: there is none, or it lies outside.
        """
        try:
            path = self.root / self._folder().find(name)
        except UnusableError as error:
            raise DataError(str(error)) from None
        if path.name.startswith(".") or "/" not in name:
            raise DataError(f"{printable(name)}: not a photo or clip of a class; choose one of the list")
        return path

    def delete(self, names: list[str]) -> None:
        """Delete files.

        Raises:
            DataError: one of them is not there; none is deleted then.
        """
        for path in [self.path_of(name) for name in names]:
            path.unlink(missing_ok=True)

    def move(self, names: list[str], label: str) -> None:
        """Move files to another class; a file of the same name there gets company with another number.

        Raises:
            DataError: one of them is not there, or the class cannot be; none is moved then.
        """
        paths, folder = [self.path_of(name) for name in names], self.class_folder(label)
        for path in paths:
            if path.parent != folder:
                os.rename(path, free_name(folder / path.name))  # noqa: PTH104  # not over a file: the name is free

    def exclude(self, names: list[str], excluded: bool) -> None:
        """Leave files out of the training, or take them back: in the table that `data.<kind>.exclude` names.

        Raises:
            HandloomError: one of them is not there, or the table cannot be changed.
        """
        for name in names:
            self.path_of(name)
        chosen = {plain_path(name) for name in names}
        listed = self.source.exclude
        rows = [{COLUMN: name} for name in sorted(self._excluded() - chosen | (chosen if excluded else set()))]
        place = Path(listed) if listed else self.root.with_name(f"{self.root.name}_excluded.csv")
        if listed and (place.suffix != ".csv" or _columns(place) != [COLUMN]):
            raise HandloomError(f"{printable(str(place))}: has further columns; change it by hand")
        write_csv(place, rows, [COLUMN])
        if not listed:
            shown = place.relative_to(self.project.root).as_posix()
            change_settings(self.project, {f"data.{self.kind}.exclude": shown})

    def small_picture(self, name: str) -> bytes:
        """A JPEG of a photo, or of a clip's first frame, no larger than `SMALL_SIDE`.

        Raises:
            DataError: there is no such file, or it cannot be read.
        """
        path = self.path_of(name)
        limits = MediaLimits.of(self.project.parameters().extract_keypoints)
        out = io.BytesIO()
        Image.fromarray(first_picture(path, self.kind, SMALL_SIDE, limits)).save(out, "JPEG", quality=80)
        return out.getvalue()

    def _folder(self) -> MediaFolder:
        return MediaFolder(str(self.root), self.source.follow_links, f"data.{self.kind}")

    def _excluded(self) -> set[str]:
        if not self.source.exclude:
            return set()
        key = f"data.{self.kind}.exclude"
        table = read_table(self.source.exclude, key, may_be_empty=True)
        table.require(COLUMN, key)
        return {plain_path(path) for path in table.texts(COLUMN) if path}


def first_picture(path: Path, kind: Kind, largest_side: int, limits: MediaLimits, shown: str = "") -> Picture:
    """A photo, or the first frame of a clip: what shows that it can be read.

    Args:
        path: the file.
        kind: "pose" for a photo, "action" for a clip.
        largest_side: of the picture, pixels.
        limits: what it may cost.
        shown: what to call the file in errors; its name if empty.

    Raises:
        DataError: it cannot be read.
    """
    try:
        if kind == "pose":
            return read_photo(path, largest_side, limits).picture
        reader = ClipReader(path, largest_side, _FIRST_FRAME_RATE, accept_slow=True, limits=limits)
        return next(iter(reader)).picture
    except DataError as error:
        raise DataError(renamed(str(error), path, shown or path.name)) from None


def free_name(path: Path, taken: Collection[Path] = ()) -> Path:
    """The path, with a number before its suffix if there is a file, or the name is taken."""
    number, free = 1, path
    while os.path.lexists(free) or free in taken:
        number += 1
        free = path.with_name(f"{path.stem}-{number}{path.suffix}")
    return free


def _columns(path: Path) -> list[str]:
    with path.open(newline="", encoding="utf-8") as file:
        return next(csv.reader(file), [])
