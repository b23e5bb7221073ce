"""The report of an extraction: counts per class, and every problem."""

import csv
from collections import defaultdict
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, astuple
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import pyarrow as pa

from handloom import keypoint_table
from handloom.errors import DataError, printable, renamed
from handloom.extraction.contact_sheet import NO_HAND_SHEET, ContactSheets
from handloom.extraction.counts import ClassCount, count_table
from handloom.extraction.extraction import Extraction
from handloom.hand import present
from handloom.sources.clip import Clip, Skipped
from handloom.support.files import as_cell, replacing, write_json

FILES, REPORT, METRICS = "files.csv", "report.json", "metrics.json"
FILE_COLUMNS = (
    "name",
    "start",
    "end",
    "label",
    "frames",
    "decoded",
    "hands",
    "retries",
    "retries_helped",
    "two_hands",
    "higher_taken",
    "larger_taken",
    "problem",
    "warnings",
)
# What the terminal shows at most; the rest is in the report.
PROBLEMS_SHOWN = 10
REMARKS_SHOWN = 5
# Rows of a keypoint table that are looked at together.
ROWS_AT_ONCE = 65_536


class ExtractionReport:
    """What happened to every file, and contact sheets; `with` writes all of it into a folder, or nothing.

    The folder gets, when `finish` is called or the block ends well:

    - ``report.json``: ``classes`` (class to `ClassCount`; a class that is not known is ""), ``total`` (the same over
      all), ``without_hand`` (names), ``unreadable`` (name to reason), ``skipped`` (reasons), ``warnings`` (text to
      names) and ``notes``. The name of a stretch of a clip is ``wave/one.mp4 [1.5-3 s]``.
    - ``files.csv``: a row for every file that was read or could not be used, with `FILE_COLUMNS`; sessions that came
      from a table of joints are only counted. Texts are written as `handloom.support.files.as_cell` says.
    - ``metrics.json``: see `metrics`.
    - the two sheets of `ContactSheets`.

    Memory grows only by what needs a look: rows of ``files.csv`` are written as they come.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.classes: dict[str, ClassCount] = defaultdict(ClassCount)
        self.without_hand: list[str] = []
        self.unreadable: dict[str, str] = {}
        self.skipped: list[str] = []
        self.warnings: dict[str, list[str]] = defaultdict(list)
        self.notes: list[str] = []
        self.sheets = ContactSheets()
        self._first_problems: dict[str, str] = {}
        self._open = ExitStack()
        self._written = False

    def __enter__(self) -> Self:
        path = self._open.enter_context(replacing(self.folder / FILES))
        self._rows = csv.writer(
            self._open.enter_context(path.open("w", newline="", encoding="utf-8")), lineterminator="\n"
        )
        self._rows.writerow(FILE_COLUMNS)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None and not self._written:
            self.write()
        self._open.__exit__(kind, error, trace)  # drops what was not written

    def add(self, clip: Clip, extraction: Extraction) -> None:
        """Count a file that was read."""
        count, name, frames, hands = self.classes[clip.label], _name(clip), len(extraction.frames), extraction.hands
        count.files += 1
        count.files_with_hand += hands > 0
        count.files_with_warnings += bool(extraction.warnings)
        count.frames += frames
        count.frames_with_hand += hands
        count.frames_decoded += extraction.decoded
        count.retries += extraction.retries
        count.retries_helped += extraction.helped
        count.files_with_two_hands += extraction.two_hands > 0
        count.files_higher_taken += 2 * extraction.higher_taken > extraction.two_hands
        count.files_larger_taken += 2 * extraction.larger_taken > extraction.two_hands
        if not hands:
            self.without_hand.append(name)
        for warning in dict.fromkeys(extraction.warnings):
            self.warnings[warning].append(name)
        self._write_row(
            clip.name,
            clip.label,
            clip.start,
            clip.end,
            numbers=(
                frames,
                extraction.decoded,
                hands,
                extraction.retries,
                extraction.helped,
                extraction.two_hands,
                extraction.higher_taken,
                extraction.larger_taken,
            ),
            warnings="; ".join(extraction.warnings),
        )
        self.sheets.add(clip, extraction)

    def add_unreadable(self, clip: Clip, reason: str) -> None:
        """Count a file that could not be read; the reason starts with its name, with or without its folder."""
        reason = _writable(renamed(reason, clip.path, clip.name))
        count = self.classes[clip.label]
        count.files += 1
        count.unreadable += 1
        self.unreadable[_name(clip)] = reason
        self._first_problems.setdefault(clip.label, reason)
        self._write_row(clip.name, clip.label, clip.start, clip.end, problem=reason)

    def add_skipped(self, skipped: Skipped) -> None:
        """Count a file or row that its source could not use."""
        label, reason = _writable(skipped.label), _writable(skipped.reason)
        count = self.classes[label]
        count.files += 1
        count.skipped += 1
        self.skipped.append(reason)
        self._first_problems.setdefault(label, reason)
        self._write_row(skipped.name, label, problem=reason)

    def add_keypoints(self, rows: pa.Table) -> None:
        """Count the sessions of a table of joints that were found before, rows of `handloom.keypoint_table.SCHEMA`."""
        named = rows.select(["session_id", "label", "path"])
        hands = [
            present(keypoint_table.poses_of(rows.select(["keypoints"]).slice(start, ROWS_AT_ONCE)))
            for start in range(0, rows.num_rows, ROWS_AT_ONCE)
        ]
        if not hands:
            return
        named = named.append_column("hands", pa.array(np.concatenate(hands).astype(np.int64)))
        # One thread: several give the groups in any order.
        sessions = named.group_by(["session_id", "label", "path"], use_threads=False).aggregate(
            [("hands", "sum"), ("hands", "count")]
        )
        columns = (sessions.column(name).to_pylist() for name in ("label", "path", "hands_sum", "hands_count"))
        for label, name, with_hand, frames in zip(*columns, strict=True):
            count = self.classes[label]
            count.files += 1
            count.from_table += 1
            count.files_with_hand += with_hand > 0
            count.frames += frames
            count.frames_from_table += frames
            count.frames_with_hand += with_hand
            if not with_hand:
                self.without_hand.append(name)

    def add_note(self, text: str) -> None:
        """Add a note."""
        self.notes.append(_writable(text))

    def finish(self, unreadable_limit: float) -> None:
        """Write everything, then check it, so that it can be looked at also when the data is refused.

        Raises:
            DataError: see `check`.
        """
        self.write()
        self.check(unreadable_limit)

    def write(self) -> None:
        """Put everything into the folder; nothing can be added after it."""
        self._written = True
        self._open.close()
        self.sheets.write(self.folder)
        write_json(self.folder / METRICS, self.metrics())
        write_json(self.folder / REPORT, self.as_plain())

    def check(self, unreadable_limit: float) -> None:
        """Check that the data can be used.

        Args:
            unreadable_limit: the greatest share of files that may be unusable, 0 to 1.

        Raises:
            DataError: more is unusable, or a class has no hand at all.
        """
        total = self.total()
        if total.unusable > unreadable_limit * total.files:
            first = next(iter(self.unreadable.values()), None) or self.skipped[0]
            raise DataError(
                f"{total.unusable} of {total.files} files could not be used, more than"
                f" extract_keypoints.unreadable_limit ({unreadable_limit:g}) allows; all are in {self._path(REPORT)},"
                f" the first: {first}"
            )
        for label, count in self.classes.items():
            if count.files_with_hand or not label:
                continue
            shown = printable(label)
            if not count.used:
                raise DataError(
                    f"class '{shown}': none of its {count.files} files could be used; the first:"
                    f" {self._first_problems[label]}"
                )
            if count.used == count.from_table:
                raise DataError(
                    f"class '{shown}': no hand in any of its {count.used} examples, whose joints came from a table;"
                    " remove the class, or take its joints from pictures"
                )
            raise DataError(
                f"class '{shown}': no hand found in any of its {count.used} files; look at"
                f" {self._path(NO_HAND_SHEET)}, lower extract_keypoints.detection_confidence, or remove the class"
            )

    def total(self) -> ClassCount:
        """The counts of all classes together."""
        return ClassCount(*map(sum, zip(*map(astuple, self.classes.values()), strict=True)))

    def metrics(self) -> dict[str, float]:
        """Numbers to compare runs by.

        Returns:
            `files` and `unusable_files`; of the files that could be used, the share with a hand, `hands_found`;
            `frames`; and of these the share with a hand, `frames_with_hand`, and the share in which only the further
            look found it, `retries_helped`.
        """
        total = self.total()
        return {
            "files": total.files,
            "unusable_files": total.unusable,
            "hands_found": total.files_with_hand / max(1, total.used),
            "frames": total.frames,
            "frames_with_hand": total.frames_with_hand / max(1, total.frames),
            "retries_helped": total.retries_helped / max(1, total.frames),
        }

    def as_plain(self) -> dict[str, Any]:
        """For JSON, see the class."""
        return {
            "classes": {label: asdict(count) for label, count in sorted(self.classes.items())},
            "total": asdict(self.total()),
            "without_hand": self.without_hand,
            "unreadable": self.unreadable,
            "skipped": self.skipped,
            "warnings": self.warnings,
            "notes": self.notes,
        }

    def as_text(self) -> str:
        """For the terminal: a table, then what needs a look."""
        total = self.total()
        lines = [count_table(self.classes, total)]
        if total.unusable:
            lines.append(f"{total.unusable} of {total.files} files could not be used:")
            lines += self._listed([*self.unreadable.values(), *self.skipped], total.unusable, PROBLEMS_SHOWN)
        if self.without_hand:
            first, number = printable(self.without_hand[0]), len(self.without_hand)
            seen = f"; see {self._path(NO_HAND_SHEET)}" if total.used > total.from_table else ""
            lines.append(f"no hand found in {number} file{'s' * (number > 1)}, the first: {first}{seen}")
        if self.warnings:
            lines.append(f"{total.files_with_warnings} of {total.files} files were read with a warning:")
            warnings = [_warning(text, names) for text, names in self.warnings.items()]
            lines += self._listed(warnings, len(warnings), REMARKS_SHOWN)
        if self.notes:
            lines.append("notes:")
            lines += self._listed(self.notes, len(self.notes), REMARKS_SHOWN)
        return "\n".join(lines)

    def _listed(self, texts: Sequence[str], number: int, limit: int) -> list[str]:
        lines = [f"  {printable(text)}" for text in texts[:limit]]
        more = number - len(lines)
        return [*lines, f"  and {more} more in {self._path(REPORT)}"] if more else lines

    def _path(self, name: str) -> str:
        return printable(str(self.folder / name))

    def _write_row(
        self,
        name: str,
        label: str,
        start: float | None = None,
        end: float | None = None,
        numbers: Sequence[int | None] = (None,) * 8,
        problem: str = "",
        warnings: str = "",
    ) -> None:
        row = (_writable(name), start, end, label, *numbers, problem, warnings)
        self._rows.writerow([as_cell(value) for value in row])


def _name(clip: Clip) -> str:
    """A file's name, and which stretch of it."""
    name = _writable(clip.name)
    if clip.start is None and clip.end is None:
        return name
    end = "" if clip.end is None else f"{clip.end:.10g}"
    return f"{name} [{clip.start or 0:.10g}-{end} s]"


def _writable(text: str) -> str:
    """File names that are not UTF-8 come as lone surrogates, which no file in UTF-8 can hold."""
    return text.encode("utf-8", "backslashreplace").decode()


def _warning(text: str, names: Sequence[str]) -> str:
    more = len(names) - 1
    return f"{names[0]}: {text}" + (f" (and {more} more file{'s' * (more > 1)})" if more else "")
