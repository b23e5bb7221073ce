"""Splitting by groups: everything of a group stays together, and each part has about the same share of every class."""

import warnings
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from handloom.errors import DataError


def deal(
    labels: Sequence[str],
    classes: Sequence[str],
    groups: NDArray[np.int64],
    shares: Sequence[float],
    generator: np.random.Generator,
    counted: NDArray[np.bool_] | None = None,
) -> NDArray[np.int64]:
    """Deal N rows into parts: one part after another takes whole groups of what is left.

    Args:
        labels: the class of each row.
        classes: all that there are; here the rows may lack some.
        groups: int64 ``[N]``, the group of each row, numbered from 0. Which number a group has decides, with the
            generator, where it goes.
        shares: of all rows, for each part, together at most 1. Where a part gets any group, another group is left.
        generator: source of all chance.
        counted: bool ``[N]``, the rows that count towards a share; None: all.

    Returns:
        int64 ``[N]``, the part of each row, -1 for none.
    """
    column = {label: number for number, label in enumerate(classes)}
    counts = np.zeros((int(groups.max(initial=-1)) + 1, len(classes)))
    columns = np.array([column[label] for label in labels], np.int64)
    np.add.at(counts, (groups, columns), 1 if counted is None else counted)
    part_of_group = np.full(len(counts), -1)
    left = 1.0
    for part, share in enumerate(shares):
        free = np.flatnonzero(part_of_group < 0)
        if share > 0 and len(free):
            part_of_group[free[_nearest(counts[free], share / left, generator)]] = part
        left -= share
    return part_of_group[groups]


def folds_by_group(labels: Sequence[str], groups: Sequence[str], count: int, seed: int) -> list[list[int]]:
    """The rows of each fold.

    Folds are scikit-learn's, not dealt by `deal`: they are balanced against each other, where `deal` fills one part
    after another, and accuracies that were published over these folds can be compared.

    Raises:
        DataError: there are fewer groups than folds, or a class is in one fold alone.
    """
    from sklearn.model_selection import StratifiedGroupKFold  # slow, and each stage that reads a split would load it

    if len(set(groups)) < count:
        raise DataError(
            f"{len(set(groups))} groups cannot be divided into {count} folds; lower cross_validate.folds, or say who is"
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
        in_training = {label for row, label in enumerate(labels) if row not in set(tested)}
        if lost := sorted(set(labels) - in_training):
            raise DataError(
                f"class {lost[0]!r}: all of its examples are in one fold, none is left for training; add examples of"
                " other groups (data.*.groups)"
            )
        if not tested:
            raise DataError(f"a fold of {count} has no example; lower cross_validate.folds")
    return folds


def _nearest(counts: NDArray[np.float64], ratio: float, generator: np.random.Generator) -> list[int]:
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
