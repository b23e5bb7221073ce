"""One folder a class: what is found, in which order, and what is refused."""

import pytest

from handloom.config import Groups, Source
from handloom.errors import DataError
from handloom.sources import labeled_directories


@pytest.fixture
def photos(tmp_path):
    """A function that makes files (empty, nobody opens them here) in a data folder and reads it."""
    no_groups = tmp_path / "no_groups.csv"
    no_groups.write_text("path,group\n")

    def read(*names, groups=None, **settings):
        root = tmp_path / "photos"
        root.mkdir()
        for name in names:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).touch()
        groups = Groups(file=str(no_groups), **(groups or {}))
        return labeled_directories(Source(path=str(root), groups=groups, **settings), "pose")

    return read


def one_line_error(call, *names, **settings):
    with pytest.raises(DataError) as caught:
        call(*names, **settings)
    text = str(caught.value)
    assert "\n" not in text
    return text


def test_classes_and_files_come_in_the_order_of_their_names(photos, tmp_path):
    clips = photos("two/b.jpg", "two/a.jpg", "fist/10.jpg", "fist/9.png", "Zero/x.jpg", "Zero/y.jpg")
    names = ["Zero/x.jpg", "Zero/y.jpg", "fist/10.jpg", "fist/9.png", "two/a.jpg", "two/b.jpg"]
    assert [clip.name for clip in clips] == names
    assert [clip.label for clip in clips] == ["Zero", "Zero", "fist", "fist", "two", "two"]
    assert all(clip.path == tmp_path / "photos" / clip.name for clip in clips)
    assert {clip.part for clip in clips} == {""}


def test_hidden_files_and_stray_files_are_passed_over(photos):
    clips = photos(
        "a/1.jpg",
        "a/2.jpg",
        "a/.DS_Store",
        "a/deeper/3.jpg",
        "b/1.jpg",
        "b/2.jpg",
        ".git/1.jpg",
        ".git/2.jpg",
        "read.me",
    )
    assert [clip.name for clip in clips] == ["a/1.jpg", "a/2.jpg", "b/1.jpg", "b/2.jpg"]


def test_groups_are_found_by_name(photos):
    clips = photos("a/ann-1.jpg", "a/bob-1.jpg", "b/ann-1.jpg", "b/x.jpg", groups={"pattern": "^([a-z]+)-"})
    assert [clip.group for clip in clips] == ["ann", "bob", "ann", "b/x.jpg"]


def test_parts_come_from_folders(photos):
    names = ["test/a/1.jpg", "train/a/1.jpg", "train/b/1.jpg", "train/b/2.jpg", "validation/b/1.jpg", "other/c/1.jpg"]
    clips = photos(*names, parts_in_folders=True)
    assert [(clip.name, clip.label, clip.part) for clip in clips] == [
        ("train/a/1.jpg", "a", "train"),
        ("train/b/1.jpg", "b", "train"),
        ("train/b/2.jpg", "b", "train"),
        ("validation/b/1.jpg", "b", "validation"),
        ("test/a/1.jpg", "a", "test"),
    ]


def test_parts_need_a_folder_to_learn_from(photos):
    text = one_line_error(photos, "test/a/1.jpg", "test/b/1.jpg", parts_in_folders=True)
    assert "no folder 'train'" in text
    assert "data.pose.parts_in_folders" in text


def test_a_missing_folder_is_named_with_its_parameter(tmp_path):
    text = one_line_error(lambda: labeled_directories(Source(path=str(tmp_path / "nowhere")), "action"))
    assert "nowhere: no such folder" in text
    assert "data.action.path" in text


def test_a_missing_list_of_groups_is_named_with_its_parameter(tmp_path):
    source = Source(path=str(tmp_path), groups=Groups(file=str(tmp_path / "nowhere.csv")))
    text = one_line_error(lambda: labeled_directories(source, "action"))
    assert "nowhere.csv: no such file; data.action.groups.file" in text


@pytest.mark.parametrize("names", [[], ["1.jpg", "2.jpg"], [".hidden/1.jpg"], ["a/.1.jpg", "b/.1.jpg"]])
def test_a_folder_without_classes_is_named(photos, names):
    text = one_line_error(photos, *names)
    assert "photos: no sub-folder with files" in text
    assert "at least two classes" in text


def test_one_class_is_too_few(photos):
    assert "photos: only 'a'; a classifier needs at least two classes" in one_line_error(photos, "a/1.jpg", "a/2.jpg")


def test_a_class_with_one_file_is_named(photos):
    text = one_line_error(photos, "a/1.jpg", "a/2.jpg", "b/1.jpg")
    assert "photos/b: one file; a class needs at least two" in text
