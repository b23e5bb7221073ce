"""Calibration on the validation set: one temperature for all scores, and a threshold for each class."""

from collections.abc import Iterable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from handloom.hand import present
from handloom.models.calibration import (
    Calibration,
    ClassThreshold,
    answer_at,
    calibration_error,
    false_activation_rate,
    log_loss,
    reliability,
)
from handloom.training.data import Batch
from handloom.training.module import HandModule

LARGEST_TEMPERATURE = 100.0  # and 1 / 100 is the smallest
HALVINGS = 60  # of the range of its logarithm: to the last bit of float64


def calibration_of(module: HandModule, validation: Iterable[Batch]) -> Calibration | None:
    """Calibrate a trained classifier on batches of validation windows; None without any.

    Windows without a hand are left out, as an app does not ask for them.
    """
    module.eval()
    classes: list[str] = module.hparams["classes"]
    scores, truth = [torch.empty(0, len(classes))], [torch.empty(0, dtype=torch.long)]
    with torch.inference_mode():
        for poses, targets in validation:
            with_hand = torch.from_numpy(present(poses.numpy()).any(axis=1))
            scores.append(module(poses[with_hand].to(module.device)).cpu())
            truth.append(targets[with_hand])
    return calibrate(torch.cat(scores), torch.cat(truth), classes, module.settings.background_label)


def calibrate(scores: Tensor, targets: Tensor, classes: list[str], background_label: str) -> Calibration | None:
    """Fit a temperature to validation windows, and recommend thresholds for the probabilities that it gives.

    Args:
        scores: ``[N, classes]``, the network's, before the softmax.
        targets: ``[N]``, indices of the true classes.
        classes: labels in the order of the scores.
        background_label: the class of no gesture; it need not be among `classes`.

    Returns:
        None without any window: nothing was measured then, so nothing is said.
    """
    if not len(targets):
        return None
    values, truth = scores.double().numpy(), targets.numpy()
    temperature = fit_temperature(values, truth)
    before, after = _softmax(values), _softmax(values / temperature)
    thresholds = tuple(class_threshold(after, truth, index, label) for index, label in enumerate(classes))

    known = {one.label: one.threshold for one in thresholds if one.threshold is not None}
    labels = [classes[index] for index in truth]
    answers = [classes[index] for index in after.argmax(axis=1)]
    at_thresholds = [
        answer_at(answer, float(confidence), known)
        for answer, confidence in zip(answers, after.max(axis=1), strict=True)
    ]
    return Calibration(
        temperature=temperature,
        examples=len(truth),
        log_loss_before=_log_loss(before, truth),
        log_loss=_log_loss(after, truth),
        calibration_error_before=_calibration_error(before, truth),
        calibration_error=_calibration_error(after, truth),
        classes=thresholds,
        false_activation_rate=false_activation_rate(labels, answers, background_label),
        false_activation_rate_at_thresholds=false_activation_rate(labels, at_thresholds, background_label),
    )


def fit_temperature(scores: NDArray[np.float64], targets: NDArray[np.int64]) -> float:
    """The temperature of least log loss (Guo et al. 2017, "On calibration of modern neural networks"), with a limit.

    Were all answers right, the least loss would be at temperature 0, however few they are. So the mean confidence may
    be (N + 1) / (N + 2) at most: Laplace's rule of succession for N right answers in a row. Smoothing the targets, as
    Platt (1999) does for his sigmoid, keeps the same limit, but doubted answers more than the test sets of the
    samples bore out.

    Args:
        scores: ``[N, classes]``.
        targets: ``[N]``, indices of the true classes.
    """
    count = len(targets)
    limit = (count + 1) / (count + 2)
    wanted = scores[np.arange(count), targets].mean()
    low, high = -np.log(LARGEST_TEMPERATURE), np.log(LARGEST_TEMPERATURE)  # of the logarithm of 1 / temperature
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        probabilities = _softmax(scores * np.exp(middle))
        # The loss is convex in 1 / temperature: it falls while the true scores are above those to be expected.
        loss_falls = (probabilities * scores).sum(axis=1).mean() < wanted
        allowed = probabilities.max(axis=1).mean() < limit
        low, high = (middle, high) if loss_falls and allowed else (low, middle)
    return float(np.exp(-middle))


def class_threshold(
    probabilities: NDArray[np.float64], targets: NDArray[np.int64], index: int, label: str
) -> ClassThreshold:
    """The threshold with the best F1 of "answer the class where it is the most likely and reaches the threshold".

    F1 changes only at the probability of an answer, so a whole range is best: from the last answer that is left out,
    a wrong one (or the least that a most likely class can have), to the first that is kept, a right one. The middle of
    it is recommended. Of several best ranges it is the highest: a gesture that was not made is worse than one missed.

    Args:
        probabilities: ``[N, classes]``.
        targets: ``[N]``, indices of the true classes.
        index: the class among them.
        label: its name.
    """
    examples = int((targets == index).sum())
    answered = probabilities.argmax(axis=1) == index
    confidence, right = probabilities[answered, index], targets[answered] == index
    best, best_f1 = ClassThreshold(label, examples, None, None, None), 0.0
    left_out = 1 / probabilities.shape[1]
    for kept_from in np.unique(confidence):  # rising
        kept = confidence >= kept_from
        true_positives, answers = int(right[kept].sum()), int(kept.sum())
        f1 = 2 * true_positives / (answers + examples)
        if true_positives and f1 >= best_f1:
            middle = float((left_out + kept_from) / 2)
            best = ClassThreshold(label, examples, middle, true_positives / answers, true_positives / examples)
            best_f1 = f1
        left_out = kept_from
    return best


def _softmax(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def _log_loss(probabilities: NDArray[np.float64], targets: NDArray[np.int64]) -> float:
    return log_loss(probabilities[np.arange(len(targets)), targets])


def _calibration_error(probabilities: NDArray[np.float64], targets: NDArray[np.int64]) -> float:
    right = probabilities.argmax(axis=1) == targets
    return calibration_error(reliability(probabilities.max(axis=1), right))
