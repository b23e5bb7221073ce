"""Duplicates: reported, kept in one set, refused if their classes contradict each other."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from handloom.errors import DataError, printable
from handloom.media.readable import beginning_of, kind_of
from handloom.sources import Clip, Skipped

_MEDIA = ("a picture", "a GIF", "a video", "")  # nothing: formats without certain first bytes


def settle_duplicates(clips: Sequence[Clip], hashes: Mapping[Path, str]) -> tuple[list[Clip], list[Skipped], list[str]]:
    """Find photos or clips (or intervals of them) with the same content under several names.

    Other files are unchanged: the reader reports those that cannot be read.

    Args:
        clips: all examples.
        hashes: sha256 of the files that can be read.

    Returns:
        the examples to use: copies in one class join the group of the first, so that all are in one set;
        those left out: the same content in two classes;
        a line for each set of copies in one class.
    """
    same: dict[tuple[str, float | None, float | None], list[int]] = defaultdict(list)
    for number, clip in enumerate(clips):
        if clip.path in hashes:
            same[hashes[clip.path], clip.start, clip.end].append(number)
    used: dict[int, Clip] = dict(enumerate(clips))
    skipped, notes = [], []
    for numbers in same.values():
        if len(numbers) == 1 or not _is_media(clips[numbers[0]].path):
            continue
        first, *others = (clips[number] for number in numbers)
        if any(other.label != first.label for other in others):
            for number in numbers:
                clip = used.pop(number)
                other = next(clips[n] for n in numbers if clips[n].label != clip.label)
                reason = (
                    f"{printable(clip.name)}: in class {clip.label!r}, and the same content is in class"
                    f" {other.label!r} as {printable(other.name)}; remove one of them"
                )
                skipped.append(Skipped(clip.name, reason, clip.label))
        else:
            for number in numbers[1:]:
                used[number] = replace(clips[number], group=first.group)
            copies = ", ".join(printable(other.name) for other in others[:3]) + (" ..." if len(others) > 3 else "")
            notes.append(f"{printable(first.name)}: the same content as {copies}; remove the copies")
    return list(used.values()), skipped, notes


def _is_media(path: Path) -> bool:
    try:
        return path.stat().st_size > 0 and kind_of(beginning_of(path)) in _MEDIA
    except (DataError, OSError):  # gone since its content was hashed
        return True
