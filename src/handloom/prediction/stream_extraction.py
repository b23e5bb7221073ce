"""The stage `extract_streams`: the joints of whole recordings of the validation and the test set.

`extract_keypoints` reads the annotated parts of videos, which are the examples. How a model does in a stream is seen
only with the time around them.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from math import inf
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa

from handloom import keypoint_table
from handloom.config import (
    DirectoryWithVideosAndAnnotation,
    ExtractKeypoints,
    Kind,
    LabeledVideoDataFrame,
    Source,
    members,
)
from handloom.dataset.split import PartName, read_split
from handloom.errors import DataError, printable
from handloom.evaluation.events import Interval
from handloom.extraction.extract import keypoint_tables
from handloom.extraction.report import FILES, ExtractionReport
from handloom.landmarks.landmark_model import landmark_model_path
from handloom.prediction.annotated_streams import GESTURES, Made, gestures_text
from handloom.sources import gather_members
from handloom.sources.clip import Gathered

MEASURED: tuple[PartName, ...] = ("validation", "test")
_SHOWN = 5


def extract_streams(
    source: Source,
    settings: ExtractKeypoints,
    kind: Kind,
    examples: tuple[Path, Path],
    out: Path,
    cache_file: Path,
    background_label: str,
) -> list[str]:
    """Read the recordings whole; write a keypoint table of them with the time of each gesture.

    A recording is a video of which an annotation gives the start or the end of a part, and all parts of which are in
    the validation set, or all in the test set. Without any the table is empty.

    Args:
        source: where the files are.
        settings: the section `extract_keypoints`.
        kind: "pose" or "action"; sources of photos have no recordings.
        examples: the keypoint table of the parts, which has its report in the folder next to it, and the table of their
            sets.
        out: the table to write; `read_streams` reads it.
        cache_file: the cache of joints.
        background_label: the class of no gesture.

    Returns:
        lines for the terminal: how many there are, and what is not used.
    """
    gathered = Gathered()
    sets: dict[str, set[PartName]] = {}
    if _has_times(source):  # listing the files of another source takes a while
        gathered = gather_members(source, kind, f"data.{kind}", settings.target_frame_rate, settings.accept_slow_clips)
        sets = _sets_of_files(*examples)
    timed = {clip.name for clip in gathered.clips if clip.start is not None or clip.end is not None}
    divided = sorted(name for name in timed if len(sets.get(name, set())) > 1)
    lines = [_on_divided(divided)] if divided else []
    part_of = {name: next(iter(found)) for name, found in sets.items() if len(found) == 1}
    chosen = [clip for clip in gathered.clips if clip.name in timed and part_of.get(clip.name) in MEASURED]
    recordings, made = whole_files(Gathered(chosen), background_label) if chosen else (Gathered(), {})
    read: dict[str, str] = {}
    recordings.clips = [replace(clip, part=part_of[clip.name]) for clip in recordings.clips]
    metadata = {"frame_rate": f"{settings.target_frame_rate:g}", GESTURES: gestures_text(made)}
    with (
        TemporaryDirectory() as folder,
        ExtractionReport(Path(folder)) as report,
        keypoint_table.writing(out, metadata) as add,
    ):
        if recordings.clips:
            model = landmark_model_path(settings.landmark_model)
            for rows in keypoint_tables(recordings, settings, kind, model, report, cache_file, "extract_streams"):
                add(rows)
                read |= zip(rows.column("path").to_pylist(), rows.column("part").to_pylist(), strict=True)
        lines += [f"not used: {printable(reason)}" for reason in report.unreadable.values()]
    if gathered.skipped:
        files = printable(str(examples[0].with_suffix("") / FILES))
        lines.append(f"{len(gathered.skipped)} files or rows were skipped; {files} says why")
    if recordings.clips:
        lines.append(_counts(read.values()))
    return lines


def whole_files(gathered: Gathered, background_label: str) -> tuple[Gathered, Made]:
    """The files of annotated parts as clips from beginning to end, and the gestures of each file, by its name.

    Args:
        gathered: clips with start and end, in seconds. A file without any gesture has a row of the background.
        background_label: the class of no gesture; its parts are no gestures.

    Raises:
        DataError: the source has joints, not files, or no file.
    """
    if gathered.keypoints is not None or not gathered.clips:
        raise DataError("a source of videos with start and end of each gesture is needed; it has none")
    made: defaultdict[str, list[Interval]] = defaultdict(list)
    for clip in gathered.clips:
        own = made[clip.name]
        if clip.label != background_label:
            own.append(Interval(clip.label, clip.start or 0.0, inf if clip.end is None else clip.end))
    first = {clip.name: clip for clip in reversed(gathered.clips)}
    files = [replace(first[name], label=background_label, start=None, end=None) for name in made]
    return replace(gathered, clips=files), {name: tuple(intervals) for name, intervals in made.items()}


def _has_times(source: Source) -> bool:
    return any(
        isinstance(member, DirectoryWithVideosAndAnnotation | LabeledVideoDataFrame)
        and bool(member.start_time_column or member.end_time_column)
        for member in members(source).values()
    )


def _sets_of_files(table: Path, split: Path) -> dict[str, set[PartName]]:
    """The sets in which a file's parts are."""
    columns = ["session_id", "path"]
    rows = pa.Table.from_batches(keypoint_table.batches(table, columns))
    sessions, parts = rows.group_by(columns, use_threads=False).aggregate([]), read_split(split)
    found: dict[str, set[PartName]] = {}
    for session, name in zip(*(sessions.column(column).to_pylist() for column in columns), strict=True):
        found.setdefault(name, set()).add(parts[session])
    return found


def _on_divided(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return (
        f"not measured as a stream: {', '.join(map(printable, names[:_SHOWN]))}{more}: parts of one recording are in"
        " several sets; give all of them one group (data.*.groups)"
    )


def _counts(parts: Iterable[str]) -> str:
    counts = Counter(parts)
    return "whole recordings: " + ", ".join(f"{counts[part]} of the {part} set" for part in MEASURED)
