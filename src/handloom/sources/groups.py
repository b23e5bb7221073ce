"""Which group (person, session) a file belongs to: from a CSV beside the data, its folder or its name."""

import re
import unicodedata
from pathlib import PurePosixPath

from handloom.config import Groups
from handloom.errors import ConfigurationError, DataError, printable
from handloom.sources.tables import Table, read_table


class GroupFinder:
    """From a file's path inside the data folder to its group; the path itself where nothing names one.

    Args:
        groups: the parameters.
        key: their full name, for error messages (`data.pose.groups`).

    Raises:
        DataError: the file of groups is missing, lacks a column, or names two groups for one file.
        ConfigurationError: the pattern is no regular expression or has no bracket.
    """

    def __init__(self, groups: Groups, key: str) -> None:
        self._file = groups.file
        self._level = groups.folder_level
        self._pattern = _compiled(groups.pattern, key)
        self._listed = _read(groups, key) if groups.file else {}
        self._asked: set[str] = set()

    def group_of(self, name: str) -> str:
        """The group of a file, by its path inside the data folder with forward slashes."""
        path = _plain(name)
        self._asked.add(path)
        if self._listed.get(path):
            return self._listed[path]
        *folders, file = name.split("/")
        if 0 < self._level <= len(folders):
            return folders[self._level - 1]
        match = self._pattern.search(file) if self._pattern else None
        return match[1] if match and match[1] else name

    def notes(self) -> list[str]:
        """One line if the file of groups names files that were never asked for: their paths may be misspelt."""
        strange = sorted(set(self._listed) - self._asked)
        if not strange:
            return []
        return [
            f"{printable(self._file)}: {len(strange)} of its {len(self._listed)} paths name no file of the source"
            f" (the first: {printable(strange[0])})"
        ]


def _compiled(pattern: str, key: str) -> re.Pattern[str] | None:
    if not pattern:
        return None
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise ConfigurationError(f"{key}.pattern: not a regular expression, {error} (got {pattern!r})") from None
    if compiled.groups < 1:
        raise ConfigurationError(f"{key}.pattern: put brackets around the part that names the group (got {pattern!r})")
    return compiled


def _plain(name: str) -> str:
    return unicodedata.normalize("NFC", PurePosixPath(name.replace("\\", "/")).as_posix())


def _read(groups: Groups, key: str) -> dict[str, str]:
    table = read_table(groups.file, f"{key}.file", may_be_empty=True)
    table.require(groups.path_column, f"{key}.path_column")
    table.require(groups.group_column, f"{key}.group_column")
    listed: dict[str, str] = {}
    rows: dict[str, int] = {}
    for index, (written, group) in enumerate(zip(*_columns(table, groups), strict=True)):
        name = _plain(written)
        if not written or not group:
            continue
        if listed.setdefault(name, group) != group:
            raise DataError(
                f"{table.place(index)}: {printable(name)} is in group '{printable(group)}' here and in"
                f" '{printable(listed[name])}' in {table.unit} {table.numbers[rows[name]]}; keep one of the two"
            )
        rows.setdefault(name, index)
    return listed


def _columns(table: Table, groups: Groups) -> tuple[list[str], list[str]]:
    return table.texts(groups.path_column), table.texts(groups.group_column)
