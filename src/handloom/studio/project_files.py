"""Photos and clips in the folders of the classes: list, add a class, move, delete, exclude, show small."""

import io
import os
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from handloom.config import Kind
from handloom.errors import DataError, printable, renamed
from handloom.media.clips import ClipReader
from handloom.media.frame import Picture
from handloom.media.limits import MediaLimits
from handloom.media.photos import read_photo
from handloom.sources.clip import UnusableError
from handloom.sources.folder import MediaFolder
from handloom.sources.groups import plain_path
from handloom.sources.labeled_directories import labeled_directories
from handloom.sources.labels import checked_label
from handloom.studio.exclusions import Exclusions
from handloom.studio.project import StudioProject

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
        with self.project.changes:  # a file that moves in the meantime would be missing
            return self._listing()

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
        """Delete files, and their rows among the exclusions: a later file of the same name is another one.

        Raises:
            HandloomError: one of them is not there, or its row cannot be changed; none is deleted then.
        """
        with self.project.changes:
            exclusions = Exclusions(self.project, self.kind)
            paths = {self._name(path): path for path in map(self.path_of, names)}
            exclusions.check(paths)
            deleted: dict[str, str | None] = {}
            try:
                for name, path in paths.items():
                    path.unlink(missing_ok=True)
                    deleted[name] = None
            finally:
                exclusions.follow(deleted)

    def move(self, names: list[str], label: str) -> None:
        """Move files to another class, with their folders below the class; an excluded file stays excluded.

        A file whose name is taken there gets another number.

        Raises:
            HandloomError: one of them is not there, the class cannot be, or a row among the exclusions cannot be
                changed; none is moved then.
        """
        with self.project.changes:
            exclusions = Exclusions(self.project, self.kind)
            paths, folder = {self._name(path): path for path in map(self.path_of, names)}, self.class_folder(label)
            places = {name: folder / name.partition("/")[2] for name in paths if not name.startswith(f"{folder.name}/")}
            for place in places.values():
                if not place.parent.resolve().is_relative_to(self.root.resolve()):
                    raise DataError(f"{printable(str(place.parent))}: a link that leads out of the classes; remove it")
            exclusions.check(places)
            moved: dict[str, str | None] = {}
            try:
                for name, wanted in places.items():
                    wanted.parent.mkdir(parents=True, exist_ok=True)
                    place = free_name(wanted)
                    os.rename(paths[name], place)  # noqa: PTH104  # not over a file: the name is free
                    moved[name] = self._name(place)
            finally:
                exclusions.follow(moved)

    def exclude(self, names: list[str], excluded: bool) -> None:
        """Leave files out of the training, or take them back: in the table that `data.<kind>.exclude` names.

        Raises:
            HandloomError: one of them is not there, or the table cannot be changed.
        """
        with self.project.changes:
            Exclusions(self.project, self.kind).change([self._name(self.path_of(name)) for name in names], excluded)

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

    def _listing(self) -> Listing:
        found = self._folder().subfolders()[0]
        classes: dict[str, list[ProjectFile]] = {name: [] for name in found}
        if not classes:
            return Listing({}, [])
        gathered = labeled_directories(self.source, self.kind, f"data.{self.kind}")
        excluded = Exclusions(self.project, self.kind).files
        for clip in gathered.clips:
            status = (self.root / clip.file).stat()
            group = "" if clip.group == clip.file else clip.group
            version = f"{status.st_mtime_ns:x}-{status.st_size:x}"
            one = ProjectFile(clip.file, group, plain_path(clip.file) in excluded, version)
            classes.setdefault(clip.file.split("/", 1)[0], []).append(one)
        notes = [*gathered.notes, *(f"{printable(one.name)}: {one.reason}" for one in gathered.skipped)]
        return Listing(classes, [note for note in notes if "no files in it" not in note])

    def _folder(self) -> MediaFolder:
        return MediaFolder(str(self.root), self.source.follow_links, f"data.{self.kind}")

    def _name(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix()


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


def free_name(path: Path) -> Path:
    """The path, with a number before its suffix if there is a file."""
    number, free = 1, path
    while os.path.lexists(free):
        number += 1
        free = path.with_name(f"{path.stem}-{number}{path.suffix}")
    return free
