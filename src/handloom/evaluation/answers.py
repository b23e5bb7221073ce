"""A model's answers for whole examples, and notes on the examples."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from handloom.dataset.examples import Example, Examples
from handloom.dataset.windows import Windows
from handloom.errors import DataError, printable
from handloom.hand import present
from handloom.keypoint_table import is_made_up
from handloom.models.model import WINDOWS_AT_ONCE, Model

LABELS_SHOWN = 40  # in one line


@dataclass(frozen=True)
class Answer:
    """The answer for one example.

    Attributes:
        name: its file.
        label: its class.
        predicted: the most likely class.
        confidence: the probability of that class.
        label_probability: the probability of its own class; None where the model does not know the class.
        hand_found: whether any of its frames has a hand.
    """

    name: str
    label: str
    predicted: str
    confidence: float
    label_probability: float | None
    hand_found: bool


def answers_of(model: Model, examples: Examples, stride: int) -> list[Answer]:
    """The model's answer for each example; windows of a clip are `stride` frames apart."""
    classes = model.spec.classes
    probabilities = predict_examples(model, examples, stride)
    return [
        Answer(
            name=example.name,
            label=example.label,
            predicted=classes[row.argmax()],
            confidence=float(row.max()),
            label_probability=dict(zip(classes, row.tolist(), strict=True)).get(example.label),
            hand_found=example.hand_found,
        )
        for example, row in zip(examples, probabilities, strict=True)
    ]


def labels_of(answers: Sequence[Answer], classes: Sequence[str]) -> list[str]:
    """The model's classes, then the examples' labels that it does not know."""
    return [*classes, *sorted({answer.label for answer in answers} - set(classes))]


def predict_examples(model: Model, examples: Sequence[Example], stride: int) -> NDArray[np.float64]:
    """Probabilities ``[examples, classes]``; those of a clip's windows, `stride` frames apart, are averaged.

    Windows without any hand do not count, as an app would not ask for them; an example without any hand gets equal
    probabilities.
    """
    examples = Examples.of(examples)
    sums = np.zeros((len(examples), len(model.spec.classes)))
    counts = np.zeros((len(examples), 1))
    windows = Windows.over(examples.starts, examples.lengths, model.spec.window, stride)
    for some in windows.some_at_a_time(WINDOWS_AT_ONCE):
        poses = some.cut(examples.frames)
        seen = present(poses).any(axis=1)
        np.add.at(sums, some.clip[seen], model.probabilities(poses[seen]))
        np.add.at(counts, some.clip[seen], 1)
    return np.where(counts > 0, sums / np.maximum(counts, 1), 1 / len(model.spec.classes))


def notes_on(examples: Examples, classes: Sequence[str]) -> list[str]:
    """Notes on the examples that a reader of the metrics needs, a line each.

    Args:
        examples: those that a model is measured on.
        classes: the labels that the model knows.

    Raises:
        DataError: the model knows none of the examples' labels.
    """
    counts = Counter(examples.labels.to_pylist())
    unknown = sorted(set(counts) - set(classes))
    untested = [label for label in classes if label not in counts]
    if len(unknown) == len(counts):
        raise DataError(
            f"none of the data's labels ({_listed(unknown)}) is among the model's ({_listed(classes)}); give data with"
            " the model's labels, or the model of these data"
        )
    notes = []
    if unknown:
        count = sum(counts[label] for label in unknown)
        notes.append(
            f"{count} of {len(examples)} examples count as errors: the model does not know their labels"
            f" ({_listed(unknown)})"
        )
    if untested:
        notes.append(f"classes without test examples are not measured: {_listed(untested)}")
    made_up = sum(is_made_up(group) for group in examples.groups.to_pylist())
    if made_up:
        notes.append(
            f"{made_up} of {len(examples)} examples are made up from descriptions, no photo or video: the numbers say"
            " how well the model knows the descriptions, not how well it does on people"
        )
    return notes


def _listed(labels: Sequence[str]) -> str:
    shown = ", ".join(printable(label) for label in labels[:LABELS_SHOWN])
    return shown if len(labels) <= LABELS_SHOWN else f"{shown} and {len(labels) - LABELS_SHOWN} more"
