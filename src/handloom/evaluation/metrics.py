"""Metrics from labels and answers: accuracy and calibration.

scikit-learn does the counting.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from handloom.evaluation.answers import Answer
from handloom.models.calibration import (
    ConfidenceBin,
    answer_at,
    calibration_error,
    false_activation_rate,
    log_loss,
    reliability,
)


def summary(answers: Sequence[Answer]) -> dict[str, float]:
    """The metrics of a test set.

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
    """The confusion table in long form, one row per pair of classes, as Create ML's metrics have it.

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


def at_thresholds(answers: Sequence[Answer], thresholds: Mapping[str, float]) -> list[Answer]:
    """The same answers, without a class where the confidence is below the threshold of the class."""
    return [replace(answer, predicted=answer_at(answer.predicted, answer.confidence, thresholds)) for answer in answers]


def per_class_at_thresholds(
    answers: Sequence[Answer], classes: Sequence[str], thresholds: Mapping[str, float]
) -> list[dict[str, Any]]:
    """The threshold of each class, and precision and recall there over found hands; None for a class without one."""
    return [
        {
            "recommended_threshold": thresholds.get(row["label"]),
            "precision_at_threshold": row["precision"] if row["label"] in thresholds else None,
            "recall_at_threshold": row["recall"] if row["label"] in thresholds else None,
        }
        for row in per_class(at_thresholds(answers, thresholds), classes)
    ]


def confidence_bins(answers: Sequence[Answer]) -> list[ConfidenceBin]:
    """Confidence and accuracy of the answers in which a hand was found."""
    found = [answer for answer in answers if answer.hand_found]
    return reliability([answer.confidence for answer in found], [answer.label == answer.predicted for answer in found])


def calibration_metrics(
    answers: Sequence[Answer], background_label: str, thresholds: Mapping[str, float]
) -> dict[str, float]:
    """The numbers by name, over examples in which a hand was found.

    `calibration_error`; `log_loss`, over the classes that the model knows; `false_activation_rate`, the share of
    the background class that was taken for another, and the same `_at_thresholds`. What cannot be told is left out.
    """
    found = [answer for answer in answers if answer.hand_found]
    numbers = {"calibration_error": calibration_error(confidence_bins(found))}
    known = [answer.label_probability for answer in found if answer.label_probability is not None]
    if known:
        numbers["log_loss"] = log_loss(known)
    for name, said in (("", found), ("_at_thresholds", at_thresholds(found, thresholds) if thresholds else [])):
        share = false_activation_rate(
            [answer.label for answer in said], [answer.predicted for answer in said], background_label
        )
        if share is not None:
            numbers[f"false_activation_rate{name}"] = share
    return numbers
