"""Everything that may be wrong with data: one line that says what, where and what to do; the rest is still gathered."""

import json
import os
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from places import Place, keypoints_of, make_place

from handloom import config
from handloom.errors import DataError, HandloomError
from handloom.sources import Gathered, gather

place = pytest.fixture(make_place)

GOOD = "ok/1.jpg"


def refused(call: Callable[[], object]) -> str:
    with pytest.raises(HandloomError) as caught:
        call()
    text = str(caught.value)
    assert text.isprintable(), text
    return text


def gathered_from(section: Any) -> Gathered:
    return gather(section, "pose", "data.pose")


@pytest.fixture
def prepared(place: Place) -> Place:
    """One good photo, and all that rows below name."""
    place.touch(GOOD, "ok/2.jpg", "folder/x.jpg", "sm\U0001f600ile/a b.jpg", "new\nline.jpg")
    (place.root / "outside.jpg").touch()
    (place.photos / "out.jpg").symlink_to(place.root / "outside.jpg")
    (place.photos / "broken.jpg").symlink_to("nowhere.jpg")
    (place.photos / "self.jpg").symlink_to("self.jpg")
    os.mkfifo(place.photos / "pipe.jpg")
    return place


# The cells of one CSV row next to a good one, and what its line has to say.
ROWS = {
    "path with ..": ("ok/../../outside.jpg,a,,", "has '..' in it; write its path inside"),
    "path with .. that comes back": ("ok/../ok/2.jpg,a,,", "has '..' in it"),
    "absolute path": ("/etc/hostname,a,,", "/etc/hostname lies outside", "copy it in"),
    "link out": ("out.jpg,a,,", "out.jpg lies outside", "data.pose.follow_links"),
    "broken link": ("broken.jpg,a,,", "broken.jpg is a link that leads nowhere; remove or correct it"),
    "link to itself": ("self.jpg,a,,", "self.jpg is a link that leads nowhere"),
    "missing file": ("gone.jpg,a,,", "gone.jpg: no such file in", "correct the path"),
    "file below a file": ("ok/1.jpg/x.jpg,a,,", "no such file"),
    "backslashes": ("ok\\1.jpg,a,,", "no such file", "write / between folders"),
    "folder as file": ("folder,a,,", "folder is a folder; name a file"),
    "the data folder itself": (".,a,,", "is a folder; name a file"),
    "pipe as file": ("pipe.jpg,a,,", "pipe.jpg is not a file; name one"),
    "no path": (",a,,", "names no file"),
    "NUL in path": ("ok/\x001.jpg,a,,", "NUL character; write it again"),
    "escape in path": ("ok/\x1b[31m.jpg,a,,", "\\x1b[31m.jpg: no such file"),
    "very long path": ("x" * 5000 + ",a,,", "no such file"),
    "empty label": ("ok/2.jpg, ,,", "no label; give it one"),
    "label of 500 characters": (f"ok/2.jpg,{'x' * 500},,", "a label of 500 characters; use at most 100"),
    "control character in label": ("ok/2.jpg,a\x07b,,", "control characters; remove them"),
    "line break in label": ('ok/2.jpg,"a\nb",,', "control characters; remove them"),
    "line separator in label": ("ok/2.jpg,a\u2028b,,", "control characters; remove them"),
    "unknown part": ("ok/2.jpg,a,,training", "the part 'training' is none of train, validation, test; write one"),
    "too many cells": ("ok/2.jpg,a,,,ann,bob", "6 cells, but 4 columns; put quotes around texts with ','"),
}


@pytest.mark.parametrize(("row", "texts"), [(row, texts) for row, *texts in ROWS.values()], ids=list(ROWS))
def test_a_bad_row_is_skipped(prepared: Place, row: str, texts: list[str]) -> None:
    table = f"image,label,who,use\n{row}\n{GOOD},good,,\n"
    gathered = prepared.annotated(table, group_column="who", part_column="use")
    assert [(clip.file, clip.label) for clip in gathered.clips] == [(GOOD, "good")]
    (skipped,) = gathered.skipped
    assert skipped.reason.isprintable()
    assert skipped.name.endswith("photos.csv row 2")
    assert skipped.reason.startswith(f"{skipped.name}: ")
    assert all(text in skipped.reason for text in texts), skipped.reason


