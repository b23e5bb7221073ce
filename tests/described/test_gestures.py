"""The language of gestures: what is declared arrives, and every mistake is one line that names file and field."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from handloom.described.reading import load_gestures
from handloom.described.schema import json_schema
from handloom.described.skeleton import PARAMETERS, TYPICAL_LENGTHS, joints_of
from handloom.described.touching import CONTACT
from handloom.errors import DataError

GESTURES = Path(__file__).parents[2] / "data" / "sample" / "gestures"


def _shape() -> dict[str, Any]:
    return {
        "fingers": {name: {"curl": 0.1} for name in ("index", "middle", "ring", "little")},
        "spread": 0.4,
        "thumb": {"abduction": 0.2, "opposition": 0.7, "curl": 0.6},
    }


def _manner() -> dict[str, Any]:
    return {
        "variation": {"curl": 0.05, "spread": 0.2, "thumb": 0.08},
        "view": {axis: {"mean": 0, "deviation": 10} for axis in ("turn", "tilt", "roll")},
    }


def pose() -> dict[str, Any]:
    """A pose that can be drawn."""
    return {"meaning": "four fingers up", **_shape(), **_manner()}


def action() -> dict[str, Any]:
    """An action that can be drawn."""
    return {
        "meaning": "a hand that opens",
        "shapes": {"open": _shape(), "closed": _shape()},
        "key_poses": [{"at": 0, "shape": "closed"}, {"at": 1, "shape": "open"}],
        "seconds": {"least": 1, "most": 2},
        "path": {"waypoints": [{"at": 0, "x": 0.2, "y": 0.5}, {"at": 1, "x": 0.8, "y": 0.5}]},
        **_manner(),
    }


def _write(folder: Path, name: str, content: Any) -> Path:
    (folder / f"{name}.yaml").write_text(content if isinstance(content, str) else yaml.safe_dump(content))
    return folder


def test_pose_arrives_as_declared(tmp_path: Path) -> None:
    declared = pose()
    declared["fingers"]["ring"] = {"curl": 0.9, "knuckle": 0.6}
    form = load_gestures(_write(tmp_path, "four", declared))["four"].forms[0]
    values = dict(zip(PARAMETERS, form.shapes[0], strict=True))
    assert values["fingers.ring.curl"] == 0.9
    assert values["fingers.ring.knuckle"] == 0.6
    assert values["fingers.index.knuckle"] == values["fingers.index.curl"] == 0.1
    assert values["thumb.opposition"] == 0.7
    assert dict(zip(PARAMETERS, form.variation, strict=True))["thumb.curl"] == 0.08


@pytest.mark.parametrize("kind, count", [("pose", 11), ("action", 7)])
def test_declared_sample_loads(kind: str, count: int) -> None:
    gestures = load_gestures(GESTURES / kind)
    assert len(gestures) == count
    assert all(gesture.moves == (kind == "action") for gesture in gestures.values())


@pytest.mark.parametrize(
    "where, value, message",
    [
        (("fingers", "index", "curl"), 1.5, "four.yaml: fingers.index.curl: must be from 0 to 1, got 1.5"),
        (("fingers", "index", "curl"), "much", "four.yaml: fingers.index.curl: expected a number, got a text"),
        (("fingers", "index", "curl"), True, "four.yaml: fingers.index.curl: expected a number, got true or false"),
        (
            ("fingers", "index", "curl"),
            None,
            "four.yaml: fingers.index.curl: has no value; write one",
        ),
        (("fingers", "index", "curl"), float("nan"), "four.yaml: fingers.index.curl: must be from 0 to 1, got nan"),
        (("fingers", "index", "bend"), 0.1, "four.yaml: fingers.index.bend: unknown field; known here: curl, knuckle"),
        (("fingers", "sixth"), {}, "four.yaml: fingers.sixth: unknown field; known here: index, little, middle, ring"),
        (("fingers",), [1], "four.yaml: fingers: expected fields with values, got a list"),
        (("view", "turn", "deviation"), -1, "four.yaml: view.turn.deviation: must be from 0 to 90, got -1"),
        (("meaning",), 4, "four.yaml: meaning: expected a text, got a number"),
        (("hand_size",), {"least": 0.6, "most": 0.4}, "four.yaml: hand_size.least: must not be more than most (0.4)"),
        (
            ("fingers", "index", "curl"),
            {"middle": 0.1, "outer": 0.9},
            "four.yaml: fingers.index.curl.outer: no finger bends its outermost joint that far ahead",
        ),
        (("fingers", "index", "curl"), {"middle": 0.1}, "four.yaml: fingers.index.curl.outer: is missing"),
        (("touching",), {"index": "nose"}, "four.yaml: touching.index: must be one of thumb, palm, got 'nose'"),
        (("touching",), {"thumb": "index"}, "four.yaml: touching.thumb: unknown field"),
        (("hand",), "both", "four.yaml: hand: must be one of either, left, right, got 'both'"),
        (("view",), {"facing": "you"}, "four.yaml: view.facing: must be one of camera, thumb_side"),
        (("view",), {"facing": "camera", "tolerance": 100}, "four.yaml: view.tolerance: must be from 0 to 90, got 100"),
        (("any_of",), [], "four.yaml: any_of: expected a list with at least one entry, got a list"),
    ],
)
def test_wrong_pose_is_refused(tmp_path: Path, where: tuple[str, ...], value: Any, message: str) -> None:
    declared = pose()
    _put(declared, where, value)
    _refused(_write(tmp_path, "four", declared), message)


@pytest.mark.parametrize(
    "where, value, message",
    [
        (("key_poses", 1, "shape"), "shut", "grab.yaml: key_poses[1].shape: must be one of closed, open, got 'shut'"),
        (("key_poses", 1, "at"), 0, "grab.yaml: key_poses: `at` must rise from 0 to 1"),
        (
            ("path", "waypoints", 0, "x"),
            2,
            "grab.yaml: path.waypoints[0].x: leaves the picture",
        ),
        (("path", "circle"), {"radius": 1}, "grab.yaml: path.waypoints: unknown field; known here: circle"),
        (("easing",), "bouncing", "grab.yaml: easing: must be one of smooth, linear, faster, slower, got"),
        (("path",), {"named": "spiral"}, "grab.yaml: path.named: must be one of to_the_left,"),
        (
            ("path",),
            {"circle": {"radius": 4}},
            "grab.yaml: path.circle.radius: leaves the picture",
        ),
        (("repeats",), {"least": 1}, "grab.yaml: repeats.most: is missing"),
        (("fingers",), {}, "grab.yaml: fingers: unknown field"),
    ],
)
def test_wrong_action_is_refused(tmp_path: Path, where: tuple[str | int, ...], value: Any, message: str) -> None:
    declared = action()
    _put(declared, where, value)
    _refused(_write(tmp_path, "grab", declared), message)


def test_a_description_without_variation_is_refused(tmp_path: Path) -> None:
    declared = pose() | {"variation": {"curl": 0, "spread": 0, "thumb": 0}}
    load_gestures(_write(tmp_path, "four", declared))
    declared["view"] = {axis: {"mean": 0, "deviation": 0} for axis in ("turn", "tilt", "roll")}
    _refused(_write(tmp_path, "four", declared), "four.yaml: variation: nothing varies, nor in view")


def test_a_view_in_words_is_one_in_degrees(tmp_path: Path) -> None:
    declared = pose() | {"view": {"facing": "away", "pointing": "down", "tolerance": 30}}
    form = load_gestures(_write(tmp_path, "four", declared))["four"].forms[0]
    assert form.view_mean.tolist() == [180, 0, 180]
    assert form.view_deviation.tolist() == [15, 15, 15]


def test_a_finger_that_touches_the_thumb_is_bent_until_it_does(tmp_path: Path) -> None:
    declared = pose() | {"touching": {"index": "thumb"}}
    declared["fingers"]["index"] = {"curl": 0.5}
    declared["thumb"] = {"abduction": 0.4, "opposition": 0.7, "curl": 0.3}
    form = load_gestures(_write(tmp_path, "nine", declared))["nine"].forms[0]
    joints = joints_of(form.shapes, TYPICAL_LENGTHS[None])[0]
    assert np.linalg.norm(joints[8] - joints[4]) == pytest.approx(CONTACT, abs=0.01)
    values = dict(zip(PARAMETERS, form.shapes[0], strict=True))
    assert values["fingers.ring.curl"] == 0.1


def test_a_touch_that_no_bending_brings_about_is_refused(tmp_path: Path) -> None:
    declared = pose() | {"touching": {"little": "palm"}}
    declared["fingers"]["little"] = {"curl": {"middle": 0.9, "outer": 0.0}, "knuckle": 0.1}
    _refused(_write(tmp_path, "four", declared), "four.yaml: touching.little: cannot be reached from this shape, 0.")


def test_the_outermost_joint_bends_by_itself(tmp_path: Path) -> None:
    declared = pose()
    declared["fingers"]["index"] = {"curl": {"middle": 0.6, "outer": 0.0}, "knuckle": 0.1}
    form = load_gestures(_write(tmp_path, "hook", declared))["hook"].forms[0]
    straight, bent = (joints_of(form.shapes, TYPICAL_LENGTHS[None], outer)[0] for outer in (form.outer, None))
    assert np.array_equal(straight[7], bent[7]) and not np.allclose(straight[8], bent[8])
    bones = straight[7] - straight[6], straight[8] - straight[7]
    angle = np.degrees(np.arccos(bones[0] @ bones[1] / np.prod(np.linalg.norm(bones, axis=1))))
    assert angle < 5


def test_missing_field_is_named(tmp_path: Path) -> None:
    declared = pose()
    del declared["thumb"]["curl"]
    _refused(_write(tmp_path, "four", declared), "four.yaml: thumb.curl: is missing")


@pytest.mark.parametrize(
    "text",
    [
        *("fingers: [", "!!python/object/apply:os.getcwd []", "just words", "", "[" * 3000, "meaning: 2024-02-30"),
        *("spread: " + "9" * 6000, "spread: " + "9" * 90, "a: &a [*a]", "meaning: one\nmeaning: two"),
    ],
)
def test_what_is_no_gesture_is_refused(tmp_path: Path, text: str) -> None:
    _refused(_write(tmp_path, "four", text), "four.yaml: ")


def test_empty_folder_and_mixed_kinds_are_refused(tmp_path: Path) -> None:
    _refused(tmp_path, "no gesture here")
    _write(tmp_path, "four", pose())
    _refused(_write(tmp_path, "grab", action()), "put poses and actions into separate folders")


def test_any_of_gives_one_form_each(tmp_path: Path) -> None:
    entry = {name: value for name, value in pose().items() if name != "meaning"}
    other = {**entry, "spread": -0.2}
    gesture = load_gestures(_write(tmp_path, "rest", {"meaning": "rest", "any_of": [entry, other]}))["rest"]
    assert [form.shapes[0, PARAMETERS.index("spread")] for form in gesture.forms] == [0.4, -0.2]
    assert not np.array_equal(gesture.forms[0].shapes, gesture.forms[1].shapes)


def test_editors_know_the_language() -> None:
    schema = json_schema()
    defined = schema["$defs"]
    assert {"PoseFile", "ActionFile", "ManyFile"} <= defined.keys()
    spread = defined["PoseFile"]["properties"]["spread"]
    assert (spread["minimum"], spread["maximum"]) == (-0.5, 1) and "crossing" in spread["description"]
    assert "meaning" in defined["PoseFile"]["required"] and not defined["Finger"]["additionalProperties"]
    assert defined["Touching"]["properties"]["ring"]["anyOf"][0]["enum"] == ["thumb", "palm"]


def _put(declared: Any, where: tuple[str | int, ...], value: Any) -> None:
    *parents, last = where
    for name in parents:
        declared = declared[name]
    declared[last] = value


def _refused(folder: Path, message: str) -> None:
    with pytest.raises(DataError) as caught:
        load_gestures(folder)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
