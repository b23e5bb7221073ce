"""Tables of joints: every declared layout comes to the one convention; sessions, order and frame rate."""

import json
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from places import Place, keypoints_of, keypoints_section, make_place

from handloom.errors import DataError
from handloom.hand import Poses, picture_from_poses
from handloom.keypoint_table import SCHEMA, poses_of
from handloom.sources import gather
from handloom.sources.frames import resampled
from handloom.sources.landmark_lists import CHANNEL_COUNTS

place = pytest.fixture(make_place)

LAYOUTS = [
    (origin, axis_order, channels)
    for origin in ("lower_left", "upper_left")
    for axis_order in ("channel_joint", "joint_channel")
    for channels in CHANNEL_COUNTS
]
SHAPES = ("flat", "nested", "batched")


def written(poses: Poses, origin: str, axis_order: str, channels: str, shape: str) -> NDArray[np.float64]:
    """Poses as a table of the declared layout holds them: ``[T, ...]``."""
    values = poses.astype(np.float64)
    if origin == "upper_left":
        values[:, :2] = picture_from_poses(poses).transpose(0, 2, 1)
    values[(poses == 0).all(axis=(1, 2))] = 0
    if channels == "xy":
        values = values[:, :2]
    elif channels == "xyz":
        values[:, 2] = np.where((poses == 0).all(axis=(1, 2))[:, None], 0, -0.25)
    if axis_order == "joint_channel":
        values = values.transpose(0, 2, 1)
    return values.reshape(len(values), -1) if shape == "flat" else values[:, None] if shape == "batched" else values


def seen(poses: Poses, channels: str) -> Poses:
    """What comes back where there is no confidence: every joint of a hand counts as seen."""
    poses = poses.copy()
    if channels != "xy_confidence":
        poses[:, 2] = (poses != 0).any(axis=(1, 2))[:, None]
    return poses


def some_poses(count: int, seed: int = 0) -> Poses:
    poses = np.random.default_rng(seed).random((count, 3, 21), dtype=np.float32) * 0.9 + 0.05
    poses[2::5] = 0  # frames without a hand
    return poses


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("origin", "axis_order", "channels"), LAYOUTS)
@pytest.mark.parametrize("form", ["pandas", "arrow", "csv", "json", "parquet", "wide"])
def test_every_layout_comes_to_the_convention(
    place: Place, form: str, origin: str, axis_order: str, channels: str, shape: str
) -> None:
    poses = some_poses(7)
    values = written(poses, origin, axis_order, channels, shape)
    names: dict[str, Any] = {"session_id": [0, 0, 1, 1, 1, 2, 2], "label": list("aabbbcc")}
    settings: dict[str, Any] = {"origin": origin, "axis_order": axis_order, "channels": channels}
    lists = [value.tolist() for value in values]
    if form == "pandas":
        table = pd.DataFrame({**names, "keypoints": list(values)})
    elif form == "arrow":
        table = pa.table({**names, "keypoints": lists})
    elif form == "json":
        rows = [dict(zip([*names, "keypoints"], row, strict=True)) for row in zip(*names.values(), lists, strict=True)]
        table = place.write("joints.json", json.dumps(rows))
    elif form == "parquet":
        table = str(place.root / "joints.parquet")
        pq.write_table(pa.table({**names, "keypoints": lists}), table)
    elif form == "csv":
        table = str(place.root / "joints.csv")
        pd.DataFrame({**names, "keypoints": map(json.dumps, lists)}).to_csv(table, index=False)
    else:
        table = str(place.root / "joints.csv")
        wide = pd.DataFrame(values.reshape(7, -1)).add_prefix("n")
        pd.concat([pd.DataFrame(names), wide], axis=1).to_csv(table, index=False)
        settings["feature_column"] = "n*"
    gathered = place.joints(table, **settings)
    assert gathered.skipped == []
    assert keypoints_of(gathered).schema.equals(SCHEMA)
    np.testing.assert_allclose(poses_of(keypoints_of(gathered)), seen(poses, channels), atol=1e-6)
    assert keypoints_of(gathered).column("session_id").to_pylist() == names["session_id"]
    assert keypoints_of(gathered).column("label").to_pylist() == names["label"]
    assert keypoints_of(gathered).column("frame").to_pylist() == [0, 1, 0, 1, 2, 0, 1]


numbers = arrays(np.float32, (4, 3, 21), elements=st.floats(0.0625, 1, width=32))


@given(numbers, st.sampled_from(LAYOUTS), st.sampled_from(SHAPES))
def test_layouts_are_inverted(poses: Poses, layout: tuple[str, str, str], shape: str) -> None:
    origin, axis_order, channels = layout
    frame = pd.DataFrame({"label": ["a"] * 4, "keypoints": list(written(poses, *layout, shape))})
    section = keypoints_section(session_id_column="", origin=origin, axis_order=axis_order, channels=channels)
    found = poses_of(keypoints_of(gather(section, "pose", "data.pose", frame)))
    np.testing.assert_allclose(found, seen(poses, channels), atol=1e-6)


