"""Which group (person, session) a file belongs to: from a CSV next to the data, its folder or its name."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from handloom.config import Groups
from handloom.errors import ConfigurationError, DataError, printable
from handloom.sources.clip import Clip
from handloom.sources.passed_over import original
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
        self._file = groups.file or ""
        self._level = groups.folder_level
        self._pattern = _compiled(groups.pattern, key)
        self._key = key
        self._listed = _read(groups, key) if groups.file else {}
        self._asked: set[str] = set()
        self._unnamed: list[str] = []  # files that no rule gave a group

    def group_of(self, name: str) -> str:
        """The group of a file, by its path inside the data folder with forward slashes.

        A name that was written in parts (NFD, as on a Mac) is the composed one: one person is one group.
        """
        path = plain_path(name)
        self._asked.add(path)
        if self._listed.get(path):
            return self._listed[path]
        *folders, file = path.split("/")
        if 0 < self._level <= len(folders):
            return folders[self._level - 1]
        match = self._pattern.search(file) if self._pattern else None
        if match and match[1]:
            return match[1]
        self._unnamed.append(name)
        return name

    def notes(self) -> list[str]:
        """Lines on rules that do not fit the files: paths of the list may be misspelt, and so may the pattern."""
        notes = []
        strange = sorted(set(self._listed) - self._asked)
        if strange:
            notes.append(
                f"{printable(self._file)}: {len(strange)} of its {len(self._listed)} paths name no file of the source"
                f" (the first: {printable(strange[0])})"
            )
        rules = [
            *([f"{self._key}.folder_level {self._level}"] if self._level else []),
            *([f"{self._key}.pattern {self._pattern.pattern!r}"] if self._pattern else []),
        ]
        if rules and self._unnamed:
            number, every = len(self._unnamed), len(self._asked)
            which = f"none of the {every} files" if number == every else f"{every - number} of {every} files"
            notes.append(
                f"{' and '.join(rules)}: gives {which} a group; each of the others is a group of its own (the first:"
                f" {printable(self._unnamed[0])})"
            )
        return notes


def with_copies_together(clips: Sequence[Clip], where: str) -> tuple[list[Clip], list[str]]:
    """Files of which no rule names the group, with copies of one photo or clip in one group; and a line that says so.

    Copies lie in one folder and have one name, but for what `original` leaves out: edited ones, and other formats.

    Args:
        clips: of one source.
        where: its folder, for the line.
    """
    first: dict[str, str] = {}
    together, joined = [], {}
    for clip in clips:
        folder, _, name = clip.file.rpartition("/")
        group = clip.group
        if group == clip.file:
            group = first.setdefault(plain_path(f"{folder}/{original(name)}"), clip.file)
            if group != clip.file:
                joined[clip.file] = group
        together.append(replace(clip, group=group) if group != clip.group else clip)
    if not joined:
        return together, []
    copy, other = next(iter(joined.items()))
    return together, [
        f"{where}: {len(joined)} edited copies or other formats of a file (the first: {printable(other)} and"
        f" {printable(copy)}) stay with it in one part of the data; remove one of each to count it once"
    ]


def _compiled(pattern: str, key: str) -> re.Pattern[str] | None:
    if not pattern:
        return None
    try:
        compiled = re.compile(unicodedata.normalize("NFC", pattern))
    except re.error as error:
        raise ConfigurationError(f"{key}.pattern: not a regular expression, {error} (got {pattern!r})") from None
    if compiled.groups < 1:
        raise ConfigurationError(f"{key}.pattern: put brackets around the part that names the group (got {pattern!r})")
    return compiled


def plain_path(name: str) -> str:
    """A path as files are compared by it: forward slashes, and letters composed (NFC, as a Mac does not write them)."""
    return unicodedata.normalize("NFC", PurePosixPath(name.replace("\\", "/")).as_posix())


def _read(groups: Groups, key: str) -> dict[str, str]:
    table = read_table(groups.file or "", f"{key}.file", may_be_empty=True)
    table.require(groups.path_column, f"{key}.path_column")
    table.require(groups.group_column, f"{key}.group_column")
    listed: dict[str, str] = {}
    rows: dict[str, int] = {}
    for index, (written, group) in enumerate(zip(*_columns(table, groups), strict=True)):
        name = plain_path(written)
        if not written or not group:
            continue
        group = unicodedata.normalize("NFC", group)
        if listed.setdefault(name, group) != group:
            raise DataError(
                f"{table.place(index)}: {printable(name)} is in group '{printable(group)}' here and in"
                f" '{printable(listed[name])}' in {table.unit} {table.numbers[rows[name]]}; keep one of the two"
            )
        rows.setdefault(name, index)
    return listed


def _columns(table: Table, groups: Groups) -> tuple[list[str], list[str]]:
    return table.texts(groups.path_column), table.texts(groups.group_column)