TIMES = {
    "start after end": ("3,2", "it starts at 3 s and ends at 2 s; the end has to be later"),
    "start at end": ("2,0:02", "it starts at 2 s and ends at 2 s"),
    "negative start": ("-1,2", "the time -1 is negative"),
    "negative end": ("0,-0:01", "the time -0:01 is negative"),
    "no time": ("soon,2", "'soon' is no time; write seconds, mm:ss or hh:mm:ss"),
    "decimal comma": ('0,"2,5"', "'2,5' is no time"),
    "infinite time": ("0,inf", "'inf' is no time"),
    "75 seconds of a minute": ("0,1:75", "'1:75' is no time"),
    "no start where others have one": (",2", "no start time, but other rows have one"),
    "no end where others have one": ("1,", "no end time, but other rows have one; write it in every row or in none"),
}


@pytest.mark.parametrize(("times", "text"), TIMES.values(), ids=list(TIMES))
def test_a_row_with_bad_times_is_skipped(prepared: Place, times: str, text: str) -> None:
    table = f"video,label,start,end\nok/2.jpg,a,{times}\n{GOOD},good,0,1\n"
    gathered = prepared.videos(table, start_time_column="start", end_time_column="end")
    assert [(clip.file, clip.end) for clip in gathered.clips] == [(GOOD, 1)]
    (skipped,) = gathered.skipped
    assert skipped.reason.isprintable()
    assert skipped.label == "a"
    assert "videos.csv row 2: " in skipped.reason
    assert text in skipped.reason


@pytest.mark.parametrize("name", ["sm\U0001f600ile/a b.jpg", "new\nline.jpg"])
def test_odd_names_are_names(prepared: Place, name: str) -> None:
    gathered = prepared.annotated(json.dumps([{"image": name, "label": "sm\U0001f600ile"}]), "photos.json")
    assert [(clip.file, clip.label) for clip in gathered.clips] == [(name, "sm\U0001f600ile")]


ITEMS = {
    "label is a list": ({"image": "ok/2.jpg", "label": ["a"]}, "a text was expected, not list"),
    "path is an object": ({"image": {}, "label": "a"}, "a text was expected, not dict"),
    "no label": ({"image": "ok/2.jpg"}, "no label"),
    "half a surrogate in the path": ({"image": "\ud800.jpg", "label": "a"}, "its name is not UTF-8"),
    "half a surrogate in the label": ({"image": "ok/2.jpg", "label": "\ud800"}, "control characters"),
}


@pytest.mark.parametrize(("item", "text"), ITEMS.values(), ids=list(ITEMS))
def test_a_bad_item_of_json_is_skipped(prepared: Place, item: dict[str, Any], text: str) -> None:
    gathered = prepared.annotated(json.dumps([item, {"image": GOOD, "label": "good"}]), "photos.json")
    assert [clip.file for clip in gathered.clips] == [GOOD]
    (skipped,) = gathered.skipped
    assert "photos.json item 1: " in skipped.reason
    assert text in skipped.reason
    assert skipped.reason.encode().decode().isprintable()


def test_the_same_photo_under_two_labels_is_no_example(prepared: Place) -> None:
    table = f"image,label\n{GOOD},good\nok/2.jpg,a\n./ok/2.jpg,b\n{GOOD},good\n"
    gathered = prepared.annotated(table)
    assert [clip.file for clip in gathered.clips] == [GOOD]
    assert [skipped.reason.split("photos.csv ")[1] for skipped in gathered.skipped] == [
        "row 3: ok/2.jpg is 'a' here and 'b' in row 4; keep the right one",
        "row 4: ok/2.jpg is 'b' here and 'a' in row 3; keep the right one",
        "row 5: repeats row 2; remove one of the two",
    ]


