"""Metrics, checked by hand on six answers."""

from dataclasses import replace

import pytest

from handloom.dataset.examples import Example, Examples
from handloom.errors import DataError
from handloom.evaluation.answers import Answer, notes_on
from handloom.evaluation.metrics import confusion, per_class, summary
from handloom.export.hard_cases import plain_hand

ANSWERS = [
    Answer("1.jpg", "fist", "fist", 0.9, 0.9, True),
    Answer("2.jpg", "fist", "open", 0.6, 0.3, True),
    Answer("3.jpg", "open", "open", 0.8, 0.8, True),
    Answer("4.jpg", "open", "open", 0.7, 0.7, True),
    Answer(
        "5.jpg", "open", "open", 0.5, 0.5, False
    ),  # right by chance: no hand was found, so it is an error end to end
    Answer("6.jpg", "wave", "fist", 0.4, 0.1, True),
]
CLASSES = ["fist", "open", "wave"]


def test_summary() -> None:
    metrics = summary(ANSWERS)
    assert metrics["accuracy"] == pytest.approx(3 / 5)
    assert metrics["accuracy_end_to_end"] == pytest.approx(3 / 6)
    assert metrics["hands_found"] == pytest.approx(5 / 6)
    assert metrics["macro_f1"] == pytest.approx((0.5 + 0.8 + 0) / 3)
    assert metrics["examples"] == 6


def test_per_class() -> None:
    fist, opened, wave = per_class(ANSWERS, CLASSES)
    assert (fist["precision"], fist["recall"], fist["examples"], fist["hands_found"]) == (0.5, 0.5, 2, 2)
    assert opened["precision"] == pytest.approx(2 / 3)
    assert (opened["recall"], opened["examples"], opened["hands_found"]) == (1.0, 3, 2)
    assert (wave["precision"], wave["recall"], wave["f1"], wave["examples"]) == (0.0, 0.0, 0.0, 1)


def test_confusion_counts_each_pair_once() -> None:
    counts = {(row["label"], row["predicted"]): row["count"] for row in confusion(ANSWERS, CLASSES)}
    assert len(counts) == 9
    assert {pair: count for pair, count in counts.items() if count} == {
        ("fist", "fist"): 1,
        ("fist", "open"): 1,
        ("open", "open"): 2,
        ("wave", "fist"): 1,
    }


def test_a_class_without_examples_counts_nowhere_but_as_an_answer() -> None:
    answers = [replace(one, predicted="point") if one.name == "6.jpg" else one for one in ANSWERS]
    assert summary(answers)["macro_f1"] == pytest.approx((2 / 3 + 0.8 + 0) / 3)  # not a quarter of it
    classes = [*CLASSES, "point", "never"]
    assert [row["label"] for row in per_class(answers, classes)] == CLASSES
    counts = {(row["label"], row["predicted"]): row["count"] for row in confusion(answers, classes)}
    assert counts["wave", "point"] == 1
    assert {label for label, _ in counts} == set(CLASSES)


def examples_of(*labels: str, group: str = "") -> Examples:
    hand = plain_hand(1)
    return Examples.of([Example(hand, label, f"{number}.jpg", group) for number, label in enumerate(labels)])


def test_labels_that_the_model_does_not_know_are_told() -> None:
    assert notes_on(examples_of("fist", "open"), ["fist", "open"]) == []
    unknown, untested = notes_on(examples_of("fist", "thumb", "thumb"), ["fist", "open"])
    assert unknown == "2 of 3 examples count as errors: the model does not know their labels (thumb)"
    assert untested == "classes without test examples are not measured: open"
    with pytest.raises(DataError, match=r"none of the data's labels \(thumb, up\) is among the model's \(fist, open\)"):
        notes_on(examples_of("up", "thumb"), ["fist", "open"])


def test_made_up_joints_are_told() -> None:
    (note,) = notes_on(examples_of("fist", "open", group="described person_1"), ["fist", "open"])
    assert note.startswith("2 of 2 examples are made up from descriptions, no photo or video")
