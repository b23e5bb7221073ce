"""Columns of joints go by what their names say, in any order; names without a unique reading are refused."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from places import Place, keypoints_of, keypoints_section, make_place

from handloom.errors import DataError
from handloom.hand import JOINTS
from handloom.keypoint_table import poses_of
from handloom.sources import Gathered, gather
from handloom.sources.column_names import joint_number

place = pytest.fixture(make_place)

MEDIAPIPE = ["WRIST"] + [f"THUMB_{part}" for part in ("CMC", "MCP", "IP", "TIP")]
MEDIAPIPE += [
    f"{f}_{p}" for f in ("INDEX_FINGER", "MIDDLE_FINGER", "RING_FINGER", "PINKY") for p in ("MCP", "PIP", "DIP", "TIP")
]
VISION = ["VNHLKWRI"] + [f"VNHLKT{part}" for part in ("CMC", "MP", "IP", "TIP")]
VISION += [f"VNHLK{finger}{part}" for finger in "IMRP" for part in ("MCP", "PIP", "DIP", "TIP")]
STYLES = {
    "x0": lambda axis, joint: f"{axis}{joint}",
    "X1, from one": lambda axis, joint: f"{axis.upper()}{joint + 1}",
    "x_00": lambda axis, joint: f"{axis}_{joint:02}",
    "0_x": lambda axis, joint: f"{joint}_{axis}",
    "x[0]": lambda axis, joint: f"{axis}[{joint}]",
    "landmark_0_x": lambda axis, joint: f"landmark_{joint}_{axis}",
    "lm0x": lambda axis, joint: f"lm{joint}{axis}",
    "lmx0": lambda axis, joint: f"lm{axis}{joint}",
    "Landmark 0 (X)": lambda axis, joint: f"Landmark {joint} ({axis.upper()})",
    "hand0_lm_0_x": lambda axis, joint: f"hand0_lm_{joint}_{axis}",
    "right_hand_landmark_0_x": lambda axis, joint: f"right_hand_landmark_{joint}_{axis}",
    "MediaPipe": lambda axis, joint: f"{MEDIAPIPE[joint]}_{axis}",
    "mediapipe.y": lambda axis, joint: f"{axis}.{MEDIAPIPE[joint].lower()}",
    "Create ML": lambda axis, joint: f"{JOINTS[joint]}_{axis}",
    "glued": lambda axis, joint: f"{JOINTS[joint].lower()}{axis}",
    "Vision": lambda axis, joint: f"{VISION[joint]}.{axis}",
    "u and v": lambda axis, joint: f"{'uvd'['xyz'.index(axis)]}{joint}",
    "rows and columns of a picture": lambda axis, joint: f"{('col', 'row', 'depth')['xyz'.index(axis)]}_{joint}",
    "left and top": lambda axis, joint: f"{('left', 'top', 'depth')['xyz'.index(axis)]}_{joint}",
}
NUMBERED = {
    "0_2": lambda axis, joint: f"{joint}_{'xyz'.index(axis)}",
    "channel first": lambda axis, joint: f"k[{'xyz'.index(axis) + 1}][{joint + 1}]",
    "WRIST_0": lambda axis, joint: f"{MEDIAPIPE[joint]}_{'xyz'.index(axis)}",
    "n0": lambda axis, joint: f"n{3 * joint + 'xyz'.index(axis)}",
}
VALUES = np.random.default_rng(0).uniform(0.1, 0.9, (2, 21, 3))
XYZ: dict[str, Any] = {"origin": "lower_left", "axis_order": "joint_channel", "channels": "xyz"}


def table_of(style: Callable[..., str], axes: str = "xyz", joints: Iterable[int] = range(21)) -> pd.DataFrame:
    columns = {style(axis, joint): VALUES[:, joint, "xyz".index(axis)] for joint in joints for axis in axes}
    return pd.DataFrame({"label": ["a", "b"], **columns})


def read(frame: pd.DataFrame, **more: Any) -> Gathered:
    section = keypoints_section(**{**XYZ, "session_id_column": "", "feature_column": "*", **more})
    return gather(section, "pose", "data.pose", frame)


def right(gathered: Gathered) -> bool:
    expected = np.concatenate([VALUES[:, :, :2].transpose(0, 2, 1), np.ones((2, 1, 21))], axis=1)
    return gathered.skipped == [] and np.allclose(poses_of(keypoints_of(gathered)), expected, atol=1e-6)


@settings(max_examples=60)
@given(
    st.sampled_from([*STYLES, *NUMBERED]),
    st.permutations(range(64)),
    st.sampled_from(["channel_joint", "joint_channel"]),
)
def test_the_order_of_columns_with_meaningful_names_does_not_matter(
    style: str, order: list[int], axis_order: str
) -> None:
    frame = table_of((STYLES | NUMBERED)[style])
    if style == "n0":  # one number counts in the declared layout
        axis_order = "joint_channel"
    assert right(read(frame.iloc[:, list(order)], axis_order=axis_order))


@pytest.mark.parametrize("style", STYLES)
def test_tables_by_axis_and_sorted_by_name_are_read_by_name(style: str) -> None:
    frame = table_of(STYLES[style])
    by_axis = [STYLES[style](axis, joint) for axis in "xyz" for joint in range(21)]
    assert right(read(frame[["label", *by_axis]]))
    assert right(read(frame[sorted(frame.columns)]))
    gathered = read(table_of(STYLES[style], "xy"))  # z is not needed
    assert right(gathered)
    side = "right" if style.startswith("right") else ""
    assert keypoints_of(gathered).column("chirality").to_pylist() == [side, side]


def test_names_without_meaning_keep_the_order_of_the_table() -> None:
    names = [f"{a}{b}" for a in "abcdefgh" for b in "abcdefgh"][:63]
    frame = pd.DataFrame(VALUES.reshape(2, 63), columns=names).assign(label=["a", "b"])
    assert right(read(frame))
    assert right(read(frame.set_axis([f"c{number}" for number in range(63)] + ["label"], axis=1)))


@pytest.mark.parametrize(("name", "joint"), [("wrist", 0), ("THUMB_MCP", 2), ("littleTip", 20), ("VNHLKPDIP", 19)])
def test_joints_have_names(name: str, joint: int) -> None:
    assert joint_number(name) == joint
    assert joint_number(name + "2") is None and joint_number("nose") is None


X0 = STYLES["x0"]
CONFLICTS = {
    "one column is missing": (table_of(X0).drop(columns="y7"), "y (y0 ...) is there for 20 joints", "too many: 7"),
    "20 joints": (table_of(X0, joints=range(20)), "x (x0 ...) is there for 20 joints"),
    "22 joints": (table_of(X0).assign(x21=0, y21=0, z21=0), "x (x0 ...) is there for 22 joints"),
    "from 0 and from 1": (
        table_of(lambda axis, joint: f"{axis}{joint + (axis == 'y')}"),
        "y (y1 ...) is there for 21 joints",
    ),
    "twice": (table_of(X0).assign(X_3=0), "x3 and X_3 both are x of joint 3"),
    "two sets": (
        pd.concat([table_of(X0), table_of(lambda axis, joint: f"world_{axis}{joint}").iloc[:, 1:]], axis=1),
        "x0 and world_x0 are x of the first joint",
    ),
    "half a second hand": (
        pd.concat(
            [table_of(lambda a, j: f"left_{a}{j}"), table_of(lambda a, j: f"right_{a}{j}").iloc[:, 1:40]], axis=1
        ),
        "(right_x0 ...) is there for",
    ),
    "hands without sides": (
        pd.concat([table_of(lambda a, j: f"h0_{a}{j}"), table_of(lambda a, j: f"h1_{a}{j}").iloc[:, 1:]], axis=1),
        "which number is the joint's is not certain",
    ),
    "no y": (table_of(X0, "xz"), "names say x, z, but not y"),
    "joints of unknown names": (table_of(lambda a, j: f"bone{'abcdefghijklmnopqrstu'[j]}_{a}"), "no known joint"),
    "numbers with a gap, out of order": (
        pd.DataFrame(VALUES.reshape(2, 63), columns=[f"c{n}" for n in (1, 0, *range(3, 64))]).assign(label="a"),
        "out of order and have gaps",
    ),
    "one row per joint": (pd.DataFrame({"label": ["a"], "joint": [0], "x": [0.5], "y": [0.5]}), "one row per joint"),
}


@pytest.mark.parametrize(("frame", "texts"), [(frame, texts) for frame, *texts in CONFLICTS.values()], ids=CONFLICTS)
def test_names_without_a_unique_reading_are_refused(frame: Any, texts: list[str]) -> None:
    with pytest.raises(DataError) as caught:
        read(frame)
    message = str(caught.value)
    assert message.startswith("joints: ") and message.isprintable()
    assert all(text in message for text in texts), message


def test_names_that_contradict_the_declared_order_are_refused() -> None:
    by_channel = [f"{letter}{joint}" for letter in "uw" for joint in range(21)]
    values = VALUES[:, :, :2].transpose(0, 2, 1).reshape(2, 42)
    frame = pd.DataFrame(values, columns=by_channel).assign(label=["a", "b"])
    assert right(read(frame, channels="xy", axis_order="channel_joint"))
    with pytest.raises(DataError, match=r"u0, u1 \.\.\. do not follow each other as joint_channel means"):
        read(frame, channels="xy")


def test_other_channels_are_left_out_and_told() -> None:
    style = STYLES["landmark_0_x"]
    frame = table_of(style).assign(**{f"landmark_{joint}_visibility": 0.0 for joint in range(21)}, index=[7, 8])
    gathered = read(frame)
    assert right(gathered)
    assert gathered.notes == [
        "joints: columns that are no joints are left out: index",
        "joints: visibility of joints: left out, data.pose.channels is xyz",
    ]
    with pytest.raises(
        DataError, match=r"the confidence is 0 of every joint in every row; set data\.pose\.channels to xy"
    ):
        read(frame, channels="xy_confidence")
    with pytest.raises(
        DataError, match=r"its columns are x, y, z of joints, without a confidence; set .*channels to xyz"
    ):
        read(table_of(style), channels="xy_confidence")


def test_a_confidence_is_a_channel() -> None:
    frame = table_of(X0).assign(**{f"c{joint}": joint / 20 for joint in range(21)})
    gathered = read(frame[sorted(frame.columns)], channels="xy_confidence")
    np.testing.assert_allclose(poses_of(keypoints_of(gathered))[1, 2], np.arange(21) / 20, atol=1e-6)
    np.testing.assert_allclose(poses_of(keypoints_of(gathered))[1, 0], VALUES[1, :, 0], atol=1e-6)
    assert gathered.notes == ["joints: z of joints: left out, data.pose.channels is xy_confidence"]


def test_one_column_too_many_without_meaningful_names() -> None:
    frame = pd.DataFrame(VALUES.reshape(2, 63), columns=[f"c{number}" for number in range(63)])
    gathered = read(frame.assign(label=["a", "b"], person=["ann", "bob"]))
    assert right(gathered)
    assert gathered.notes == ["joints: columns that are no joints are left out: person"]


def two_hands() -> pd.DataFrame:
    left, right = (table_of(lambda a, j, side=side: f"{side}_{a}{j}") for side in ("left", "right"))
    right.iloc[1, 1:] = 0
    return pd.concat([left, right.iloc[:, 1:]], axis=1)


def test_two_hands_of_a_row_are_two_examples() -> None:
    gathered = read(two_hands())
    assert keypoints_of(gathered).column("chirality").to_pylist() == ["left", "right", "left"]
    assert keypoints_of(gathered).column("label").to_pylist() == ["a", "a", "b"]
    assert keypoints_of(gathered).column("group").to_pylist() == ["joints/row 0", "joints/row 0", "joints/row 1"]
    assert gathered.notes == ["joints: columns of two hands: 2 left and 1 right ones in its rows"]
    np.testing.assert_allclose(poses_of(keypoints_of(gathered))[:, 0], VALUES[[0, 0, 1], :, 0], atol=1e-6)
    one = keypoints_of(read(two_hands(), hand="right"))
    assert one.column("chirality").to_pylist() == ["right"]


def test_two_hands_of_the_rows_of_a_clip_are_two_clips(place: Place) -> None:
    frame = pd.concat([two_hands()] * 6).assign(label="a", session_id="s")
    gathered = place.joints(frame, feature_column="*", **XYZ)
    assert keypoints_of(gathered).column("session_id").to_pylist() == [0] * 12 + [1] * 12
    seen = (poses_of(keypoints_of(gathered)) != 0).any(axis=(1, 2)).tolist()
    assert seen == [True] * 12 + [True, False] * 6
    assert keypoints_of(gathered).column("path").unique().to_pylist() == ["joints/s"]