ROW = "image,label\nok/1.jpg,a\n"
FILES = {
    "empty CSV": ("a.csv", "", "no rows in it; add some, or set data.pose.annotation_file"),
    "header only": ("a.csv", "image,label\n", "no rows in it"),
    "missing column": ("a.csv", "file,label\na,b\n", "no column 'image'; it has file, label", "data.pose.image_column"),
    "missing label column": ("a.csv", "image,class\na,b\n", "no column 'label'; it has image, class", "label_column"),
    "two columns of one name": ("a.csv", "image,label,label\na,b,c\n", "2 columns are called 'label'; rename"),
    "Latin-1": ("a.csv", "image,label\nJ\u00f6rg.jpg,a\n".encode("latin-1"), "not UTF-8", "save it as UTF-8"),
    "UTF-16 without a mark": ("a.csv", ROW.encode("utf-16-be"), "not UTF-8", "save it as UTF-8"),
    "half a UTF-16": ("a.csv", ROW.encode("utf-16")[:-1], "not UTF-16", "save it as UTF-8"),
    "quote that does not end": ("a.csv", 'image,label\n"ok/1.jpg,a\n', "not a CSV", "correct the line"),
    "cell of 200,000 characters": ("a.csv", f"image,label\n{'x' * 200_000},a\n", "line 2: not a CSV"),
    "xlsx": (
        "a.xlsx",
        b"PK",
        "a table has to be .csv, .tsv, .txt, .json, .jsonl, .ndjson, .parquet",
        "data.pose.annotation_file",
    ),
    "no suffix": ("table", ROW, "a table has to be .csv"),
    "JSON object": ("a.json", "{}", "an array of objects was expected, not dict; write [{...}, ...]"),
    "JSON of texts": ("a.json", '[{"image": "a"}, "b"]', "a.json item 2: an object was expected, not str"),
    "broken JSON": ("a.json", '[{"image": }]', "not JSON (Expecting value", "write an array of objects"),
    "a broken line of JSON": (
        "a.json",
        '{"image": "a"}\n{"image": }\n',
        "line 2: not JSON (Expecting value",
        "one object per line",
    ),
    "a line of JSON without an object": ("a.jsonl", '{"image": "a"}\n"b"\n', "line 2: an object was expected, not str"),
    "deep JSON": ("a.json", "[" * 100_000, "not JSON", "write an array of objects"),
    "empty JSON": ("a.json", "[]", "no rows in it"),
    "Latin-1 JSON": ("a.json", '["\u00f6"]'.encode("latin-1"), "not UTF-8"),
    "no Parquet": ("a.parquet", ROW, "cannot be read (", "data.pose.annotation_file"),
    "empty Parquet": ("a.parquet", b"", "cannot be read ("),
}


@pytest.mark.parametrize(
    ("name", "content", "texts"), [(name, content, texts) for name, content, *texts in FILES.values()], ids=list(FILES)
)
def test_a_table_that_cannot_be_used_stops_it(
    prepared: Place, name: str, content: bytes | str, texts: list[str]
) -> None:
    message = refused(lambda: prepared.annotated(content, name))
    assert message.startswith(f"{prepared.root / name}")
    assert all(text in message for text in texts), message


@pytest.mark.parametrize("path", ["gone.csv", "photos", "photos/folder.csv", "a\x00b.csv", "gone/gone.parquet"])
def test_a_table_that_is_not_there_stops_it(prepared: Place, path: str) -> None:
    (prepared.photos / "folder.csv").mkdir()
    section = config.DirectoryWithImagesAndAnnotation(
        path=str(prepared.photos), annotation_file=path, groups=config.Groups(file="")
    )
    message = refused(lambda: gathered_from(section))
    assert "data.pose.annotation_file" in message


SETTINGS = {
    "group column missing": (
        {"group_column": "who"},
        "no column 'who'; it has image, label: set data.pose.group_column",
    ),
    "part column missing": ({"part_column": "use"}, "no column 'use'; it has image, label: set data.pose.part_column"),
    "image column missing": ({"image_column": "a\nb"}, "no column 'a\\nb'"),
    "file of groups missing": ({"groups": config.Groups(file="gone.csv")}, "gone.csv: no such file; data.pose.groups"),
    "pattern without bracket": ({"groups": config.Groups(file="", pattern="a")}, "put brackets around the part"),
    "pattern that is none": ({"groups": config.Groups(file="", pattern="(")}, "not a regular expression"),
    "folder missing": ({"path": "gone"}, "gone: no such folder; data.pose.path names"),
}


@pytest.mark.parametrize(("settings", "text"), SETTINGS.values(), ids=list(SETTINGS))
def test_a_setting_that_does_not_fit_stops_it(prepared: Place, settings: dict[str, Any], text: str) -> None:
    section = config.DirectoryWithImagesAndAnnotation(
        **{
            "path": str(prepared.photos),
            "annotation_file": prepared.write("a.csv", ROW),
            "groups": config.Groups(file=""),
            **settings,
        }
    )
    assert text in refused(lambda: gathered_from(section))


@pytest.mark.parametrize("kind", ["directories", "files"])
def test_bad_names_in_folders_are_skipped(prepared: Place, kind: str) -> None:
    os.close(os.open(os.fsencode(prepared.photos) + b"/ok/\xff.1.jpg", os.O_CREAT))
    gathered = getattr(prepared, kind)()
    assert "ok/1.jpg" in [clip.file for clip in gathered.clips]
    reasons = [skipped.reason for skipped in gathered.skipped]
    assert all(reason.isprintable() and reason.encode() for reason in reasons)
    for text in ("not UTF-8; rename", "out.jpg lies outside", "broken.jpg is a link that leads nowhere"):
        assert sum(text in reason for reason in reasons) == 1, reasons


