"""The stage: every file of a source, on all cores, into one keypoint table."""

import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pyarrow as pa
from joblib import Parallel, delayed
from tqdm import tqdm

from handloom import keypoint_table
from handloom.config import ExtractKeypoints, Kind, Source
from handloom.extraction.landmark_model import landmark_model_path
from handloom.extraction.report import ExtractionReport
from handloom.extraction.task import FileResult, extract_clips, extract_photos
from handloom.files import sha256_of_file, write_json
from handloom.sources import Clip, labeled_directories
from handloom.system_libraries import require_system_libraries

PHOTOS_A_TASK = 16


def extract_keypoints(
    source: Source, settings: ExtractKeypoints, kind: Kind, table: Path, report: Path
) -> ExtractionReport:
    """Find the joints in all labelled files; write the keypoint table and a report beside it.

    Files that cannot be read are left out of the table, counted and named in the report; frames without a hand stay in
    it as zeros.

    Args:
        source: where the files are.
        settings: the section `extract_keypoints`.
        kind: "pose" reads photos, "action" reads videos.
        table: Parquet file to write.
        report: JSON file to write, also when the data is refused, so that it can be looked at.

    Raises:
        DataError: the folder cannot be used, too many files are unreadable, or a class has no hand at all.
        LandmarkModelError: the landmark model could not be had.
        HandloomError: a system library is missing.
    """
    clips = labeled_directories(source, kind)
    require_system_libraries()
    model = landmark_model_path(settings.landmark_model)
    metadata = {
        "kind": kind,
        "landmark_model_sha256": sha256_of_file(model),
        "mediapipe": version("mediapipe"),
        "frame_rate": f"{settings.target_frame_rate:g}",
    }
    summary = ExtractionReport()

    def tables() -> Iterator[pa.Table]:
        for result in _results(clips, kind, settings, model):
            summary.add(result)
            if result.rows is not None:
                yield result.rows
        write_json(report, summary.as_plain())
        summary.check(settings.unreadable_limit)

    keypoint_table.write(table, tables(), metadata)
    return summary


def _results(clips: list[Clip], kind: Kind, settings: ExtractKeypoints, model: Path) -> Iterator[FileResult]:
    """One result a file, in the order of the files, whatever the number of workers."""
    extract, size = (extract_photos, PHOTOS_A_TASK) if kind == "pose" else (extract_clips, 1)
    numbered = list(enumerate(clips))
    tasks = (delayed(extract)(numbered[start : start + size], settings, model) for start in range(0, len(clips), size))
    with tqdm(total=len(clips), desc=f"extract_keypoints {kind}", unit="file", file=sys.stderr) as progress:
        for results in Parallel(n_jobs=settings.workers, return_as="generator")(tasks):
            progress.update(len(results))
            yield from results
