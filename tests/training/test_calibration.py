"""A temperature that makes probabilities mean what they say, and thresholds that keep the answers worth believing."""

import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from handloom.config import Model, Training, as_plain
from handloom.training.calibration import calibrate, calibration_of, class_threshold, fit_temperature
from handloom.training.module import HandModule

CLASSES = ["background", "fist", "open"]


def honest(count: int, sharpness: float = 2.0) -> tuple[torch.Tensor, torch.Tensor]:
    """Scores whose softmax is the very probability by which the classes are drawn."""
    generator = torch.Generator().manual_seed(0)
    scores = sharpness * torch.randn(count, 3, generator=generator)
    return scores, torch.multinomial(torch.softmax(scores, dim=1), 1, generator=generator).squeeze(1)


@pytest.mark.parametrize("factor", [0.25, 1.0, 3.0])
def test_scores_that_are_too_sure_by_a_factor_get_that_temperature_and_a_lower_loss(factor: float) -> None:
    scores, targets = honest(5000)
    calibration = calibrate(factor * scores, targets, CLASSES, "background")
    assert calibration is not None
    assert calibration.temperature == pytest.approx(factor, rel=0.05)
    assert calibration.calibration_error < 0.03
    assert calibration.examples == 5000
    if factor != 1:
        assert calibration.log_loss < calibration.log_loss_before
        assert calibration.calibration_error < calibration.calibration_error_before


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 40), st.integers(2, 6), st.floats(0.01, 10), st.integers(0, 1000))
def test_right_answers_are_believed_no_more_than_the_rule_of_succession_allows(
    count: int, classes: int, sharpness: float, seed: int
) -> None:
    scores = sharpness * np.random.default_rng(seed).standard_normal((count, classes))
    temperature = fit_temperature(scores, scores.argmax(axis=1))
    confidence = torch.softmax(torch.from_numpy(scores / temperature), dim=1).amax(dim=1).mean().item()
    assert confidence <= (count + 1) / (count + 2) + 1e-9


@settings(max_examples=30, deadline=None)
@given(st.integers(3, 60), st.integers(0, 1000))
def test_sharper_scores_get_the_same_probabilities(count: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    scores, targets = random.standard_normal((count, 3)), random.integers(3, size=count)
    once, twice = fit_temperature(scores, targets), fit_temperature(2 * scores, targets)
    assert twice == pytest.approx(min(2 * once, 100), rel=1e-6)


def test_more_right_answers_are_believed_more() -> None:
    temperatures = [
        fit_temperature(np.tile([4.0, 0.0], (count, 1)), np.zeros(count, dtype=int)) for count in (1, 5, 50, 500)
    ]
    assert all(few > many for few, many in pairwise(temperatures))
    # One example's temperature is known: two classes, four apart, to be two to one.
    assert temperatures[0] == pytest.approx(4 / math.log(2))


def test_a_wrong_answer_is_enough_for_the_likelihood_to_decide() -> None:
    # Right in 4 of 5: that is the confidence of greatest likelihood, and below the limit of 6 / 7.
    temperature = fit_temperature(np.tile([4.0, 0.0], (5, 1)), np.array([0, 0, 0, 0, 1]))
    assert temperature == pytest.approx(4 / math.log(4))


def probabilities(*of_fist: float) -> np.ndarray:
    """Of background, fist and open: the first two share what there is."""
    return np.array([[1 - one, one, 0.0] for one in of_fist])


def test_the_threshold_is_in_the_middle_between_the_last_wrong_and_the_first_right_answer() -> None:
    table = probabilities(0.55, 0.6, 0.8, 0.9, 0.2)
    targets = np.array([0, 0, 1, 1, 1])
    found = class_threshold(table, targets, 1, "fist")
    assert found.threshold == pytest.approx(0.7)
    assert (found.label, found.examples) == ("fist", 3) and [found.precision, found.recall] == pytest.approx(
        [1.0, 2 / 3]
    )


def test_with_right_answers_only_it_is_between_them_and_the_least_that_a_most_likely_class_can_have() -> None:
    found = class_threshold(probabilities(0.8, 0.9), np.array([1, 1]), 1, "fist")
    assert found.threshold == pytest.approx((1 / 3 + 0.8) / 2)


def test_a_wrong_answer_among_right_ones_is_worth_their_recall() -> None:
    found = class_threshold(probabilities(0.6, 0.7, 0.8, 0.9), np.array([1, 1, 0, 1]), 1, "fist")
    assert found.threshold == pytest.approx((1 / 3 + 0.6) / 2)
    assert (found.precision, found.recall) == (0.75, 1.0)


def test_of_equally_good_thresholds_the_higher_one_is_taken() -> None:
    # With all four answers both are found, at the price of two wrong ones; with the last alone one is missed: F1 2/3.
    found = class_threshold(probabilities(0.6, 0.7, 0.8, 0.9), np.array([1, 0, 0, 1]), 1, "fist")
    assert found.threshold == pytest.approx(0.85)


def test_a_class_without_examples_or_without_a_right_answer_has_no_threshold() -> None:
    table, targets = probabilities(0.9, 0.8), np.array([0, 0])
    for index, label in ((1, "fist"), (2, "open"), (0, "background")):
        found = class_threshold(table, targets, index, label)
        assert (found.threshold, found.precision, found.recall) == (None, None, None)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(51, 100), st.booleans()), min_size=1, max_size=12))
