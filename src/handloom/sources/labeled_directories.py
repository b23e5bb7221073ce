"""A folder with one sub-folder a class; the sub-folder's name is the label (Create ML's `labeledDirectories`)."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from handloom.config import Kind, Source
from handloom.errors import DataError
from handloom.sources.clip import Clip
from handloom.sources.groups import group_finder

PARTS = ("train", "validation", "test")


def labeled_directories(source: Source, kind: Kind) -> list[Clip]:
    """Every file of every class folder, in the order of their names.

    Hidden files are passed over; whether a file really is a picture is found out when it is read.

    Raises:
        DataError: the folder is missing, holds no class, or a class has fewer than two files.
    """
    root, key = Path(source.path), f"data.{kind}"
    if not root.is_dir():
        raise DataError(f"{root}: no such folder; {key}.path names the folder with one sub-folder a class")
    group_of = group_finder(source.groups, f"{key}.groups")
    clips = [
        Clip(path=path, name=(name := path.relative_to(root).as_posix()), label=label, group=group_of(name), part=part)
        for part, folder in _part_folders(root, source.parts_in_folders, key)
        for label, path in _files(folder)
    ]
    _check_classes(clips, root)
    return clips


def _part_folders(root: Path, parts_in_folders: bool, key: str) -> list[tuple[str, Path]]:
    if not parts_in_folders:
        return [("", root)]
    found = [(part, root / part) for part in PARTS if (root / part).is_dir()]
    if "train" not in dict(found):
        raise DataError(f"{root}: no folder 'train' in it; make one, or set {key}.parts_in_folders to false")
    return found


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    for label_folder in sorted(folder.iterdir()):
        if label_folder.is_dir() and not label_folder.name.startswith("."):
            for path in sorted(label_folder.iterdir()):
                if path.is_file() and not path.name.startswith("."):
                    yield label_folder.name, path


def _check_classes(clips: list[Clip], root: Path) -> None:
    counts = Counter(clip.label for clip in clips)
    if len(counts) < 2:
        found = f"only {next(iter(counts))!r}" if counts else "no sub-folder with files"
        raise DataError(f"{root}: {found}; a classifier needs at least two classes, a sub-folder each")
    small = [label for label, count in counts.items() if count < 2]
    if small:
        raise DataError(
            f"{root}/{small[0]}: one file; a class needs at least two, one to learn from and one to test on"
        )
