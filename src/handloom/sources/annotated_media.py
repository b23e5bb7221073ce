"""A folder of photos or videos and a table that labels them: an annotation file, or a data frame."""

import math
import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from handloom.config import (
    DirectoryWithImagesAndAnnotation,
    DirectoryWithVideosAndAnnotation,
    LabeledImageDataFrame,
    LabeledVideoDataFrame,
)
from handloom.errors import DataError, printable
from handloom.sources.between import Span, parts_between
from handloom.sources.clip import Clip, Gathered, Skipped, UnusableError
from handloom.sources.folder import MediaFolder
from handloom.sources.groups import GroupFinder
from handloom.sources.labels import as_text, checked_label, checked_part, note_on_numbers
from handloom.sources.tables import Table, read_table, table_from_frame
from handloom.sources.times import seconds_of

# Keys that Create ML's tools write, and their variants.
_ANNOTATIONS = ("annotations", "annotation")
_LABELS_SHOWN = 3
_FILES_SHOWN = 5
_OF_IMAGES = DirectoryWithImagesAndAnnotation | LabeledImageDataFrame
# What ends the name of a column of times that are no seconds: start_ms, startFrame.
_NO_SECONDS = re.compile(
    r"(?:[_ .(-]|(?<=[a-z])(?=[A-Z]))([Mm][Ss]|[Mm]illis(?:econds)?|[Uu][Ss]|[Nn][Ss]|[Ff]rames?)\)?$"
)

Annotated = (
    DirectoryWithImagesAndAnnotation | DirectoryWithVideosAndAnnotation | LabeledImageDataFrame | LabeledVideoDataFrame
)


def annotated_media(member: Annotated, key: str, frame: Any = None) -> Gathered:
    """The files that a table names, in its order.

    Args:
        member: the section.
        key: its full name.
        frame: a data frame in place of the section's file.

    Raises:
        DataError: folder or table is missing, the table cannot be read or lacks a column.
        ConfigurationError: see `GroupFinder`.
    """
    folder = MediaFolder(member.path, member.follow_links, key)
    groups = GroupFinder(member.groups, f"{key}.groups")
    table = _with_labels(_table(member, key, frame), member.label_column)
    columns = _columns(member, key, table)
    rows = [_Row(index, **values) for index, values in enumerate(_rows(table, columns))]
    gathered = Gathered(skipped=list(table.skipped), notes=list(table.notes))
    needs = _Needs(any(not _is_empty(row.start) for row in rows), any(not _is_empty(row.end) for row in rows))
    clips: dict[int, Clip] = {}
    skipped: dict[int, Skipped] = {}
    for row in rows:
        try:
            clips[row.index] = _clip(row, folder, groups.group_of, needs)
        except UnusableError as error:
            skipped[row.index] = table.skip(row.index, str(error), _label_or_empty(row.label))
    for index, reason in _repeats(table, clips).items():
        skipped[index] = table.skip(index, reason, clips.pop(index).label)
    gathered.skipped += [skipped[index] for index in sorted(skipped)]
    gathered.clips = list(clips.values())
    label = "" if isinstance(member, _OF_IMAGES) else member.between_label
    if label:
        unused = _Unused([rows[index] for index in skipped], folder, needs)
        _add_parts_between(gathered, table, unused, label)
    gathered.notes += note_on_numbers((clip.label for clip in gathered.clips), table.name) + groups.notes()
    return gathered


@dataclass(frozen=True, slots=True)
class _Row:
    """What a row says, unchecked."""

    index: int
    file: object
    label: object
    group: object = None
    part: object = None
    start: object = None
    end: object = None


@dataclass(frozen=True, slots=True)
class _Needs:
    """Whether every row has to have a start, and an end: one of them has it."""

    start: bool
    end: bool


class _Unused:
    """What rows that make no clip say of the times in their videos.

    Attributes:
        spans: times by file.
        unclear: files with a row whose times cannot be read.
        anywhere: indices of rows that name no file.
    """

    def __init__(self, rows: Iterable[_Row], folder: MediaFolder, needs: _Needs) -> None:
        self.spans: defaultdict[str, list[Span]] = defaultdict(list)
        self.unclear: set[str] = set()
        self.anywhere: list[int] = []
        for row in rows:
            if _is_empty(row.file):
                self.anywhere.append(row.index)
                continue
            try:
                file = folder.find(as_text(row.file))
            except UnusableError:  # a file that is not there
                continue
            try:
                self.spans[file].append(_times(row, needs))
            except UnusableError:
                self.unclear.add(file)


def _add_parts_between(gathered: Gathered, table: Table, unused: _Unused, label: str) -> None:
    """Clips of the time that no row speaks of, and notes: none where an unreadable row may speak of it."""
    unreadable = [one.name for one in table.skipped] + [table.place(index) for index in unused.anywhere]
    clips = [clip for clip in gathered.clips if clip.file not in unused.unclear and not unreadable]
    parts = parts_between(clips, unused.spans, label)
    gathered.notes.append(f"{table.name}: {len(parts)} parts between the annotated ones are {label!r}")
    left_out = sorted(unused.unclear & {clip.file for clip in gathered.clips})
    if unreadable:
        gathered.notes.append(f"{table.name}: none is {label!r}, since {unreadable[0]} may be of any video; correct it")
    elif left_out:
        more = f" and {len(left_out) - _FILES_SHOWN} more" if len(left_out) > _FILES_SHOWN else ""
        files = ", ".join(printable(file) for file in left_out[:_FILES_SHOWN])
        gathered.notes.append(
            f"{table.name}: no part of {files}{more} is {label!r}: a row's times cannot be read; correct them"
        )
    gathered.clips += parts


