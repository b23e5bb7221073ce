"""From what was typed to photos and videos, told apart by their content."""

import mimetypes
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from glob import glob
from pathlib import Path

from handloom.config import Kind
from handloom.errors import DataError, printable, renamed
from handloom.media.readable import beginning_of, kind_of
from handloom.sources.passed_over import is_system_file, is_system_folder

Tell = Callable[[str], None]

_KINDS: dict[str, tuple[Kind, ...]] = {"a picture": ("pose",), "a video": ("action",), "a GIF": ("action", "pose")}


@dataclass(frozen=True)
class MediaFile:
    """A photo or a video.

    Attributes:
        path: where it is.
        kinds: what it can be asked for: "pose" as a photo, "action" as a video, both as a GIF.
        named: whether it was typed itself, and not a folder that it is in.
    """

    path: Path
    kinds: tuple[Kind, ...]
    named: bool

    @property
    def shown(self) -> str:
        """Its path as it can stand in a line."""
        return printable(str(self.path))


def media_files(typed: Iterable[str], problem: Tell, note: Tell) -> Iterator[MediaFile]:
    """The files in the order in which they were typed, those of a folder and of folders in it by their names.

    Args:
        typed: files, folders, and patterns that the shell has left as they are.
        problem: told of each file that is none or cannot be read.
        note: told how many files of a folder are neither photos nor videos.
    """
    for text in typed:
        for path in [Path(text)] if os.path.lexists(text) else map(Path, sorted(glob(text)) or [text]):  # noqa: PTH207
            if path.is_dir():
                yield from _in_folder(path, note)
                continue
            try:
                kinds, what = _kinds_of(path)
            except DataError as error:
                problem(renamed(str(error), path, str(path)))
                continue
            if kinds:
                yield MediaFile(path, kinds, named=True)
            else:
                problem(f"{printable(str(path))}: {what or 'of an unknown format'}; give a photo or a video")


def _in_folder(folder: Path, note: Tell) -> Iterator[MediaFile]:
    others = 0
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not is_system_folder(name))
        for name in sorted(name for name in names if not is_system_file(name)):
            path = Path(place) / name
            try:
                kinds, _ = _kinds_of(path)
            except DataError:
                kinds = ()
            if kinds:
                yield MediaFile(path, kinds, named=False)
            others += not kinds
    if others:
        note(f"{printable(str(folder))}: {others} files that are neither photos nor videos passed over")


def _kinds_of(path: Path) -> tuple[tuple[Kind, ...], str]:
    """What a file can be asked for, and what it is."""
    what = kind_of(beginning_of(path))
    if what:
        return _KINDS.get(what, ()), what
    guessed = (mimetypes.guess_type(path.name)[0] or "").split("/")[0]  # formats without certain first bytes
    return {"image": _KINDS["a picture"], "video": _KINDS["a video"]}.get(guessed, ()), what
