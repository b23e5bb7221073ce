"""What the page says, worked out from a model's answers for the test set and from what the stages wrote."""

import csv
import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from handloom.dataset.examples import Example, Examples
from handloom.dataset.pictures import View, Views
from handloom.dataset.split import read_split
from handloom.dataset.windows import Windows
from handloom.errors import DataError
from handloom.evaluation.answers import Answer
from handloom.hand import present
from handloom.models.model import Model
from handloom.report.figures import Curve
from handloom.report.intervals import accuracy_interval, wilson

# Pictures on the page: with some 10 kB each it stays below 5 MB.
MISTAKES, OF_ONE_PAIR, WITHOUT_HAND = 160, 12, 48
CLASSES_IN_A_TABLE = 60  # a larger confusion table cannot be read; its largest numbers are listed in its place
PAIRS, PEOPLE = 60, 100  # rows


@dataclass(frozen=True)
class Share:
    """How many of some answers are right.

    Attributes:
        name: whose, or of what.
        count: how many answers.
        right: how many of them are right.
        low, high: the 95 % interval of the share.
    """

    name: str
    count: int
    right: int
    low: float
    high: float

    @property
    def value(self) -> float:
        """The share."""
        return self.right / self.count


@dataclass(frozen=True)
class WindowAnswer:
    """What a model says of a window of a clip: seconds, a class, its probability."""

    start: float
    end: float
    label: str
    confidence: float


@dataclass(frozen=True)
class Mistake:
    """A wrong answer.

    Attributes:
        answer: what was said.
        person: who is in the example.
        view: its picture.
        windows: of a clip, the windows in time.
    """

    answer: Answer
    person: str
    view: View
    windows: Sequence[WindowAnswer] = ()


@dataclass(frozen=True)
class Pair:
    """Examples of one class that were predicted as another.

    Attributes:
        label: their class.
        predicted: the other.
        count: how many.
        shown: the most confident of them.
    """

    label: str
    predicted: str
    count: int
    shown: Sequence[Mistake]


def headline(answers: Sequence[Answer], people: Sequence[str]) -> Share:
    """The accuracy over examples in which a hand was found."""
    found = [
        (answer.label == answer.predicted, person)
        for answer, person in zip(answers, people, strict=True)
        if answer.hand_found
    ]
    right = [one for one, _ in found]
    return Share("accuracy", len(right), sum(right), *accuracy_interval(right, [person for _, person in found]))


def per_person(answers: Sequence[Answer], people: Sequence[str]) -> list[Share]:
    """The accuracy for each person over examples with a hand, the lowest first; none where each is of its own group."""
    found: dict[str, list[bool]] = defaultdict(list)
    for answer, person in zip(answers, people, strict=True):
        if answer.hand_found:
            found[person].append(answer.label == answer.predicted)
    if len(found) == sum(map(len, found.values())):
        return []
    shares = [Share(name, len(some), sum(some), *wilson(sum(some), len(some))) for name, some in found.items()]
    return sorted(shares, key=lambda share: (share.value, -share.count, share.name))


def class_intervals(answers: Sequence[Answer]) -> dict[str, tuple[float, float]]:
    """The 95 % interval of the recall of each class that has an example with a hand."""
    count = Counter(answer.label for answer in answers if answer.hand_found)
    right = Counter(answer.label for answer in answers if answer.hand_found and answer.label == answer.predicted)
    return {label: wilson(right[label], number) for label, number in count.items()}


def mistakes(model: Model, examples: Examples, answers: Sequence[Answer], views: Views, stride: int) -> list[Pair]:
    """Wrong answers by pair of classes, the most frequent pair first; at most `MISTAKES` are shown."""
    pairs: dict[tuple[str, str], list[int]] = defaultdict(list)
    for row, answer in enumerate(answers):
        if answer.hand_found and answer.label != answer.predicted:
            pairs[answer.label, answer.predicted].append(row)
    found = sorted(pairs.items(), key=lambda pair: (-len(pair[1]), pair[0]))
    left = MISTAKES
    result = []
    for number, ((label, predicted), rows) in enumerate(found):
        rows.sort(key=lambda row: (-answers[row].confidence, row))
        share = max(1, left // (len(found) - number))  # of those that are left, so that every pair has one
        shown = rows[: min(OF_ONE_PAIR, share)] if left else []
        left -= len(shown)
        result.append(
            Pair(
                label,
                predicted,
                len(rows),
                [_mistake(model, examples[row], answers[row], views(row), stride) for row in shown],
            )
        )
    return result


def without_hand(answers: Sequence[Answer], views: Views) -> tuple[int, list[View]]:
    """How many examples have no hand, and some of them, evenly spread."""
    rows = [row for row, answer in enumerate(answers) if not answer.hand_found]
    step = max(1, -(-len(rows) // WITHOUT_HAND))
    return len(rows), [views(row) for row in rows[::step]]


def _mistake(model: Model, example: Example, answer: Answer, view: View, stride: int) -> Mistake:
    return Mistake(answer, example.group, view, _windows(model, example, stride) if model.spec.window > 1 else ())


def _windows(model: Model, example: Example, stride: int) -> list[WindowAnswer]:
    spec, rate = model.spec, model.spec.frame_rate
    length = len(example.poses)
    windows = Windows.over(np.zeros(1, np.int64), np.array([length]), spec.window, stride)
    poses = windows.cut(example.poses)
    seen = present(poses).any(axis=1)
    found = []
    for first, filled, row in zip(
        windows.first[seen], windows.filled[seen], model.probabilities(poses[seen]), strict=True
    ):
        found.append(WindowAnswer(first / rate, (first + filled) / rate, spec.classes[row.argmax()], float(row.max())))
    return found


@dataclass(frozen=True)
class History:
    """The course of a training: iterations, and for each quantity the curves that there are."""

    iterations: Sequence[int]
    loss: Sequence[Curve]
    accuracy: Sequence[Curve]


def read_history(path: Path) -> History | None:
    """The course of a training from its `history.csv`; None where that has no row.

    Raises:
        DataError: it is missing or of another form.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        if not rows:
            return None
        iterations = [int(row["iteration"]) for row in rows]

        def curves(quantity: str) -> list[Curve]:
            names = {quantity: "training", f"validation_{quantity}": "validation"}
            found = [
                Curve(name, [float(row[column]) if row.get(column) else None for row in rows])
                for column, name in names.items()
            ]
            return [curve for curve in found if any(value is not None for value in curve.values)]

        return History(iterations, curves("loss"), curves("accuracy"))
    except (OSError, ValueError, KeyError) as error:
        raise DataError(f"{path}: cannot be read ({error}); train again: dvc repro") from None


def part_counts(split: Path) -> Mapping[str, int]:
    """How many examples each part has."""
    return Counter(read_split(split).values())


def extraction_report(path: Path) -> dict[str, Any]:
    """The counts of the extraction, see `handloom.extraction.report`; empty where that file is missing."""
    if not path.is_file():
        return {}
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content
