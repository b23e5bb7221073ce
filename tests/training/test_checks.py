"""What examples of unequal classes count, and what is told before a training."""

from collections import Counter

import pytest

from handloom.config import Training
from handloom.training.checks import class_weights, note_of_background


def test_classes_count_the_same_in_all_and_an_average_class_counts_one() -> None:
    found = Counter(a=10, b=40, c=20)
    weights = class_weights(found, ["a", "b", "c"])
    assert sum(weights) == pytest.approx(3)
    assert [weight * found[label] for weight, label in zip(weights, "abc", strict=True)] == pytest.approx(
        [weights[0] * 10] * 3
    )


@pytest.mark.parametrize("label", ["none", "Background", "no gesture", "no_hand", "Other", "nothing"])
def test_a_class_of_no_gesture_under_another_name_is_told_with_what_to_set(label: str) -> None:
    note = note_of_background("pose", Training(), ["fist", label])
    assert note is not None and f"set it to {label!r}" in note and "train_pose.background_label" in note


@pytest.mark.parametrize("classes", [["fist", "palm"], ["background", "none"], ["none_of_them", "restart"]])
def test_other_classes_are_not_taken_for_that_of_no_gesture(classes: list[str]) -> None:
    assert note_of_background("pose", Training(), classes) is None
