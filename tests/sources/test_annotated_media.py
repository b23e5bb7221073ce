"""Annotation files and data frames of media: Create ML's formats, and what spreadsheets make of them."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from places import Place, make_place

from handloom import config
from handloom.errors import DataError
from handloom.sources import Gathered, gather

place = pytest.fixture(make_place)

# As in Apple's documentation: a space after each comma, times of every form, one video in many rows.
MONTAGE = """video, label, start, end
ann/montage.mov, wave hello, 0, 12
ann/montage.mov, stop, 12.5, 00:14
ann/montage.mov, wave hello, 8:3.2, 8:04.250
bob.mov, stop, 1:59:5.8, 02:00:00
"""
TIMES = {"start_time_column": "start", "end_time_column": "end"}


def told(gathered: Gathered) -> list[tuple[Any, ...]]:
    return [(clip.file, clip.label, clip.start, clip.end) for clip in gathered.clips]


@pytest.fixture
def videos(place: Place) -> Place:
    place.touch("ann/montage.mov", "bob.mov", "1.jpg", "2.jpg")
    return place


def test_the_example_of_create_ml(videos: Place) -> None:
    gathered = videos.videos(MONTAGE, **TIMES)
    assert told(gathered) == [
        ("ann/montage.mov", "wave hello", 0, 12),
        ("ann/montage.mov", "stop", 12.5, 14),
        ("ann/montage.mov", "wave hello", 483.2, 484.25),
        ("bob.mov", "stop", 7145.8, 7200),
    ]
    assert [*gathered.skipped, *gathered.notes] == []


def test_the_time_between_the_parts_can_be_the_background(videos: Place) -> None:
    table = "video,label,start,end\nbob.mov,a,5,6\nbob.mov,b,6.5,8\nbob.mov,a,2,3\nann/montage.mov,b,0,1\n"
    gathered = videos.videos(table, **TIMES, between_label="background")
    assert told(gathered)[4:] == [
        ("bob.mov", "background", 0, 2),
        ("bob.mov", "background", 3, 5),
    ]
    assert gathered.notes[0].endswith("videos.csv: 2 parts between the annotated ones are 'background'")
    long = videos.videos("video,label,start,end\nbob.mov,a,7,9\n", **TIMES, between_label="rest")
    assert [clip.end for clip in long.clips] == [9, pytest.approx(7 / 3), pytest.approx(14 / 3), 7]


def test_the_time_of_a_skipped_row_is_no_background(videos: Place) -> None:
    rows = "bob.mov,a,2,3\nbob.mov,,5,7\nbob.mov,a,9,10\nbob.mov,b,9,10\nbob.mov,b,12,13\n"
    gathered = videos.videos("video,label,start,end\n" + rows, **TIMES, between_label="background")
    assert len(gathered.skipped) == 3
    background = [(clip.start, clip.end) for clip in gathered.clips if clip.label == "background"]
    assert background == [(0, 2), (3, 5), (7, 9), (10, 12)]


@pytest.mark.parametrize("row", ["bob.mov,b,six,7", "bob.mov,b,6,", "bob.mov,b,7,6"])
def test_a_row_of_unreadable_times_leaves_its_video_without_background(videos: Place, row: str) -> None:
    table = f"video,label,start,end\nbob.mov,a,2,3\n{row}\nbob.mov,a,9,10\nann/montage.mov,b,2,4\n"
    gathered = videos.videos(table, **TIMES, between_label="background")
    assert told(gathered)[3:] == [("ann/montage.mov", "background", 0, 2)]
    assert "no part of bob.mov is 'background': a row's times cannot be read" in gathered.notes[1]


@pytest.mark.parametrize("row", [",b,6,7", "bob.mov,b,6,7,8,9"])
def test_a_row_of_an_unknown_video_leaves_all_without_background(videos: Place, row: str) -> None:
    table = f"video,label,start,end\nbob.mov,a,2,3\n{row}\nann/montage.mov,b,2,4\n"
    gathered = videos.videos(table, **TIMES, between_label="background")
    assert [clip.label for clip in gathered.clips] == ["a", "b"]
    assert "videos.csv row 3 may be of any video" in gathered.notes[1]


def test_json_says_the_same(videos: Place) -> None:
    rows = [
        {"video": "ann/montage.mov", "label": "wave", "start": 0, "end": 12.5},
        {"label": "stop", "video": "bob.mov", "start": "0:30", "end": "1:00", "more": None},
    ]
    expected = [("ann/montage.mov", "wave", 0, 12.5), ("bob.mov", "stop", 30, 60)]
    assert told(videos.videos(json.dumps(rows), "videos.json", **TIMES)) == expected


def test_without_columns_of_times_videos_are_whole(videos: Place) -> None:
    assert told(videos.videos("video,label\nbob.mov,stop\n")) == [("bob.mov", "stop", None, None)]


def test_one_of_the_two_times_will_do(videos: Place) -> None:
    table = "video,label,from\nbob.mov,stop,3\nbob.mov,wave,5\n"
    gathered = videos.videos(table, start_time_column="from")
    assert told(gathered) == [("bob.mov", "stop", 3, None), ("bob.mov", "wave", 5, None)]


def test_times_that_no_row_has_are_none(videos: Place) -> None:
    table = "video,label,start,end\nbob.mov,stop,,\nann/montage.mov,wave, ,\n"
    assert told(videos.videos(table, **TIMES)) == [
        ("bob.mov", "stop", None, None),
        ("ann/montage.mov", "wave", None, None),
    ]


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("start", ["", "\ufeff"])
@pytest.mark.parametrize("suffix", ["csv", "txt", "CSV"])
def test_what_editors_and_spreadsheets_write(videos: Place, start: str, line_end: str, suffix: str) -> None:
    table = f'{start}image , label,{line_end}{line_end}"1.jpg", "one, two",{line_end},,{line_end}2.jpg,three{line_end}'
    gathered = videos.annotated(table, f"photos.{suffix}")
    assert told(gathered) == [("1.jpg", "one, two", None, None), ("2.jpg", "three", None, None)]
    assert [*gathered.skipped, *gathered.notes] == []


@pytest.mark.parametrize(("separator", "name", "suffix"), [(";", "semicolons", "csv"), ("\t", "tabs", "txt")])
def test_other_separators_are_recognised_and_told(videos: Place, separator: str, name: str, suffix: str) -> None:
    table = "image,label\n1.jpg,a\n2.jpg,b\n".replace(",", separator)
    gathered = videos.annotated(table, f"photos.{suffix}")
    assert told(gathered) == [("1.jpg", "a", None, None), ("2.jpg", "b", None, None)]
    assert [note.endswith(f"photos.{suffix}: columns are separated by {name}") for note in gathered.notes] == [True]


def test_groups_and_parts_may_have_columns(videos: Place) -> None:
    table = "image,label,who,use\n1.jpg,a,ann,train\n2.jpg,a,,test\nann/montage.mov,a,,\n"
    groups = config.Groups(file="", folder_level=1)
    gathered = videos.annotated(table, group_column="who", part_column="use", groups=groups)
    assert [(clip.group, clip.part) for clip in gathered.clips] == [("ann", "train"), ("2.jpg", "test"), ("ann", "")]


def test_labels_that_are_numbers_stay_as_they_are_written(videos: Place) -> None:
    gathered = videos.annotated("image,label\n1.jpg,01\n2.jpg,1\nbob.mov,1.0\n")
    assert [clip.label for clip in gathered.clips] == ["01", "1", "1.0"]
    (note,) = gathered.notes
    assert note.endswith("photos.csv: labels are numbers (01, 1, 1.0): used as text")


def test_numbers_of_json_become_text(videos: Place) -> None:
    rows = [{"image": "1.jpg", "label": 3}, {"image": "2.jpg", "label": 3.5}]
    assert [clip.label for clip in videos.annotated(json.dumps(rows), "photos.json").clips] == ["3", "3.5"]


def image_frame(place: Place, frame: pd.DataFrame | pa.Table, **settings: Any) -> Gathered:
    section = config.LabeledImageDataFrame(
        path=str(place.photos), data_frame="frame", groups=config.Groups(file=""), **settings
    )
    return gather(section, "pose", "data.pose", frame)


@pytest.mark.parametrize("make", [pd.DataFrame, pa.table])
def test_a_frame_in_memory(videos: Place, make: Any) -> None:
    frame = make({"imagePath": ["1.jpg", "2.jpg"], "label": ["a", "b"]})
    assert told(image_frame(videos, frame)) == [("1.jpg", "a", None, None), ("2.jpg", "b", None, None)]


def test_whole_numbers_that_pandas_made_floats_lose_their_fraction(videos: Place) -> None:
    frame = pd.DataFrame({"imagePath": ["1.jpg", "2.jpg", "bob.mov"], "label": [3, np.nan, 4]})
    gathered = image_frame(videos, frame)
    assert told(gathered) == [("1.jpg", "3", None, None), ("bob.mov", "4", None, None)]
    assert [skipped.reason for skipped in gathered.skipped] == ["frame row 1: no label; give it one"]


@pytest.mark.parametrize("label", [pd.NA, None, float("nan"), pd.NaT])
def test_every_way_of_pandas_to_have_no_value_is_none(videos: Place, label: Any) -> None:
    frame = pd.DataFrame({"imagePath": ["1.jpg", "2.jpg"], "label": pd.Series(["a", label], dtype=object)})
    assert len(image_frame(videos, frame).clips) == 1


@pytest.mark.parametrize("suffix", ["csv", "json", "parquet"])
def test_a_frame_in_a_file(videos: Place, suffix: str) -> None:
    rows = {"videoPath": ["bob.mov", "ann/montage.mov"], "label": ["a", "b"], "s": [1.5, 2.0]}
    path = videos.root / f"frame.{suffix}"
    if suffix == "parquet":
        pq.write_table(pa.table(rows), path)
    elif suffix == "csv":
        pd.DataFrame(rows).to_csv(path, index=False)
    else:
        pd.DataFrame(rows).to_json(path, orient="records")
    section = config.LabeledVideoDataFrame(
        path=str(videos.photos), data_frame=str(path), start_time_column="s", groups=config.Groups(file="")
    )
    expected = [("bob.mov", "a", 1.5, None), ("ann/montage.mov", "b", 2.0, None)]
    assert told(gather(section, "action", "data.action")) == expected


def test_a_folder_whose_name_looks_like_a_partition_adds_no_column(videos: Place) -> None:
    path = videos.root / "who=ann" / "frame.parquet"
    path.parent.mkdir()
    pq.write_table(pa.table({"imagePath": ["1.jpg"], "label": ["a"]}), path)
    section = config.LabeledImageDataFrame(
        path=str(videos.photos), data_frame=str(path), group_column="who", groups=config.Groups(file="")
    )
    with pytest.raises(DataError, match="no column 'who'; it has imagePath, label: set"):
        gather(section, "pose", "data.pose")


def test_the_same_stretch_under_two_labels_is_no_example(videos: Place) -> None:
    table = "video,label,start,end\nbob.mov,a,0,2\nbob.mov,b,0,2.0\nbob.mov,b,0:00,3\nbob.mov,b,0,3\n"
    gathered = videos.videos(table, **TIMES)
    assert told(gathered) == [("bob.mov", "b", 0, 3)]
    assert [skipped.reason.split("videos.csv ")[1] for skipped in gathered.skipped] == [
        "row 2: bob.mov is 'a' here and 'b' in row 3; keep the right one",
        "row 3: bob.mov is 'b' here and 'a' in row 2; keep the right one",
        "row 5: repeats row 4; remove one of the two",
    ]


BOX = {"x": 120, "y": 80, "width": 60, "height": 90}
WHOLE = [
    {"image": "1.jpg", "annotations": [{"label": "one", "coordinates": BOX}]},
    {"image": "2.jpg", "annotations": [{"label": "two"}, {"label": "two"}]},
]


@pytest.mark.parametrize(
    "change",
    [
        lambda item: item,
        lambda item: {"image": item["image"], "annotation": item["annotations"]},
        lambda item: {"image": item["image"], "annotations": item["annotations"][0]},
        lambda item: {"image": item["image"], "annotations": [one["label"] for one in item["annotations"]]},
        lambda item: {"image": item["image"], "annotations": item["annotations"][0]["label"]},
    ],
)
def test_annotations_of_create_ml_label_whole_photos(videos: Place, change: Callable[..., Any]) -> None:
    gathered = videos.annotated(json.dumps([change(item) for item in WHOLE]), "photos.json")
    assert told(gathered) == [("1.jpg", "one", None, None), ("2.jpg", "two", None, None)]
    (note,) = gathered.notes
    assert "photos.json: labels are those of 'annotation" in note


def test_photos_of_several_labels_or_none_are_skipped(videos: Place) -> None:
    several = [{"label": "one"}, {"label": "two"}]
    rows = [{"image": "1.jpg", "annotations": several}, {"image": "2.jpg", "annotations": []}, *WHOLE[:1]]
    gathered = videos.annotated(json.dumps(rows), "photos.json")
    assert told(gathered) == [("1.jpg", "one", None, None)]
    assert [skipped.reason.split("photos.json ")[1] for skipped in gathered.skipped] == [
        "item 1: annotations of several labels (one, two); keep one, or cut the picture",
        "item 2: no label; give it one",
    ]


def test_many_rows_of_one_file_are_compared_once(videos: Place) -> None:
    """When each was compared with every other, 20,000 rows took minutes."""
    gathered = videos.annotated("image,label\n" + "1.jpg,a\n" * 20_000)
    assert len(gathered.clips) == 1
    assert len(gathered.skipped) == 19_999
    assert "photos.csv row 20001: repeats row 2; remove" in gathered.skipped[-1].reason


@pytest.mark.parametrize("column", ["start_ms", "startFrame", "start (ms)"])
def test_times_that_are_no_seconds_by_their_name_are_refused(videos: Place, column: str) -> None:
    with pytest.raises(
        DataError, match=r"times are seconds or mm:ss, but the column '.*' has .* by its name; write sec"
    ):
        videos.videos(f"video,label,{column}\nbob.mov,a,30\n", start_time_column=column, video_column="video")
