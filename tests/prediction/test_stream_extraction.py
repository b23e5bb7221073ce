"""Whole recordings of the validation and test set, read by the real landmarker."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from clip_files import write_clip
from PIL import Image

from handloom.config import DirectoryWithVideosAndAnnotation, ExtractKeypoints, LabeledDirectories, Source
from handloom.evaluation.events import Interval
from handloom.hand import present
from handloom.prediction.annotated_streams import read_streams
from handloom.prediction.stream_extraction import extract_streams
from handloom.support.progress import listening
from handloom.support.workspace import Workspace

RATE = 10
# File, label, start, end and set of each annotated part; a second of each recording is in none.
PARTS = [
    ("a.mp4", "one", 0.0, 0.5, "test"),
    ("a.mp4", "background", 0.5, 0.8, "test"),
    ("b.mp4", "one", 0.0, 0.5, "train"),
    ("b.mp4", "five", 0.5, 0.8, "test"),
    ("c.mp4", "five", 0.0, 0.8, "train"),
    ("broken.mp4", "five", 0.0, 0.8, "test"),
    ("gone.mp4", "five", 0.0, 0.8, "test"),
]


@pytest.fixture
def recordings(drawn: Path, tmp_path: Path) -> Path:
    """Three recordings of 1.8 seconds, a broken one, their annotation, and the tables of the stages before."""
    (tmp_path / "videos").mkdir()
    photos = sorted((drawn / "photos").rglob("*.jpg"))
    for name, photo in zip(("a.mp4", "b.mp4", "c.mp4"), photos, strict=False):
        picture = np.asarray(Image.open(photo).convert("RGB").resize((256, 256)))
        write_clip(tmp_path / "videos" / name, [picture] * 18, rate=RATE)
    (tmp_path / "videos" / "broken.mp4").write_bytes(b"no video")
    rows = [",".join(map(str, row)) for row in PARTS]
    (tmp_path / "gestures.csv").write_text("\n".join(["video,label,start,end,part", *rows]), encoding="utf-8")
    numbers = list(range(len(PARTS)))
    pq.write_table(pa.table({"session_id": numbers, "path": [row[0] for row in PARTS]}), tmp_path / "keypoints.parquet")
    pq.write_table(pa.table({"session_id": numbers, "part": [row[4] for row in PARTS]}), tmp_path / "split.parquet")
    return tmp_path


def extracted(folder: Path, source: Source) -> tuple[Path, list[str]]:
    out, settings = folder / "streams.parquet", ExtractKeypoints(workers=1, target_frame_rate=RATE)
    before = folder / "keypoints.parquet", folder / "split.parquet"
    return out, extract_streams(source, settings, "action", before, out, Workspace.here().keypoint_cache, "background")


def test_a_recording_of_the_test_set_is_read_from_beginning_to_end(recordings: Path) -> None:
    source = DirectoryWithVideosAndAnnotation(
        path=str(recordings / "videos"),
        annotation_file=str(recordings / "gestures.csv"),
        start_time_column="start",
        end_time_column="end",
        part_column="part",
    )
    bars: set[str] = set()
    with listening(lambda bar, count, total: bars.add(bar)):
        table, lines = extracted(recordings, source)
    assert bars == {"look up in cache", "extract_streams action"}
    (stream,) = read_streams(table, "test")
    assert len(stream.poses) == 18 and present(stream.poses).mean() > 0.9
    assert stream.made == (Interval("one", 0.0, 0.5),)
    assert stream.votes is not None and stream.votes.any()
    assert read_streams(table, "validation") == []
    assert "b.mp4" in lines[0] and "several sets" in lines[0]
    assert "broken.mp4" in lines[1]
    assert lines[2].startswith("1 files or rows were skipped; ") and lines[2].endswith("/keypoints/files.csv says why")
    assert lines[3] == "whole recordings: 0 of the validation set, 1 of the test set"


def test_clips_without_times_are_not_even_listed(recordings: Path) -> None:
    table, lines = extracted(recordings, LabeledDirectories(path="gone"))
    assert read_streams(table) == [] and lines == []
