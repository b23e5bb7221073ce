"""Files that a person has decided to leave out: listed in a file of the project, so that cleaning is reproducible."""

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
    table = read_table(file, key, may_be_empty=True)
    table.require(COLUMN, key)
    listed = {_compared(path) for path in table.texts(COLUMN) if path}
    files = {_compared(clip.file) for clip in gathered.clips}
    _, joined, member = key.removesuffix(".exclude").rpartition(".sources.")
    names = {path: path.removeprefix(f"{member}/") if joined and path not in files else path for path in listed}
    left_out = set(names.values())
    kept = [clip for clip in gathered.clips if _compared(clip.file) not in left_out]
    if gathered.clips and not kept:
        raise DataError(f"{printable(file)}: leaves out every file of {key.removesuffix('.exclude')}; shorten it")
    strange = sorted(path for path, name in names.items() if name not in files)
    notes = [f"{printable(file)}: leaves out {len(gathered.clips) - len(kept)} of {len(gathered.clips)} examples"]
    if strange:
        notes.append(
            f"{printable(file)}: {len(strange)} of its {len(listed)} paths name no file of the source (the first:"
            f" {printable(strange[0])})"
        )
    return replace(gathered, clips=kept, notes=[*gathered.notes, *notes])


def _compared(path: str) -> str:
    """A path without blanks around it, since tables are read without them."""
    return plain_path(path).strip()
