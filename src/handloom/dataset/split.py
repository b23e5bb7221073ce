"""Train, validation and test: stratified by class, whole groups on one side, seeded."""

from collections import Counter
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from handloom import keypoint_table
from handloom.config import Split, Validation
from handloom.dataset.classes import class_names
from handloom.errors import DataError, first_line
from handloom.support.files import replacing

PartName = Literal["train", "validation", "test"]


def validation_ratio(validation: Validation, count: int) -> float:
    """The share of `count` training examples that validation takes.

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
    learnt = {label for label, part in zip(labels, parts, strict=True) if part == "train"}
    for label in class_names(labels):
        if label not in learnt:
            raise DataError(
                f"class {label!r}: all of its examples were held out, none is left to learn from; add examples of other"
                " groups (data.*.groups), or lower split.test_ratio"
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
    if ratio == 0 or not training:
        return
    members: dict[str, list[int]] = {}
    for index in training:
        members.setdefault(groups[index], []).append(index)
    names = list(members)
    classes = {label: column for column, label in enumerate(class_names(labels))}
    counts = np.zeros((len(names), len(classes)))
    for row, name in enumerate(names):
        for label, count in Counter(labels[index] for index in members[name]).items():
            counts[row, classes[label]] = count
    for row in nearest_groups(counts, ratio, generator):
        for index in members[names[row]]:
            parts[index] = part


def nearest_groups(counts: NDArray[np.float64], ratio: float, generator: np.random.Generator) -> list[int]:
    """Choose rows of `counts` ``[groups, classes]`` whose sum is near `ratio` of the whole, large groups first.

    At least one group is taken and one left, so that a share that was asked for is not silently empty.
    """
    order = generator.permutation(len(counts))
    order = order[np.argsort(-counts[order].sum(axis=1), kind="stable")]
    missing = ratio * counts.sum(axis=0)
    taken = []
    for row in order:
        if np.square(missing - counts[row]).sum() < np.square(missing).sum():
            missing = missing - counts[row]
            taken.append(int(row))
    if not taken:
        distances = np.square(missing - counts[order]).sum(axis=1)
        taken = [int(order[np.argmin(distances)])]
    return taken if len(taken) < len(counts) else taken[:-1]


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
    with replacing(out) as beside:
        pq.write_table(result, beside)
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
        raise DataError(f"{path}: not a table of parts ({first_line(error)})") from None
    return dict(zip(table.column("session_id").to_pylist(), table.column("part").to_pylist(), strict=True))
