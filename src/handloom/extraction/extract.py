"""The stage `extract_keypoints`: every file of a source, on all cores, into one keypoint table."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from handloom import keypoint_table
from handloom.config import ExtractKeypoints, Kind, Source
from handloom.extraction.duplicates import settle_duplicates
from handloom.extraction.extraction import Extraction
from handloom.extraction.outcomes import hashes_of, outcomes
from handloom.extraction.report import ExtractionReport
from handloom.hand import CHIRALITIES
from handloom.keypoint_table import KEYPOINT_NUMBERS, SCHEMA
from handloom.landmarks.landmark_model import landmark_model_path
from handloom.landmarks.reader import runtime_version
from handloom.sources import Clip, Gathered, gather_all
from handloom.support.files import sha256_of_file

# Rows of the table that are written at once.
ROWS = 16_384


def extract_keypoints(
    source: Source, settings: ExtractKeypoints, kind: Kind, table: Path, folder: Path, cache_file: Path
) -> ExtractionReport:
    """Find the joints in all labelled files; write the keypoint table and a report.

    Files that cannot be read are left out of the table, counted and named in the report; frames without a hand stay in
    it as zeros. Files that were read before are taken from the cache (`handloom.extraction.cache`).

    Args:
        source: where the files are.
        settings: the section `extract_keypoints`.
        kind: "pose" reads photos, "action" reads videos.
        table: Parquet file to write.
        folder: for the report and the contact sheets; written also when the data is refused, to be looked at.
        cache_file: the cache of joints, see `handloom.support.workspace.Workspace`.

    Raises:
        DataError: the source cannot be used, too much of it is unusable, or a class has no hand at all.
        LandmarkModelError: the landmark model could not be had.
        HandloomError: a system library is missing.
    """
    gathered = gather_all(source, kind, f"data.{kind}", settings.target_frame_rate, settings.accept_slow_clips)
    model = landmark_model_path(settings.landmark_model) if gathered.clips else None
    metadata = {
        "kind": kind,
        "landmark_model_sha256": sha256_of_file(model) if model else "",
        "landmarker": runtime_version(settings) if model else "",
        "hand": settings.hand if model else "",
        "frame_rate": f"{settings.target_frame_rate:g}",
        keypoint_table.LANDMARKERS: ",".join(_landmarkers(gathered, settings, model)),
    }
    with ExtractionReport(folder) as report, keypoint_table.writing(table, metadata) as add:
        for rows in keypoint_tables(gathered, settings, kind, model, report, cache_file):
            add(rows)
        report.finish(settings.unreadable_limit)  # where it refuses the data, no table is put in its place
    return report


def _landmarkers(gathered: Gathered, settings: ExtractKeypoints, model: Path | None) -> list[str]:
    """The landmarkers of all examples, sorted."""
    names = set(gathered.landmarkers)
    if model is not None:
        own = settings.landmark_model.path
        names.add(f"own-{sha256_of_file(model)[:12]}" if own else keypoint_table.MEDIAPIPE)
    return sorted(names)


def keypoint_tables(
    gathered: Gathered,
    settings: ExtractKeypoints,
    kind: Kind,
    model: Path | None,
    report: ExtractionReport,
    cache_file: Path,
    description: str = "extract_keypoints",
) -> Iterator[pa.Table]:
    """The rows of a source, some thousand at a time; counts and problems go into the report.

    `description` is what the progress bar says.
    """
    for skipped in gathered.skipped:
        report.add_skipped(skipped)
    for note in gathered.notes:
        report.add_note(note)
    if model is not None:
        yield from _media_tables(gathered.clips, settings, kind, model, report, cache_file, description)
    if gathered.keypoints is not None:
        report.add_keypoints(gathered.keypoints)
        first = pa.scalar(len(gathered.clips), pa.int64())
        sessions = pc.add(gathered.keypoints.column("session_id"), first)
        yield gathered.keypoints.set_column(0, "session_id", sessions)


def _media_tables(
    clips: Sequence[Clip],
    settings: ExtractKeypoints,
    kind: Kind,
    model: Path,
    report: ExtractionReport,
    cache_file: Path,
    description: str,
) -> Iterator[pa.Table]:
    hashes = hashes_of(clips, settings, cache_file)
    clips, skipped, notes = settle_duplicates(clips, hashes)
    for clip_skipped in skipped:
        report.add_skipped(clip_skipped)
    for note in notes:
        report.add_note(note)
    waiting: list[tuple[int, Clip, Extraction]] = []
    rows = 0
    found = outcomes(clips, hashes, settings, kind, model, cache_file, description)
    for session_id, (clip, outcome) in enumerate(found):
        if isinstance(outcome, str):
            report.add_unreadable(clip, outcome)
            continue
        report.add(clip, outcome)
        waiting.append((session_id, clip, outcome))
        rows += len(outcome.frames)
        if rows >= ROWS:
            yield rows_of(waiting)
            waiting, rows = [], 0
    if waiting:
        yield rows_of(waiting)


def rows_of(sessions: Sequence[tuple[int, Clip, Extraction]]) -> pa.Table:
    """The rows of the keypoint table of some files, given as (session id, file, its joints)."""
    counts = [len(extraction.frames) for _, _, extraction in sessions]
    frames = np.concatenate([extraction.frames for _, _, extraction in sessions])
    keypoints = pa.array(np.ascontiguousarray(frames["keypoints"]).reshape(-1))

    def repeated(values: Sequence[object]) -> pa.Array:
        return pa.array(values).take(pa.array(np.repeat(np.arange(len(counts)), counts)))

    columns = {
        "session_id": repeated([session_id for session_id, _, _ in sessions]),
        "label": repeated([clip.label for _, clip, _ in sessions]),
        "group": repeated([clip.group for _, clip, _ in sessions]),
        "part": repeated([clip.part for _, clip, _ in sessions]),
        "path": repeated([clip.name for _, clip, _ in sessions]),
        "frame": np.concatenate([np.arange(count, dtype=np.int32) for count in counts]),
        "time": frames["time"],
        "keypoints": pa.FixedSizeListArray.from_arrays(keypoints, KEYPOINT_NUMBERS),
        "chirality": pa.array(CHIRALITIES).take(pa.array(frames["chirality"])),
        "score": frames["score"],
        "width": frames["width"],
        "height": frames["height"],
        "rotation": frames["rotation"],
    }
    return pa.table({name: pa.array(columns[name]) for name in SCHEMA.names}).cast(SCHEMA)
