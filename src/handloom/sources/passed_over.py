"""What is no example though it lies among them: what cameras, albums and systems keep next to photos and clips.

By name alone are passed over: hidden files and folders, and those that no person names so (`@eaDir`, `Thumbs.db`). A
folder whose name a person may choose too, such as `previews`, is passed over inside a class only, and only if its files
have the names of those above it. Files are side files by their suffix, unless a picture or a video is in them.
"""

import os
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from handloom.config import Kind
from handloom.errors import DataError, printable
from handloom.media.readable import beginning_of, kind_of

# Folders of network disks (Synology, QNAP), of Windows, Linux and macOS, in small letters.
_SYSTEM_FOLDERS = {
    *("@eadir", "eadir", "@tmp", "@recycle", "@recently-snapshot", "@__thumb", "@sharebin", "#recycle", "#snapshot"),
    *("$recycle.bin", "recycler", "system volume information", "found.000", "lost+found"),
    *("__macosx", "network trash folder", "temporary items"),
}
# Catalogues of albums: Lightroom, Photos, Aperture, Capture One.
_CATALOGUES = (
    *(".lrdata", ".lrcat-data", ".lrlibrary", ".photoslibrary", ".photolibrary", ".migratedphotolibrary", ".aplibrary"),
    *(".cocatalog", ".cosession"),
)
# Folders of smaller copies, or of copies before they were edited.
_COPIES = {
    *("preview", "previews", "smart previews", "thumb", "thumbs", "thumbnail", "thumbnails", "_thumbs", "_thumbnails"),
    *("originals", "[originals]", "proxies", "cache", "captureone"),
}
# Names of thumbnails inside @eaDir, which some programs copy out of it.
_THUMBNAILS = re.compile(r"syno(photo|file|video|index)[_:@].*", re.IGNORECASE)
# What Windows and network disks keep next to a file, where a disk has no streams: a.jpg:Zone.Identifier.
_STREAMS = re.compile(
    r".*[:_@\uf03a](zone\.identifier|com\.apple\.\w+|afp_\w+|synoeastream|synoresource|encryptable)(:\$data)?",
    re.IGNORECASE,
)
# A photo that was left in iCloud: .IMG_1.HEIC.icloud stands for IMG_1.HEIC.
_PLACEHOLDER = re.compile(r"\.(.+)\.icloud", re.IGNORECASE)
_SYSTEM_FILES = {"thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r", "zbthumbnail.info", "picasa.ini"}
_SIDE_SUFFIXES = {
    *(".aae", ".xmp", ".pp3", ".dop", ".cos", ".on1", ".info"),  # edits and ratings
    *(".json", ".xml", ".plist", ".csv", ".tsv", ".txt", ".md", ".log", ".nfo", ".yaml", ".yml", ".parquet"),
    *(".nksc", ".vrd", ".dr4", ".lrcat", ".lrcat-journal", ".opus", ".amr", ".vcf", ".vcard", ".m4a", ".wav", ".mp3"),
    *(".html", ".htm", ".url", ".webloc", ".lnk", ".ini", ".db", ".gpx", ".kml", ".srt", ".vtt", ".sbv", ".ass"),
}
_SMALL_COPIES = {".thm", ".lrv", ".lrf"}  # that action cameras write next to a clip
_PHOTOS = {".heic", ".heif", ".jpg", ".jpeg", ".png", ".avif", ".webp", ".tif", ".tiff"}
_VIDEOS = {".mov", ".mp4", ".m4v", ".mp", ".mv", ".3gp"}
_RAW = {
    *(".dng", ".nef", ".nrw", ".cr2", ".cr3", ".crw", ".arw", ".sr2", ".srf", ".orf", ".rw2", ".pef", ".raf", ".srw"),
    *(".3fr", ".iiq", ".dcr", ".kdc", ".mrw", ".x3f", ".erf", ".rwl", ".raw"),
}
# What programs add to the name of an edited copy, in the languages of Google Photos; a number in brackets stays.
_EDITED = re.compile(
    r"(?:-(?:edited|edit|effects|bearbeitet|modifi\u00e9|editado|editada|modificato|bewerkt|edytowane|redigerad|redigeret"
    r"|muokattu|upraveno|\u7de8\u96c6\u6e08\u307f|\u5df2\u4fee\u6539|\u0438\u0437\u043c\u0435\u043d\u0435\u043d\u043e)|~\d)(\(\d+\))?$"
)
_NAMES_SHOWN = 5


def is_system_folder(name: str) -> bool:
    """Whether a folder of this name is no person's: hidden, a system's, or an album's catalogue."""
    lower = name.lower()
    return name.startswith(".") or lower in _SYSTEM_FOLDERS or lower.endswith(_CATALOGUES)


def is_system_file(name: str) -> bool:
    """Whether a file of this name is hidden, a system's, or a thumbnail of a network disk; see also `in_icloud`."""
    hidden = name.startswith(".") and not _PLACEHOLDER.fullmatch(name)
    return hidden or name.lower() in _SYSTEM_FILES or bool(_STREAMS.fullmatch(name)) or _is_thumbnail(name)


def in_icloud(name: str) -> str:
    """The name of the photo or clip for which a file of this name stands, which is in iCloud only; else empty."""
    match = _PLACEHOLDER.fullmatch(name)
    return match[1] if match else ""


