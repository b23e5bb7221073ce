"""Files that a person has decided to leave out: listed in a file of the project, so that cleaning is reproducible."""

from collections.abc import Callable
from dataclasses import replace

from handloom.errors import DataError, printable
from handloom.sources.clip import Gathered
from handloom.sources.groups import plain_path
from handloom.sources.tables import read_table

COLUMN = "path"


def without_excluded(gathered: Gathered, file: str, key: str) -> Gathered:
    """What a source holds without the files of a list; a note says how many, and which names fit no file.

    Args:
        gathered: what the source holds.
        file: a CSV (Parquet, JSON) with the column `path`: paths inside the source's folder. The name of a joined
            source may be before them, as reports write it. All labelled stretches of a video are left out with it.
        key: the parameter's full name, for messages.

    Raises:
        DataError: the file is missing or has no such column, or nothing would be left.
    """
    files = {plain_path(clip.file) for clip in gathered.clips}
    listed = excluded_files(file, key, files.__contains__)
    _, joined, member = key.removesuffix(".exclude").rpartition(".sources.")
    names, fits_twice = {}, []
    for path in sorted(listed):
        inside = path.removeprefix(f"{member}/") if joined else path
        names[path] = path if path in files else inside
        if inside != path and {inside, path} <= files:
            fits_twice.append(path)
    left_out = set(names.values())
    kept = [clip for clip in gathered.clips if plain_path(clip.file) not in left_out]
    if gathered.clips and not kept:
        raise DataError(f"{printable(file)}: leaves out every file of {key.removesuffix('.exclude')}; shorten it")
    strange = sorted(path for path, name in names.items() if name not in files)
    notes = [f"{printable(file)}: leaves out {len(gathered.clips) - len(kept)} of {len(gathered.clips)} examples"]
    if strange:
        notes.append(
            f"{printable(file)}: {len(strange)} of its {len(listed)} paths name no file of the source (the first:"
            f" {printable(strange[0])})"
        )
    if fits_twice:
        notes.append(
            f"{printable(file)}: {len(fits_twice)} of its paths fit two files, with {printable(member)}/ as a folder or"
            f" as the source's name (the first: {printable(fits_twice[0])}); taken as a folder"
        )
    return replace(gathered, clips=kept, notes=[*gathered.notes, *notes])


def excluded_files(file: str, key: str, is_file: Callable[[str], bool]) -> set[str]:
    """The paths that a list names, as `plain_path` writes them.

    Blanks around a path are left out, unless there is a file whose name has them.

    Args:
        file: a CSV (Parquet, JSON) with the column `path`.
        key: the parameter's full name, for messages.
        is_file: whether the source has a file of this path.

    Raises:
        DataError: the file is missing or has no such column.
    """
    table = read_table(file, key, may_be_empty=True)
    table.require(COLUMN, key)
    pairs = zip(table.values(COLUMN), table.texts(COLUMN), strict=True)
    paths = ((plain_path(value) if isinstance(value, str) else "", plain_path(text)) for value, text in pairs if text)
    return {exact if is_file(exact) else text for exact, text in paths}
