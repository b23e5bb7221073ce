"""A source in parts that have the same share of every class, whole groups in each."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from handloom.config import Described, LabeledKeypointsDataFrame, Source, members
from handloom.data_source.media import annotated_file_names
from handloom.data_source.sections import Frame, kind_of
from handloom.dataset.classes import class_names
from handloom.dataset.split import nearest_groups
from handloom.described.performance import FRAMES_PER_SECOND
from handloom.errors import ConfigurationError, DataError, printable
from handloom.sources import gather_members


def stratified_split(
    section: Source, frames: Mapping[str, Frame], proportions: Sequence[float], seed: int, label_column: str
) -> list[pd.DataFrame]:
    """See `DataSource.stratified_split`."""
    if not all(0 <= share <= 1 for share in proportions) or sum(proportions) > 1 + 1e-9:
        raise ConfigurationError(
            f"proportions: shares from 0 to 1 that are together at most 1 were expected (got {list(proportions)})"
        )
    frame = _rows(section, frames)
    if label_column not in frame.columns:
        raise DataError(f"label_column: no column '{printable(label_column)}'; there are {', '.join(frame.columns)}")
    labels, groups = frame[label_column].astype(str).to_numpy(), frame["group"].to_numpy()
    if "session_id" in frame.columns:  # a session counts once, whatever its length
        counted = ~frame["session_id"].duplicated().to_numpy()
    else:
        counted = np.ones(len(frame), bool)
    parts = _parts(labels, groups, counted, list(proportions), seed)
    return [frame[parts == part].reset_index(drop=True) for part in range(len(proportions))]


def _rows(section: Source, frames: Mapping[str, Frame]) -> pd.DataFrame:
    """Labelled files, or joints as they are."""
    files = annotated_file_names(section, frames)
    if files is not None:
        return files
    described = any(isinstance(member, Described) for member in members(section).values())
    kind = kind_of(section) if described else "action"
    gathered = gather_members(section, kind, "data", _frame_rate(section), accept_slow=True, frames=frames)
    if gathered.clips or gathered.keypoints is None:
        raise DataError("this source joins files and joints; split what extract_keypoints gives")
    return gathered.keypoints.to_pandas()


def _frame_rate(section: Source) -> float:
    """The rate of the joints themselves: splitting does not change their number."""
    joints = [member for member in members(section).values() if isinstance(member, LabeledKeypointsDataFrame)]
    return max((member.frame_rate for member in joints), default=float(FRAMES_PER_SECOND))


def _parts(
    labels: np.ndarray, groups: np.ndarray, counted: np.ndarray, proportions: list[float], seed: int
) -> np.ndarray:
    """The part of each row, -1 for none: one part after another takes whole groups of what is left."""
    generator = np.random.default_rng(seed)
    classes = {label: column for column, label in enumerate(class_names(labels))}
    names, group = np.unique(groups, return_inverse=True)
    counts = np.zeros((len(names), len(classes)))
    np.add.at(counts, (group, np.array([classes[label] for label in labels], np.int64)), counted)
    part_of_group = np.full(len(names), -1)
    left = 1.0
    for part, share in enumerate(proportions):
        free = np.flatnonzero(part_of_group < 0)
        if share > 0 and len(free):
            ratio = share / left
            taken = range(len(free)) if ratio > 1 - 1e-9 else nearest_groups(counts[free], ratio, generator)
            part_of_group[free[list(taken)]] = part
        left -= share
    return part_of_group[group]
