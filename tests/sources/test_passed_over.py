"""What lies among photos and clips but is no example: passed over and counted; never a person's own class."""

from typing import Any

import numpy as np
import pytest
from PIL import Image
from places import Place, make_place

from handloom import config
from handloom.sources import Gathered, gather

place = pytest.fixture(make_place)

JPEG, MOVIE = b"\xff\xd8\xff\xe0", b"\0\0\0\x14ftypqt  \0\0\0\0"


def put(place: Place, content: bytes, *names: str) -> None:
    place.touch(*names)
    for name in names:
        (place.photos / name).write_bytes(content)


def actions(place: Place, **settings: Any) -> Gathered:
    section = config.LabeledDirectories(path=str(place.photos), groups=config.Groups(file=""), **settings)
    return gather(section, "action", "data.action")


def names(gathered: Gathered) -> list[str]:
    assert gathered.skipped == []
    return [clip.file for clip in gathered.clips]


@pytest.mark.parametrize(
    "folder",
    [
        *("@eaDir", "#recycle", "@Recycle", "@Recently-Snapshot", ".@__thumb", ".thumbnails", ".picasaoriginals"),
        *(".AppleDouble", "__MACOSX", "$RECYCLE.BIN", "System Volume Information", "lost+found", ".git"),
        *(
            "Previews.lrdata",
            "My Catalog Smart Previews.lrdata",
            "My Catalog.lrcat-data",
            "Photos Library.photoslibrary",
        ),
    ],
)
@pytest.mark.parametrize("where", ["", "a/", "a/ann/"])
def test_folders_of_albums_and_systems_are_passed_over_and_counted(place: Place, folder: str, where: str) -> None:
    place.touch("a/1.jpg", "a/ann/2.jpg", "b/1.jpg", f"{where}{folder}/1.jpg/THUMB_M.jpg", f"{where}{folder}/x.jpg")
    gathered = place.directories()
    assert names(gathered) == ["a/1.jpg", "a/ann/2.jpg", "b/1.jpg"]
    assert gathered.notes == [f"{place.photos}: 2 files in folders of albums and systems passed over ({folder})"]


def test_a_class_may_be_called_as_albums_call_their_previews(place: Place) -> None:
    place.touch("previews/1.jpg", "Thumbnails/1.jpg", "cache/2.jpg")
    assert {clip.label for clip in place.directories().clips} == {"previews", "Thumbnails", "cache"}
    (place.photos / "train").mkdir()
    for name in ("previews", "cache"):
        (place.photos / name).rename(place.photos / "train" / name)
    assert {clip.label for clip in place.directories(parts_in_folders=True).clips} == {"previews", "cache"}


@pytest.mark.parametrize("copies", ["{}", "thumb_{}", "{}_thumb", "tn_{}"])
def test_copies_inside_a_class_are_passed_over_and_other_pictures_are_not(place: Place, copies: str) -> None:
    small = [f"a/Previews/{copies.format(name)}.jpg" for name in ("IMG_1", "IMG_2")]
    place.touch("a/IMG_1.jpg", "a/IMG_2.heic", *small, "b/previews/ann.jpg", "b/1.jpg")
    gathered = place.directories()
    assert names(gathered) == ["a/IMG_1.jpg", "a/IMG_2.heic", "b/1.jpg", "b/previews/ann.jpg"]
    assert gathered.notes == [f"{place.photos}: 2 files in folders of albums and systems passed over (Previews)"]


def test_side_files_are_passed_over_and_counted_in_a_line(place: Place) -> None:
    put(place, JPEG, "a/IMG_1.JPG", "a/2.jpg", "b/3.jpg")
    place.touch("a/IMG_1.AAE", "a/2.jpg.supplemental-metadata.json", "b/3.xmp", "b/metadata.csv", "b/notes.TXT")
    gathered = place.directories()
    assert names(gathered) == ["a/2.jpg", "a/IMG_1.JPG", "b/3.jpg"]
    assert gathered.notes == [f"{place.photos}: 5 side files passed over (1 .aae, 1 .csv, 1 .json, 1 .txt, 1 .xmp)"]


def test_a_photo_with_the_suffix_of_a_side_file_is_a_photo(place: Place) -> None:
    put(place, JPEG, "a/1.txt", "a/2.json")
    assert names(place.directories()) == ["a/1.txt", "a/2.json"]


@pytest.mark.parametrize(
    ("photo", "movie"),
    [
        *(("IMG_1.HEIC", "IMG_1.MOV"), ("IMG_1.JPG", "img_1.mov"), ("IMG_E1.JPG", "IMG_1.MOV")),
        *(("PXL_1.MP.jpg", "PXL_1.MP"), ("1.jpeg", "1.mp4"), ("IMG_1.HEIC", "IMG_1.HEIC.MOV")),
        *(
            ("IMG_1.JPG", "IMG_1_HEVC.MOV"),
            ("IMG_1-edited.jpg", "IMG_1.MP4"),
            ("IMG_1-bearbeitet(1).jpg", "IMG_1(1).MP4"),
        ),
    ],
)
def test_of_a_live_photo_the_half_that_is_asked_for_is_read(place: Place, photo: str, movie: str) -> None:
    put(place, JPEG, f"a/{photo}")
    put(place, MOVIE, f"a/{movie}")
    poses = place.directories()
    assert names(poses) == [f"a/{photo}"]
    assert len(poses.notes) == 1 and "1 side file passed over (1 .m" in poses.notes[0]
    if photo != "PXL_1.MP.jpg":
        videos = actions(place)
        assert names(videos) == [f"a/{movie}"]
        assert "of the same name as a video)" in videos.notes[0]


