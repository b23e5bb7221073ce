"""The labelled files of a source, as a list or as a table."""

import mimetypes
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from handloom.config import DirectoryWithImagesAndAnnotation, LabeledImageDataFrame, Source, members
from handloom.data_source.sections import VIDEO_KINDS, Frame, holds_joints, kind_of
from handloom.dataset.split import class_names
from handloom.sources import Clip, gather_members

_IMAGE_KINDS = (DirectoryWithImagesAndAnnotation, LabeledImageDataFrame)


def labeled_media(section: Source, frames: Mapping[str, Frame]) -> dict[str, list[Path]]:
    """See `DataSource.labeled_media`."""
    files: dict[str, dict[Path, None]] = {}
    for clip in _clips(section, frames):
        files.setdefault(clip.label, {})[clip.path] = None
    return {label: list(files[label]) for label in class_names(files)}


def annotated_file_names(section: Source, frames: Mapping[str, Frame]) -> pd.DataFrame | None:
    """See `DataSource.gather_annotated_file_names`."""
    if holds_joints(section):
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


def _clips(section: Source, frames: Mapping[str, Frame]) -> list[Clip]:
    return gather_members(section, kind_of(section), "data", frames=frames).clips


def _are_videos(section: Source, clips: list[Clip]) -> bool:
    """Folders do not say of which kind their files are: then the suffix of the first does."""
    kinds = tuple(members(section).values())
    if any(isinstance(member, VIDEO_KINDS + _IMAGE_KINDS) for member in kinds):
        return any(isinstance(member, VIDEO_KINDS) for member in kinds)
    return bool(clips) and (mimetypes.guess_type(clips[0].file)[0] or "").startswith("video/")
