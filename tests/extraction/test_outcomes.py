"""From files to joints: what is kept is what was read."""

from pathlib import Path

import pytest

from handloom.config import ExtractKeypoints, LandmarkModel
from handloom.extraction.cache import KeypointCache
from handloom.extraction.extraction import Extraction
from handloom.extraction.outcomes import hashes_of, outcomes
from handloom.landmarks.landmark_model import landmark_model_path
from handloom.sources import Clip
from handloom.support.workspace import Workspace

SETTINGS = ExtractKeypoints(workers=1)


def cache_file() -> Path:
    return Workspace.here().keypoint_cache


def clips_in(drawn: Path) -> list[Clip]:
    folder = drawn / "photos"
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.jpg"))
    return [Clip(folder, name, name.split("/")[0], name) for name in names]


def read(clips: list[Clip], hashes: dict[Path, str]) -> list[Extraction | str]:
    model = landmark_model_path(LandmarkModel())
    found = list(outcomes(clips, hashes, SETTINGS, "pose", model, cache_file()))
    assert [clip for clip, _ in found] == clips
    return [outcome for _, outcome in found]


def kept() -> int:
    with KeypointCache(cache_file()) as cache:
        return int(cache._opened().execute("SELECT count(*) FROM joints").fetchone()[0])


def test_a_file_that_changes_while_it_is_read_is_not_kept_as_what_it_was(drawn: Path) -> None:
    clips = clips_in(drawn)
    hashes = hashes_of(clips, SETTINGS, cache_file()) | {
        clips[2].path: "0" * 64
    }  # it had other content when it was hashed
    found = read(clips, hashes)
    assert [isinstance(outcome, Extraction) for outcome in found] == [number != 2 for number in range(6)]
    assert found[2] == f"{clips[2].path.name}: changed while it was read; run the stage again"
    assert kept() == 5


def test_a_damaged_entry_is_read_again_and_told(drawn: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clips = clips_in(drawn)
    hashes = hashes_of(clips, SETTINGS, cache_file())
    before = read(clips, hashes)
    with KeypointCache(cache_file()) as cache:
        keys = [key for (key,) in cache._opened().execute("SELECT key FROM joints")]
        cache._opened().execute("UPDATE joints SET content = zeroblob(length(content)) WHERE key = ?", keys[:1])
        cache._opened().execute("UPDATE joints SET content = ? WHERE key = ?", (b"", keys[1]))
        cache._opened().execute("UPDATE joints SET sum = 'text' WHERE key = ?", keys[2:3])
    capsys.readouterr()
    again = read(clips, hashes)
    assert [found.to_bytes() for found in again if isinstance(found, Extraction)] == [
        found.to_bytes() for found in before if isinstance(found, Extraction)
    ]
    told = [line for line in capsys.readouterr().err.splitlines() if str(cache_file()) in line]
    assert told == [f"{cache_file()}: the joints of 3 files in it are damaged; these files are read again"]


def test_the_same_file_under_two_names_and_twice_is_read_once(drawn: Path) -> None:
    one, *_ = clips_in(drawn)
    found = read([one, one], hashes_of([one], SETTINGS, cache_file()))
    assert kept() == 1
    assert isinstance(found[0], Extraction) and isinstance(found[1], Extraction)
    assert found[0].to_bytes() == found[1].to_bytes()


def test_the_thumbnail_is_of_the_frame_with_the_hand(drawn: Path) -> None:
    clips = clips_in(drawn)[:1]
    (found,) = read(clips, hashes_of(clips, SETTINGS, cache_file()))
    assert isinstance(found, Extraction)
    assert found.thumbnail[:2] == b"\xff\xd8" and found.thumbnail_frame == 0 and found.hands == 1
