"""The order of the classes: the one rule by which a label gets its index, here and in the exported model."""

from collections.abc import Iterable


def class_names(labels: Iterable[str]) -> list[str]:
    """Each label once, in the order of their code points."""
    return sorted(set(labels))