def test_nested_lists_that_pandas_read_from_parquet(place: Place) -> None:
    """It gives arrays of arrays of arrays there."""
    poses = some_poses(3)
    path = place.root / "nested.parquet"
    pq.write_table(
        pa.table({"session_id": [1, 1, 1], "label": list("aaa"), "keypoints": poses[:, None].tolist()}), path
    )
    assert poses_of(keypoints_of(place.joints(pd.read_parquet(path)))).tolist() == poses.tolist()


def test_a_joint_that_was_not_seen_stays_at_zero(place: Place) -> None:
    poses = some_poses(1)
    poses[0, :, 4] = 0
    frame = pd.DataFrame({"label": ["a"], "keypoints": [poses[0]]})
    gathered = place.joints(frame, origin="upper_left", session_id_column="")
    assert poses_of(keypoints_of(gathered))[0, :, 4].tolist() == [0, 0, 0]


def test_a_wrist_at_the_origin_is_a_joint(place: Place) -> None:
    points = np.random.default_rng(0).uniform(-1, 1, (1, 21, 2))
    points[0, 0] = 0
    settings: dict[str, Any] = {
        "origin": "upper_left",
        "axis_order": "joint_channel",
        "channels": "xy",
        "session_id_column": "",
    }
    gathered = place.joints(pd.DataFrame({"label": ["a"], "keypoints": [points[0]]}), **settings)
    assert poses_of(keypoints_of(gathered))[0, :, 0].tolist() == [0, 1, 1]


def test_a_csv_without_a_header(place: Place) -> None:
    """As the scripts of kinivi/hand-gesture-recognition-mediapipe write it: class, then x, y joint by joint, y down."""
    points = np.random.default_rng(0).uniform(-1, 1, (3, 42))
    table = place.write("keypoint.csv", "\n".join(",".join(map(str, (i % 2, *row))) for i, row in enumerate(points)))
    layout: dict[str, Any] = {"origin": "upper_left", "axis_order": "joint_channel", "channels": "xy"}
    columns: dict[str, Any] = {"header": False, "session_id_column": "", "label_column": "0", "feature_column": "*"}
    gathered = place.joints(table, "pose", **layout, **columns)
    assert gathered.skipped == []
    assert keypoints_of(gathered).column("label").to_pylist() == ["0", "1", "0"]
    assert keypoints_of(gathered).column("path").to_pylist() == [f"keypoint.csv/row {row}" for row in (1, 2, 3)]
    poses = poses_of(keypoints_of(gathered))
    np.testing.assert_allclose(poses[:, 0], points[:, 0::2], atol=1e-6)
    np.testing.assert_allclose(poses[:, 1], 1 - points[:, 1::2], atol=1e-6)
    assert gathered.notes == [f"{table}: labels are numbers (0, 1): used as text"]


def frame_of(sessions: Sequence[Any], **columns: Any) -> tuple[Poses, pd.DataFrame]:
    poses = some_poses(len(sessions), seed=1)
    return poses, pd.DataFrame({"session_id": sessions, "label": "a", "keypoints": list(poses), **columns})


def test_rows_of_a_session_need_not_lie_together(place: Place) -> None:
    poses, frame = frame_of(["b", "a", "b", "a", "b"])
    found = keypoints_of(place.joints(frame))
    assert found.column("session_id").to_pylist() == [0, 0, 0, 1, 1]
    assert found.column("path").to_pylist() == ["joints/b"] * 3 + ["joints/a"] * 2
    assert poses_of(found).tolist() == poses[[0, 2, 4, 1, 3]].tolist()
    assert found.column("time").to_pylist() == [0, 1 / 30, 2 / 30, 0, 1 / 30]


@pytest.mark.parametrize(("column", "step"), [("frame", 1), ("time", 1 / 30)])
def test_a_column_of_frames_or_times_orders_them(place: Place, column: str, step: float) -> None:
    poses, frame = frame_of(["a", "a", "b", "a"], **{column: np.array([2.5, 0.5, 0, 1.5]) * step})
    found = keypoints_of(place.joints(frame))
    assert poses_of(found).tolist() == poses[[1, 3, 0, 2]].tolist()
    assert found.column("frame").to_pylist() == [0, 1, 2, 0]


def test_for_poses_each_row_is_an_example(place: Place) -> None:
    _poses, frame = frame_of(["a", "a", "b"])
    found = keypoints_of(place.joints(frame, "pose"))
    assert found.column("session_id").to_pylist() == [0, 1, 2]
    assert found.column("group").to_pylist() == ["joints/a", "joints/a", "joints/b"]
    assert set(found.column("frame").to_pylist()) == {0}
    assert set(found.column("time").to_pylist()) == {0.0}


