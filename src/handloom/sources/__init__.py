"""What is labelled, and where."""

from handloom.sources.clip import Clip, Gathered, Skipped
from handloom.sources.gather import gather, gather_all, gather_members
from handloom.sources.labels import check_classes, examples_by_class

__all__ = [
    "Clip",
    "Gathered",
    "Skipped",
    "check_classes",
    "examples_by_class",
    "gather",
    "gather_all",
    "gather_members",
]
