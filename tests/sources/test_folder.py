"""Links: what leads out is refused unless it is allowed or DVC's own, loops end, nothing is read twice."""

from pathlib import Path

import pytest
from places import Place, make_place

from handloom.sources import Gathered

place = pytest.fixture(make_place)


@pytest.fixture
def outside(place: Place) -> Path:
    (place.root / "elsewhere/deep").mkdir(parents=True)
    for name in ("1.jpg", "2.jpg", "deep/3.jpg"):
        (place.root / "elsewhere" / name).touch()
    return place.root / "elsewhere"


def names(gathered: Gathered) -> list[str]:
    return [clip.name for clip in gathered.clips]


@pytest.mark.parametrize("target", ["1.jpg", "deep"])
def test_a_link_out_is_followed_only_when_allowed(place: Place, outside: Path, target: str) -> None:
    place.touch("a/own.jpg")
    (place.photos / "a/link").symlink_to(outside / target)
    refused = place.directories()
    assert names(refused) == ["a/own.jpg"]
    (skipped,) = refused.skipped
    assert skipped.label == "a"
    assert skipped.reason == (f"a/link lies outside {place.photos}; copy it in, or set data.pose.follow_links to true")
    allowed = place.directories(follow_links=True)
    assert names(allowed) == ["a/link" if target == "1.jpg" else "a/link/3.jpg", "a/own.jpg"]
    assert allowed.skipped == []


def test_a_class_folder_that_is_a_link_out_is_refused_too(place: Place, outside: Path) -> None:
    place.touch("a/own.jpg")
    (place.photos / "b").symlink_to(outside)
    assert names(place.directories()) == ["a/own.jpg"]
    assert "b lies outside" in place.directories().skipped[0].reason
    assert len(names(place.directories(follow_links=True))) == 4


def test_links_into_the_cache_of_dvc_are_its_way_to_check_out(place: Place) -> None:
    cached = place.root / ".dvc/cache/files/md5/ab/cdef"
    cached.parent.mkdir(parents=True)
    cached.touch()
    place.touch("a/own.jpg")
    for name in ("a/1.jpg", "a/2.jpg"):  # two files of the same bytes lead to one
        (place.photos / name).symlink_to(cached)
    gathered = place.directories()
    assert names(gathered) == ["a/1.jpg", "a/2.jpg", "a/own.jpg"]
    assert gathered.skipped == []
    assert names(place.annotated("image,label\na/1.jpg,a\na/2.jpg,a\n")) == ["a/1.jpg", "a/2.jpg"]


@pytest.mark.parametrize("follow", [False, True])
@pytest.mark.parametrize("target", ["..", ".", "../..", "../../elsewhere"])
def test_loops_end(place: Place, outside: Path, follow: bool, target: str) -> None:
    place.touch("a/own.jpg", "b/other.jpg")
    (outside / "back").symlink_to(outside)
    (outside / "photos").symlink_to(place.photos)
    (place.photos / "a/loop").symlink_to(target)
    gathered = place.directories(follow_links=follow)
    assert {"a/own.jpg", "b/other.jpg"} <= set(names(gathered))
    assert len(names(gathered)) <= 5
    if target in ("..", "."):
        assert [skipped.reason for skipped in gathered.skipped] == [
            "a/loop: a link to a folder that is read already or holds it; remove the link"
        ]
    assert 1 <= len(gathered.skipped) <= 6
    assert all("\n" not in skipped.reason for skipped in gathered.skipped)


def test_a_link_to_a_file_that_is_read_anyway_is_skipped(place: Place) -> None:
    place.touch("b/1.jpg", "c/2.jpg")
    (place.photos / "a").mkdir()
    (place.photos / "a/link.jpg").symlink_to("../b/1.jpg")
    (place.photos / "a/folder").symlink_to("../c")
    gathered = place.directories()
    assert names(gathered) == ["b/1.jpg", "c/2.jpg"]
    assert [skipped.reason for skipped in gathered.skipped] == [
        "a/folder/2.jpg: a link to c/2.jpg, which is read too; remove one of them",
        "a/link.jpg: a link to b/1.jpg, which is read too; remove one of them",
    ]


def test_a_pool_of_files_may_be_linked_into_parts(place: Place) -> None:
    place.touch("pool/1.jpg", "pool/2.jpg")
    (place.photos / "train/a").mkdir(parents=True)
    (place.photos / "train/a/1.jpg").symlink_to("../../pool/1.jpg")
    assert names(place.directories(parts_in_folders=True)) == ["train/a/1.jpg"]


def test_the_folder_itself_may_be_a_link(place: Place, outside: Path) -> None:
    place.photos.rmdir()
    place.photos.symlink_to(outside)
    assert names(place.annotated("image,label\n1.jpg,a\ndeep/3.jpg,b\n")) == ["1.jpg", "deep/3.jpg"]


def test_absolute_paths_that_lead_into_the_folder_will_do(place: Place) -> None:
    place.touch("a/1.jpg")
    assert names(place.annotated(f"image,label\n{place.photos}/a/1.jpg,a\n./a/1.jpg,a\n")) == ["a/1.jpg"]
    assert names(place.annotated(f"image,label\n{place.photos.resolve()}/a/1.jpg,a\n")) == ["a/1.jpg"]


@pytest.mark.parametrize("written", ["J\u00f6rg.jpg", "Jo\u0308rg.jpg"])
@pytest.mark.parametrize("stored", ["J\u00f6rg.jpg", "Jo\u0308rg.jpg"])
def test_a_table_from_a_mac_finds_its_files(place: Place, written: str, stored: str) -> None:
    place.touch(stored)
    assert names(place.annotated(f"image,label\n{written},a\n")) == [stored]
