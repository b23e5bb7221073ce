"""A source in parts that have the same share of every class, whole groups in each."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from handloom.config import Described, LabeledKeypointsDataFrame, Source, members
from handloom.data_source.media import annotated_file_names
from handloom.data_source.sections import Frame, kind_of
from handloom.dataset.groups import deal
from handloom.dataset.split import class_names
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
    """The part of each row, -1 for none; where the shares make a whole, the last part gets what the others leave."""
    last = max((part for part, share in enumerate(proportions) if share > 0), default=-1)
    whole = sum(proportions) > 1 - 1e-9
    _, group = np.unique(groups, return_inverse=True)
    dealt = proportions[:last] if whole else proportions
    parts = deal(labels.tolist(), class_names(labels), group, dealt, np.random.default_rng(seed), counted)
    return np.where(parts < 0, last, parts) if whole else parts