def _table(member: Annotated, key: str, frame: Any) -> Table:
    if isinstance(member, DirectoryWithImagesAndAnnotation | DirectoryWithVideosAndAnnotation):
        return read_table(member.annotation_file, f"{key}.annotation_file")
    if frame is not None:
        return table_from_frame(frame, member.data_frame)
    return read_table(member.data_frame, f"{key}.data_frame")


def _with_labels(table: Table, label_column: str) -> Table:
    """Create ML's annotations (``{"image": ..., "annotations": [{"label": ..., "coordinates": ...}]}``) as labels.

    Boxes are not used: the whole picture counts. An entry of several labels has a list in place of one.
    """
    names = [name for name in _ANNOTATIONS if name in table.columns]
    if label_column in table.columns or len(names) != 1:
        return table
    labels = [_label_of(value, label_column) for value in table.values(names[0])]
    boxes = any(_has_box(value) for value in table.values(names[0]))
    note = f"{table.name}: labels are those of '{names[0]}'" + ("; its boxes are not used" if boxes else "")
    return replace(table, columns=table.columns | {label_column: labels}, notes=[*table.notes, note])


def _label_of(value: object, label_column: str) -> object:
    """The one label of a cell of annotations, or all of them where they differ."""
    annotations = value if isinstance(value, list) else [value]
    labels: list[object] = []
    for annotation in annotations:
        label = annotation.get(label_column, annotation.get("label")) if isinstance(annotation, dict) else annotation
        if label not in labels:
            labels.append(label)
        if len(labels) > _LABELS_SHOWN:
            break
    return labels[0] if len(labels) == 1 else labels or None


def _has_box(value: object) -> bool:
    annotations = value if isinstance(value, list) else [value]
    return any(isinstance(annotation, dict) and annotation.get("coordinates") for annotation in annotations)


def _checked_label(value: object) -> str:
    if isinstance(value, list) and len(value) > 1 and all(isinstance(label, str) for label in value):
        shown = ", ".join(printable(label)[:20] for label in value[:_LABELS_SHOWN])
        shown += " ..." if len(value) > _LABELS_SHOWN else ""
        raise UnusableError(f"annotations of several labels ({shown}); keep one, or cut the picture")
    return checked_label(as_text(value))


def _columns(member: Annotated, key: str, table: Table) -> dict[str, str]:
    """What a row has to say, and in which column: all of them exist."""
    if isinstance(member, DirectoryWithImagesAndAnnotation | LabeledImageDataFrame):
        named = {"image_column": ("file", member.image_column)}
    else:
        named = {
            "video_column": ("file", member.video_column),
            "start_time_column": ("start", member.start_time_column),
            "end_time_column": ("end", member.end_time_column),
        }
    named |= {
        "label_column": ("label", member.label_column),
        "group_column": ("group", member.group_column),
        "part_column": ("part", member.part_column),
    }
    for parameter, (_, column) in named.items():
        if column:
            table.require(column, f"{key}.{parameter}")
    for parameter in ("start_time_column", "end_time_column"):
        column = named.get(parameter, ("", ""))[1]
        unit = _NO_SECONDS.search(column)
        if unit:
            raise DataError(
                f"{table.name}: times are seconds or mm:ss, but the column '{printable(column)}' has {unit[1]} by its"
                f" name; write seconds and rename it, or set {key}.{parameter}"
            )
    return {field: column for field, column in named.values() if column}


def _rows(table: Table, columns: dict[str, str]) -> list[dict[str, Any]]:
    values = [table.values(column) for column in columns.values()]
    return [dict(zip(columns, row, strict=True)) for row in zip(*values, strict=True)]


def _clip(row: _Row, folder: MediaFolder, group_of: Callable[[str], str], needs: _Needs) -> Clip:
    label = _checked_label(row.label)
    file = folder.find(as_text(row.file))
    part = checked_part(as_text(row.part))
    start, end = _times(row, needs)
    group = unicodedata.normalize("NFC", as_text(row.group)) or group_of(file)
    return Clip(folder.path, file, label, group, part, start, end)


def _times(row: _Row, needs: _Needs) -> Span:
    start, end = seconds_of(row.start), seconds_of(row.end)
    for name, time, needed in (("start", start, needs.start), ("end", end, needs.end)):
        if needed and time is None:
            raise UnusableError(f"no {name} time, but other rows have one; write it in every row or in none")
    if end is not None and (start or 0.0) >= end:
        raise UnusableError(f"it starts at {start or 0.0:g} s and ends at {end:g} s; the end has to be later")
    return start, end


def _is_empty(value: object) -> bool:
    if isinstance(value, float):
        return math.isnan(value)
    return value is None or (isinstance(value, str) and not value.strip())


def _label_or_empty(value: object) -> str:
    try:
        return checked_label(as_text(value))
    except UnusableError:
        return ""


def _repeats(table: Table, clips: dict[int, Clip]) -> dict[int, str]:
    """Rows that repeat an earlier row, and all rows that label one thing differently: index to reason."""
    same: defaultdict[tuple[str, float | None, float | None], list[int]] = defaultdict(list)
    for index, clip in clips.items():
        same[clip.file, clip.start, clip.end].append(index)
    reasons: dict[int, str] = {}
    for indices in same.values():
        firsts: dict[str, int] = {}  # the first row of each label
        for index in indices:
            firsts.setdefault(clips[index].label, index)
        for index in indices:
            label = clips[index].label
            if len(firsts) > 1:
                other = next(first for one, first in firsts.items() if one != label)
                reasons[index] = (
                    f"{printable(clips[index].file)} is {label!r} here and {clips[other].label!r}"
                    f" in {table.unit} {table.numbers[other]}; keep the right one"
                )
            elif index != indices[0]:
                reasons[index] = f"repeats {table.unit} {table.numbers[indices[0]]}; remove one of the two"
    return reasons