def test_groups_and_parts_have_columns(place: Place) -> None:
    _, frame = frame_of(["a", "b", "c"], who=["ann", "", "bob"], use=["train", "test", ""])
    found = keypoints_of(place.joints(frame, group_column="who", part_column="use"))
    assert found.column("group").to_pylist() == ["ann", "joints/b", "bob"]
    assert found.column("part").to_pylist() == ["train", "test", ""]


def test_a_table_of_our_own_comes_back_as_it_is(place: Place) -> None:
    poses = some_poses(4)
    own = pa.table(
        {
            "session_id": [0, 0, 1, 1],
            "label": ["a", "a", "b", "b"],
            "group": ["ann", "ann", "bob", "bob"],
            "part": ["", "", "test", "test"],
            "path": ["a/1.mov", "a/1.mov", "b/1.mov", "b/1.mov"],
            "frame": pa.array([0, 1, 0, 1], pa.int32()),
            "time": [0.0, 1 / 30, 0.0, 1 / 30],
            "keypoints": pa.array(poses.reshape(4, 63).tolist(), SCHEMA.field("keypoints").type),
            "chirality": ["left", "right", "", "left"],
            "score": pa.array([0.5, 0.25, 0, 1], pa.float32()),
            "width": pa.array([640, 640, 320, 320], pa.int32()),
            "height": pa.array([480] * 4, pa.int32()),
            "rotation": pa.array([0, 0, 90, 90], pa.int32()),
        },
        schema=SCHEMA,
    )
    path = place.root / "own.parquet"
    pq.write_table(own, path)
    assert keypoints_of(place.joints(str(path))).equals(own)
    assert keypoints_of(place.joints(own.to_pandas())).equals(own)


def test_columns_with_our_names_and_other_contents_are_passed_over(place: Place) -> None:
    _, frame = frame_of(["a", "b"], part=["index", "thumb"], frame=["x", "y"], score=["high", None], width=[1e99, 2])
    gathered = place.joints(frame)
    assert gathered.skipped == []
    assert keypoints_of(gathered).column("part").to_pylist() == ["", ""]
    assert keypoints_of(gathered).column("score").to_pylist() == [None, None]
    assert keypoints_of(gathered).column("width").to_pylist() == [None, 2]
    assert gathered.notes == [
        "joints: its column 'part' names no parts of a data set and is passed over",
        "joints: its column 'frame' has no numbers and is passed over",
    ]


def test_a_star_leaves_out_what_else_the_table_says(place: Place) -> None:
    values = some_poses(2).reshape(2, -1)
    names = pd.DataFrame({"session_id": ["a", "b"], "label": ["x", "y"], "time": [0, 0], "who": ["ann", "bob"]})
    frame = pd.concat([names, pd.DataFrame(values)], axis=1)
    gathered = place.joints(frame, feature_column="*", group_column="who")
    assert poses_of(keypoints_of(gathered)).reshape(2, -1).tolist() == values.tolist()


def test_pixels_are_told(place: Place) -> None:
    frame = pd.DataFrame({"label": ["a"], "keypoints": [np.linspace(0, 640, 42)]})
    notes = place.joints(frame, session_id_column="", channels="xy").notes
    assert notes == [
        "joints: coordinates up to 640, fractions of the picture were expected; used as they are: divide x"
        " by the width of the picture and y by its height"
    ]


@pytest.mark.parametrize(
    ("rate", "target", "expected"),
    [
        (60.0, 30.0, [0, 2, 4]),
        (30.0, 20.0, [0, 1, 3, 4]),
        (25.0, 10.0, [0, 2, 5]),
        (29.97, 30.0, [0, 1, 2, 3, 4, 5]),
    ],
)
def test_sessions_are_brought_to_the_frame_rate(place: Place, rate: float, target: float, expected: list[int]) -> None:
    poses, frame = frame_of(["a"] * 6 + ["b"])
    found = keypoints_of(place.joints(frame, rate=target, frame_rate=rate))
    assert poses_of(found).tolist() == poses[[*expected, 6]].tolist()
    assert found.column("frame").to_pylist() == [*range(len(expected)), 0]
    np.testing.assert_allclose(found.column("time").to_pylist(), [*(np.arange(len(expected)) / target), 0])


def test_slow_sessions_are_repeated_where_that_is_accepted() -> None:
    frame = pd.DataFrame({"session_id": [0, 0, 0], "label": "a", "keypoints": list(some_poses(3))})
    section = keypoints_section(frame_rate=15.0)
    gathered = gather(section, "action", "data.action", frame, 30.0, accept_slow=True)
    assert len(keypoints_of(gathered)) == 5
    assert gathered.notes == ["joints: 15 frames/s (data.action.frame_rate): frames repeated up to 30"]


