"""What extraction met: counted per class, with the names of the files that need a look."""

from collections import defaultdict
from dataclasses import asdict, dataclass, field
from typing import Any

from handloom.errors import DataError
from handloom.extraction.task import FileResult


@dataclass
class ClassCount:
    """Counts of one class; a file has a hand when any of its frames has one."""

    files: int = 0
    unreadable: int = 0
    files_with_hand: int = 0
    frames: int = 0
    frames_with_hand: int = 0


@dataclass
class ExtractionReport:
    """Counts per class and the files without a hand or that could not be read."""

    classes: dict[str, ClassCount] = field(default_factory=lambda: defaultdict(ClassCount))
    without_hand: list[str] = field(default_factory=list)
    unreadable: dict[str, str] = field(default_factory=dict)

    def add(self, result: FileResult) -> None:
        """Count one file."""
        count = self.classes[result.clip.label]
        count.files += 1
        count.frames += result.frames
        count.frames_with_hand += result.hands
        if result.rows is None:
            count.unreadable += 1
            self.unreadable[result.clip.name] = result.reason
        elif result.hands:
            count.files_with_hand += 1
        else:
            self.without_hand.append(result.clip.name)

    def check(self, unreadable_limit: float) -> None:
        """Raise a one-line `DataError` when too much could not be read, or when a class has no hand at all."""
        files = sum(count.files for count in self.classes.values())
        if len(self.unreadable) > unreadable_limit * files:
            name, reason = next(iter(self.unreadable.items()))
            raise DataError(
                f"{len(self.unreadable)} of {files} files could not be read, more than"
                f" extract_keypoints.unreadable_limit ({unreadable_limit:g}) allows; the first is {name}: {reason}"
            )
        for label, count in self.classes.items():
            if not count.files_with_hand:
                raise DataError(
                    f"class {label!r}: no hand found in any of its {count.files} files; look at the pictures, lower"
                    " extract_keypoints.detection_confidence, or remove the class"
                )

    def as_plain(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "classes": {label: asdict(count) for label, count in sorted(self.classes.items())},
            "without_hand": self.without_hand,
            "unreadable": self.unreadable,
        }

    def as_text(self) -> str:
        """For the terminal: a line a class, then what needs a look."""
        width = max(len(label) for label in self.classes)
        lines = [
            f"{label:<{width}}  {count.files:>6} files  {count.files_with_hand:>6} with a hand"
            f"  {count.frames_with_hand:>7} of {count.frames} frames"
            for label, count in sorted(self.classes.items())
        ]
        if self.without_hand:
            lines.append(f"no hand found in {len(self.without_hand)} files, the first: {self.without_hand[0]}")
        if self.unreadable:
            lines.append(
                f"could not read {len(self.unreadable)} files, the first: {next(iter(self.unreadable.values()))}"
            )
        return "\n".join(lines)
