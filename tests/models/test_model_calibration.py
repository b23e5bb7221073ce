"""Confidence against accuracy, checked by hand and against scikit-learn."""

import numpy as np
import pytest
import sklearn.metrics
from hypothesis import given
from hypothesis import strategies as st

from handloom.models.calibration import BINS, calibration_error, log_loss, reliability

ANSWERS = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=30)


def test_answers_of_like_confidence_are_counted_together() -> None:
    low, high = reliability([0.95, 0.99, 0.5], [True, False, True])
    assert (low.count, low.mean_confidence, low.accuracy) == (1, 0.5, 1.0)
    assert [high.count, high.mean_confidence, high.accuracy] == pytest.approx([2, 0.97, 0.5])
    assert [high.start, high.end] == pytest.approx([14 / 15, 1.0])
    assert calibration_error([low, high]) == pytest.approx((1 * 0.5 + 2 * 0.47) / 3)


@given(ANSWERS)
def test_every_answer_is_in_the_bin_of_its_confidence(answers: list[tuple[float, bool]]) -> None:
    confidences = np.array([confidence for confidence, _ in answers])
    bins = reliability(confidences, [right for _, right in answers])
    assert sum(one.count for one in bins) == len(answers)
    assert len(bins) <= BINS
    assert sum(one.count * one.accuracy for one in bins) == pytest.approx(sum(right for _, right in answers))
    for one in bins:
        assert one.start - 1e-9 <= one.mean_confidence <= one.end + 1e-9
    assert 0 <= calibration_error(bins) <= 1


def test_log_loss_is_scikit_learns_and_finite_for_an_answer_held_impossible() -> None:
    probabilities = np.array([[0.7, 0.3], [0.2, 0.8], [1.0, 0.0]])
    labels = np.array([0, 0, 1])
    found = log_loss(probabilities[np.arange(3), labels])
    assert found == pytest.approx(sklearn.metrics.log_loss(labels, probabilities))
