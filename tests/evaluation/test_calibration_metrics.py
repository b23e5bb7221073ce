"""What confidences and thresholds are worth on the test set, checked by hand on seven answers."""

import math

import pytest

from handloom.evaluation.answers import Answer
from handloom.evaluation.metrics import calibration_metrics, confidence_bins, per_class_at_thresholds

ANSWERS = [
    Answer("1.jpg", "fist", "fist", 0.9, 0.9, True),
    Answer("2.jpg", "fist", "fist", 0.5, 0.5, True),
    Answer("3.jpg", "background", "fist", 0.6, 0.4, True),
    Answer("4.jpg", "background", "open", 0.95, 0.05, True),
    Answer("5.jpg", "background", "background", 0.8, 0.8, True),
    Answer("6.jpg", "background", "fist", 0.34, 0.33, False),  # no hand, so the app would not have asked
    Answer("7.jpg", "wave", "fist", 0.7, None, True),  # the model does not know it
]
THRESHOLDS = {"fist": 0.8}  # none is recommended for the others, so they are answered always


def test_numbers_are_over_found_hands() -> None:
    numbers = calibration_metrics(ANSWERS, "background", THRESHOLDS)
    assert numbers["log_loss"] == pytest.approx(-sum(math.log(one) for one in (0.9, 0.5, 0.4, 0.05, 0.8)) / 5)
    assert numbers["false_activation_rate"] == pytest.approx(2 / 3)
    assert numbers["false_activation_rate_at_thresholds"] == pytest.approx(1 / 3)
    assert sum(one.count for one in confidence_bins(ANSWERS)) == 6
    errors = (0.9, 0.5, 0.6, 0.95, 0.8, 0.7)
    right = (1, 1, 0, 0, 1, 0)
    assert numbers["calibration_error"] == pytest.approx(
        # 0.9 and 0.95 are not in one bin of fifteen, nor are any others
        sum(abs(confidence - one) for confidence, one in zip(errors, right, strict=True)) / 6
    )


def test_what_cannot_be_told_is_not_there() -> None:
    assert set(calibration_metrics(ANSWERS, "background", {})) == {
        "calibration_error",
        "log_loss",
        "false_activation_rate",
    }
    assert set(calibration_metrics(ANSWERS, "nothing", THRESHOLDS)) == {"calibration_error", "log_loss"}
    assert set(calibration_metrics(ANSWERS[-1:], "background", THRESHOLDS)) == {"calibration_error"}


def test_precision_and_recall_at_the_threshold_of_a_class() -> None:
    fist, opened = per_class_at_thresholds(ANSWERS, ["fist", "open", "wave"], THRESHOLDS)  # no example is a wave
    assert fist == {"recommended_threshold": 0.8, "precision_at_threshold": 1.0, "recall_at_threshold": 0.5}
    assert set(opened.values()) == {None}
