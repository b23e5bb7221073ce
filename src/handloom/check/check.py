"""Check a keypoint table for likely mistakes, as a list for a person."""

from collections import defaultdict
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np
import pyarrow as pa

from handloom import keypoint_table
from handloom.check.features import vectors_of
from handloom.check.labels import contradicted
from handloom.dataset.examples import Examples, read_sessions
from handloom.dataset.left_hands import mirror_left_hands, votes
from handloom.errors import DataError
from handloom.hand import present
from handloom.support.files import write_csv

FEWEST_PEOPLE = 3  # of a class; with fewer, its test says little about strangers


@dataclass(frozen=True)
class Finding:
    """Something to look at.

    Attributes:
        problem: "label" or "few people".
        path: the file; empty where it is about a class.
        label: the class.
        group: who is in the file.
        note: what to look at, a line.
        score: how sure, 0 to 1.
    """

    problem: str
    path: str
    label: str
    group: str
    note: str
    score: float


def check_table(table: Path) -> list[Finding]:
    """The likely mistakes in a keypoint table, the surest first; the whole table is in memory.

    Raises:
        DataError: the table cannot be read, or has no hand.
    """
    examples = all_examples(table).with_hand()
    if not len(examples):
        raise DataError(f"{table}: no example has a hand; look at its no_hand.png")
    labels, names, people = (column.to_pylist() for column in (examples.labels, examples.names, examples.groups))
    found = [
        Finding(
            "label", names[one.row], labels[one.row], people[one.row], f"looks like {one.other}", round(one.lead, 4)
        )
        for one in contradicted(vectors_of(examples), labels, people)
    ]
    return found + _few_people(labels, people)


def write_findings(path: Path, findings: list[Finding]) -> None:
    """Write the list as a CSV; its column `path` is what `data.*.exclude` reads."""
    write_csv(path, [asdict(one) for one in findings], [field.name for field in fields(Finding)])


def _few_people(labels: list[str], people: list[str]) -> list[Finding]:
    of: dict[str, set[str]] = defaultdict(set)
    for label, person in zip(labels, people, strict=True):
        of[label].add(person)
    return [
        Finding("few people", "", label, "", f"{len(names)} of at least {FEWEST_PEOPLE} people or groups", 1.0)
        for label, names in sorted(of.items())
        if len(names) < FEWEST_PEOPLE
    ]


def all_examples(table: Path) -> Examples:
    """All examples of a table, left hands turned into right ones."""
    _, lengths = read_sessions(table)
    rows = keypoint_table.read(table)
    starts = np.cumsum(lengths) - lengths
    frames = keypoint_table.poses_of(rows).copy()
    hands = present(frames)
    mirror_left_hands(frames, starts, lengths, votes(rows.column("chirality")) * hands)
    first = rows.take(pa.array(starts))
    labels, names, groups = (first.column(name).combine_chunks() for name in ("label", "path", "group"))
    found = np.logical_or.reduceat(hands, starts)
    return Examples(frames, starts, lengths, labels.dictionary_encode(), names, groups, found)
