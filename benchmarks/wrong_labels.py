"""Wrong labels that `handloom check` finds, against cleanlab on the same vectors in the same run.

    pip install cleanlab==2.9.0
    python benchmarks/wrong_labels.py KEYPOINTS.parquet [SEEDS=5]

KEYPOINTS is a keypoint table with right labels (of sign_digits, say, out of a project's data/keypoints). For each seed
5 % of its labels are exchanged for another class, drawn evenly. cleanlab is given the mean out-of-fold probabilities of
the same two classifiers; its rows are `find_label_issues` with its defaults.
"""

import sys
from collections import defaultdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from handloom.check.check import all_examples
from handloom.check.features import vectors_of
from handloom.check.labels import contradicted, out_of_fold
from handloom.support.text_table import text_table

SHARE = 0.05


def main() -> None:
    table, seeds = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 5
    examples = all_examples(table).mirrored.with_hand()
    vectors, people = vectors_of(examples), examples.groups.to_pylist()
    classes, right = np.unique(np.asarray(examples.labels.to_pylist()), return_inverse=True)
    found: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for seed in range(1, seeds + 1):
        draw = np.random.default_rng(seed)
        chosen = draw.choice(len(right), round(SHARE * len(right)), replace=False)
        given = right.copy()
        given[chosen] = (right[chosen] + draw.integers(1, len(classes), len(chosen))) % len(classes)
        listed = np.zeros(len(right), bool)
        listed[[one.row for one in contradicted(vectors, classes[given].tolist(), people, seed)]] = True
        found["handloom check"].append(_scores(listed, given != right))
        for name, listed in _cleanlab(vectors, given, people, len(classes), seed).items():
            found[name].append(_scores(listed, given != right))
    rows = []
    for name, scores in found.items():
        precision, recall = np.mean(scores, axis=0)
        worst = np.min(scores, axis=0)
        f1 = np.mean([2 * p * r / (p + r) for p, r in scores])
        rows.append([name, f"{precision:.3f}", f"{recall:.3f}", f"{f1:.3f}", f"{worst[0]:.3f}", f"{worst[1]:.3f}"])
    print(text_table(rows, ["", "precision", "recall", "F1", "lowest precision", "lowest recall"]))


def _scores(listed: NDArray[np.bool_], wrong: NDArray[np.bool_]) -> tuple[float, float]:
    return float(wrong[listed].mean()), float(listed[wrong].mean())


def _cleanlab(
    vectors: NDArray[np.float64], given: NDArray[np.int64], people: list[str], classes: int, seed: int
) -> dict[str, NDArray[np.bool_]]:
    from cleanlab.filter import find_label_issues

    everything = np.ones(len(given), bool)
    probabilities, _ = out_of_fold(vectors, given, np.asarray(people), everything, classes, seed)
    return {"cleanlab 2.9": find_label_issues(given, probabilities)}


if __name__ == "__main__":
    main()
