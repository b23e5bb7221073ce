"""Labels that the other examples contradict."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

FOLDS = 5
# From this lead of another class over the label, as probabilities, an example is listed. Chosen on the joints of
# sign_digits with 5 % of the labels swapped, ten seeds: see docs/benchmarks.md.
LEAD = 0.6
# A kernel machine's time grows with the square of the examples; with more, the linear one answers alone.
MOST_FOR_A_KERNEL = 20_000

Vectors = NDArray[np.float64]


@dataclass(frozen=True)
class Contradiction:
    """An example of which people in other examples say that it is of another class.

    Attributes:
        row: which example.
        other: the class that it looks like.
        lead: how far the probability of that class is ahead of the label's, 0 to 1.
    """

    row: int
    other: str
    lead: float


def contradicted(
    vectors: Vectors, labels: Sequence[str], people: Sequence[str], seed: int = 1, least: float = LEAD
) -> list[Contradiction]:
    """Examples whose labels are probably wrong, the surest first.

    Two plain classifiers, a linear one and one with a radial kernel, learn from four fifths of the people and answer
    for the others, so that nothing is asked of what it was trained on. They do so twice: the second time without the
    examples that they contradicted the first time, since wrong labels teach wrong answers. (Confident learning,
    Northcutt et al. 2021, asks one classifier once.)

    Args:
        vectors: ``[N, F]``, see `handloom.check.features`.
        labels: ``[N]``, classes.
        people: ``[N]``, who is in each example.
        seed: of the folds.
        least: lead from which an example is listed.

    Returns:
        nothing of a class that has one person only: for it the others cannot speak.
    """
    classes, targets = np.unique(np.asarray(labels), return_inverse=True)
    people_of = [set(np.asarray(people)[targets == number]) for number in range(len(classes))]
    judged = np.array([len(people_of[target]) > 1 for target in targets])
    if len(classes) < 2 or len(set(people)) < 2:
        return []
    keep = np.ones(len(targets), bool)
    for _ in range(2):
        probabilities, known = out_of_fold(vectors, targets, np.asarray(people), keep, len(classes), seed)
        keep = probabilities.argmax(axis=1) == targets
    rows = np.arange(len(targets))
    others = probabilities.copy()
    others[rows, targets] = -1
    lead = others.max(axis=1) - probabilities[rows, targets]
    listed = np.flatnonzero(judged & known & (lead > least))
    found = [Contradiction(int(row), str(classes[others[row].argmax()]), float(lead[row])) for row in listed]
    return sorted(found, key=lambda one: (-one.lead, one.row))


def out_of_fold(
    vectors: Vectors, targets: NDArray[np.int64], people: NDArray[Any], keep: NDArray[np.bool_], classes: int, seed: int
) -> tuple[Vectors, NDArray[np.bool_]]:
    """Probabilities ``[N, classes]`` by classifiers that have not seen the person, and whether they know the label."""
    from sklearn.model_selection import GroupKFold

    folds = min(FOLDS, len(set(people)))
    probabilities = np.zeros((len(targets), classes))
    known = np.zeros(len(targets), bool)
    for rest, tested in GroupKFold(folds, shuffle=True, random_state=seed).split(vectors, targets, people):
        trained_on = rest[keep[rest]]
        taught = np.unique(targets[trained_on])
        known[tested] = np.isin(targets[tested], taught)
        if len(taught) > 1:
            probabilities[np.ix_(tested, taught)] = _answers(vectors[trained_on], targets[trained_on], vectors[tested])
    return probabilities, known


def _answers(trained_on: Vectors, targets: NDArray[np.int64], asked: Vectors) -> Vectors:
    """Mean probabilities of the two classifiers, classes in ascending order."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    scaler = StandardScaler().fit(trained_on)
    trained_on, asked = scaler.transform(trained_on), scaler.transform(asked)
    answers: list[Vectors] = [LogisticRegression(C=0.3, max_iter=300).fit(trained_on, targets).predict_proba(asked)]
    if len(trained_on) <= MOST_FOR_A_KERNEL:
        machine = SVC(C=3, decision_function_shape="ovr").fit(trained_on, targets)
        scores = machine.decision_function(asked)
        if scores.ndim == 1:  # two classes: one score
            scores = np.stack([-scores, scores], axis=1)
        raised = np.exp(2 * (scores - scores.max(axis=1, keepdims=True)))
        answers.append(raised / raised.sum(axis=1, keepdims=True))
    return np.asarray(np.mean(answers, axis=0))
