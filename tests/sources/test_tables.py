"""Tables as spreadsheets and scripts write them: encodings, separators, decimal commas, headers again, JSON."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from places import Place, keypoints_of, keypoints_section, make_place

from handloom.errors import DataError
from handloom.hand import JOINTS
from handloom.keypoint_table import poses_of
from handloom.sources import Gathered, gather
from handloom.sources.landmark_lists import Layout, array_of

place = pytest.fixture(make_place)

VALUES = np.random.default_rng(0).uniform(0.1, 0.9, (3, 21, 3)).round(4)
NAMES = [f"{axis}{joint}" for joint in range(21) for axis in "xyz"]
XYZ: dict[str, Any] = {
    "origin": "lower_left",
    "axis_order": "joint_channel",
    "channels": "xyz",
    "session_id_column": "",
}


def wide() -> pd.DataFrame:
    frame = pd.DataFrame(VALUES.reshape(3, 63), columns=NAMES)
    frame.insert(0, "label", ["a", "b", "c"])
    return frame


def read(place: Place, path: str, **settings: Any) -> Gathered:
    return place.joints(path, "pose", **{**XYZ, "feature_column": "*", **settings})


def right(gathered: Gathered) -> bool:
    poses = poses_of(keypoints_of(gathered))
    return gathered.skipped == [] and np.allclose(poses[:, :2], VALUES[:, :, :2].transpose(0, 2, 1), atol=1e-6)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("first", ["", "sep"])
@pytest.mark.parametrize("decimal", [".", ","])
def test_csv_of_every_office(place: Place, encoding: str, separator: str, first: str, decimal: str) -> None:
    if separator == decimal:
        return
    start = f"sep={separator}\n" if first else ""
    text = start + wide().to_csv(index=False, sep=separator, decimal=decimal)
    gathered = read(place, place.write("a.csv", text.encode(encoding)))
    assert right(gathered)
    assert keypoints_of(gathered).column("path").to_pylist()[0] == f"a.csv/row {2 + bool(first)}"


def test_decimal_commas_without_a_header(place: Place) -> None:
    text = wide().drop(columns="label").to_csv(index=False, header=False, sep=";", decimal=",")
    lines = [f"{number};{line}" for number, line in enumerate(text.splitlines())]
    gathered = read(place, place.write("a.csv", "\n".join(lines)), header=False, label_column="0")
    assert right(gathered)


def test_commas_together_with_points_are_no_decimal_commas(place: Place) -> None:
    """1,234 may be a thousand then."""
    text = wide().to_csv(index=False, sep=";").replace(f"{VALUES[0, 0, 0]:g}", "0,5", 1)
    gathered = read(place, place.write("a.csv", text))
    assert [skipped.reason.split("a.csv ")[1] for skipped in gathered.skipped] == [
        "row 2: column x0 is missing or not a finite number; correct it or remove the row"
    ]


def test_a_header_again_is_left_out(place: Place) -> None:
    lines = wide().to_csv(index=False).splitlines()
    gathered = read(place, place.write("a.csv", "\n".join([*lines[:2], lines[0], *lines[2:]])))
    assert right(gathered)
    assert [note.split("a.csv: ")[1] for note in gathered.notes] == ["the header again in row 3: left out"]


def test_a_header_again_in_another_order_is_refused(place: Place) -> None:
    other = wide()[["label", *sorted(NAMES)]].to_csv(index=False)
    path = place.write("a.csv", wide().to_csv(index=False) + other)
    with pytest.raises(DataError, match=r"a\.csv row 5: a header again, with its columns in another order"):
        read(place, path)


def test_columns_without_a_name_are_told_unless_they_count_the_rows(place: Place) -> None:
    assert read(place, place.write("a.csv", wide().to_csv())).notes == []
    told = read(place, place.write("b.csv", wide().set_index(pd.Index([5, 7, 2])).to_csv()))
    assert right(told)
    assert [note.split("b.csv: ")[1] for note in told.notes] == ["columns without a name are left out: 1"]


def test_utf_16_without_a_mark_is_refused(place: Place) -> None:
    with pytest.raises(DataError, match=r"a\.csv: not UTF-8, most likely UTF-16 without a mark; save it as UTF-8"):
        read(place, place.write("a.csv", wide().to_csv().encode("utf-16-be")))


@pytest.mark.parametrize("suffix", ["csv", "json"])
def test_a_small_file_makes_no_large_table(place: Place, suffix: str) -> None:
    count = 6000
    if suffix == "csv":
        text = ",".join(f"c{number}" for number in range(count)) + "\n" + "1\n" * count
    else:
        text = json.dumps([{f"c{number}": 1} for number in range(count)])
    with pytest.raises(DataError, match=rf"a\.{suffix}: 6000 rows and 6000 columns, but .*; correct the table"):
        read(place, place.write(f"a.{suffix}", text))


def objects(row: NDArray[np.float64]) -> list[dict[str, float]]:
    return [dict(zip("xyz", joint, strict=True)) for joint in row.tolist()]


def named(row: NDArray[np.float64], key: str = "name") -> list[dict[str, Any]]:
    joints = [{key: name, **joint} for name, joint in zip(JOINTS, objects(row), strict=True)]
    return joints[::-1]


FORMS: dict[str, Callable[[NDArray[np.float64]], Any]] = {
    "objects": objects,
    "objects of a hand": lambda row: [objects(row)],
    "wrapped": lambda row: {"landmark": objects(row)},
    "wrapped, of a hand": lambda row: [{"landmarks": objects(row), "handedness": "Left"}],
    "named objects": named,
    "numbered objects": lambda row: [{**one, "id": 20 - place} for place, one in enumerate(objects(row)[::-1])],
    "objects with names under a key of their own": lambda row: named(row, "bodyPart"),
    "points within": lambda row: [
        {"jointName": name, "location": joint} for name, joint in zip(JOINTS[::-1], objects(row)[::-1], strict=True)
    ],
    "lists within": lambda row: [{"position": joint, "likely": 1} for joint in row.tolist()],
    "name, joint, name, joint": lambda row: [
        one for pair in zip(JOINTS[::-1], row.tolist()[::-1], strict=True) for one in pair
    ],
    "numbered landmarks": lambda row: [
        {"landmark": joint, **one} for joint, one in reversed(list(enumerate(objects(row))))
    ],
    "by name": lambda row: {one.pop("name"): one for one in named(row)},
    "lists by name": lambda row: dict(zip(JOINTS[::-1], row.tolist()[::-1], strict=True)),
    "by axis": lambda row: {axis: row[:, "xyz".index(axis)].tolist() for axis in "zxy"},
    "lists": lambda row: row.tolist(),
}


@pytest.mark.parametrize("lines", [False, True])
@pytest.mark.parametrize("axis_order", ["channel_joint", "joint_channel"])
@pytest.mark.parametrize("form", FORMS)
def test_landmarks_of_javascript(place: Place, form: str, axis_order: str, lines: bool) -> None:
    if form == "lists" and axis_order == "channel_joint":
        return
    items = [{"label": label, "landmarks": FORMS[form](row)} for label, row in zip("abc", VALUES, strict=True)]
    text = "".join(json.dumps(item) + "\r\n\r\n" for item in items) if lines else json.dumps(items)
    path = place.write("a.jsonl" if lines else "a.json", text)
    assert right(read(place, path, axis_order=axis_order))  # the only column that is left
    assert right(read(place, path, axis_order=axis_order, feature_column="landmarks"))
    texts = pd.DataFrame({"label": list("abc"), "landmarks": [json.dumps(item["landmarks"]) for item in items]})
    assert right(read(place, place.write("a.csv", texts.to_csv(index=False)), axis_order=axis_order))


def test_json_lines_under_json(place: Place) -> None:
    path = place.write("a.json", "\n".join(json.dumps({"label": "a", "k": row.tolist()}) for row in VALUES))
    assert right(read(place, path))


def test_python_writes_lists_too(place: Place) -> None:
    texts = pd.DataFrame({"label": list("abc"), "k": [str([tuple(joint) for joint in row.tolist()]) for row in VALUES]})
    assert right(read(place, place.write("a.csv", texts.to_csv(index=False))))


@given(arrays(np.float64, (21, 3), elements=st.floats(-2, 2)), st.sampled_from(list(FORMS)))
def test_forms_round_trip(row: NDArray[np.float64], form: str) -> None:
    layout = Layout("lower_left", "joint_channel", "xyz")
    assert np.array_equal(array_of(json.loads(json.dumps(FORMS[form](row))), layout), row)


HAND = VALUES[0]
BAD = {
    "true": ([True, *HAND.ravel()[1:]], "'True' is none"),
    "true at the end": ([*HAND.ravel()[1:], True], "'True' is none"),
    "all true": ([True] * 63, "'True' is none"),
    "a text that is a number": (["0.5"] * 63, "'0.5' is none"),
    "10^400": ([10**400] * 63, "number 1 is missing or not a finite number"),
    "10^30 beyond float32's end": ([10**39] * 63, "number 1 is missing or not a finite number"),
    "no number": ([None] * 63, "number 1 is missing or not a finite number"),
    "objects without y": ([{"x": 0.5}] * 21, "an object without y (it has x)"),
    "20 objects": (objects(HAND)[:20], "numbers of shape [20, 3], but 21 joints"),
    "two hands": ([objects(HAND)] * 2, "joints of 2 hands; write each hand in a row of its own"),
    "two wrapped hands": ([{"landmark": objects(HAND)}] * 2, "joints of 2 hands"),
    "two hands of lists": ([HAND.tolist()] * 2, "joints of 2 hands"),
    "an unknown name": ([{**one, "name": "nose"} for one in named(HAND)], "do not name each of the 21 joints once"),
    "an unknown name under a key of its own": (
        [*named(HAND, "bone")[:-1], {**named(HAND)[-1], "bone": "nose"}],
        "do not name",
    ),
    "a name twice": ([{**one, "name": "wrist"} for one in named(HAND)], "do not name each of the 21 joints once"),
    "axes of different lengths": ({"x": [0.5] * 21, "y": [0.5] * 20}, "lists of different lengths"),
    "an object of nothing": ({}, "do not name each of the 21 joints once"),
    "deep": (json.loads("[" * 900 + "1" + "]" * 900), ""),
}


@pytest.mark.parametrize("alone", [False, True], ids=["with others", "alone"])
@pytest.mark.parametrize(("joints", "text"), BAD.values(), ids=BAD)
def test_joints_that_are_no_numbers_are_skipped(place: Place, joints: Any, text: str, alone: bool) -> None:
    items = [{"label": "x", "keypoints": joints}, *([] if alone else [{"label": "y", "keypoints": HAND.tolist()}])]
    for table in (place.write("a.json", json.dumps(items)), pd.DataFrame(items)):
        gathered = place.joints(table, "pose", **XYZ)
        assert keypoints_of(gathered).column("label").to_pylist() == ([] if alone else ["y"])
        (skipped,) = gathered.skipped
        assert skipped.reason.isprintable()
        assert text in skipped.reason


@pytest.mark.parametrize("value", [True, "yes", 10**400, 10**39, np.nan, np.inf, -np.inf, None, [0.5], "1_0", "0x10"])
def test_cells_that_are_no_numbers_are_skipped(place: Place, value: Any) -> None:
    frame = wide().astype(object)
    frame.loc[1, "y3"] = value if not isinstance(value, list) else None
    if isinstance(value, list):
        frame.at[1, "y3"] = value
    gathered = place.joints(frame, "pose", **XYZ, feature_column="*")
    assert keypoints_of(gathered).column("label").to_pylist() == ["a", "c"]
    assert gathered.skipped[0].reason.startswith("joints row 1: column y3 is missing or not a finite number")


def test_a_label_of_thousands_of_digits_is_skipped() -> None:
    frame = pd.DataFrame({"label": [10**5000, 1], "keypoints": list(VALUES[:2])})
    gathered = gather(keypoints_section(**XYZ), "pose", "data.pose", frame)
    assert [skipped.reason for skipped in gathered.skipped] == ["joints row 0: no label; give it one"]
