"""The folder of a source's files: what is in it, and which files may be read.

A source reads nothing outside its folder. Symbolic links that lead out are refused unless `follow_links` is set; links
into DVC's cache are always followed, since that is how DVC may check data out.

Files are asked for with `os.path` here: the methods of `Path` raise on names that no file can have.
"""

import os
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from handloom.config import Kind
from handloom.errors import DataError, first_line, printable
from handloom.sources.clip import Skipped, UnusableError
from handloom.sources.passed_over import (
    PassedOver,
    holds_copies,
    in_icloud,
    is_system_file,
    is_system_folder,
    side_files,
)
from handloom.support.repository import main_repository


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file that was found by listing.

    Attributes:
        name: its path inside the folder, with forward slashes.
        target: the file that it leads to where a link is on its way, else empty. Links into DVC's cache do not count.
    """

    name: str
    target: str = ""


class MediaFolder:
    """The folder of a source's files.

    Attributes:
        passed_over: what was listed but is no example, see `handloom.sources.passed_over`.

    Raises:
        DataError: it does not exist.
    """

    def __init__(self, path: str, follow_links: bool, key: str) -> None:
        self.path = Path(path)
        self.passed_over = PassedOver()
        self._key = key
        self._follow_links = follow_links
        self._shown = printable(path)
        if not os.path.isdir(path):  # noqa: PTH112
            what = "not a folder" if os.path.exists(path) else "no such folder"  # noqa: PTH110
            raise DataError(f"{self._shown}: {what}; {key}.path names the folder that the files lie in")
        self._real = os.path.realpath(path)
        self._cache = os.path.realpath(main_repository() / ".dvc/cache")

    def __str__(self) -> str:
        return self._shown

    def subfolders(self, inside: str = "") -> tuple[list[str], list[str], list[Skipped]]:
        """The names of the folders and of the files directly in a folder, sorted, and the links that lead nowhere."""
        folders: list[str] = []
        files: list[str] = []
        skipped: list[Skipped] = []
        for entry in self._entries(inside):
            name = _joined(inside, entry.name)
            try:
                self._check(name)
            except UnusableError as error:
                skipped.append(self._skipped(name, error))
                continue
            (folders if entry.is_dir() else files).append(name)
        return folders, files, skipped

    def files(self, kind: Kind, inside: str = "") -> tuple[list[FoundFile], list[Skipped]]:
        """Every file in a folder and the folders in it, in the order of their names; no folder is read twice.

        Side files are left out, and folders that hold copies of what lies above them.
        """
        found: list[FoundFile] = []
        skipped: list[Skipped] = []
        read: set[str] = set()
        folders: list[str] = [inside]
        links: list[str] = []  # to folders; they come last, so that they never go before what they lead to
        while folders or links:
            folder, linked = (folders.pop(), False) if folders else (links.pop(0), True)
            real = os.path.realpath(self.path / folder)
            if linked and (real in read or _within(os.path.realpath((self.path / folder).parent), real)):
                error = UnusableError("a link to a folder that is read already or holds it; remove the link")
                skipped.append(self._skipped(folder, error))
                continue
            read.add(real)
            try:
                entries = self._entries(folder)
            except DataError as error:
                skipped.append(Skipped(folder, str(error)))
                continue
            sides = side_files(self.path / folder, _files_of(entries), kind)
            self.passed_over.files.update(sides.values())
            for entry in entries:
                name = _joined(folder, entry.name)
                if entry.name in sides:
                    continue
                try:
                    self._check(name)
                    if in_icloud(entry.name):
                        raise UnusableError(
                            f"stands for {printable(in_icloud(entry.name))}, in iCloud only; download it"
                        )
                    if entry.is_dir():
                        if self._holds_copies(entry, entries):
                            self.passed_over.add_folder(Path(entry.path))
                        else:
                            (links if entry.is_symlink() else folders).append(name)
                    elif entry.is_file():
                        found.append(FoundFile(name, self._target(name)))
                    else:
                        raise UnusableError("neither a file nor a folder; remove it")
                except UnusableError as error:
                    skipped.append(self._skipped(name, error))
        return sorted(found, key=lambda file: file.name.split("/")), skipped

    def without_repeats(self, files: Iterable[FoundFile]) -> tuple[list[str], list[Skipped]]:
        """The names of all files but links to files that are listed too: they may have another label there."""
        kept, skipped = [], []
        files = list(files)
        read = {os.path.join(self._real, file.name): file.name for file in files if not file.target}  # noqa: PTH118
        for file in files:
            if file.target and file.target in read:
                error = UnusableError(
                    f"a link to {printable(read[file.target])}, which is read too; remove one of them"
                )
                skipped.append(self._skipped(file.name, error))
            else:
                kept.append(file.name)
                if file.target:
                    read[file.target] = file.name
        return kept, skipped

    def find(self, written: str) -> str:
        """The path inside the folder, with forward slashes, of a file that a table names.

        Args:
            written: a path inside the folder, or an absolute one that leads into it.

        Raises:
            UnusableError: there is no such file, or it lies outside.
        """
        if not written:
            raise UnusableError("names no file")
        if "\0" in written:
            raise UnusableError("its path has a NUL character; write it again")
        path = Path(written)
        if ".." in path.parts:
            raise UnusableError(f"{printable(written)} has '..' in it; write its path inside {self}")
        if path.is_absolute():
            path = self._inside(path)
        names = dict.fromkeys(unicodedata.normalize(form, path.as_posix()) for form in ("NFC", "NFD"))
        candidates = dict.fromkeys([path.as_posix(), *names])
        name = next((name for name in candidates if os.path.lexists(self.path / name)), path.as_posix())
        self._check(name)
        full = self.path / name
        if os.path.isdir(full):  # noqa: PTH112
            raise UnusableError(f"{printable(name)} is a folder; name a file")
        if not os.path.exists(full):  # noqa: PTH110
            hint = "write / between folders" if "\\" in name else "correct the path or remove the row"
            raise UnusableError(f"{printable(name)[:200]}: no such file in {self}; {hint}")
        if not os.path.isfile(full):  # noqa: PTH113
            raise UnusableError(f"{printable(name)} is not a file; name one")
        return name

    def _inside(self, path: Path) -> Path:
        for root in (os.path.abspath(self.path), self._real):  # noqa: PTH100
            if path.is_relative_to(root):
                return path.relative_to(root)
        raise UnusableError(f"{printable(str(path))} lies outside {self}; copy it in")

    def _entries(self, folder: str) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(self.path / folder) as entries:
                shown = [entry for entry in entries if not self._is_systems(entry)]
        except OSError as error:
            place = printable((self.path / folder).as_posix())
            raise DataError(f"{place}: cannot be listed ({first_line(error)}); make it readable") from None
        return sorted(shown, key=lambda entry: entry.name)

    def _is_systems(self, entry: os.DirEntry[str]) -> bool:
        """Whether an entry is passed over by its name alone; if so it is counted."""
        if is_system_folder(entry.name) and os.path.isdir(entry.path):  # noqa: PTH112
            self.passed_over.add_folder(Path(entry.path))
        elif is_system_file(entry.name):
            self.passed_over.add_system_file(entry.name)
        else:
            return False
        return True

    def _holds_copies(self, entry: os.DirEntry[str], siblings: list[os.DirEntry[str]]) -> bool:
        inside = (name for _, _, names in os.walk(entry.path) for name in names)
        return holds_copies(entry.name, inside, _files_of(siblings))

    def _check(self, name: str) -> None:
        """Raise `UnusableError` if the file may not be read, or leads nowhere."""
        try:
            name.encode()
        except UnicodeEncodeError:
            raise UnusableError("its name is not UTF-8; rename it") from None
        full = self.path / name
        if not os.path.lexists(full):
            return
        if not os.path.exists(full):  # noqa: PTH110
            raise UnusableError(f"{printable(name)} is a link that leads nowhere; remove or correct it")
        real = os.path.realpath(full)
        if not (self._follow_links or _within(real, self._real) or _within(real, self._cache)):
            raise UnusableError(
                f"{printable(name)} lies outside {self}; copy it in, or set {self._key}.follow_links to true"
            )

    def _target(self, name: str) -> str:
        real = os.path.realpath(self.path / name)
        plain = os.path.join(self._real, name)  # noqa: PTH118
        return "" if real == plain or _within(real, self._cache) else real

    def _skipped(self, name: str, error: UnusableError) -> Skipped:
        shown = printable(name)
        reason = str(error)
        return Skipped(name, reason if reason.startswith(shown) else f"{shown}: {reason}")


def _joined(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def _within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def _files_of(entries: list[os.DirEntry[str]]) -> list[str]:
    return [entry.name for entry in entries if entry.is_file(follow_symlinks=False) or os.path.isfile(entry.path)]  # noqa: PTH113
