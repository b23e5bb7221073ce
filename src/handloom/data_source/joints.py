"""The joints of a source's photos, clips and tables."""

import warnings
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
import pyarrow as pa

from handloom.config import ExtractKeypoints, Kind, Source
from handloom.data_source.sections import Frame, section_of
from handloom.extraction.extract import keypoint_tables
from handloom.extraction.report import ExtractionReport
from handloom.keypoint_table import SCHEMA
from handloom.landmarks.landmark_model import landmark_model_path
from handloom.sources import gather_members
from handloom.support.workspace import Workspace


def extract_keypoints(section: Source, frames: Mapping[str, Frame], target_frame_rate: float | None) -> pd.DataFrame:
    """See `DataSource.extract_keypoints`."""
    kind: Kind = "pose" if target_frame_rate is None else "action"
    settings = section_of(
        ExtractKeypoints, **({} if target_frame_rate is None else {"target_frame_rate": target_frame_rate})
    )
    gathered = gather_members(section, kind, "data", settings.target_frame_rate, frames=frames)
    with TemporaryDirectory() as folder, ExtractionReport(Path(folder)) as report:
        model = landmark_model_path(settings.landmark_model) if gathered.clips else None
        cache = Workspace.here().keypoint_cache
        tables = keypoint_tables(gathered, settings, kind, model, report, cache)
        rows = pa.concat_tables([SCHEMA.empty_table(), *tables])
    if report.total().unusable:
        warnings.warn(report.as_text(), stacklevel=3)  # where the data source was asked
    return rows.to_pandas()
