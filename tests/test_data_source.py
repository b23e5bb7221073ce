"""Create ML's data source for Python: its cases, its methods, and splits that keep groups together."""

import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handloom.config import Groups, JoinedAction, JoinedPose
from handloom.data_source import DataSource
from handloom.errors import ConfigurationError, DataError


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Class folders of empty files, and tables that label the same files."""
    monkeypatch.chdir(tmp_path)
    for name in ("b/ann-1.jpg", "b/2.jpg", "a/1.jpg", "a/ann-2.jpg", "a.1.mov", "b.1.mov"):
        (tmp_path / "media" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "media" / name).touch()
    (tmp_path / "photos.csv").write_text("file,class,who\na/1.jpg,left,ann\nb/2.jpg,right,bob\n")
    (tmp_path / "videos.json").write_text(
        '[{"video": "a.1.mov", "label": "x", "from": "0:01", "to": 2},'
        ' {"video": "a.1.mov", "label": "y", "from": 2, "to": 3}]'
    )
    return tmp_path / "media"


def joints(count: int = 4) -> pd.DataFrame:
    keypoints = [np.full((1, 3, 21), 0.5, np.float32)] * count
    return pd.DataFrame({"session_id": np.arange(count) // 2, "label": "a", "keypoints": keypoints})


def names_of(source: DataSource) -> pd.DataFrame:
    frame = source.gather_annotated_file_names()
    assert frame is not None
    return frame


def told(source: DataSource) -> list[tuple[Any, ...]]:
    frame = names_of(source)
    return [tuple(row) for row in frame.iloc[:, :2].itertuples(index=False)]


def test_labeled_directories(folder: Path) -> None:
    source = DataSource.labeled_directories(at=folder, groups=Groups(pattern="^([a-z]+)-"))
    assert source.labeled_media() == {
        "a": [folder / "a/1.jpg", folder / "a/ann-2.jpg"],
        "b": [folder / "b/2.jpg", folder / "b/ann-1.jpg"],
    }
    frame = names_of(source)
    assert list(frame.columns) == ["imagePath", "label", "group", "part"]
    assert frame["imagePath"].tolist() == [
        str(folder / name) for name in ("a/1.jpg", "a/ann-2.jpg", "b/2.jpg", "b/ann-1.jpg")
    ]
    assert frame["group"].tolist() == ["a/1.jpg", "ann", "b/2.jpg", "ann"]


def test_labeled_files(folder: Path) -> None:
    for name in ("a/1.jpg", "a/ann-2.jpg", "b/ann-1.jpg", "b/2.jpg"):
        (folder / name).unlink()
    source = DataSource.labeled_files(at="media")
    assert source.labeled_media() == {"a": [Path("media/a.1.mov")], "b": [Path("media/b.1.mov")]}
    assert names_of(source).columns.tolist() == [
        *("videoPath", "label", "start", "end", "group", "part"),
    ]


def test_directory_with_images_and_annotation(folder: Path) -> None:
    source = DataSource.directory_with_images_and_annotation(
        at=folder, annotation_file="photos.csv", image_column="file", label_column="class", group_column="who"
    )
    assert told(source) == [(str(folder / "a/1.jpg"), "left"), (str(folder / "b/2.jpg"), "right")]
    assert names_of(source)["group"].tolist() == ["ann", "bob"]


def test_directory_with_videos_and_annotation(folder: Path) -> None:
    source = DataSource.directory_with_videos_and_annotation(
        at=folder,
        annotation_file="videos.json",
        video_column="video",
        label_column="label",
        start_time_column="from",
        end_time_column="to",
    )
    frame = names_of(source)
    assert frame[["label", "start", "end"]].values.tolist() == [["x", 1, 2], ["y", 2, 3]]
    assert source.labeled_media() == {"x": [folder / "a.1.mov"], "y": [folder / "a.1.mov"]}


@pytest.mark.parametrize("make", [pd.DataFrame, pa.table])
def test_labeled_image_data_frame(folder: Path, make: Callable[..., Any]) -> None:
    source = DataSource.labeled_image_data_frame(
        make({"imagePath": ["a/1.jpg", str(folder / "b/2.jpg")], "label": ["x", "y"]}), at=folder
    )
    assert told(source) == [(str(folder / "a/1.jpg"), "x"), (str(folder / "b/2.jpg"), "y")]


def test_labeled_video_data_frame(folder: Path) -> None:
    frame = pd.DataFrame({"videoPath": ["a.1.mov", "b.1.mov"], "label": ["x", "y"], "s": [0, 1]})
    source = DataSource.labeled_video_data_frame(frame, at=folder, start_time_column="s")
    gathered = names_of(source)
    assert gathered["start"].tolist() == [0, 1]
    assert gathered["end"].isna().all()


@pytest.mark.parametrize("kind", ["image", "video"])
def test_what_was_gathered_is_a_source_again(folder: Path, kind: str) -> None:
    """Its columns have the names that the data frame sources expect."""
    if kind == "image":
        first = DataSource.labeled_directories(at="media")
        again = DataSource.labeled_image_data_frame(
            first.gather_annotated_file_names(), at="media", group_column="group"
        )
    else:
        first = DataSource.directory_with_videos_and_annotation(
            at=folder, annotation_file="videos.json", video_column="video", label_column="label", start_time_column="to"
        )
        again = DataSource.labeled_video_data_frame(
            first.gather_annotated_file_names(),
            at=folder,
            start_time_column="start",
            end_time_column="end",
            group_column="group",
        )
    pd.testing.assert_frame_equal(again.gather_annotated_file_names(), first.gather_annotated_file_names())


def test_a_table_may_be_a_file(folder: Path) -> None:
    joints().to_json("joints.json", orient="records")
    assert len(DataSource.labeled_keypoints_data_frame("joints.json").stratified_split([1], 0)[0]) == 4
    source = DataSource.labeled_image_data_frame(
        Path("photos.csv"), at=folder, image_column="file", label_column="class"
    )
    assert len(told(source)) == 2


def test_joints_have_no_files() -> None:
    source = DataSource.labeled_keypoints_data_frame(joints())
    assert source.gather_annotated_file_names() is None
    assert source.labeled_media() == {}


def test_joined(folder: Path) -> None:
    videos = DataSource.labeled_video_data_frame(
        pd.DataFrame({"videoPath": ["a.1.mov"], "label": ["x"]}), at=folder, group_column=""
    )
    table = DataSource.labeled_keypoints_data_frame(joints())
    photos = DataSource.labeled_directories(at=folder)
    source = DataSource.joined(studio=videos, before=table)
    assert isinstance(source.section, JoinedAction)
    assert source.gather_annotated_file_names() is None
    assert source.labeled_media() == {"x": [folder / "a.1.mov"]}
    with pytest.raises(DataError, match="split what extract_keypoints gives"):
        source.stratified_split([1.0], 1)
    source = DataSource.joined(one=photos, two=DataSource.labeled_directories(at=folder))
    assert isinstance(source.section, JoinedPose)
    assert names_of(source)["group"].tolist()[::4] == ["one/a/1.jpg", "two/a/1.jpg"]
    with pytest.raises(ConfigurationError, match="inner: a joined source joins no joined ones"):
        DataSource.joined(inner=source, other=photos)


@pytest.mark.parametrize(
    ("build", "text"),
    [
        (
            lambda: DataSource.labeled_keypoints_data_frame(joints(), origin=cast(Any, "middle")),
            "origin: input should be",
        ),
        (lambda: DataSource.labeled_keypoints_data_frame(joints(), frame_rate=0), "frame_rate: input should be"),
        (lambda: DataSource.labeled_directories(at=""), "path: string should have at least 1 character"),
        (lambda: DataSource.joined(), "sources: "),
    ],
)
def test_a_wrong_argument_is_one_line_that_names_it(build: Callable[[], object], text: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        build()
    assert str(caught.value).startswith(text)
    assert "\n" not in str(caught.value)


def test_a_missing_folder_is_an_error_of_the_data() -> None:
    with pytest.raises(DataError, match=r"^nowhere: no such folder; data\.path names"):
        DataSource.labeled_directories(at="nowhere").labeled_media()


def source_of(labels: Any, groups: Any) -> DataSource:
    """Joints, one row a session, of these labels and groups."""
    frame = pd.DataFrame({"label": labels, "who": groups, "keypoints": [np.full(63, 0.5, np.float32)] * len(labels)})
    return DataSource.labeled_keypoints_data_frame(frame, session_id_column="", group_column="who")


def test_a_split_keeps_the_shares_of_every_class() -> None:
    labels = ["a"] * 60 + ["b"] * 20
    parts = source_of(labels, range(80)).stratified_split([0.5, 0.25], seed=3)
    assert [Counter(part["label"]) for part in parts] == [{"a": 30, "b": 10}, {"a": 15, "b": 5}]


def test_a_split_of_files(folder: Path) -> None:
    source = DataSource.labeled_directories(at=folder)
    parts = source.stratified_split([0.5, 0.5], seed=1)
    assert [sorted(part["label"]) for part in parts] == [["a", "b"], ["a", "b"]]
    assert sorted(pd.concat(parts)["imagePath"]) == sorted(names_of(source)["imagePath"])


def test_a_session_is_not_torn() -> None:
    parts = DataSource.labeled_keypoints_data_frame(joints(40)).stratified_split([0.5, 0.5], seed=1)
    assert [len(part) for part in parts] == [20, 20]
    assert not set(parts[0]["session_id"]) & set(parts[1]["session_id"])
    assert parts[0]["frame"].tolist() == [0, 1] * 10


def test_a_long_session_counts_once() -> None:
    frame = joints(40).assign(session_id=[0] * 34 + [1, 2, 3, 4, 5, 6])
    frame["label"] = np.where(frame["session_id"] < 4, "a", "b")
    parts = DataSource.labeled_keypoints_data_frame(frame).stratified_split([0.5, 0.5], seed=1)
    assert [part.loc[part["label"] == "a", "session_id"].nunique() for part in parts] == [2, 2]


def test_the_seed_decides() -> None:
    source = source_of(["a", "b"] * 20, range(40))

    def drawn(seed: int) -> list[str]:
        return list(source.stratified_split([0.5], seed)[0]["path"])

    assert drawn(1) == drawn(1)
    assert drawn(1) != drawn(2)


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 8)), min_size=1, max_size=40),
    st.lists(st.integers(0, 5), min_size=1, max_size=4).filter(lambda shares: sum(shares) > 0),
    st.booleans(),
    st.integers(0, 3),
)
def test_groups_stay_together_and_no_row_is_lost(
    rows: list[tuple[str, int]], shares: list[int], whole: bool, seed: int
) -> None:
    labels, groups = zip(*rows, strict=True)
    proportions = [share / (sum(shares) + (0 if whole else 2)) for share in shares]
    parts = source_of(list(labels), list(groups)).stratified_split(proportions, seed)
    assert len(parts) == len(proportions)
    paths = [path for part in parts for path in part["path"]]
    assert len(paths) == len(set(paths))
    assert all(len(part) == 0 for part, share in zip(parts, proportions, strict=True) if share == 0)
    if whole:
        assert len(paths) == len(rows)
    for first in range(len(parts)):
        for second in range(first):
            assert not set(parts[first]["group"]) & set(parts[second]["group"])


@pytest.mark.parametrize("proportions", [[1.1], [-0.1, 0.5], [0.6, 0.6], [float("nan")]])
def test_proportions_are_shares(proportions: list[float]) -> None:
    with pytest.raises(ConfigurationError, match=r"^proportions: [^\n]*$"):
        source_of(["a"], [0]).stratified_split(proportions, 1)


def test_a_missing_column_to_split_by_is_named() -> None:
    with pytest.raises(DataError, match=r"^label_column: no column 'class'; there are session_id, label, [^\n]*$"):
        source_of(["a"], [0]).stratified_split([0.5], 1, label_column="class")


def test_joints_of_photos_as_a_data_frame_that_is_a_source_again(drawn: Path) -> None:
    source = DataSource.labeled_directories(at=drawn / "photos", groups=Groups(file="", pattern=r"^(person_\d+)"))
    frame = source.extract_keypoints()
    assert frame["path"].tolist() == sorted(frame["path"]) and len(frame) == 6
    assert set(frame["label"]) == {"five", "one"} and set(frame["group"]) == {f"person_{n:02}" for n in range(3)}
    again = DataSource.labeled_keypoints_data_frame(frame).extract_keypoints()
    pd.testing.assert_series_equal(again["keypoints"], frame["keypoints"])
    assert again["label"].tolist() == frame["label"].tolist()


def test_joints_at_another_frame_rate() -> None:
    frame = joints(count=120)
    frame["session_id"] = 1
    rows = DataSource.labeled_keypoints_data_frame(frame).extract_keypoints(target_frame_rate=15)
    assert len(rows) == 60
    assert np.allclose(np.diff(rows["time"]), 1 / 15)


def test_what_could_not_be_used_is_told(drawn: Path, tmp_path: Path) -> None:
    shutil.copytree(drawn / "photos", tmp_path / "photos")
    (tmp_path / "photos/five/torn.jpg").write_bytes(b"\xff\xd8\xff torn")
    with pytest.warns(UserWarning, match=r"torn\.jpg: not a readable picture"):
        frame = DataSource.labeled_directories(at=tmp_path / "photos").extract_keypoints()
    assert len(frame) == 6


def test_a_frame_rate_that_is_none_is_named() -> None:
    with pytest.raises(ConfigurationError, match=r"^target_frame_rate: [^\n]*got -1"):
        DataSource.labeled_keypoints_data_frame(joints()).extract_keypoints(target_frame_rate=-1)


def test_a_notebook_shows_the_classes_of_a_source_or_what_is_wrong_with_it(tmp_path: Path) -> None:
    (tmp_path / "a & b").mkdir()
    (tmp_path / "a & b" / "one.png").touch()
    shown = DataSource.labeled_directories(at=tmp_path)._repr_html_()
    assert "<td>a &amp; b</td>" in shown and "<td>1</td>" in shown
    assert "no such folder" in DataSource.labeled_directories(at=tmp_path / "gone")._repr_html_()
