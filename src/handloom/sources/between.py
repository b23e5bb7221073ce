"""The time in videos between annotated parts, as examples of a class of its own, such as background."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import pairwise

from handloom.sources.clip import Clip

# Start and end in seconds; None: the beginning and the end of the video.
Span = tuple[float | None, float | None]

# Shorter parts belong to the movement before or after; longer ones are cut. Seconds.
_SHORTEST, _LONGEST = 1.0, 3.0


def parts_between(clips: Iterable[Clip], unused: Mapping[str, Iterable[Span]], label: str) -> list[Clip]:
    """The parts of each video before and between its annotated ones, in pieces of at most 3 seconds.

    There is none after the last annotated part: how long the video is, is not known here.

    Args:
        clips: the annotated parts; their videos are the ones that are cut.
        unused: times of rows that make no clip, by file: a gesture may be there, so no part has them.
        label: the class of the parts.
    """
    files: defaultdict[str, list[Clip]] = defaultdict(list)
    for clip in clips:
        files[clip.file].append(clip)
    parts: list[Clip] = []
    for file, annotated in files.items():
        spans = [(clip.start, clip.end) for clip in annotated]
        for start, end in _gaps([*spans, *unused.get(file, ())]):
            pieces = math.ceil((end - start) / _LONGEST)
            times = [start + (end - start) * number / pieces for number in range(pieces)] + [end]
            parts += [replace(annotated[0], label=label, start=first, end=last) for first, last in pairwise(times)]
    return parts


def _gaps(spans: Iterable[Span]) -> list[tuple[float, float]]:
    """The times of a second and more before and between spans, which may overlap."""
    gaps: list[tuple[float, float]] = []
    free = 0.0
    for start, end in sorted((start or 0.0, math.inf if end is None else end) for start, end in spans):
        if start - free >= _SHORTEST:
            gaps.append((free, start))
        free = max(free, end)
    return gaps
