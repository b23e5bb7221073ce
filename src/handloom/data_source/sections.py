"""Arguments of the data source as sections of `params.yaml`, and what a section holds."""

import os
from typing import Any, TypeAlias

import pandas as pd
import pyarrow as pa
from pydantic import ValidationError

from handloom.config import (
    Described,
    DirectoryWithVideosAndAnnotation,
    Groups,
    JoinedAction,
    Kind,
    LabeledKeypointsDataFrame,
    LabeledVideoDataFrame,
    Source,
    members,
)
from handloom.config.errors import one_line
from handloom.errors import ConfigurationError
from handloom.sources.described import described_kind

Place: TypeAlias = str | os.PathLike[str]
Frame: TypeAlias = pd.DataFrame | pa.Table

VIDEO_KINDS = (DirectoryWithVideosAndAnnotation, LabeledVideoDataFrame)
NO_GROUPS = Groups()
_IN_MEMORY = "data frame"  # what messages call a table that is no file


def section_of(section: Any, **settings: Any) -> Any:
    """A section of the class `section`.

    Raises:
        ConfigurationError: a setting is not what it may be.
    """
    try:
        return section(**settings)
    except ValidationError as error:
        raise ConfigurationError(one_line(error, whole=section.__name__)) from None


def table_of(frame: Frame | Place) -> tuple[str, dict[str, Frame]]:
    """What a section calls a table, and the table itself by the empty name if it is in memory."""
    if isinstance(frame, str | os.PathLike):
        return os.fspath(frame), {}
    return _IN_MEMORY, {"": frame}


def shown(section: Source, frame: Frame | None) -> str:
    """The call that makes a source that joins no others, with what it reads."""
    read = [f"<{len(frame)} rows>"] if frame is not None else []
    if frame is None and hasattr(section, "data_frame"):
        read.append(repr(section.data_frame))
    read += [
        f"{argument}={getattr(section, key)!r}"
        for argument, key in (("at", "path"), ("annotation_file", "annotation_file"))
        if hasattr(section, key)
    ]
    return f"DataSource.{section.kind}({', '.join(read)})"


def kind_of(section: Source) -> Kind:
    """Whether it is known to hold actions; "pose" where files or joints may be of either kind."""
    if isinstance(section, Described):
        return described_kind(section)
    return "action" if isinstance(section, (JoinedAction, *VIDEO_KINDS)) else "pose"


def holds_joints(section: Source) -> bool:
    """Whether it has examples that are no files."""
    return any(isinstance(member, LabeledKeypointsDataFrame | Described) for member in members(section).values())
