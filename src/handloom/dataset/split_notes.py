"""What a person should know of a split before a model is judged by it."""

from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq

from handloom import keypoint_table
from handloom.config import Split
from handloom.dataset.classes import class_names
from handloom.dataset.split import PartName, validation_ratio
from handloom.errors import printable

# A share may be this far from what was asked for; whole groups seldom give it exactly.
_TOLERANCE = 0.05
# With at least this many groups an example, nobody said who is in a file: copies of a file share a group all the same.
_ALONE = 0.9
_PARTS: tuple[PartName, ...] = ("train", "validation", "test")
_LABELS_SHOWN = 3


def split_text(table: Path, split: Path, settings: Split) -> str:
    """The parts of a split with their numbers, and a line for each thing that may mislead.

    Args:
        table: the keypoint table.
        split: what `handloom.dataset.split.split_table` made of it.
        settings: the section `split` that it was made with.
    """
    columns = pq.read_table(split, columns=["label", "group", "part"])
    labels, groups, parts = (columns.column(name).to_pylist() for name in columns.column_names)
    given = {part for batch in keypoint_table.batches(table, ["part"]) for part in batch.column(0).unique().to_pylist()}
    counts = {part: Counter(label for label, own in zip(labels, parts, strict=True) if own == part) for part in _PARTS}
    lines = [
        f"{part}: {count.total()} examples of {len(count)} classes" for part, count in sorted(counts.items()) if count
    ]
    lines += _on_groups(groups)
    drawn = given <= {""}  # by us; what the source says is as it should be
    if settings.test_ratio and drawn:
        lines += _on_share("test", counts, settings.test_ratio, len(labels), len(set(groups)))
    if counts["test"]:
        lines += _on_missing(counts["test"], class_names(labels))
    open_to_validation = counts["train"].total() + counts["validation"].total()
    ratio = validation_ratio(settings.validation, open_to_validation)
    if not counts["validation"]:
        lines.append(_no_validation(settings, open_to_validation))
    elif ratio and drawn:
        lines += _on_share("validation", counts, ratio, open_to_validation, len(set(groups)))
    return "\n".join(lines)


def _on_groups(groups: list[str]) -> list[str]:
    number = len(set(groups))
    if number < _ALONE * len(groups):
        return []
    each = "each" if number == len(groups) else "almost each"
    return [
        f"note: {each} example is a group of its own, so one person may be both learnt from and tested on, and the test"
        " part then flatters the model; say who is in a file (data.*.groups)"
    ]


def _on_share(part: PartName, counts: dict[PartName, Counter[str]], ratio: float, every: int, groups: int) -> list[str]:
    share = counts[part].total() / max(1, every)
    if abs(share - ratio) <= _TOLERANCE:
        return []
    return [
        f"note: the {part} part has {share:.0%} of the examples, not the {ratio:.0%} that was asked for: there are"
        f" {groups} groups, and each stays whole; add people, or name smaller groups (data.*.groups)"
    ]


def _on_missing(count: Counter[str], labels: list[str]) -> list[str]:
    missing = [printable(label) for label in labels if not count[label]]
    if not missing:
        return []
    shown = ", ".join(repr(label) for label in missing[:_LABELS_SHOWN])
    more = f" and {len(missing) - _LABELS_SHOWN} more" if len(missing) > _LABELS_SHOWN else ""
    return [
        f"note: the test part has no example of {shown}{more}: nothing will be known of them; add people who show them"
    ]


def _no_validation(settings: Split, examples: int) -> str:
    why = {
        "automatic": f"split.validation.strategy is automatic, which takes none of fewer than 50 examples ({examples})",
        "fixed": "split.validation.ratio is 0, or there is one group only",
        "none": "split.validation.strategy is none",
    }[settings.validation.strategy]
    return (
        f"note: no validation part ({why}), so the model's probabilities are not calibrated and no thresholds are"
        " recommended; add examples, or set split.validation.strategy to fixed"
    )
