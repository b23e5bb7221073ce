"""Check a keypoint table, and the photos that it was made of, for likely mistakes: a list for a person."""

import sys
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from handloom import keypoint_table
from handloom.check.copied_clips import copied_clips
from handloom.check.ends import LEAD_AT_ENDS, SHORTEST, Ends, ends_of_bursts, ends_of_clips
from handloom.check.features import vectors_of
from handloom.check.joints import unlike_others
from handloom.check.labels import LEAD, Contradiction, contradicted
from handloom.check.near_duplicates import near_duplicates
from handloom.dataset.examples import Examples, read_sessions
from handloom.dataset.left_hands import mirror_left_hands, votes
from handloom.dataset.pictures import Pictures, View, Views
from handloom.dataset.split import read_split
from handloom.errors import DataError, printable
from handloom.hand import middle_frame, present
from handloom.support.files import write_csv

FEWEST_PEOPLE = 3  # of a class; with fewer, its test says little about strangers
# So many contradicted examples of one person and class, and this share of them: the person makes the gesture another
# way than the others, or the whole folder has the wrong name.
FEWEST_OF_PERSON, SHARE_OF_PERSON = 3, 0.8
PERSON_SHOWN = 3  # examples that stand for a person
_LISTED = ("problem", "path", "other", "label", "group", "note", "score")  # columns of the CSV


Problem = Literal["copy", "person", "label", "ends", "joints", "few people"]


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
        rows: which of the table's examples are to be looked at: the example and what it is a copy of, or the example
            once for each frame to look at.
        frames: which frame of each of `rows` to look at; empty: the `middle_frame`s.
    """

    problem: Problem
    path: str
    other: str
    label: str
    group: str
    note: str
    score: float
    rows: tuple[int, ...] = ()
    frames: tuple[int, ...] = ()


class Checked:
    """The examples of a table with a hand, ``[N]`` of each.

    Attributes:
        views: of all examples of the table, also of those without a hand, what stands for each.
        rows: which of the table's examples have a hand.
        examples: themselves, left hands mirrored.
        as_they_are: themselves, as they are in the pictures.
        are_clips: whether any has several frames.
        labels, names, people: of each the class, the file, and who is in it.

    Raises:
        DataError: the table cannot be read, or has no hand.
    """

    def __init__(self, table: Path) -> None:
        everything = all_examples(table)
        self.table = table
        self.views = Views(table, everything.as_they_are)
        self.rows = np.flatnonzero(everything.mirrored.hand_found)
        self.examples = everything.mirrored.with_hand()
        self.as_they_are = everything.as_they_are.with_hand()
        self.are_clips = bool((self.examples.lengths > 1).any())
        if not len(self.examples):
            raise DataError(f"{table}: no example has a hand; look at its no_hand.png")
        self.labels: list[str] = self.examples.labels.to_pylist()
        self.names: list[str] = self.examples.names.to_pylist()
        self.people: list[str] = self.examples.groups.to_pylist()

    def finding(self, problem: Problem, row: int, note: str, score: float, copied: int | None = None) -> Finding:
        """A finding about an example, or about one and the one that it is a copy of."""
        rows = (row,) if copied is None else (row, copied)
        view = self.views(int(self.rows[row]))
        which = f" ({view.number + 1} of {view.of} of this class in the file)" if view.of > 1 else ""
        return Finding(
            problem,
            self.names[row],
            "" if copied is None else self.names[copied],
            self.labels[row],
            self.people[row],
            note + which,
            round(score, 4),
            tuple(int(self.rows[one]) for one in rows),
        )


def find_mistakes(
    checked: Checked, pictures: Pictures | None = None, split: Path | None = None, background: str = ""
) -> list[Finding]:
    """The likely mistakes of each problem, the surest first; the whole table is in memory.

    Args:
        checked: the examples.
        pictures: their photos or clips, which are compared with each other; None: they are not.
        split: their parts, which the notes on copies name; None: they do not.
        background: the class without a gesture.
    """
    copies = [] if pictures is None else _copies(checked, pictures, _parts(checked.table, split))
    few_people = _few_people(checked.labels, checked.people)
    return [*copies, *_labels_and_ends(checked, background), *_joints(checked), *few_people]


def _copies(checked: Checked, pictures: Pictures, parts: Mapping[int, str]) -> list[Finding]:
    """Files that are copies of a file of another group; how many could not be looked at goes to stderr."""
    shown = [checked.views(int(row)) for row in checked.rows]
    missing: set[tuple[str, str, int]] = set()

    def picture(view: View, side: int) -> NDArray[np.uint8] | None:
        found = pictures.picture(view, side)
        if found is None:
            missing.add((view.name, view.label, view.number))
        return found

    if checked.are_clips:
        copies = copied_clips(checked.as_they_are, shown, checked.people, picture)
    else:
        copies = near_duplicates(shown, checked.people, picture)
    found = []
    for one in copies:
        first, second = one.first, one.second
        where = [
            f" in the {part} set" if (part := parts.get(int(checked.rows[row]))) else "" for row in (first, second)
        ]
        mirrored = "mirrored " if one.mirrored else ""
        original = f"{printable(checked.names[first])} of class {printable(checked.labels[first])}"
        note = f"{mirrored}copy{where[1]} of {original}{where[0]}"
        found.append(checked.finding("copy", second, note, one.likeness, first))
    if missing:
        # Of clips only those are opened in which the hand moves as in another one.
        which = "clips that may be copies" if checked.are_clips else f"of {len(shown)} photos"
        print(f"copies: {len(missing)} {which} could not be looked at", file=sys.stderr)
    return found


def _parts(table: Path, split: Path | None) -> Mapping[int, str]:
    """The part of each example of the table, by its row; nothing where the split is of another table."""
    if split is None:
        return {}
    of_session, sessions = read_split(split), read_sessions(table)[0].tolist()
    return {row: of_session[one] for row, one in enumerate(sessions)} if sorted(of_session) == sessions else {}


def _labels_and_ends(checked: Checked, background: str) -> list[Finding]:
    """Labels that other people's examples contradict, and ends that show no sign; a photo is listed for one of both."""
    least = LEAD if checked.are_clips else LEAD_AT_ENDS
    found = contradicted(vectors_of(checked.examples), checked.labels, checked.people, least=least)
    if checked.are_clips:
        rate = float(keypoint_table.read_metadata(checked.table)["frame_rate"])
        ends = ends_of_clips(checked.examples, checked.labels, checked.people, rate, background)
        return [*_labels(checked, found), *(_end_of_clip(checked, one, rate) for one in ends)]
    at_ends = set(ends_of_bursts({one.row for one in found}, checked.labels, checked.people, checked.names))
    return [
        *_labels(checked, [one for one in found if one.lead > LEAD and one.row not in at_ends]),
        *(
            checked.finding("ends", one.row, f"probably taken on the way; looks like {printable(one.other)}", one.lead)
            for one in found
            if one.row in at_ends
        ),
    ]


