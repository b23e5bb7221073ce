"""The joints of one row as a list, as text of one, or as JavaScript's objects ({x, y, z}, by name, by axis)."""

import json
import math
from dataclasses import dataclass
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from handloom.config import LabeledKeypointsDataFrame
from handloom.errors import printable
from handloom.hand import JOINT_COUNT
from handloom.sources.clip import UnusableError
from handloom.sources.column_names import joint_number

Numbers = NDArray[np.float64]

# Objects that hold nothing but the joints: MediaPipe's messages, TensorFlow.js' hands.
_WRAPPERS = ("landmark", "landmarks", "keypoints", "points", "joints")
_KEYS = {"xy": ("x", "y"), "xyz": ("x", "y", "z"), "xy_confidence": ("x", "y", "confidence")}
_CONFIDENCE = ("confidence", "score", "likelihood", "visibility")
_CHANNELS = ("x", "y", "z", *_CONFIDENCE)
_NAMES = ("name", "part", "joint", "id", "index", "landmark", "landmark_id")
_SIDES = ("handedness", "handednesses", "chirality", "side", "hand")
CHANNEL_COUNTS = {"xy": 2, "xyz": 3, "xy_confidence": 3}


@dataclass(frozen=True)
class Layout:
    """The layout of a row's numbers, see the parameters of the same names."""

    origin: Literal["lower_left", "upper_left"]
    axis_order: Literal["channel_joint", "joint_channel"]
    channels: Literal["xy", "xyz", "xy_confidence"]

    @classmethod
    def declared(cls, member: LabeledKeypointsDataFrame) -> Self:
        """What a section declares."""
        return cls(member.origin, member.axis_order, member.channels)

    @property
    def count(self) -> int:
        """How many numbers a joint has."""
        return CHANNEL_COUNTS[self.channels]


def array_of(value: object, layout: Layout) -> Numbers:
    """One row's joints as an array.

    Args:
        value: nested lists or arrays of numbers, objects, or JSON of either.
        layout: objects are brought to its order and channels.

    Raises:
        UnusableError: it is none of these, or the objects lack a channel or a joint.
    """
    try:
        if isinstance(value, str):
            value = json.loads(value.replace("(", "[").replace(")", "]"))
        return np.asarray(_plain(_from_objects(value, layout)), np.float64)
    except UnusableError:
        raise
    except (ValueError, TypeError, OverflowError, RecursionError):
        if isinstance(value, str):
            raise UnusableError("its joints are no list of numbers; write [[x, ...], [y, ...], ...]") from None
        raise UnusableError(
            "its joints are no list of numbers, or lists of different lengths; correct the row"
        ) from None


def _plain(value: Any) -> Any:
    """Lists of floats; numbers that no float can hold become infinite."""
    if isinstance(value, np.ndarray) and value.dtype.kind in "iuf":
        return value.tolist()
    if isinstance(value, list | tuple | np.ndarray):
        return [_plain(item) for item in value]
    if value is None:
        return math.nan
    if isinstance(value, bool | np.bool_ | str | dict):
        raise UnusableError(
            f"its joints are no list of numbers: {printable(str(value))[:40]!r} is none; correct the row"
        )
    try:
        return float(value)
    except OverflowError:
        return math.inf


def _from_objects(value: Any, layout: Layout) -> Any:
    """Objects as lists in the declared order; anything else as it is."""
    while isinstance(value, list | tuple | np.ndarray) and len(value) == 1:
        value = value[0]
    if _alternates(value):  # as Swift encodes dictionaries whose keys are no texts
        value = dict(zip(value[::2], value[1::2], strict=True))
    if isinstance(value, dict):
        wrapped = _wrapped(value)
        if len(wrapped) == 1:
            return _from_objects(value[wrapped[0]], layout)
        if isinstance(value.get("x"), list):
            joints = [_row(dict(zip(value, row, strict=True)), layout) for row in zip(*value.values(), strict=True)]
        else:
            joints = _by_joint(list(value.items()), layout)
    elif isinstance(value, list | tuple | np.ndarray) and len(value) and all(isinstance(one, dict) for one in value):
        if len(value) > 1 and all(map(_wrapped, value)):
            raise UnusableError(f"joints of {len(value)} hands; write each hand in a row of its own")
        key = _naming_key(value)
        joints = (
            [_row(one, layout) for one in value]
            if key is None
            else _by_joint([(one[key], one) for one in value], layout)
        )
    elif (
        isinstance(value, list | tuple | np.ndarray)
        and len(value)
        and all(isinstance(hand, list | np.ndarray) and len(hand) and isinstance(hand[0], dict) for hand in value)
    ):
        raise UnusableError(f"joints of {len(value)} hands; write each hand in a row of its own")
    else:
        return value
    return joints if layout.axis_order == "joint_channel" else [list(channel) for channel in zip(*joints, strict=True)]


