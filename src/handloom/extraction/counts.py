"""Counts of an extraction, by class and in total."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from handloom.errors import printable
from handloom.support.text_table import text_table


@dataclass
class ClassCount:
    """Counts of one class.

    Attributes:
        files: all that its source names: photos, clips or stretches of clips, rows, sessions of a table of joints.
        unreadable: those of them that could not be read.
        skipped: those of them that were not even tried.
        from_table: those of them whose joints came from a table.
        files_with_hand: those of them with a hand in any frame.
        files_with_warnings: those of them that were read with a warning.
        frames: rows in the keypoint table.
        frames_from_table: those of them that came from a table.
        frames_with_hand: those of them with a hand.
        frames_decoded: frames of the media; other than `frames` - `frames_from_table` where clips were resampled.
        retries: frames that were looked at again with a border.
        retries_helped: those of them in which only the further look found the hand.
        files_with_two_hands: files in which two hands were seen at once.
        files_higher_taken: those of them in which the higher hand was taken, in clips in most of the frames with two.
        files_larger_taken: those of them in which the larger hand was taken, likewise.
    """

    files: int = 0
    unreadable: int = 0
    skipped: int = 0
    from_table: int = 0
    files_with_hand: int = 0
    files_with_warnings: int = 0
    frames: int = 0
    frames_from_table: int = 0
    frames_with_hand: int = 0
    frames_decoded: int = 0
    retries: int = 0
    retries_helped: int = 0
    files_with_two_hands: int = 0
    files_higher_taken: int = 0
    files_larger_taken: int = 0

    @property
    def unusable(self) -> int:
        """Files that were not used."""
        return self.unreadable + self.skipped

    @property
    def used(self) -> int:
        """Files that are in the keypoint table."""
        return self.files - self.unusable

    @property
    def resampled(self) -> bool:
        """Whether other frames were decoded than are in the keypoint table."""
        return self.frames_decoded != self.frames - self.frames_from_table


def count_table(classes: Mapping[str, ClassCount], total: ClassCount) -> str:
    """The counts for the terminal: a heading, one line per class and one for all."""
    counts = [(printable(label) or "(not known)", count) for label, count in sorted(classes.items())]
    columns = _columns(total, any(count.resampled for _, count in counts))
    rows = [[name, *(cell(count) for cell in columns.values())] for name, count in [*counts, ("all", total)]]
    return text_table(rows, ["class", *columns])


def _columns(total: ClassCount, resampled: bool) -> dict[str, Callable[[ClassCount], str]]:
    """The table's columns: a count that is 0 for all classes has no column."""
    columns: dict[str, Callable[[ClassCount], str]] = {
        "files": lambda count: str(count.files),
        "with a hand": lambda count: _share(count.files_with_hand, count.used),
        "frames": lambda count: str(count.frames),
        "frames with a hand": lambda count: _share(count.frames_with_hand, count.frames),
    }
    if total.retries:
        columns["retries helped"] = lambda count: f"{count.retries_helped} of {count.retries}"
    if total.files_with_two_hands:
        columns["two hands"] = lambda count: str(count.files_with_two_hands)
        columns["higher taken"] = lambda count: str(count.files_higher_taken)
        columns["larger taken"] = lambda count: str(count.files_larger_taken)
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