def holds_copies(folder: str, inside: Iterable[str], above: Iterable[str]) -> bool:
    """Whether a folder, by its name and by the names of files in it and above it, holds copies of what is above it."""
    if folder.lower() not in _COPIES:
        return False
    stems = [_stem(name) for name in inside if not is_system_file(name)]
    originals = {_stem(name) for name in above}
    again = sum(any(part in originals for part in (stem, *_without_addition(stem))) for stem in stems)
    return bool(stems) and 2 * again >= len(stems)


def side_files(folder: Path, names: Sequence[str], kind: Kind) -> dict[str, str]:
    """The side files among the files of one folder: name to what they are, for a note.

    Args:
        folder: where they lie.
        names: of all files in it.
        kind: "pose" for photos, next to which short clips of the same name are the moving half of a live photo;
            "action" for videos, next to which photos of the same name are their still half or cover.
    """
    wanted, others = (_PHOTOS, _VIDEOS) if kind == "pose" else (_VIDEOS, _PHOTOS | _RAW)
    stems = {_stem(in_icloud(name) or name) for name in names if _suffix(in_icloud(name) or name) in wanted}
    found: dict[str, str] = {}
    for name in names:
        suffix = _suffix(name)
        has_counterpart = _stem(name) in stems or name.casefold() in stems
        if suffix in _SMALL_COPIES or (suffix == ".icloud" and _suffix(in_icloud(name)) not in wanted):
            found[name] = suffix
        elif suffix in _SIDE_SUFFIXES:
            if _content(folder / name) not in ("a picture", "a video", "a GIF"):
                found[name] = suffix
        elif suffix in others and has_counterpart:
            if _content(folder / name) == ("a video" if kind == "pose" else "a picture"):
                found[name] = f"{suffix} of the same name as a {'photo' if kind == 'pose' else 'video'}"
        elif kind == "pose" and suffix in _RAW and has_counterpart:
            found[name] = f"{suffix} of the same name as a photo"
    return found


@dataclass
class PassedOver:
    """What a source passed over, counted.

    Attributes:
        folders: names of folders to the files in them.
        files: what files are to their number.
    """

    folders: Counter[str] = field(default_factory=Counter)
    files: Counter[str] = field(default_factory=Counter)

    def add_folder(self, path: Path) -> None:
        """Count a folder with all files in it; links are not followed."""
        self.folders[path.name] += sum(len(files) for _, _, files in os.walk(path))

    def add_system_file(self, name: str) -> None:
        """Count a file by its name."""
        lower = name.lower()
        known = lower in _SYSTEM_FILES or lower == ".ds_store"
        self.files[lower if known else "thumbnail" if _is_thumbnail(name) else "hidden"] += 1

    def notes(self, where: str) -> list[str]:
        """A line for the folders and one for the files, where there are any."""
        notes = []
        if self.folders:
            names = ", ".join(printable(name) for name in sorted(self.folders)[:_NAMES_SHOWN])
            more = ", ..." if len(self.folders) > _NAMES_SHOWN else ""
            number = self.folders.total()
            notes.append(f"{where}: {_files(number)} in folders of albums and systems passed over ({names}{more})")
        if self.files:
            counts = ", ".join(f"{count} {printable(what)}" for what, count in sorted(self.files.items()))
            notes.append(f"{where}: {_files(self.files.total(), 'side file')} passed over ({counts})")
        return notes


def _files(number: int, what: str = "file") -> str:
    return f"{number} {what}{'s' * (number != 1)}"


def _suffix(name: str) -> str:
    return PurePosixPath(name).suffix.lower()


def _is_thumbnail(name: str) -> bool:
    return bool(_THUMBNAILS.fullmatch(name))


def original(name: str) -> str:
    """What a photo or clip and its edited copies have in common: the name in small letters, without its suffix.

    Phones call a copy ``IMG_E1.JPG`` or ``IMG_1~2.jpg``, Google ``IMG_1-edited.jpg`` (and ``IMG_1-edited(1).jpg`` that
    of ``IMG_1(1).jpg``).
    """
    stem = unicodedata.normalize("NFC", PurePosixPath(name).stem).casefold()
    if re.match(r"img_e\d", stem):
        stem = f"img_{stem[5:]}"
    return _EDITED.sub(r"\1", stem)


def _stem(name: str) -> str:
    """`original`, where the moving half of a live photo has the name of its photo: IMG_1.HEIC.MOV, IMG_1_HEVC.MOV."""
    stem = original(name)
    if _suffix(name) in _VIDEOS:
        stem = stem.removesuffix("_hevc")
        if _suffix(stem) in _PHOTOS:
            stem = PurePosixPath(stem).stem
    return stem


def _without_addition(stem: str) -> Iterator[str]:
    """A stem without what programs add for a small copy."""
    for addition in ("thumb_", "tn_", "preview_"):
        if stem.startswith(addition):
            yield stem.removeprefix(addition)
    for addition in ("_thumb", "-thumb", "_tn", "_preview", "-preview", "_small"):
        if stem.endswith(addition):
            yield stem.removesuffix(addition)
    yield PurePosixPath(stem).stem  # IMG_1.CR2.jpg


def _content(path: Path) -> str:
    try:
        return kind_of(beginning_of(path))
    except DataError:
        return ""