def test_no_other_threshold_has_a_better_f1(percents: list[tuple[int, bool]]) -> None:
    answers = [(percent / 100, right) for percent, right in percents]
    table = probabilities(*(confidence for confidence, _ in answers))
    targets = np.array([int(right) for _, right in answers])

    def f1(threshold: float) -> float:
        kept = [right for confidence, right in answers if confidence >= threshold]
        return 2 * sum(kept) / (len(kept) + int(targets.sum())) if any(kept) else 0.0

    found = class_threshold(table, targets, 1, "fist")
    best = max(f1(confidence) for confidence, _ in answers)
    assert (found.threshold is None) == (best == 0)
    if found.threshold is not None:
        assert f1(found.threshold) == best


def test_false_activations_are_counted_with_and_without_thresholds() -> None:
    # Three of five background windows are taken for fist, one of them so weakly that the threshold keeps it out.
    rows = [[4, 0, 0], [4, 0, 0], [0, 1, 0], [0, 6, 0], [0, 6, 0], *[[0, 6, 0]] * 8, *[[0, 0, 6]] * 8]
    targets = torch.tensor([0] * 5 + [1] * 8 + [2] * 8)
    calibration = calibrate(torch.tensor(rows).float(), targets, CLASSES, "background")
    assert calibration is not None
    assert calibration.false_activation_rate == pytest.approx(3 / 5)
    assert calibration.false_activation_rate_at_thresholds == pytest.approx(2 / 5)
    assert set(calibration.thresholds) == set(CLASSES)


def test_without_a_background_class_or_its_examples_nothing_is_said_of_it() -> None:
    scores, targets = honest(30)
    absent = calibrate(scores, targets, ["fist", "one", "open"], "background")
    unseen = calibrate(scores[targets > 0], targets[targets > 0], CLASSES, "background")
    for calibration in (absent, unseen):
        assert calibration is not None
        assert calibration.false_activation_rate is None
        assert not [name for name in calibration.metrics if "background" in name]


def module() -> HandModule:
    torch.manual_seed(0)
    options = Training(prediction_window_size=4, model=Model(width=8, frame_features=16, temporal_layers=1))
    return HandModule("action", CLASSES, 30.0, as_plain(options))


def test_a_classifier_is_calibrated_as_it_answers_and_windows_without_a_hand_do_not_count() -> None:
    trained, generator = module(), torch.Generator().manual_seed(1)
    poses, targets = torch.rand(40, 4, 3, 21, generator=generator), torch.arange(40) % 3
    batches = [(poses[:25], targets[:25]), (poses[25:], targets[25:])]
    calibration = calibration_of(trained, batches)
    with torch.inference_mode():
        assert calibration == calibrate(trained.eval()(poses), targets, CLASSES, "background")
    nothing = (torch.zeros(5, 4, 3, 21), torch.zeros(5, dtype=torch.long))
    assert calibration_of(trained, [*batches, nothing]) == calibration


def test_without_validation_windows_there_is_no_calibration() -> None:
    assert calibration_of(module(), []) is None
