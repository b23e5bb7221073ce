"""Split examples into training, validation and test set, with notes on what misleads."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from handloom import keypoint_table
from handloom.config import Kind, Split, Validation
from handloom.dataset.groups import deal
from handloom.errors import DataError, first_line, printable
from handloom.support.files import replacing

PartName = Literal["train", "validation", "test"]


def validation_ratio(validation: Validation, count: int) -> float:
    """The share of `count` training examples that goes to the validation set.

    Create ML's automatic rule: none below 50 examples, 10 % below 200, else 5 %
    (https://developer.apple.com/documentation/createml/mlsplitstrategy).
    """
    if validation.strategy == "none":
        return 0.0
    if validation.strategy == "fixed":
        return validation.ratio
    return 0.0 if count < 50 else 0.1 if count < 200 else 0.05


def split_examples(labels: list[str], groups: list[str], given: list[str], settings: Split) -> list[PartName]:
    """Assign a part to every example.

    Args:
        labels: class of each example.
        groups: group of each example.
        given: the part that the source names, or an empty text; named parts are kept, and where any is "test" or
            "validation" none is drawn. What is named "train" stays there, unless that is everything.
        settings: the section `split`.

    Raises:
        DataError: a class is left without an example to learn from.
    """
    parts: list[PartName] = [part if part in ("validation", "test") else "train" for part in given]  # type: ignore[misc]
    free = [part != "train" for part in given] if "" in given else [True] * len(given)
    generator = np.random.default_rng(settings.seed)
    if "test" not in parts:
        _take(parts, "test", settings.test_ratio, labels, groups, free, generator)
    if "validation" not in parts:
        count = sum(part == "train" and open_to for part, open_to in zip(parts, free, strict=True))
        _take(parts, "validation", validation_ratio(settings.validation, count), labels, groups, free, generator)
    in_training = {label for label, part in zip(labels, parts, strict=True) if part == "train"}
    for label in class_names(labels):
        if label not in in_training:
            drawn = {part for one, part in zip(labels, given, strict=True) if one == label} - {"validation", "test"}
            raise DataError(
                f"class {label!r}: all of its examples are in other sets, none is left for training; "
                + (
                    "add examples of other groups (data.*.groups), or lower split.test_ratio"
                    if drawn
                    else "the data says so: put some into the training set"
                )
            )
    return parts


def _take(
    parts: list[PartName],
    part: PartName,
    ratio: float,
    labels: list[str],
    groups: list[str],
    free: list[bool],
    generator: np.random.Generator,
) -> None:
    """Move whole groups from train to `part` until its share of every class is as near to `ratio` as groups allow.

    Only examples that are `free` are moved, and count.
    """
    training = [index for index, name in enumerate(parts) if name == "train" and free[index]]
    numbers: dict[str, int] = {}  # of the groups, in the order in which they appear
    group = np.array([numbers.setdefault(groups[index], len(numbers)) for index in training], np.int64)
    taken = deal([labels[index] for index in training], class_names(labels), group, [ratio], generator)
    for index in np.array(training, np.int64)[taken == 0]:
        parts[index] = part


def split_table(table: Path, settings: Split, out: Path) -> dict[str, dict[str, int]]:
    """Split the sessions of a keypoint table; write `session_id`, `label`, `group`, `part` as Parquet.

    Returns:
        Part to class to number of examples.

    Raises:
        DataError: see `split_examples`.
    """
    columns = ["session_id", "label", "group", "part"]
    rows = pa.Table.from_batches(keypoint_table.batches(table, columns))
    sessions = rows.group_by(columns, use_threads=False).aggregate([]).sort_by("session_id")
    labels, groups, given = (sessions.column(name).to_pylist() for name in ("label", "group", "part"))
    parts = split_examples(labels, groups, given, settings)
    result = pa.table(
        {name: sessions.column(name) for name in ("session_id", "label", "group")} | {"part": pa.array(parts)}
    )
    with replacing(out) as temporary:
        pq.write_table(result, temporary)
    counts: dict[str, dict[str, int]] = {}
    for (part, label), count in sorted(Counter(zip(parts, labels, strict=True)).items()):
        counts.setdefault(part, {})[label] = count
    return counts


def read_split(path: Path) -> dict[int, PartName]:
    """Session id to part, as `split_table` wrote it.

    Raises:
        DataError: the file is missing or is not such a table.
    """
    try:
        table = pq.read_table(path, columns=["session_id", "part"])
    except FileNotFoundError:
        raise DataError(f"{path}: no such file; run the stage that writes it (dvc repro)") from None
    except (pa.ArrowInvalid, OSError) as error:
        raise DataError(f"{path}: not a split table ({first_line(error)})") from None
    return dict(zip(table.column("session_id").to_pylist(), table.column("part").to_pylist(), strict=True))


# A share may be this far from what was asked for; whole groups seldom give it exactly.
_TOLERANCE = 0.05
# With at least this many groups an example, no source names the groups: copies of a file share a group all the same.
_ALONE = 0.9
_PARTS: tuple[PartName, ...] = ("train", "validation", "test")
_LABELS_SHOWN = 3


def parts_to_learn_from(kind: Kind, table: Path, split: Path) -> dict[int, PartName]:
    """The set of each session, after checking that both tables exist.

    Raises:
        DataError: one is missing, or is not such a table.
    """
    parts = read_split(split)
    if not table.is_file():
        raise DataError(f"{table}: no such file; run the stage that writes it (dvc repro split@{kind})")
    return parts


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
    lines += [f"note: {line}" for line in keypoint_table.note_on_landmarkers(table)]
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
        f"note: {each} example is a group of its own, so one person can be in the training and the test set,"
        " and the metrics are then too good; say who is in a file (data.*.groups)"
    ]


def _on_share(part: PartName, counts: dict[PartName, Counter[str]], ratio: float, every: int, groups: int) -> list[str]:
    share = counts[part].total() / max(1, every)
    if abs(share - ratio) <= _TOLERANCE:
        return []
    return [
        f"note: the {part} set has {share:.0%} of the examples, not the {ratio:.0%} that was asked for: there are"
        f" {groups} groups, and each stays whole; add people, or name smaller groups (data.*.groups)"
    ]


def _on_missing(count: Counter[str], labels: list[str]) -> list[str]:
    missing = [printable(label) for label in labels if not count[label]]
    if not missing:
        return []
    shown = ", ".join(repr(label) for label in missing[:_LABELS_SHOWN])
    more = f" and {len(missing) - _LABELS_SHOWN} more" if len(missing) > _LABELS_SHOWN else ""
    return [
        f"note: the test set has no example of {shown}{more}: nothing will be known of them; add people who show them"
    ]


def _no_validation(settings: Split, examples: int) -> str:
    why = {
        "automatic": f"split.validation.strategy is automatic, which takes none of fewer than 50 examples ({examples})",
        "fixed": "split.validation.ratio is 0, or there is one group only",
        "none": "split.validation.strategy is none",
    }[settings.validation.strategy]
    return (
        f"note: no validation set ({why}), so the model's probabilities are not calibrated and no thresholds are"
        " recommended; add examples, or set split.validation.strategy to fixed"
    )


def class_names(labels: Iterable[str]) -> list[str]:
    """Each label once, in the order of their code points."""
    return sorted(set(labels))
