"""From what was typed to photos and videos, told apart by their content."""

import mimetypes
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from glob import glob
from pathlib import Path
from typing import Literal

from handloom.errors import DataError, printable, renamed
from handloom.media.readable import beginning_of, kind_of

Tell = Callable[[str], None]

Form = Literal["photo", "video"]
_FORMS: dict[str, tuple[Form, ...]] = {"a picture": ("photo",), "a video": ("video",), "a GIF": ("video", "photo")}


@dataclass(frozen=True)
class MediaFile:
    """A photo or a video.

    Attributes:
        path: where it is.
        forms: as what it can be read: a GIF as either.
        named: whether it was typed itself, and not a folder that it is in.
    """

    path: Path
    forms: tuple[Form, ...]
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
                forms, what = _forms_of(path)
            except DataError as error:
                problem(renamed(str(error), path, str(path)))
                continue
            if forms:
                yield MediaFile(path, forms, named=True)
            else:
                problem(f"{printable(str(path))}: {what or 'of an unknown format'}; give a photo or a video")


def _in_folder(folder: Path, note: Tell) -> Iterator[MediaFile]:
    from handloom.sources.passed_over import is_system_file, is_system_folder

    others: list[Path] = []
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not is_system_folder(name))
        for name in sorted(name for name in names if not is_system_file(name)):
            path = Path(place) / name
            try:
                forms, _ = _forms_of(path)
            except DataError:
                forms = ()
            if forms:
                yield MediaFile(path, forms, named=False)
            else:
                others.append(path)
    if others:
        first = printable(str(others[0].relative_to(folder)))
        note(
            f"{printable(str(folder))}: {len(others)} files that are neither photos nor videos passed over (the first:"
            f" {first})"
        )


def _forms_of(path: Path) -> tuple[tuple[Form, ...], str]:
    """As what a file can be read, and what it is."""
    what = kind_of(beginning_of(path))
    if what:
        return _FORMS.get(what, ()), what
    guessed = (mimetypes.guess_type(path.name)[0] or "").split("/")[0]  # formats without certain first bytes
    return {"image": _FORMS["a picture"], "video": _FORMS["a video"]}.get(guessed, ()), what
