"""Whole recordings with their annotated gestures, as a keypoint table has them."""

import json
from collections.abc import Mapping
from dataclasses import replace
from math import inf
from pathlib import Path

import numpy as np

from handloom import keypoint_table
from handloom.dataset.left_hands import votes
from handloom.errors import DataError, first_line, printable
from handloom.evaluation.events import Interval
from handloom.prediction.stream_settings import Stream

Made = Mapping[str, tuple[Interval, ...]]
_AGAIN = "run the stage that writes it (dvc repro)"
GESTURES = "gestures"  # metadata of a keypoint table of whole recordings: `gestures_text`


def gestures_text(made: Made) -> str:
    """The gestures of each file as JSON: name to label, start and end in seconds, null to the file's end."""
    return json.dumps(
        {
            name: [(one.label, one.start, None if one.end == inf else one.end) for one in intervals]
            for name, intervals in made.items()
        }
    )


def read_streams(table: Path, part: str = "") -> list[Stream]:
    """The streams of a keypoint table of whole recordings that has `gestures_text` in its metadata.

    Args:
        table: its rows are in the order of the files.
        part: only recordings of this set; empty: all.

    Raises:
        DataError: the table is missing or damaged, or says nothing of gestures.
    """
    rows = keypoint_table.read(table)
    metadata = keypoint_table.read_metadata(table)
    if GESTURES not in metadata:
        raise DataError(f"{table}: no table of whole recordings; {_AGAIN}")
    try:
        rate = float(metadata["frame_rate"])
        made = {
            name: [
                Interval(str(label), float(start), inf if end is None else float(end))
                for label, start, end in intervals
            ]
            for name, intervals in json.loads(metadata[GESTURES]).items()
        }
        unknown = set(rows.column("path").unique().to_pylist()) - made.keys()
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{table}: damaged ({first_line(error)}); {_AGAIN}") from None
    if unknown:
        raise DataError(f"{table}: damaged, nothing says which gestures are in {printable(min(unknown))}; {_AGAIN}")
    poses, chirality = keypoint_table.poses_of(rows), votes(rows.column("chirality"))
    session = rows.column("session_id").to_numpy()
    starts = np.flatnonzero(np.append(True, np.diff(session) != 0)) if len(session) else np.zeros(0, int)
    ends = [*starts[1:].tolist(), len(session)]
    streams = []
    for start, end in zip(starts.tolist(), ends, strict=bool(len(session))):
        if part and rows.column("part")[start].as_py() != part:
            continue
        name, seconds = rows.column("path")[start].as_py(), (end - start) / rate
        own = tuple(replace(one, end=min(one.end, seconds)) for one in made[name] if one.start <= seconds)
        streams.append(Stream(poses[start:end], own, chirality[start:end]))
    return streams
