"""The same picture twice: told, kept on one side of every split, refused where its classes contradict each other."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from handloom.errors import printable
from handloom.sources import Clip, Skipped


def settle_duplicates(clips: Sequence[Clip], hashes: Mapping[Path, str]) -> tuple[list[Clip], list[Skipped], list[str]]:
    """Find files (or stretches of them) with the same content under several names.

    Args:
        clips: all examples.
        hashes: sha256 of the files that can be read.

    Returns:
        the examples to use: copies in one class join the group of the first, so that none is learnt from and tested on;
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
        if len(numbers) == 1:
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
