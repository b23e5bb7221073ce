"""Folds: examples dealt out by class, whole groups together."""

import warnings
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from sklearn.model_selection import StratifiedGroupKFold

from handloom.errors import DataError
from handloom.support.files import replacing

LEFT_ALONE = "left_alone"  # the part of sessions that no fold has


def folds_by_group(labels: Sequence[str], groups: Sequence[str], count: int, seed: int) -> list[list[int]]:
    """The rows of each fold.

    Raises:
        DataError: there are fewer groups than folds, or a class is in one fold alone.
    """
    if len(set(groups)) < count:
        raise DataError(
            f"{len(set(groups))} groups cannot be dealt into {count} folds; lower cross_validate.folds, or say who is"
            " in which file (data.*.groups)"
        )
    splitter = StratifiedGroupKFold(count, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of classes with fewer examples than folds
        try:
            folds = [tested.tolist() for _, tested in splitter.split(labels, labels, groups)]
        except ValueError:
            raise DataError(f"no class has {count} examples; lower cross_validate.folds") from None
    for tested in folds:
        learnt = {label for row, label in enumerate(labels) if row not in set(tested)}
        if lost := sorted(set(labels) - learnt):
            raise DataError(
                f"class {lost[0]!r}: all of its examples are in one fold, none is left to learn from; add examples of"
                " other groups (data.*.groups)"
            )
        if not tested:
            raise DataError(f"a fold of {count} has no example; lower cross_validate.folds")
    return folds


def write_fold(
    path: Path, sessions: Mapping[str, Sequence[Any]], tested: Collection[int], left_alone: Collection[int] = ()
) -> None:
    """Write the split of a fold: its sessions are the test part, all others but those left alone are for training.

    Args:
        path: where to.
        sessions: the columns `session_id`, `label` and `group`.
        tested: session ids.
        left_alone: session ids.
    """
    parts = [
        "test" if session in tested else LEFT_ALONE if session in left_alone else "train"
        for session in sessions["session_id"]
    ]
    columns = {name: sessions[name] for name in ("session_id", "label", "group")}
    with replacing(path) as beside:
        pq.write_table(pa.table({**columns, "part": parts}), beside)
