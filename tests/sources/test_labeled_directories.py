"""One folder per class: what is found, in which order, and what is refused."""

from collections.abc import Callable

import pytest
from places import Place, make_place

from handloom import config
from handloom.errors import DataError
from handloom.sources import gather, gather_members

place = pytest.fixture(make_place)


def one_line_error(call: Callable[[], object]) -> str:
    with pytest.raises(DataError) as caught:
        call()
    text = str(caught.value)
    assert "\n" not in text
    return text


def test_classes_and_files_come_in_the_order_of_their_names(place: Place) -> None:
    place.touch("two/b.jpg", "two/a.jpg", "fist/10.jpg", "fist/9.png", "Zero/x.jpg", "Zero/y.jpg")
    clips = place.directories().clips
    names = ["Zero/x.jpg", "Zero/y.jpg", "fist/10.jpg", "fist/9.png", "two/a.jpg", "two/b.jpg"]
    assert [clip.name for clip in clips] == names
    assert [clip.label for clip in clips] == ["Zero", "Zero", "fist", "fist", "two", "two"]
    assert all(clip.path == place.photos / clip.name for clip in clips)
    assert {(clip.part, clip.start, clip.end, clip.member) for clip in clips} == {("", None, None, "")}


def test_folders_inside_a_class_are_read_too(place: Place) -> None:
    place.touch("a/1.jpg", "a/ann/morning/2.jpg", "a/ann-1/3.jpg", "b/bob/1.jpg")
    clips = place.directories(groups=config.Groups(file="", folder_level=2)).clips
    assert [(clip.name, clip.label, clip.group) for clip in clips] == [
        ("a/1.jpg", "a", "a/1.jpg"),
        ("a/ann/morning/2.jpg", "a", "ann"),
        ("a/ann-1/3.jpg", "a", "ann-1"),
        ("b/bob/1.jpg", "b", "bob"),
    ]


def test_hidden_files_and_those_of_file_managers_are_passed_over(place: Place) -> None:
    place.touch("a/1.jpg", "a/.DS_Store", "a/Thumbs.db", "a/desktop.ini", "a/.cache/2.jpg", "b/1.jpg", ".git/1.jpg")
    place.touch("a/._1.jpg", "b/.hidden.jpg")
    gathered = place.directories()
    assert [clip.name for clip in gathered.clips] == ["a/1.jpg", "b/1.jpg"]
    assert gathered.skipped == []
    assert gathered.notes == [
        f"{place.photos}: 2 files in folders of albums and systems passed over (.cache, .git)",
        f"{place.photos}: 5 side files passed over (1 .ds_store, 1 desktop.ini, 2 hidden, 1 thumbs.db)",
    ]


def test_files_passed_over_among_the_classes_are_reported(place: Place) -> None:
    place.touch("a/1.jpg", "read.me", "x.jpg")
    (place.photos / "empty").mkdir()
    assert place.directories().notes == [
        f"{place.photos}: 2 files outside the class folders ignored (the first: read.me)",
        f"{place.photos}/empty: no files in it; passed over",
    ]


def test_a_folder_of_files_alone_names_the_source_that_reads_it(place: Place) -> None:
    place.touch("wave.1.mov", "wave.2.mov")
    section = config.LabeledDirectories(path=str(place.photos), groups=config.Groups(file=""))
    said = one_line_error(lambda: gather_members(section, "action"))
    assert said.startswith(f"{place.photos}: 2 files and no class folder in it; ")
    assert said.endswith("read them with data/action=labeled_files")


def test_groups_are_found_by_name(place: Place) -> None:
    place.touch("a/ann-1.jpg", "a/bob-1.jpg", "b/ann-1.jpg", "b/x.jpg")
    clips = place.directories(groups=config.Groups(file="", pattern="^([a-z]+)-")).clips
    assert [clip.group for clip in clips] == ["ann", "bob", "ann", "b/x.jpg"]


def test_parts_come_from_folders(place: Place) -> None:
    place.touch("test/a/ann/1.jpg", "train/a/1.jpg", "train/b/2.jpg", "validation/b/1.jpg", "val/c/1.jpg")
    gathered = place.directories(parts_in_folders=True, groups=config.Groups(file="", folder_level=3))
    assert [(clip.name, clip.label, clip.group, clip.part) for clip in gathered.clips] == [
        ("train/a/1.jpg", "a", "train/a/1.jpg", "train"),
        ("train/b/2.jpg", "b", "train/b/2.jpg", "train"),
        ("validation/b/1.jpg", "b", "validation/b/1.jpg", "validation"),
        ("test/a/ann/1.jpg", "a", "ann", "test"),
    ]
    assert "that are none of train, validation, test ignored (the first: val)" in gathered.notes[0]


def test_parts_need_a_folder_to_learn_from(place: Place) -> None:
    place.touch("test/a/1.jpg", "test/b/1.jpg")
    text = one_line_error(lambda: place.directories(parts_in_folders=True))
    assert "no folder 'train'" in text
    assert "data.pose.parts_in_folders" in text


@pytest.mark.parametrize(("path", "what"), [("nowhere", "no such folder"), ("photos/x.jpg", "not a folder")])
def test_a_missing_folder_is_named_with_its_parameter(place: Place, path: str, what: str) -> None:
    place.touch("x.jpg")
    section = config.LabeledDirectories(path=path)
    text = one_line_error(lambda: gather(section, "action", "data.action"))
    assert text == f"{path}: {what}; data.action.path names the folder that the files lie in"


def test_a_missing_list_of_groups_is_named_with_its_parameter(place: Place) -> None:
    text = one_line_error(lambda: place.directories(groups=config.Groups(file="nowhere.csv")))
    assert "nowhere.csv: no such file; data.pose.groups.file" in text


def test_one_label_has_one_spelling(place: Place) -> None:
    place.touch("Jo\u0308rg/1.jpg", "J\u00f6rg/2.jpg", " fist /3.jpg")
    assert {clip.label for clip in place.directories().clips} == {"J\u00f6rg", "fist"}