def test_a_movie_among_photos_or_a_photo_among_movies_alone_is_no_side_file(place: Place) -> None:
    put(place, JPEG, "a/1.jpg", "b/x.MOV")
    put(place, MOVIE, "a/2.mov")
    assert names(place.directories()) == names(actions(place)) == ["a/1.jpg", "a/2.mov", "b/x.MOV"]


def test_a_raw_photo_of_which_the_camera_wrote_a_jpeg_too_is_not_read_twice(place: Place) -> None:
    place.touch("a/DSC_1.NEF", "a/DSC_1.JPG", "a/DSC_2.NEF")
    gathered = place.directories()
    assert names(gathered) == ["a/DSC_1.JPG", "a/DSC_2.NEF"]
    assert gathered.notes == [f"{place.photos}: 1 side file passed over (1 .nef of the same name as a photo)"]


def test_files_that_action_cameras_add_are_passed_over(place: Place) -> None:
    put(place, MOVIE, "a/GH010001.MP4", "a/GL010001.LRV")
    put(place, JPEG, "a/GH010001.THM")
    assert names(actions(place)) == ["a/GH010001.MP4"]


def test_files_named_by_their_label_have_side_files_too(place: Place) -> None:
    place.touch("fist.1.jpg", "fist.1.jpg.json", "palm.1.jpg", "@eaDir/fist.1.jpg/SYNOPHOTO_THUMB_M.jpg")
    gathered = place.files()
    assert names(gathered) == ["fist.1.jpg", "palm.1.jpg"]
    assert len(gathered.notes) == 2


def test_a_broken_photo_is_no_side_file(place: Place) -> None:
    Image.fromarray(np.zeros((20, 20, 3), np.uint8)).save(place.photos / "x.jpg")
    put(place, (place.photos / "x.jpg").read_bytes()[:50], "a/1.jpg")
    put(place, b"<html>", "a/2.jpg")
    assert names(place.directories()) == ["a/1.jpg", "a/2.jpg"]


@pytest.mark.parametrize(
    "name",
    [
        *("1.jpg:Zone.Identifier", "1.jpg_Zone.Identifier", "1.jpg:com.apple.quarantine", "Thumbs.db:encryptable"),
        *(
            "1.jpg@SynoEAStream",
            "1.jpg@SynoResource",
            "SYNOPHOTO_THUMB_M.jpg",
            "SYNOFILE_THUMB_XL.png",
            "1.jpg:AFP_Resource",
        ),
        *("PTT-20240101-WA0001.opus", "Catalog.lrcat", "1.vcf", "1.NKSC", "DJI_0001.LRF"),
    ],
)
def test_files_that_disks_and_messengers_add_are_passed_over(place: Place, name: str) -> None:
    put(place, JPEG, "a/1.jpg", "b/1.jpg")
    put(place, JPEG if name.startswith("SYNO") else b"SQLite format 3\0", f"a/{name}")
    gathered = place.directories()
    assert names(gathered) == ["a/1.jpg", "b/1.jpg"]
    assert len(gathered.notes) == 1 and "1 side file passed over" in gathered.notes[0]


def test_a_photo_that_is_in_icloud_only_is_told_and_not_dropped(place: Place) -> None:
    place.touch("a/1.jpg", "a/.IMG_2.HEIC.icloud", "a/.IMG_2.MOV.icloud", "b/1.jpg")
    (skipped,) = place.directories().skipped
    assert (skipped.name, skipped.label) == ("a/.IMG_2.HEIC.icloud", "a")
    assert skipped.reason == "a/.IMG_2.HEIC.icloud: stands for IMG_2.HEIC, in iCloud only; download it"


@pytest.mark.parametrize(
    ("photo", "copy"),
    [
        *(
            ("IMG_1.HEIC", "IMG_E1.JPG"),
            ("1.jpg", "1-edited.jpg"),
            ("1(1).jpg", "1-edited(1).jpg"),
            ("1.jpg", "1~2.jpg"),
        ),
        *(("IMG_1.HEIC", "IMG_1.JPG"), ("1.jpg", "1-modifie\u0301.jpg"), ("1.jpg", "1-\u7de8\u96c6\u6e08\u307f.jpg")),
    ],
)
def test_edited_copies_stay_with_their_photo_on_one_side_of_every_split(place: Place, photo: str, copy: str) -> None:
    place.touch(f"a/{photo}", f"a/{copy}", f"b/{copy}", "a/2.jpg", "a/IMG_EXTRA.jpg", "a/IMG_XTRA.jpg")
    gathered = place.directories()
    group = {clip.file: clip.group for clip in gathered.clips}
    assert group[f"a/{photo}"] == group[f"a/{copy}"]
    assert len(set(group.values())) == len(group) - 1
    (note,) = gathered.notes
    assert note.startswith(f"{place.photos}: 1 edited copies or other formats of a file (the first: a/")
    by_rule = place.directories(groups=config.Groups(file="", folder_level=1))
    assert {clip.group for clip in by_rule.clips} == {"a", "b"} and by_rule.notes == []


@pytest.mark.parametrize("text", [b"BMX tricks of Ann", b"carefree notes", b"headskip"])
def test_a_text_that_begins_like_a_picture_or_a_movie_is_a_side_file(place: Place, text: bytes) -> None:
    put(place, JPEG, "a/1.jpg", "b/1.jpg")
    put(place, text, "a/notes.txt")
    assert names(place.directories()) == ["a/1.jpg", "b/1.jpg"]
