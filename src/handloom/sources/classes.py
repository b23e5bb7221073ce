"""Whether what was gathered will do for a classifier."""

from collections import Counter

from handloom.errors import DataError, printable
from handloom.sources.clip import Gathered


def examples_by_class(gathered: Gathered) -> Counter[str]:
    """How many photos, clips and sessions of joints each class has."""
    counts = Counter(clip.label for clip in gathered.clips)
    if gathered.keypoints is not None:
        sessions = gathered.keypoints.group_by(["session_id", "label"]).aggregate([])
        counts.update(sessions.column("label").to_pylist())
    return counts


def check_classes(gathered: Gathered, key: str) -> None:
    """Refuse a source that cannot teach a classifier anything.

    Args:
        gathered: the source, joined if it is one of several.
        key: the parameter's full name (`data.pose`).

    Raises:
        DataError: it has fewer than two classes, or a class with one example.
    """
    counts = examples_by_class(gathered)
    why = f"; the first of {len(gathered.skipped)} skipped is {gathered.skipped[0].reason}" if gathered.skipped else ""
    if not counts:
        raise DataError(f"{key}: no labelled example in it; a classifier needs at least two classes{why}")
    if len(counts) == 1:
        (label,) = counts
        raise DataError(f"{key}: only the class '{printable(label)}'; a classifier needs at least two classes{why}")
    small = sorted(label for label, count in counts.items() if count < 2)
    if small:
        raise DataError(
            f"{key}: one example of the class '{printable(small[0])}'; a class needs at least two examples, one to"
            f" learn from and one to test on{why}"
        )