@given(st.lists(st.integers(1, 40), min_size=1, max_size=5), st.floats(5, 120), st.floats(5, 120))
def test_a_sample_is_the_newest_row_that_is_not_later(counts: list[int], rate: float, target: float) -> None:
    rows, samples = resampled(np.array(counts), rate, target)
    expected = []
    start = 0
    for count in counts:
        tick = 0
        while tick / target <= (count - 1) / rate + 0.1 / target + 1e-9:
            newest = max(row for row in range(count) if row / rate <= (tick + 0.1) / target + 1e-9)
            expected.append((start + newest, tick))
            tick += 1
        start += count
    found = list(zip(rows.tolist(), samples.tolist(), strict=True))
    if found != expected:  # a tick on the very edge of the tolerance may fall to either side
        edges = np.array([((count - 1) / rate * target + 0.1) % 1 for count in counts])
        steps = np.array([(tick + 0.1) / target * rate % 1 for tick in range(200)])
        assert min(np.minimum(edges, 1 - edges).min(), np.minimum(steps, 1 - steps).min()) < 1e-6


def test_a_hundred_thousand_rows_take_seconds(place: Place) -> None:
    count = 100_000
    values = np.random.default_rng(0).random((count, 63))
    table = pa.table({"session_id": np.arange(count) // 50, "label": (np.arange(count) // 50 % 7).astype(str)})
    table = table.append_column("keypoints", pa.array(list(values)))
    started = time.process_time()
    found = place.joints(table, rate=20.0)
    assert time.process_time() - started < 10
    assert found.skipped == []
    assert len(keypoints_of(found)) > count / 2


def some_hands(count: int) -> Poses:
    """Hands whose fingers are straight, here and there in the picture."""
    reach = np.repeat([[0.08, 0.14, 0.19, 0.23]], 5, axis=0).ravel()
    angles = np.repeat(np.linspace(0.8, 2.4, 5), 4)
    hand = np.concatenate([[[0, 0]], np.stack([reach * np.cos(angles), reach * np.sin(angles)], axis=1)])
    places = np.random.default_rng(0).uniform(0.3, 0.7, (count, 1, 2))
    return np.concatenate([(hand + places).transpose(0, 2, 1), np.full((count, 1, 21), 0.9)], axis=1).astype(np.float32)


@pytest.mark.parametrize("declared", ["channel_joint", "joint_channel"])
@pytest.mark.parametrize("channels", CHANNEL_COUNTS)
def test_hands_in_the_other_order_are_refused(place: Place, declared: str, channels: str) -> None:
    rows = written(some_hands(6), "upper_left", declared, channels, "flat")
    frame = pd.DataFrame({"label": "a", "keypoints": list(rows)})
    settings: dict[str, Any] = {"origin": "upper_left", "channels": channels, "session_id_column": ""}
    assert keypoints_of(place.joints(frame, "pose", axis_order=declared, **settings)).num_rows == len(rows)
    other = "joint_channel" if declared == "channel_joint" else "channel_joint"
    with pytest.raises(
        DataError, match=rf"as {other} its numbers make no hand, .*; set data\.pose\.axis_order to {declared}"
    ):
        place.joints(frame, "pose", axis_order=other, **settings)


def test_a_first_row_of_numbers_is_no_header(place: Place) -> None:
    rows = "\n".join(f"a,{','.join(map(str, hand[:2].ravel()))}" for hand in some_hands(3))
    settings: dict[str, Any] = {"session_id_column": "", "feature_column": "*", "channels": "xy"}
    with pytest.raises(DataError, match=r"its first row has numbers, .*; set data\.pose\.header to false and .*from 0"):
        place.joints(place.write("a.csv", rows), "pose", **settings)
    gathered = place.joints(place.write("a.csv", rows), "pose", header=False, label_column="0", **settings)
    assert keypoints_of(gathered).num_rows == 3


@pytest.mark.parametrize(
    ("column", "declared", "names", "told"),
    [
        (["vision", "leap", "", "vision"], "", ["leap", "vision"], False),
        (["vision"] * 4, "own-1", ["own-1"], False),
        (["a, b"] * 4, "", [], True),
    ],
)
def test_a_column_names_the_landmarker(column: list[str], declared: str, names: list[str], told: bool) -> None:
    hands = [hand.ravel() for hand in some_poses(4)]
    frame = pd.DataFrame({"label": list("abab"), "keypoints": hands, "landmarker": column})
    section = keypoints_section(session_id_column="", landmarker=declared)
    gathered = gather(section, "pose", "data.pose", frame)
    assert gathered.landmarkers == names
    assert any("no names of landmarkers" in note for note in gathered.notes) == told
