"""Which hand a row is: understood, or refused with the values that were seen; never dropped."""

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from places import Place, keypoints_of, make_place

from handloom.errors import DataError

place = pytest.fixture(make_place)
HAND = np.linspace(0.1, 0.9, 63)

WRITTEN = [
    ("chirality", "left", "right", {}),
    ("handedness", "Left", "Right", {}),
    ("Handedness", "LEFT", "RIGHT", {}),
    ("hand", "L", "R", {}),
    ("side", "left_hand", "Right Hand", {}),
    ("is_right_hand", 0, 1, {}),
    ("is_left", True, False, {}),
    ("hand", 0, 1, {"left_value": "0", "right_value": "1"}),
    ("hand", 1.0, 0.0, {"left_value": "1", "right_value": "0"}),
    ("handedness", "Right", "Left", {"left_value": "Right", "right_value": "Left"}),  # of mirrored pictures
    ("which", "izq", "der", {"side_column": "which", "left_value": "izq", "right_value": "der"}),
    ("handedness", [[{"categoryName": "Left", "score": 0.9}]], [[{"categoryName": "Right"}]], {}),
    ("handedness", "[{'label': 'Left', 'score': 0.9}]", '[{"index": 1, "categoryName": "Right"}]', {}),
    ("handedness", "[Category(index=0, display_name='Left', category_name='Left')]", 'label: "Right"', {}),
    ("multiHandedness", {"classification": [{"index": 1, "label": "Left"}]}, {"label": "Right"}, {}),
    ("hand_label", "Left", "Right", {}),
    ("left_or_right", "L", "R", {}),
    ("right", False, True, {}),
    ("handedness_Left", 1, 0, {}),  # of pandas.get_dummies
]


def frame_of(column: str, values: list[Any]) -> pd.DataFrame:
    return pd.DataFrame({"label": list("ab" * 9)[: len(values)], "keypoints": [HAND] * len(values), column: values})


@pytest.mark.parametrize(("column", "left", "right", "settings"), WRITTEN)
def test_the_side_is_understood(place: Place, column: str, left: Any, right: Any, settings: dict[str, Any]) -> None:
    frame = frame_of(column, [left, right, None, left])
    gathered = place.joints(frame, "pose", session_id_column="", **settings)
    assert keypoints_of(gathered).column("chirality").to_pylist() == ["left", "right", "", "left"]
    assert [
        "is taken as the side of the hand in a picture that is not mirrored" in note for note in gathered.notes
    ] == ([True] if "handedness" in column.lower() else [])
    one = place.joints(frame, "pose", session_id_column="", hand="right", **settings)
    assert keypoints_of(one).column("label").to_pylist() == ["b"]
    assert "joints: right hands only: 3 other hands left out" in one.notes


def test_json_has_categories_too(place: Place) -> None:
    rows = [
        {"label": "a", "keypoints": HAND.tolist(), "handedness": [{"category_name": side}]}
        for side in ("Left", "Right")
    ]
    gathered = place.joints(place.write("a.json", json.dumps(rows)), "pose", session_id_column="")
    assert keypoints_of(gathered).column("chirality").to_pylist() == ["left", "right"]


@pytest.mark.parametrize(
    ("column", "values", "settings", "text"),
    [
        ("hand", [0, 1], {}, "joints row 0: the column 'hand' should say which hand a row is, but it says 0, 1: set"),
        (
            "side",
            ["palm", "back"],
            {},
            "joints row 1: the column 'side' should say .* but it says back, palm: .* rename",
        ),
        (
            "chirality",
            ["left", "both"],
            {},
            "joints row 1: the column 'chirality' .* says both: set data.pose.left_value",
        ),
        ("handedness", [["Left", "Right"]], {}, "it says list"),
        ("handedness", ["label: 'Left', label: 'Right'"], {}, "it says label: 'Left'"),
        ("hand", ["l", "r"], {"left_value": "l"}, "data.pose.left_value and data.pose.right_value: set both"),
        ("x", ["l", "r"], {"side_column": "y"}, "no column 'y'; it has .*: set data.pose.side_column"),
        ("x", ["l", "r"], {"hand": "left"}, "no column tells which hand a row is; set data.pose.hand to each"),
    ],
)
def test_a_side_that_is_not_understood_is_refused(
    place: Place, column: str, values: list[int] | list[list[str]] | list[str], settings: dict[str, Any], text: str
) -> None:
    with pytest.raises(DataError, match=text):
        place.joints(frame_of(column, values), "pose", session_id_column="", **settings)


def test_columns_that_contradict_each_other_are_refused(place: Place) -> None:
    frame = frame_of("hand", ["L", "R"]).assign(is_right_hand=[0, 0])
    with pytest.raises(
        DataError, match="joints row 1: a right hand by the column 'hand', a left one by 'is_right_hand'"
    ):
        place.joints(frame, "pose", session_id_column="")


@pytest.mark.parametrize("column", ["swipe", "dominant_hand"])
def test_a_column_that_may_mean_the_side_is_told(place: Place, column: str) -> None:
    gathered = place.joints(frame_of(column, ["left", "right"]), "pose", session_id_column="")
    assert keypoints_of(gathered).column("chirality").to_pylist() == ["", ""]
    (note,) = gathered.notes
    assert f"its column '{column}' says left or right and is not used; if that is the side of the hand, set" in note


@pytest.mark.parametrize("texts", [False, True])
def test_the_object_around_the_joints_may_say_the_side(place: Place, texts: bool) -> None:
    hands = [[{"keypoints": HAND.tolist(), "handedness": side}] for side in ("Left", "Right")]
    frame = pd.DataFrame({"label": ["a", "b"], "hands": [json.dumps(hand) for hand in hands] if texts else hands})
    gathered = place.joints(frame, "pose", session_id_column="", feature_column="hands")
    assert keypoints_of(gathered).column("chirality").to_pylist() == ["left", "right"]
