"""Metrics of a classifier, as Create ML's `MLClassifierMetrics`, with more."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pandas as pd

from handloom.evaluation.answers import Answer
from handloom.evaluation.metrics import confusion, per_class, summary


@dataclass(frozen=True, repr=False)
class ClassifierMetrics:
    """Metrics over labelled examples; a hand that is not found counts as an error.

    Attributes:
        classification_error: share of examples with a wrong label; NaN where there is no example.
        confusion: one row per pair of classes: `label`, `predicted`, `count`, over examples with a hand.
        precision_recall: one row per class with examples: `label`, `precision`, `recall`, `f1`, `examples`,
            `hands_found`.
        macro_average: `precision`, `recall` and `f1`, means over the classes that have examples.
        examples: how many.
        hands_found: share of the examples in which a hand was found.
        predictions: a row an example: `name`, `label`, `predicted`, `confidence`, `hand_found`.
        error: why there are no metrics; None where there are.
    """

    classification_error: float = float("nan")
    confusion: pd.DataFrame = field(default_factory=pd.DataFrame)
    precision_recall: pd.DataFrame = field(default_factory=pd.DataFrame)
    macro_average: dict[str, float] = field(default_factory=dict)
    examples: int = 0
    hands_found: float = float("nan")
    predictions: pd.DataFrame = field(default_factory=pd.DataFrame)
    error: str | None = None

    @property
    def is_valid(self) -> bool:
        """Whether there are metrics; Create ML gives an accuracy of 1 where there was nothing to measure."""
        return self.error is None

    @property
    def accuracy(self) -> float:
        """1 - classification error."""
        return 1 - self.classification_error

    @classmethod
    def of(cls, answers: Sequence[Answer], classes: Sequence[str]) -> "ClassifierMetrics":
        """The metrics of answers, for classes in the model's order; labels that it does not know come after them."""
        if not answers:
            return cls(error="there are no examples")
        labels = [*classes, *sorted({answer.label for answer in answers} - set(classes))]
        columns = ["name", "label", "predicted", "confidence", "hand_found"]
        predictions = pd.DataFrame([{name: getattr(answer, name) for name in columns} for answer in answers])
        if not any(answer.hand_found for answer in answers):
            return cls(1.0, examples=len(answers), hands_found=0.0, predictions=predictions)
        numbers, rows = summary(answers), per_class(answers, labels)
        return cls(
            classification_error=1 - numbers["accuracy_end_to_end"],
            confusion=pd.DataFrame(confusion(answers, labels)),
            precision_recall=pd.DataFrame(rows),
            macro_average={name: sum(row[name] for row in rows) / len(rows) for name in ("precision", "recall", "f1")},
            examples=len(answers),
            hands_found=numbers["hands_found"],
            predictions=predictions,
        )

    def __repr__(self) -> str:
        if self.error is not None:
            return f"ClassifierMetrics({self.error})"
        return (
            f"ClassifierMetrics(error {self.classification_error:.2%} of {self.examples} examples,"
            f" hands found {self.hands_found:.2%})"
        )

    def _repr_html_(self) -> str:
        table = (
            ""
            if self.precision_recall.empty
            else self.precision_recall.to_html(index=False, float_format="{:.3f}".format)
        )
        return f"<p>{self!r}</p>{table}"