def side_within(value: object) -> object:
    """What the object around one row's joints says of the hand's side, as it is written there; None: nothing."""
    try:
        if isinstance(value, str) and any(name in value for name in _SIDES):
            value = json.loads(value)
    except (ValueError, RecursionError):
        return None
    while isinstance(value, list | tuple | np.ndarray) and len(value) == 1:
        value = value[0]
    if not isinstance(value, dict) or len(_wrapped(value)) != 1:
        return None
    return next((value[name] for name in _SIDES if name in value), None)


def _wrapped(value: dict[str, Any]) -> list[str]:
    """Keys under which an object has all joints."""
    return [name for name in _WRAPPERS if isinstance(value.get(name), list | tuple | dict | np.ndarray)]


def _alternates(value: Any) -> bool:
    """Whether a list is a name, a joint, a name, a joint ..."""
    return isinstance(value, list) and len(value) == 2 * JOINT_COUNT and all(isinstance(one, str) for one in value[::2])


def _naming_key(joints: Any) -> str | None:
    """The key under which each of the objects says which joint it is; None: they follow each other in order."""
    for name in joints[0]:
        if name in _CHANNELS:
            continue
        values = [one.get(name) for one in joints]
        texts = all(isinstance(value, str) for value in values) and len(set(values)) > 1
        if texts or (name in _NAMES and None not in values):
            return str(name)
    return None


def _by_joint(named: list[tuple[Any, Any]], layout: Layout) -> list[list[Any]]:
    """Joints that are named or numbered, in their order."""
    numbers = [_number(name) for name, _ in named]
    first = 1 if JOINT_COUNT in numbers else 0
    if sorted(numbers) != list(range(first, first + JOINT_COUNT)):
        shown = ", ".join(printable(str(name))[:20] for name, _ in named[:3])
        raise UnusableError(
            f"an object of {len(named)} entries ({shown} ...) that do not name each of the {JOINT_COUNT} joints"
            " once; correct the row"
        )
    ordered = sorted(zip(numbers, named, strict=True), key=lambda pair: pair[0])
    return [_row(joint, layout) for _, (_, joint) in ordered]


def _number(name: Any) -> int:
    if isinstance(name, int) and not isinstance(name, bool):
        return name
    text = str(name)
    if text.isdecimal() and len(text) < 3:
        return int(text)
    joint = joint_number(text)
    return -1 if joint is None else joint


def _row(joint: Any, layout: Layout) -> list[Any]:
    """The numbers of one joint: an object, or a list in the order of the channels."""
    keys = _KEYS[layout.channels]
    if isinstance(joint, dict):
        joint = _with_point(joint)
        if layout.channels == "xy_confidence":
            keys = ("x", "y", next((name for name in _CONFIDENCE if name in joint), "confidence"))
        lacking = [name for name in keys[: 3 if layout.channels == "xy_confidence" else 2] if name not in joint]
        if lacking:
            has = ", ".join(printable(str(name))[:20] for name in list(joint)[:5])
            raise UnusableError(f"an object without {lacking[0]} (it has {has}); correct the row or set channels")
        return [joint.get(name, 0.0) for name in keys]
    if (
        isinstance(joint, list | tuple | np.ndarray)
        and len(joint) >= len(keys)
        and (len(joint) == len(keys) or layout.channels == "xy")
    ):
        return list(joint[: len(keys)])
    raise UnusableError(f"a joint that is no object of x and y or a list of {len(keys)} numbers; correct the row")


def _with_point(joint: dict[str, Any]) -> dict[str, Any]:
    """A joint with the x and y of an object or list in it (``{"location": {"x": ..., "y": ...}}``) as its own."""
    if "x" in joint:
        return joint
    points = [one for one in joint.values() if isinstance(one, dict | list) and len(one) > 1]
    if len(points) != 1:
        return joint
    (point,) = points
    return joint | (point if isinstance(point, dict) else dict(zip("xyz", point, strict=False)))
