"""A source as tables: labelled files, joints, stratified parts."""

import mimetypes
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
import pyarrow as pa

from handloom.config import (
    CreateMLProject,
    Described,
    DirectoryWithImagesAndAnnotation,
    DirectoryWithVideosAndAnnotation,
    ExtractKeypoints,
    JoinedAction,
    Kind,
    LabeledImageDataFrame,
    LabeledKeypointsDataFrame,
    LabeledVideoDataFrame,
    Source,
    members,
)
from handloom.dataset.groups import deal
from handloom.dataset.split import class_names
from handloom.described.performance import FRAMES_PER_SECOND
from handloom.errors import ConfigurationError, DataError, printable
from handloom.extraction.extract import keypoint_tables
from handloom.extraction.report import ExtractionReport
from handloom.keypoint_table import SCHEMA
from handloom.landmarks.landmark_model import landmark_model_path
from handloom.sources import Clip, gather_members
from handloom.sources.described import described_kind
from handloom.support.workspace import Workspace

Frame: TypeAlias = pd.DataFrame | pa.Table

_VIDEO_KINDS = (DirectoryWithVideosAndAnnotation, LabeledVideoDataFrame)
_IMAGE_KINDS = (DirectoryWithImagesAndAnnotation, LabeledImageDataFrame)


def labeled_media(section: Source, frames: Mapping[str, Frame]) -> dict[str, list[Path]]:
    """See `DataSource.labeled_media`."""
    files: dict[str, dict[Path, None]] = {}
    for clip in _clips(section, frames):
        files.setdefault(clip.label, {})[clip.path] = None
    return {label: list(files[label]) for label in class_names(files)}


def annotated_file_names(section: Source, frames: Mapping[str, Frame]) -> pd.DataFrame | None:
    """See `DataSource.gather_annotated_file_names`."""
    if _holds_joints(section):
        return None
    clips = _clips(section, frames)
    videos = _are_videos(section, clips)
    columns: dict[str, Any] = {
        "videoPath" if videos else "imagePath": [str(clip.path.absolute()) for clip in clips],
        "label": [clip.label for clip in clips],
    }
    if videos:
        columns["start"] = pd.array([clip.start for clip in clips], dtype="Float64")
        columns["end"] = pd.array([clip.end for clip in clips], dtype="Float64")
    columns["group"] = [clip.group for clip in clips]
    columns["part"] = [clip.part for clip in clips]
    return pd.DataFrame(columns)


def extract_keypoints(
    section: Source, frames: Mapping[str, Frame], kind: Kind, settings: ExtractKeypoints
) -> pd.DataFrame:
    """See `DataSource.extract_keypoints`."""
    gathered = gather_members(section, kind, "data", settings.target_frame_rate, frames=frames)
    with TemporaryDirectory() as folder, ExtractionReport(Path(folder)) as report:
        model = landmark_model_path(settings.landmark_model) if gathered.clips else None
        cache = Workspace.here().keypoint_cache
        tables = keypoint_tables(gathered, settings, kind, model, report, cache)
        rows = pa.concat_tables([SCHEMA.empty_table(), *tables])
    if report.total().unusable:
        warnings.warn(report.as_text(), stacklevel=3)  # where the data source was asked
    return rows.to_pandas()


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


def kind_of(section: Source) -> Kind:
    """Whether it is known to hold actions; "pose" where files or joints may be of either kind."""
    if isinstance(section, Described):
        return described_kind(section)
    return "action" if isinstance(section, (JoinedAction, *_VIDEO_KINDS)) else "pose"


def _holds_joints(section: Source) -> bool:
    """Whether it has examples that are no files."""
    joints = LabeledKeypointsDataFrame | CreateMLProject | Described
    return any(isinstance(member, joints) for member in members(section).values())


def _clips(section: Source, frames: Mapping[str, Frame]) -> list[Clip]:
    return gather_members(section, kind_of(section), "data", frames=frames).clips


def _are_videos(section: Source, clips: list[Clip]) -> bool:
    """Folders do not say of which kind their files are: then the suffix of the first does."""
    kinds = tuple(members(section).values())
    if any(isinstance(member, _VIDEO_KINDS + _IMAGE_KINDS) for member in kinds):
        return any(isinstance(member, _VIDEO_KINDS) for member in kinds)
    return bool(clips) and (mimetypes.guess_type(clips[0].file)[0] or "").startswith("video/")


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
