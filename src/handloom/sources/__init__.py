"""What is labelled, and where."""

from handloom.sources.clip import Clip
from handloom.sources.labeled_directories import labeled_directories

__all__ = ["Clip", "labeled_directories"]
