"""Whether the confidence of answers can be relied on, and what thresholds make of it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from handloom.evaluation.metrics import Answer, per_class
from handloom.models.calibration import (
    ConfidenceBin,
    answer_at,
    background_taken_for_gesture,
    calibration_error,
    log_loss,
    reliability,
)


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


def trust(answers: Sequence[Answer], background_label: str, thresholds: Mapping[str, float]) -> dict[str, float]:
    """The numbers by name, over examples in which a hand was found.

    `calibration_error`; `log_loss`, over the classes that the model knows; `background_taken_for_gesture`, the share of
    the background class that was taken for another, and the same `_at_thresholds`. What cannot be told is left out.
    """
    found = [answer for answer in answers if answer.hand_found]
    numbers = {"calibration_error": calibration_error(confidence_bins(found))}
    known = [answer.label_probability for answer in found if answer.label_probability is not None]
    if known:
        numbers["log_loss"] = log_loss(known)
    for name, said in (("", found), ("_at_thresholds", at_thresholds(found, thresholds) if thresholds else [])):
        share = background_taken_for_gesture(
            [answer.label for answer in said], [answer.predicted for answer in said], background_label
        )
        if share is not None:
            numbers[f"background_taken_for_gesture{name}"] = share
    return numbers
