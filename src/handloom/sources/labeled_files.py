"""A folder of files whose names begin with the label: `Peace.3.png` (Create ML's `labeledFiles`)."""

from handloom.config import Kind, LabeledFiles
from handloom.errors import printable
from handloom.sources.clip import Clip, Gathered, Skipped, UnusableError
from handloom.sources.folder import MediaFolder
from handloom.sources.groups import GroupFinder
from handloom.sources.labels import checked_label


def labeled_files(member: LabeledFiles, kind: Kind, key: str) -> Gathered:
    """Every file of the folder and of the folders in it; the label is the file name up to its first period.

    Raises:
        DataError: the folder is missing or cannot be listed.
        ConfigurationError: see `GroupFinder`.
    """
    folder = MediaFolder(member.path, member.follow_links, key)
    groups = GroupFinder(member.groups, f"{key}.groups")
    files, skipped = folder.files(kind)
    names, repeats = folder.without_repeats(files)
    gathered = Gathered(skipped=skipped + repeats)
    for name in names:
        label, period, _ = name.rsplit("/", 1)[-1].partition(".")
        try:
            if not period:
                raise UnusableError("no period after the label; name it label.number.suffix")
            gathered.clips.append(Clip(folder.path, name, checked_label(label), groups.group_of(name)))
        except UnusableError as error:
            gathered.skipped.append(Skipped(name, f"{printable(name)}: {error}"))
    gathered.notes += folder.passed_over.notes(str(folder)) + groups.notes()
    return gathered