def test_a_class_folder_without_a_label_is_skipped(place: Place) -> None:
    place.touch("a/1.jpg", f"{'x' * 120}/1.jpg", "b\nc/1.jpg")
    gathered = place.directories()
    assert [clip.label for clip in gathered.clips] == ["a"]
    assert [skipped.reason.split(": ", 1)[1] for skipped in gathered.skipped] == [
        "its label has control characters; remove them: rename the folder (1 files in it)",
        "a label of 120 characters; use at most 100: rename the folder (1 files in it)",
    ]


HAND = np.linspace(0.1, 0.9, 63)
JOINTS = {
    "NaN": ([np.nan, *HAND[1:]], "number 1 is missing or not a finite number"),
    "infinite": ([*HAND[:-1], np.inf], "number 63 is missing or not a finite number"),
    "beyond float32": ([1e300, *HAND[1:]], "number 1 is missing or not a finite number"),
    "20 joints": (HAND[:60], "numbers of shape [60], but 21 joints of xy_confidence are [3, 21] or 63"),
    "42 numbers": (HAND[:42], "set data.action.channels"),
    "the other order": (HAND.reshape(21, 3).tolist(), "channel_joint means [3, 21]; set data.action.axis_order"),
    "ragged": ([[0.5, 0.5], [0.5]], "lists of different lengths; correct the row"),
    "texts": (["a"] * 63, "no list of numbers"),
    "a number": (0.5, "numbers of shape []"),
    "an empty list": ([], "numbers of shape [0]"),
    "no JSON": ("[0.1 0.2]", "its joints are no list of numbers; write [[x, ...], [y, ...], ...]"),
    "deep JSON": ("[" * 100_000, "its joints are no list of numbers"),
    "confidence above 1": ([*HAND[:42], *[7] * 21], "a confidence outside 0 to 1", "data.action.channels"),
    "confidence below 0": ([*HAND[:42], *[-0.5] * 21], "a confidence outside 0 to 1"),
}


@pytest.mark.parametrize("alone", [False, True], ids=["with others", "alone"])
@pytest.mark.parametrize(("joints", "texts"), [(joints, texts) for joints, *texts in JOINTS.values()], ids=list(JOINTS))
def test_a_row_with_bad_joints_is_skipped(place: Place, joints: Any, texts: list[str], alone: bool) -> None:
    rows = [{"session_id": "a", "label": "x", "keypoints": joints}]
    if not alone:
        rows += [{"session_id": "b", "label": "y", "keypoints": HAND.tolist()}]
    gathered = place.joints(pd.DataFrame({name: [row[name] for row in rows] for name in rows[0]}))
    assert keypoints_of(gathered).column("label").to_pylist() == ([] if alone else ["y"])
    (skipped,) = gathered.skipped
    assert (skipped.name, skipped.label) == ("joints row 0", "x")
    assert skipped.reason.isprintable()
    assert all(text in skipped.reason for text in texts), skipped.reason


SESSIONS = {
    "two labels": ({"label": "b"}, "session s: rows of the label 'a' and 'b' (row 2); a session has one label"),
    "a row without label": ({"label": ""}, "session s: rows of the label 'a' and '' (row 2)"),
    "two groups": ({"who": "bob"}, "session s: rows of the group 'ann' and 'bob' (row 2)"),
    "two parts": ({"use": "test"}, "session s: rows of the part 'train' and 'test' (row 2)"),
    "no session id": ({"session_id": None}, "row 2: no session id; give it one"),
}


@pytest.mark.parametrize(("change", "text"), SESSIONS.values(), ids=list(SESSIONS))
def test_a_session_that_does_not_agree_is_skipped(place: Place, change: dict[str, Any], text: str) -> None:
    row = {"session_id": "s", "label": "a", "who": "ann", "use": "train", "keypoints": HAND}
    frame = pd.DataFrame([row | {"session_id": "good"}, row, row | change])
    gathered = place.joints(frame, group_column="who", part_column="use")
    assert "good" in str(keypoints_of(gathered).column("path").to_pylist())
    (skipped,) = gathered.skipped
    assert skipped.reason.startswith(f"joints {text}")
    if change != SESSIONS["no session id"][0]:
        assert len(keypoints_of(gathered)) == 1


