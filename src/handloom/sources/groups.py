"""Which group (person, session) a file belongs to: from a CSV beside the data, or from its name."""

import csv
import re
from collections.abc import Callable
from pathlib import Path

from handloom.config import Groups
from handloom.errors import ConfigurationError, DataError


def group_finder(groups: Groups, key: str) -> Callable[[str], str]:
    """A function from a file's path inside the data folder to its group; the path itself where nothing matches.

    Args:
        groups: the parameters.
        key: their full name, for error messages (`data.pose.groups`).

    Raises:
        DataError: the file of groups is missing, or lacks a column.
        ConfigurationError: the pattern is no regular expression or has no bracket.
    """
    listed = _read(groups, key)
    pattern = _compiled(groups.pattern, key)

    def group_of(name: str) -> str:
        if listed.get(name):
            return listed[name]
        match = pattern.search(name.rsplit("/", 1)[-1]) if pattern else None
        return match[1] if match and match[1] else name

    return group_of


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


def _read(groups: Groups, key: str) -> dict[str, str]:
    path = Path(groups.file)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            for column in (groups.path_column, groups.group_column):
                if column not in (rows.fieldnames or []):
                    raise DataError(
                        f"{path}: no column {column!r}; it has {', '.join(rows.fieldnames or ['none'])}:"
                        f" set {key}.path_column and {key}.group_column"
                    )
            pairs = ((row[groups.path_column] or "", row[groups.group_column] or "") for row in rows)  # None: short row
            return {name.strip(): group.strip() for name, group in pairs}
    except (FileNotFoundError, IsADirectoryError):
        raise DataError(f"{path}: no such file; {key}.file names the CSV of groups") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: not a CSV in UTF-8 ({error}); save it as one, or set {key}.file") from None
