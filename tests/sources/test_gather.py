"""Several sources as one, and what a classifier cannot learn from."""

from typing import Any

import numpy as np
import pandas as pd
import pyarrow.compute as pc
import pytest
from places import NO_GROUPS, Place, keypoints_of, keypoints_section, make_place

from handloom import config
from handloom.dataset.split import split_examples
from handloom.errors import ConfigurationError, DataError
from handloom.sources import gather_all, gather_members

place = pytest.fixture(make_place)


def joints(labels: list[str], sessions: list[int] | None = None) -> pd.DataFrame:
    values = [np.full(63, 0.5, np.float32) for _ in labels]
    return pd.DataFrame({"session_id": sessions or range(len(labels)), "label": labels, "keypoints": values})


@pytest.fixture
def joined(place: Place) -> tuple[config.JoinedAction, dict[str, pd.DataFrame]]:
    """A folder of class folders, one of labelled files, and two tables of joints in memory."""
    place.touch("a/ann-1.jpg", "a/2.jpg", "b/1.jpg", ".hidden")
    (place.root / "more").mkdir()
    for name in ("b.1.jpg", "noext"):
        (place.root / "more" / name).touch()
    sources: dict[str, Any] = {
        "studio": config.LabeledDirectories(
            path=str(place.photos), groups=config.Groups(file="", pattern="^([a-z]+)-")
        ),
        "second": keypoints_section("second"),
        "home": config.LabeledFiles(path="more", groups=NO_GROUPS),
        "first": keypoints_section("first", group_column="who"),
    }
    frames = {"second": joints(["a", "a", "c"], [7, 7, 8]), "first": joints(["c"]).assign(who="ann", path="x/y.mov")}
    return config.JoinedAction(sources=sources), frames


def test_members_come_in_the_order_of_the_configuration(
    joined: tuple[config.JoinedAction, dict[str, pd.DataFrame]],
) -> None:
    section, frames = joined
    gathered = gather_all(section, "action", frames=frames)
    assert [(clip.name, clip.member, clip.file, clip.group, clip.label) for clip in gathered.clips] == [
        ("studio/a/2.jpg", "studio", "a/2.jpg", "studio/a/2.jpg", "a"),
        ("studio/a/ann-1.jpg", "studio", "a/ann-1.jpg", "ann", "a"),
        ("studio/b/1.jpg", "studio", "b/1.jpg", "studio/b/1.jpg", "b"),
        ("home/b.1.jpg", "home", "b.1.jpg", "home/b.1.jpg", "b"),
    ]
    assert all(clip.path.is_file() for clip in gathered.clips)
    table = keypoints_of(gathered).select(["session_id", "label", "path", "group"]).to_pylist()
    assert [tuple(row.values()) for row in table] == [
        (0, "a", "second/second/7", "second/second/7"),
        (0, "a", "second/second/7", "second/second/7"),
        (1, "c", "second/second/8", "second/second/8"),
        (2, "c", "first/x/y.mov", "ann"),
    ]
    assert [(skipped.name, skipped.reason.split(":")[0]) for skipped in gathered.skipped] == [
        ("home/noext", "home/noext")
    ]
    photos, pattern = gathered.notes
    assert photos.startswith("studio: ") and photos.endswith("photos: 1 side file passed over (1 hidden)")
    assert pattern.startswith("studio: data.action.sources.studio.groups.pattern ") and "gives 1 of 3 files" in pattern


def test_a_mistake_in_a_member_names_it_in_full(joined: tuple[config.JoinedAction, dict[str, pd.DataFrame]]) -> None:
    section, frames = joined
    with pytest.raises(DataError, match=r"set data\.action\.sources\.first\.group_column$"):
        gather_all(section, "action", frames=frames | {"first": joints(["c"])})


def test_one_source_keeps_its_names(place: Place) -> None:
    place.touch("a/1.jpg", "a/2.jpg", "b/1.jpg", "b/2.jpg")
    section = config.LabeledDirectories(path=str(place.photos), groups=NO_GROUPS)
    assert [clip.name for clip in gather_all(section, "pose").clips] == ["a/1.jpg", "a/2.jpg", "b/1.jpg", "b/2.jpg"]
    assert gather_all(section, "pose").keypoints is None


@pytest.mark.parametrize(
    ("names", "text"),
    [
        ([], "data.pose: no labelled example in it; a classifier needs at least two classes"),
        ([".1.jpg", ".a/1.jpg"], "data.pose: no labelled example in it; a classifier needs at least two classes"),
        (["a/1.jpg", "a/2.jpg"], "data.pose: only the class 'a'; a classifier needs at least two classes"),
        (
            ["a/1.jpg", "a/2.jpg", "b/1.jpg"],
            "data.pose: one example of the class 'b'; a class needs at least two examples, one to learn from and one to"
            " test on",
        ),
    ],
)
def test_what_no_classifier_can_learn_from_is_refused(place: Place, names: list[Any], text: str) -> None:
    place.touch(*names)
    section = config.LabeledDirectories(path=str(place.photos), groups=NO_GROUPS)
    with pytest.raises(DataError) as caught:
        gather_all(section, "pose")
    assert str(caught.value) == text
    assert len(gather_members(section, "pose").clips) == len([name for name in names if name[0] in "ab"])


