"""Which files a kind leaves out: the table that `data.<kind>.exclude` names, a row for each file."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from handloom.config import Kind
from handloom.errors import HandloomError, printable
from handloom.sources.excluded import COLUMN, excluded_files
from handloom.sources.groups import plain_path
from handloom.sources.tables import read_table
from handloom.studio.project import StudioProject
from handloom.studio.settings import change_settings
from handloom.support.files import write_csv


class Exclusions:
    """The files that are left out, as the settings and the table say now. Whoever changes them holds `project.changes`.

    Args:
        project: whose they are.
        kind: "pose" or "action".

    Raises:
        HandloomError: the kind is not trained on a folder for each class, or the table cannot be read.
    """

    def __init__(self, project: StudioProject, kind: Kind) -> None:
        source = project.source(kind)
        self._project, self._key = project, f"data.{kind}.exclude"
        self._named = bool(source.exclude)
        root = Path(source.path)
        self._folder = root
        self._table = Path(source.exclude) if source.exclude else root.with_name(f"{root.name}_excluded.csv")
        self.files = self._read() if self._named else set()

    def change(self, names: Iterable[str], excluded: bool) -> None:
        """Leave files out, or take them back.

        Args:
            names: paths inside the folder of all classes.
            excluded: whether they are left out from now on.

        Raises:
            HandloomError: the table cannot be changed.
        """
        chosen = {plain_path(name) for name in names}
        if self._named:
            self._write(self.files | chosen if excluded else self.files - chosen)
        elif excluded:
            self._begin(chosen)

    def check(self, names: Iterable[str]) -> None:
        """Refuse names that have a row where the table cannot be changed; for those who delete or move the files.

        Raises:
            HandloomError: it cannot.
        """
        if self.files & {plain_path(name) for name in names}:
            self._check_table()

    def follow(self, moved: Mapping[str, str | None]) -> None:
        """Change the rows of files that were moved or deleted.

        Args:
            moved: from the old name to the new one; None where the file was deleted.

        Raises:
            HandloomError: the table cannot be changed.
        """
        plain = {plain_path(old): new and plain_path(new) for old, new in moved.items()}
        # A row of the new name is of a file that is no more.
        rows = self.files - plain.keys() - {new for new in plain.values() if new}
        rows |= {new for old, new in plain.items() if new and old in self.files}
        if rows != self.files:
            self._write(rows)

    def _begin(self, chosen: set[str]) -> None:
        """Make the table, or go on with one that was there, and name it in the settings."""
        self._write(chosen | (self._read() if self._table.exists() else set()))
        root = self._project.root
        inside = self._table.is_relative_to(root)
        shown = self._table.relative_to(root).as_posix() if inside else str(self._table)
        change_settings(self._project, {self._key: shown})
        self._named = True

    def _read(self) -> set[str]:
        return excluded_files(str(self._table), self._key, lambda path: (self._folder / path).is_file())

    def _write(self, rows: set[str]) -> None:
        self._check_table()
        write_csv(self._table, [{COLUMN: name} for name in sorted(rows)], (COLUMN,), paths=(COLUMN,))
        self.files = rows

    def _check_table(self) -> None:
        if not self._named and not self._table.exists():
            return
        columns = read_table(str(self._table), self._key, may_be_empty=True).columns
        if self._table.suffix != ".csv" or list(columns) != [COLUMN]:
            raise HandloomError(f"{printable(str(self._table))}: has further columns; change it by hand")
