"""Metrics, checked by hand on six answers."""

import pytest

from handloom.evaluation.metrics import Answer, confusion, per_class, summary

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
