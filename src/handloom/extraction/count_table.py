"""Counts of classes as a table for the terminal."""

import math
import unicodedata
from collections.abc import Callable, Mapping, Sequence

from handloom.errors import printable
from handloom.extraction.class_count import ClassCount


def count_table(classes: Mapping[str, ClassCount], total: ClassCount) -> list[str]:
    """A heading, a line a class and one for all."""
    counts = [(printable(label) or "(not known)", count) for label, count in sorted(classes.items())]
    columns = _columns(total, any(count.resampled for _, count in counts))
    rows = [["class", *columns]]
    rows += [[name, *(cell(count) for cell in columns.values())] for name, count in [*counts, ("all", total)]]
    return _aligned(rows)


def _columns(total: ClassCount, resampled: bool) -> dict[str, Callable[[ClassCount], str]]:
    """The table's columns: what was nowhere the case has none."""
    columns: dict[str, Callable[[ClassCount], str]] = {
        "files": lambda count: str(count.files),
        "with a hand": lambda count: _share(count.files_with_hand, count.used),
        "frames": lambda count: str(count.frames),
        "frames with a hand": lambda count: _share(count.frames_with_hand, count.frames),
    }
    if total.second_looks:
        columns["second looks helped"] = lambda count: f"{count.second_looks_helped} of {count.second_looks}"
    if resampled:
        columns["decoded"] = lambda count: str(count.frames_decoded)
    if total.unreadable:
        columns["unreadable"] = lambda count: str(count.unreadable)
    if total.skipped:
        columns["skipped"] = lambda count: str(count.skipped)
    return columns


def _share(part: int, whole: int) -> str:
    """Rounded down: 100.0 % is all."""
    percent = f"{math.floor(1000 * part / whole) / 10:.1f} %" if whole else "-"
    return f"{part} {percent:>7}"


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """The first column to the left, the others to the right."""
    widths = [max(map(_cells, column)) for column in zip(*rows, strict=True)]
    padded = [[" " * (width - _cells(text)) for text, width in zip(row, widths, strict=True)] for row in rows]
    return [
        row[0] + space[0] + "".join(f"  {gap}{text}" for text, gap in zip(row[1:], space[1:], strict=True))
        for row, space in zip(rows, padded, strict=True)
    ]


def _cells(text: str) -> int:
    """How many cells of a terminal a text takes: two for wide characters, none for marks over others."""
    shown = [character for character in text if unicodedata.category(character) not in ("Mn", "Me", "Cf")]
    return len(shown) + sum(unicodedata.east_asian_width(character) in "WF" for character in shown)
