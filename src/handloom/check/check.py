"""Check a keypoint table, and the photos that it was made of, for likely mistakes: a list for a person."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa

from handloom import keypoint_table
from handloom.check.features import vectors_of
from handloom.check.joints import unlike_others
from handloom.check.labels import contradicted
from handloom.check.near_duplicates import near_duplicates
from handloom.dataset.examples import Examples, read_sessions
from handloom.dataset.left_hands import mirror_left_hands, votes
from handloom.dataset.pictures import Pictures, Views
from handloom.dataset.split import read_split
from handloom.errors import DataError, printable
from handloom.hand import middle_frame, present
from handloom.support.files import write_csv

FEWEST_PEOPLE = 3  # of a class; with fewer, its test says little about strangers
# So many contradicted examples of one person and class, and this share of them: the person makes the gesture another
# way than the others, or the whole folder has the wrong name.
FEWEST_OF_PERSON, SHARE_OF_PERSON = 3, 0.8


Problem = Literal["copy", "person", "label", "joints", "few people"]


@dataclass(frozen=True)
class Finding:
    """Something to look at.

    Attributes:
        problem: what is wrong.
        path: the file; empty where it is about a class.
        other: the file that it is a copy of; empty for other problems.
        label: the class.
        group: who is in the file.
        note: what to look at, a line.
        score: how sure, 0 to 1.
    """

    problem: Problem
    path: str
    other: str
    label: str
    group: str
    note: str
    score: float


class Checked:
    """The examples of a table with a hand, ``[N]`` of each.

    Attributes:
        rows: which of the table's examples they are.
        examples: themselves, left hands turned into right ones.
        labels, names, people: of each the class, the file, and who is in it.

    Raises:
        DataError: the table cannot be read, or has no hand.
    """

    def __init__(self, table: Path) -> None:
        everything = all_examples(table)
        self.rows = np.flatnonzero(everything.hand_found)
        self.examples = everything.with_hand()
        if not len(self.examples):
            raise DataError(f"{table}: no example has a hand; look at its no_hand.png")
        self.labels: list[str] = self.examples.labels.to_pylist()
        self.names: list[str] = self.examples.names.to_pylist()
        self.people: list[str] = self.examples.groups.to_pylist()

    def finding(self, problem: Problem, row: int, note: str, score: float, other: str = "") -> Finding:
        """A finding about an example."""
        return Finding(problem, self.names[row], other, self.labels[row], self.people[row], note, round(score, 4))


def check_table(table: Path, pictures: Pictures | None = None, split: Path | None = None) -> list[Finding]:
    """The likely mistakes of each problem, the surest first; the whole table is in memory.

    Args:
        table: keypoint table.
        pictures: its photos, which are compared with each other; None: they are not.
        split: its parts, which the notes on copies name; None: they do not.

    Raises:
        DataError: the table cannot be read, or has no hand.
    """
    checked = Checked(table)
    copies = [] if pictures is None else _copies(checked, table, pictures, _parts(table, split))
    return [*copies, *_labels(checked), *_joints(checked), *_few_people(checked.labels, checked.people)]


def _copies(checked: Checked, table: Path, pictures: Pictures, parts: Mapping[int, str]) -> list[Finding]:
    """Photos that are copies of a photo of another group."""
    views = Views(table, all_examples(table, left_hands_turned=False))
    shown = [views(int(row)) for row in checked.rows]
    found = []
    for one in near_duplicates(shown, checked.people, pictures.picture):
        first, second = one.first, one.second
        where = [
            f" in the {parts[at]} set" if (at := int(checked.rows[row])) in parts else "" for row in (first, second)
        ]
        mirrored = "mirrored " if one.mirrored else ""
        original = f"{printable(checked.names[first])} of class {printable(checked.labels[first])}"
        note = f"{mirrored}copy{where[1]} of {original}{where[0]}"
        found.append(checked.finding("copy", second, note, one.likeness, checked.names[first]))
    return found


def _parts(table: Path, split: Path | None) -> Mapping[int, str]:
    """The part of each example of the table, by its row."""
    if split is None:
        return {}
    of_session, (sessions, _) = read_split(split), read_sessions(table)
    return {row: of_session[one] for row, one in enumerate(sessions.tolist()) if one in of_session}


def _labels(checked: Checked) -> list[Finding]:
    """Examples that others contradict; a person whose examples of a class nearly all are has a row of their own."""
    pairs = list(zip(checked.people, checked.labels, strict=True))
    found = contradicted(vectors_of(checked.examples), checked.labels, checked.people)
    others: dict[tuple[str, str], list[str]] = defaultdict(list)
    for one in found:
        others[pairs[one.row]].append(one.other)
    of_person = []
    for (person, label), names in sorted(others.items()):
        count = pairs.count((person, label))
        if len(names) >= max(FEWEST_OF_PERSON, SHARE_OF_PERSON * count):
            other = max(sorted(set(names)), key=names.count)
            note = f"{names.count(other)} of {count} examples look like {printable(other)} of other people"
            of_person.append(Finding("person", "", "", label, person, note, round(len(names) / count, 4)))
    return of_person + [checked.finding("label", one.row, f"looks like {one.other}", one.lead) for one in found]


def _joints(checked: Checked) -> list[Finding]:
    """Hands that may have been found in the wrong place."""
    poses = np.stack([example.poses[middle_frame(example.poses)] for example in checked.examples])
    note = "joints unlike those of other hands; look whether the hand was found in the right place"
    return [checked.finding("joints", one.row, note, 1 - 1 / one.ratio) for one in unlike_others(poses)]


def _few_people(labels: list[str], people: list[str]) -> list[Finding]:
    of: dict[str, set[str]] = defaultdict(set)
    for label, person in zip(labels, people, strict=True):
        of[label].add(person)
    return [
        Finding("few people", "", "", label, "", f"{len(names)} of at least {FEWEST_PEOPLE} people or groups", 1.0)
        for label, names in sorted(of.items())
        if len(names) < FEWEST_PEOPLE
    ]


def write_findings(path: Path, findings: list[Finding]) -> None:
    """Write the list as a CSV; its column `path` is what `data.*.exclude` reads."""
    write_csv(path, [asdict(one) for one in findings], [field.name for field in fields(Finding)])


def all_examples(table: Path, left_hands_turned: bool = True) -> Examples:
    """All examples of a table, left hands turned into right ones or as they are."""
    _, lengths = read_sessions(table)
    rows = keypoint_table.read(table)
    starts = np.cumsum(lengths) - lengths
    frames = keypoint_table.poses_of(rows).copy()
    hands = present(frames)
    if left_hands_turned:
        mirror_left_hands(frames, starts, lengths, votes(rows.column("chirality")) * hands)
    first = rows.take(pa.array(starts))
    labels, names, groups = (first.column(name).combine_chunks() for name in ("label", "path", "group"))
    found = np.logical_or.reduceat(hands, starts)
    return Examples(frames, starts, lengths, labels.dictionary_encode(), names, groups, found)
