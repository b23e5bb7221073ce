"""What examples of unequal classes count."""

from collections import Counter

import pytest

from handloom.training.checks import class_weights


def test_classes_count_the_same_in_all_and_an_average_class_counts_one() -> None:
    found = Counter(a=10, b=40, c=20)
    weights = class_weights(found, ["a", "b", "c"])
    assert sum(weights) == pytest.approx(3)
    assert [weight * found[label] for weight, label in zip(weights, "abc", strict=True)] == pytest.approx(
        [weights[0] * 10] * 3
    )
