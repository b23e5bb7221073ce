"""A folder with one sub-folder per class; the sub-folder's name is the label (Create ML's `labeledDirectories`)."""

from dataclasses import replace

from handloom.config import Kind, LabeledDirectories
from handloom.errors import DataError, printable
from handloom.sources.clip import Clip, Gathered, Skipped, UnusableError
from handloom.sources.folder import FoundFile, MediaFolder
from handloom.sources.groups import GroupFinder
from handloom.sources.labels import PARTS, checked_label


def labeled_directories(member: LabeledDirectories, kind: Kind, key: str) -> Gathered:
    """Every file of every class folder and of the folders in it, in the order of their names.

    What cameras, albums and systems keep next to photos is passed over; whether a file really is a picture is found out
    when it is read.

    Raises:
        DataError: the folder is missing or cannot be listed, holds files only, or has no folder `train` where parts are
            in folders.
        ConfigurationError: see `GroupFinder`.
    """
    folder = MediaFolder(member.path, member.follow_links, key)
    groups = GroupFinder(member.groups, f"{key}.groups")
    gathered = Gathered()
    found: list[tuple[str, str, FoundFile]] = []
    for part, place in _part_folders(folder, member.parts_in_folders, key, gathered):
        classes, stray, skipped = folder.subfolders(place)
        if stray and not classes and not skipped and not part:
            raise DataError(f"{folder}: {len(stray)} files and no class folder in it; {_way_out(key)}")
        gathered.skipped += skipped
        gathered.notes += _passed_over(stray, "files outside the class folders", folder)
        for class_folder in classes:
            files, skipped = folder.files(kind, class_folder)
            label = _label(class_folder, len(files), gathered.skipped)
            gathered.skipped += [replace(one, label=label) for one in skipped]
            if label and not files and not skipped:
                gathered.notes.append(f"{folder}/{printable(class_folder)}: no files in it; passed over")
            found += [(part, label, file) for file in files if label]
    kept, repeats = folder.without_repeats(file for _, _, file in found)
    gathered.skipped += repeats
    names = set(kept)
    for part, label, file in found:
        if file.name in names:
            group = groups.group_of(file.name)
            gathered.clips.append(Clip(folder.path, file.name, label, group, part))
    gathered.notes += folder.passed_over.notes(str(folder)) + groups.notes()
    return gathered


def _part_folders(folder: MediaFolder, in_folders: bool, key: str, gathered: Gathered) -> list[tuple[str, str]]:
    if not in_folders:
        return [("", "")]
    folders, files, skipped = folder.subfolders()
    if "train" not in folders:
        raise DataError(f"{folder}: no folder 'train' in it; make one, or set {key}.parts_in_folders to false")
    gathered.skipped += skipped
    others = [name for name in (*folders, *files) if name not in PARTS]
    gathered.notes += _passed_over(others, f"names in it that are none of {', '.join(PARTS)}", folder)
    return [(part, part) for part in PARTS if part in folders]


def _way_out(key: str) -> str:
    option = f"{key.replace('.', '/')}=labeled_files" if key in ("data.pose", "data.action") else "labeled_files"
    return f"make one folder per class; or, if their names begin with the label (wave.3.mov), read them with {option}"


def _passed_over(names: list[str], what: str, folder: MediaFolder) -> list[str]:
    if not names:
        return []
    return [f"{folder}: {len(names)} {what} ignored (the first: {printable(names[0])})"]


def _label(class_folder: str, count: int, skipped: list[Skipped]) -> str:
    try:
        return checked_label(class_folder.rsplit("/", 1)[-1])
    except UnusableError as error:
        name = printable(class_folder)
        skipped.append(Skipped(class_folder, f"{name[:200]}: {error}: rename the folder ({count} files in it)"))
        return ""