def test_the_reason_is_told_where_rows_were_skipped(place: Place) -> None:
    place.touch("a.jpg")
    section = config.DirectoryWithImagesAndAnnotation(
        path=str(place.photos), annotation_file=place.write("a.csv", "image,label\nA.jpg,a\n"), groups=NO_GROUPS
    )
    with pytest.raises(
        DataError, match=r"^data\.pose: no labelled.*; the first of 1 skipped is .*a\.csv row 2: A\.jpg"
    ):
        gather_all(section, "pose")


@pytest.mark.parametrize(("sessions", "enough"), [([1, 1, 2, 2], False), ([1, 2, 3, 4], True)])
def test_sessions_count_not_rows(sessions: list[int], enough: bool) -> None:
    frames = {"": joints(["a", "a", "b", "b"], sessions)}
    if enough:
        assert (
            pc.max(keypoints_of(gather_all(keypoints_section(), "action", frames=frames)).column("session_id")).as_py()
            == 3
        )
    else:
        with pytest.raises(DataError, match="one example of the class 'a'"):
            gather_all(keypoints_section(), "action", frames=frames)


def test_classes_may_come_from_several_members(place: Place) -> None:
    place.touch("a/1.jpg", "b/1.jpg")
    member = config.LabeledDirectories(path=str(place.photos), groups=NO_GROUPS)
    section = config.JoinedPose(sources={"photos": member, "table": keypoints_section()})
    gathered = gather_all(section, "pose", frames={"table": joints(["a", "b"])})
    assert len(gathered.clips) == len(keypoints_of(gathered)) == 2


def test_a_source_without_a_usable_row_joins_too(place: Place) -> None:
    place.touch("a/1.jpg", "b/1.jpg", "a/2.jpg", "b/2.jpg")
    member = config.LabeledDirectories(path=str(place.photos), groups=NO_GROUPS)
    section = config.JoinedPose(sources={"one": keypoints_section(), "two": keypoints_section(), "three": member})
    gathered = gather_all(section, "pose", frames={"one": joints([""]), "two": joints(["a"])})
    assert keypoints_of(gathered).column("session_id").to_pylist() == [0]
    assert len(gathered.skipped) == 1


def test_a_source_of_its_own_for_validation(place: Place) -> None:
    place.touch(*(f"{label}/{number}.jpg" for label in "ab" for number in range(8)))
    sources: dict[str, Any] = {
        "own": config.LabeledDirectories(path=str(place.photos), groups=NO_GROUPS),
        "held": config.LabeledDirectories(path=str(place.photos), groups=NO_GROUPS, part="validation"),
    }
    clips = gather_all(config.JoinedPose(sources=sources), "pose").clips
    assert {(clip.member, clip.part) for clip in clips} == {("own", ""), ("held", "validation")}
    labels, groups, given = ([getattr(clip, name) for clip in clips] for name in ("label", "group", "part"))
    parts = split_examples(labels, groups, given, config.Split(test_ratio=0.25))
    drawn = [(clip.member, part) for clip, part in zip(clips, parts, strict=True)]
    assert drawn.count(("held", "validation")) == 16
    assert drawn.count(("own", "test")) == 4
    assert drawn.count(("own", "train")) == 12


def test_joints_of_their_own_for_testing() -> None:
    sources: dict[str, Any] = {"own": keypoints_section(), "held": keypoints_section(part="test")}
    frames = {"own": joints(["a", "b"]), "held": joints(["a", "b", "b"], [1, 2, 2])}
    table = keypoints_of(gather_all(config.JoinedAction(sources=sources), "action", frames=frames))
    assert table.column("part").to_pylist() == ["", "", "test", "test", "test"]


def test_a_part_is_named_once(place: Place) -> None:
    place.touch("train/a/1.jpg", "test/b/1.jpg")
    folders = config.LabeledDirectories(path=str(place.photos), groups=NO_GROUPS, parts_in_folders=True, part="test")
    table = keypoints_section(part="test")
    frames = {"table": joints(["a", "b"]).assign(part=["train", ""])}
    either: list[dict[str, Any]] = [{"folders": folders}, {"table": table}]
    for sources in either:
        with pytest.raises(ConfigurationError, match=r"^data\.pose\.sources\.\w+\.part: 'test', but [^\n]*$"):
            gather_all(config.JoinedPose(sources=sources), "pose", frames=frames)