def _end_of_clip(checked: Checked, ends: Ends, frame_rate: float) -> Finding:
    """A clip to be cut; shown are the middles of what to cut and of what stays."""
    lengths = ("first", ends.before), ("last", ends.after)
    parts = [f"{what} {seconds:.1f} s" for what, seconds in lengths if seconds >= SHORTEST]
    cut = " and the ".join(parts)
    note = f"no hand in the {cut}" if ends.missing else f"longer than others of its class: cut the {cut}"
    last = int(checked.examples.lengths[ends.row]) - 1
    begin, end = ends.before * frame_rate, last - ends.after * frame_rate
    frames = [round((begin + end) / 2)]
    if ends.before >= SHORTEST:
        frames.insert(0, round(begin / 2))
    if ends.after >= SHORTEST:
        frames.append(round((end + last) / 2))
    found = checked.finding("ends", ends.row, note, ends.share)
    return replace(found, rows=found.rows * len(frames), frames=tuple(frames))


def _labels(checked: Checked, found: list[Contradiction]) -> list[Finding]:
    """Examples that others contradict; a person whose examples of a class nearly all are has a row of their own."""
    pairs = list(zip(checked.people, checked.labels, strict=True))
    others: dict[tuple[str, str], list[str]] = defaultdict(list)
    for one in found:
        others[pairs[one.row]].append(one.other)
    of_person = []
    for (person, label), names in sorted(others.items()):
        count = pairs.count((person, label))
        if len(names) >= max(FEWEST_OF_PERSON, SHARE_OF_PERSON * count):
            other = max(sorted(set(names)), key=names.count)
            note = f"{names.count(other)} of {count} examples look like {printable(other)} of other people"
            rows = [int(checked.rows[one.row]) for one in found if pairs[one.row] == (person, label)][:PERSON_SHOWN]
            of_person.append(Finding("person", "", "", label, person, note, round(len(names) / count, 4), tuple(rows)))
    return of_person + [
        checked.finding("label", one.row, f"looks like {printable(one.other)}", one.lead) for one in found
    ]


def _joints(checked: Checked) -> list[Finding]:
    """Hands that may have been found in the wrong place."""
    poses = np.stack([example.poses[middle_frame(example.poses)] for example in checked.examples])
    note = "joints unlike those of other hands; look whether the hand was found in the right place"
    return [checked.finding("joints", one.row, note, 1 - 1 / one.ratio) for one in unlike_others(poses)]


def as_row(finding: Finding) -> dict[str, str | float]:
    """The columns of the list."""
    return {name: getattr(finding, name) for name in _LISTED}


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
    write_csv(path, [as_row(one) for one in findings], _LISTED, paths=("path", "other"))


class Everything(NamedTuple):
    """All examples of a table, as they are, and with left hands mirrored."""

    as_they_are: Examples
    mirrored: Examples


def all_examples(table: Path) -> Everything:
    """All examples of a table."""
    _, lengths = read_sessions(table)
    rows = keypoint_table.read(table)
    starts = np.cumsum(lengths) - lengths
    frames = keypoint_table.poses_of(rows)
    hands = present(frames)
    mirrored = frames.copy()
    mirror_left_hands(mirrored, starts, lengths, votes(rows.column("chirality")) * hands)
    first = rows.take(pa.array(starts))
    labels, names, groups = (first.column(name).combine_chunks() for name in ("label", "path", "group"))
    found = np.logical_or.reduceat(hands, starts)
    as_they_are = Examples(frames, starts, lengths, labels.dictionary_encode(), names, groups, found)
    return Everything(as_they_are, replace(as_they_are, frames=mirrored))
