"""Descriptions as a source: rows like any other's, groups of people, joined with others, and what is refused."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from places import keypoints_of

from handloom import config
from handloom.config import Described, Interval, JoinedAction, JoinedPose
from handloom.data_source import DataSource
from handloom.errors import ConfigurationError, DataError
from handloom.keypoint_table import SCHEMA, poses_of
from handloom.sources import gather_all, gather_members
from handloom.sources.described import makers_of

DATA = Path(__file__).parents[2] / "data"
KINIVI = str(DATA / "described" / "kinivi")
ACTIONS = str(DATA / "sample" / "gestures" / "action")


def section(path: str = KINIVI, **settings: Any) -> Described:
    return Described(path=path, **({"examples_per_class": 30, "people": 10} | settings))


def test_poses_are_rows_of_the_keypoint_table() -> None:
    rows = keypoints_of(gather_all(section(), "pose"))
    assert rows is not None and rows.schema == SCHEMA
    assert rows.column("session_id").to_pylist() == list(range(120))
    assert rows.column("label").to_pylist() == [name for name in ("close", "ok", "open", "pointer") for _ in range(30)]
    assert len(set(rows.column("group").to_pylist())) == 10
    assert len(set(rows.column("path").to_pylist())) == 120
    assert set(rows.column("chirality").to_pylist()) == {"left", "right"}


def test_the_same_section_gives_the_same_rows_and_another_seed_others() -> None:
    first, again, other = (gather_members(section(seed=seed), "pose").keypoints for seed in (1, 1, 2))
    assert first is not None and again is not None and other is not None
    assert first.equals(again)
    assert not np.array_equal(poses_of(first), poses_of(other))


def test_another_seed_brings_other_people() -> None:
    first, again, other = (makers_of(section(seed=seed), "data.pose").people for seed in (1, 1, 2))
    assert all(np.array_equal(one.lengths, same.lengths) for one, same in zip(first, again, strict=True))
    assert not any(np.array_equal(one.lengths, different.lengths) for one, different in zip(first, other, strict=True))


def test_actions_have_the_frame_rate_that_is_asked_for() -> None:
    rows = gather_members(section(ACTIONS, examples_per_class=4), "action", frame_rate=20.0).keypoints
    assert rows is not None
    table = rows.to_pandas()
    assert table["session_id"].nunique() == 28
    lengths = table.groupby("session_id").size()
    assert lengths.min() >= 20 and lengths.max() <= 60
    assert np.allclose(table["time"], table["frame"] / 20)


def test_descriptions_join_with_joints_that_were_found(tmp_path: Path) -> None:
    own = gather_members(section(seed=5), "pose").keypoints
    assert own is not None
    found = own.select(["label", "keypoints"]).append_column("session_id", own.column("session_id")).to_pandas()
    source = DataSource.joined(
        own=DataSource.labeled_keypoints_data_frame(found),
        described=DataSource.described(at=KINIVI, examples_per_class=20, people=10),
    )
    assert isinstance(source.section, JoinedPose)
    rows = source.extract_keypoints()
    assert len(rows) == 120 + 80
    assert rows["path"].str.split("/").str[0].value_counts().to_dict() == {"own": 120, "described": 80}
    assert source.gather_annotated_file_names() is None


def test_described_actions_join_as_actions_and_a_missing_folder_is_told_when_it_is_read() -> None:
    assert isinstance(DataSource.joined(a=DataSource.described(at=ACTIONS)).section, JoinedAction)
    missing = DataSource.joined(a=DataSource.described(at="nowhere"))
    with pytest.raises(DataError, match=r"data\.sources\.a\.path: no folder 'nowhere'"):
        missing.extract_keypoints()


def test_whole_people_go_into_one_part() -> None:
    source = DataSource.described(at=ACTIONS, examples_per_class=10, people=10)
    one, other = source.stratified_split([0.7, 0.3], seed=1)
    assert len(one) > len(other) > 0
    assert not set(one["group"]) & set(other["group"])


@pytest.mark.parametrize(
    ("given", "kind", "message"),
    [
        (section("nowhere"), "pose", "data.pose.path: no folder 'nowhere'"),
        (section(ACTIONS), "pose", "data.pose.path: background.yaml has key_poses, so it belongs into data.action"),
        (section(), "action", "data.action.path: close.yaml has no key_poses, so it belongs into data.pose"),
    ],
)
def test_wrong_places_are_refused(given: Described, kind: config.Kind, message: str) -> None:
    with pytest.raises(DataError) as caught:
        gather_members(given, kind)
    assert message in str(caught.value) and "\n" not in str(caught.value)


def test_an_interval_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(
        ConfigurationError, match=r"data\.pose\.distance\.least: must not be more than most \(3\), got 9"
    ):
        gather_members(section(distance=Interval(9.0, 3.0)), "pose")


def test_what_cannot_be_told_apart_is_noted(tmp_path: Path) -> None:
    text = (Path(KINIVI) / "open.yaml").read_text(encoding="utf-8")
    for label in ("open", "flat"):
        (tmp_path / f"{label}.yaml").write_text(text, encoding="utf-8")
    (note,) = gather_members(section(str(tmp_path)), "pose").notes
    assert "hard to tell apart" in note and "'flat'" in note
