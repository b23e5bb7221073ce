"""Numbers from labels and predictions; scikit-learn does the counting."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support


@dataclass(frozen=True)
class Answer:
    """What was said of one example.

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


def summary(answers: Sequence[Answer]) -> dict[str, float]:
    """The metrics of a test part.

    `accuracy` and `macro_f1` are over examples in which a hand was found, `macro_f1` is the mean over the classes of
    these examples; `accuracy_end_to_end` counts the others as errors; `hands_found` is the share of examples with a
    hand.
    """
    found = [answer for answer in answers if answer.hand_found]
    right = sum(answer.label == answer.predicted for answer in found)
    scores = precision_recall_fscore_support(
        [answer.label for answer in found],
        [answer.predicted for answer in found],
        labels=sorted({answer.label for answer in found}),
        average="macro",
        zero_division=0.0,
    )
    return {
        "accuracy": right / len(found),
        "accuracy_end_to_end": right / len(answers),
        "macro_f1": float(scores[2]),
        "hands_found": len(found) / len(answers),
        "examples": len(answers),
    }


def per_class(answers: Sequence[Answer], classes: Sequence[str]) -> list[dict[str, Any]]:
    """Precision, recall and F1 of each class over found hands, and how many of its examples had a hand.

    A class without examples has no row.
    """
    found = [answer for answer in answers if answer.hand_found]
    precision, recall, f1, _ = precision_recall_fscore_support(
        [answer.label for answer in found], [answer.predicted for answer in found], labels=classes, zero_division=0.0
    )
    rows = []
    for index, label in enumerate(classes):
        of_class = [answer for answer in answers if answer.label == label]
        if not of_class:
            continue
        rows.append(
            {
                "label": label,
                "precision": float(precision[index]),
                "recall": float(recall[index]),
                "f1": float(f1[index]),
                "examples": len(of_class),
                "hands_found": sum(answer.hand_found for answer in of_class),
            }
        )
    return rows


def confusion(answers: Sequence[Answer], classes: Sequence[str]) -> list[dict[str, Any]]:
    """The confusion table in long form, one row a pair of classes, as Create ML's metrics have it.

    A class without examples is there as an answer only.
    """
    tested = {answer.label for answer in answers}
    found = [answer for answer in answers if answer.hand_found]
    counts: NDArray[np.int64] = confusion_matrix(
        [answer.label for answer in found], [answer.predicted for answer in found], labels=list(classes)
    )
    return [
        {"label": label, "predicted": predicted, "count": int(counts[row, column])}
        for row, label in enumerate(classes)
        if label in tested
        for column, predicted in enumerate(classes)
    ]
