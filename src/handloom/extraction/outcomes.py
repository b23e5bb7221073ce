"""From files to joints, on all cores: cached files are not read, the others are read and cached."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from handloom.config import ExtractKeypoints, Kind
from handloom.errors import printable
from handloom.extraction.cache import KeypointCache
from handloom.extraction.extraction import Extraction, extract_files
from handloom.extraction.recipe import entry_key, recipe
from handloom.landmarks.files import PHOTOS_TOGETHER, Stretch, killed_by
from handloom.sources import Clip
from handloom.support.pools.processes import run_over, worker_count
from handloom.support.progress import ProgressBar
from handloom.support.system_libraries import require_system_libraries

_DAMAGED_AGAIN = "its cache entry is damaged, also after a second extraction; check the disk"

Outcome = Extraction | str  # the joints, or one line that says why there are none


def hashes_of(clips: Sequence[Clip], settings: ExtractKeypoints, cache_file: Path) -> dict[Path, str]:
    """The sha256 of every file that can be read; `cache_file` is the cache of joints."""
    paths = dict.fromkeys(clip.path for clip in clips)
    with KeypointCache(cache_file) as cache, ProgressBar("look up in cache", len(paths), "file") as progress:
        return cache.hashes(paths, worker_count(settings.workers), progress.update)


def outcomes(
    clips: Sequence[Clip],
    hashes: dict[Path, str],
    settings: ExtractKeypoints,
    kind: Kind,
    model: Path,
    cache_file: Path,
    description: str = "extract_keypoints",
) -> Iterator[tuple[Clip, Outcome]]:
    """Yield every clip with its joints, in the order of the clips, whatever the number of workers.

    Args:
        clips: the files, or stretches of them.
        hashes: see `hashes_of`.
        settings: the section `extract_keypoints`.
        kind: "pose" reads photos, "action" reads videos.
        model: the landmark model's file.
        cache_file: the cache of joints.
        description: what the progress bar says.

    Raises:
        HandloomError: a system library is missing, or the cache cannot be written.
    """
    base = recipe(kind, settings, model)
    keys = [entry_key(base, hashes[clip.path], clip.start, clip.end) if clip.path in hashes else None for clip in clips]
    with KeypointCache(cache_file) as cache:
        known = cache.known([key for key in keys if key])
        reading = _Reading(cache, hashes, settings, kind, model, description)
        reasons = _extract(reading, clips, keys, known)
        for number, (clip, key) in enumerate(zip(clips, keys, strict=True)):
            if number not in reasons and key is not None:
                try:
                    yield clip, cache.get(key)
                    continue
                except KeyError:
                    reasons |= _extract_damaged(reading, clips, keys, reasons)
                if number not in reasons:
                    try:
                        yield clip, cache.get(key)
                        continue
                    except KeyError:
                        reasons[number] = f"{printable(clip.path.name)}: {_DAMAGED_AGAIN}"
            yield clip, reasons[number]


@dataclass(frozen=True)
class _Reading:
    """How files are read and where what is found is kept; see `outcomes`."""

    cache: KeypointCache
    hashes: dict[Path, str]
    settings: ExtractKeypoints
    kind: Kind
    model: Path
    description: str


def _extract_damaged(
    reading: _Reading, clips: Sequence[Clip], keys: Sequence[str | None], reasons: Mapping[int, str]
) -> dict[int, str]:
    """Read the files again whose entries in the cache are damaged; see `_extract`."""
    numbers = [number for number, key in enumerate(keys) if key and number not in reasons]
    whole = reading.cache.whole({keys[number] for number in numbers})
    damaged = [number for number in numbers if keys[number] not in whole]
    print(
        f"{printable(str(reading.cache.path))}: the joints of {len(damaged)} files in it are damaged; these files are"
        " read again",
        file=sys.stderr,
    )
    again = _extract(reading, [clips[number] for number in damaged], [keys[number] for number in damaged], set())
    return {damaged[number]: reason for number, reason in again.items()}


def _extract(reading: _Reading, clips: Sequence[Clip], keys: Sequence[str | None], known: set[str]) -> dict[int, str]:
    """Put everything that is not known into the cache; return why that was not possible, by number of the clip."""
    cache, settings, kind = reading.cache, reading.settings, reading.kind
    waiting: dict[Stretch, list[int]] = {}
    for number, (clip, key) in enumerate(zip(clips, keys, strict=True)):
        if key is None or key not in known:
            waiting.setdefault(Stretch(clip.path, clip.start, clip.end), []).append(number)
    reasons: dict[int, str] = {}
    if not waiting:
        return reasons
    require_system_libraries(settings.landmarker.runtime == "mediapipe")
    read = partial(extract_files, kind=kind, settings=settings, model=reading.model)
    with ProgressBar(f"{reading.description} {kind}", len(clips), "file") as progress:
        progress.update(len(clips) - sum(map(len, waiting.values())))
        for stretch, outcome in run_over(
            read, list(waiting), settings.workers, settings.backend, PHOTOS_TOGETHER if kind == "pose" else 1
        ):
            numbers = waiting[stretch]
            progress.update(len(numbers))
            name = printable(stretch.path.name)
            if outcome is None:
                outcome = killed_by(name)
            elif cache.hashes([stretch.path], 1).get(stretch.path) != reading.hashes.get(stretch.path):
                outcome = f"{name}: changed while it was read; run the stage again"
            key = keys[numbers[0]]
            if isinstance(outcome, str) or key is None:
                reasons |= dict.fromkeys(numbers, str(outcome))
            else:
                cache.put(key, outcome)
    return reasons