@pytest.mark.parametrize("kind", ["pose", "action"])
@pytest.mark.parametrize(
    ("column", "value", "text"),
    [
        ("label", "", "no label"),
        ("label", "x" * 500, "a label of 500 characters"),
        ("label", "a\x00", "control characters"),
        ("use", "training", "the part 'training' is none of"),
    ],
)
def test_a_session_with_a_bad_label_or_part_is_skipped_once(
    place: Place, kind: config.Kind, column: str, value: str, text: str
) -> None:
    row = {"session_id": "good", "label": "a", "use": "", "keypoints": HAND}
    bad = row | {"session_id": "s", column: value}
    gathered = place.joints(pd.DataFrame([row, bad, bad]), kind, part_column="use")
    assert keypoints_of(gathered).column("label").to_pylist() == ["a"]
    assert len(gathered.skipped) == (2 if kind == "pose" else 1)
    assert all(text in skipped.reason and skipped.reason.isprintable() for skipped in gathered.skipped)


TABLES = {
    "no such column": ({"feature_column": "joints"}, "no column 'joints'", "data.action.feature_column"),
    "nothing matches": ({"feature_column": "j_*"}, "0 columns match 'j_*', 21 joints of xy_confidence are 63"),
    "too few match": ({"feature_column": "x_*", "channels": "xy"}, "2 columns match", "are 42", "data.action.channels"),
    "no session column": (
        {"session_id_column": "clip"},
        "no column 'clip'",
        "session_id_column (empty: each row alone)",
    ),
    "no label column": ({"label_column": "class"}, "no column 'class'", "data.action.label_column"),
    "no group column": ({"group_column": "who"}, "no column 'who'", "data.action.group_column"),
    "slow": ({"frame_rate": 20.0}, "joints: 20 frames/s (data.action.frame_rate), fewer than", "accept_slow_clips"),
}


@pytest.mark.parametrize(
    ("settings", "texts"), [(settings, texts) for settings, *texts in TABLES.values()], ids=list(TABLES)
)
def test_a_table_of_joints_that_is_not_as_declared_stops_it(
    place: Place, settings: dict[str, Any], texts: list[str]
) -> None:
    table = pa.table({"session_id": ["s"], "label": ["a"], "keypoints": [HAND], "x_0": [0.0], "x_1": [0.0]})
    message = refused(lambda: place.joints(table, **settings))
    assert message.startswith("joints: ")
    assert all(text in message for text in texts), message


@pytest.mark.parametrize("value", [["a"] * 63, [["a"]], [None] * 63, [True], [{"x": 1.0}]])
def test_lists_of_no_numbers_in_arrow_are_skipped(place: Place, value: Any) -> None:
    gathered = place.joints(pa.table({"session_id": ["s"], "label": ["a"], "keypoints": [value]}))
    assert len(keypoints_of(gathered)) == 0
    assert gathered.skipped[0].reason.startswith("joints row 0: ")


@pytest.mark.parametrize("frame", [[1, 2], pd.DataFrame(), pa.table({}), pd.DataFrame({"a": [], "label": []})])
def test_no_table_stops_it(place: Place, frame: Any) -> None:
    assert refused(lambda: place.joints(frame)).startswith("joints: ")


def test_two_columns_of_one_name_stop_it(place: Place) -> None:
    frame = pd.DataFrame([["s", "a", "b"]], columns=["session_id", "label", "label"])
    with pytest.raises(DataError, match="joints: 2 columns are called 'label'; rename all but one"):
        place.joints(frame)


def test_a_bad_cell_of_many_columns_is_named(place: Place) -> None:
    header = ",".join(["session_id", "label", *(f"joint_{number}" for number in range(63))])
    rows = [["s", "a", *HAND.tolist()], ["s", "a", *HAND.tolist()], ["s", "a", *HAND.tolist()]]
    rows[1][5] = "n/a"
    rows[2][7] = ""
    table = place.write("wide.csv", "\n".join([header, *(",".join(map(str, row)) for row in rows)]))
    gathered = place.joints(table, feature_column="joint_*")
    assert len(keypoints_of(gathered)) == 1
    assert [skipped.reason.split("wide.csv ")[1] for skipped in gathered.skipped] == [
        "row 3: column joint_3 is missing or not a finite number; correct it or remove the row",
        "row 4: column joint_5 is missing or not a finite number; correct it or remove the row",
    ]
