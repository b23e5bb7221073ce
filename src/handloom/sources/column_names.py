"""What the names of columns say of joints: x0, landmark_0_x, WRIST_y, indexTip.x, left_x0, 0_2 ..."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from handloom.errors import printable
from handloom.hand import JOINT_COUNT, JOINTS
from handloom.sources.clip import UnusableError

SIDES = ("left", "right")

_AXES = {"x": "x", "y": "y", "z": "z"}
# Words for x and y that some use instead, where the table has both of a pair.
_OTHER_AXES = (("u", "v"), ("horizontal", "vertical"), ("col", "row"), ("column", "row"), ("left", "top"))
_CONFIDENCE = {
    **dict.fromkeys(("confidence", "conf", "score", "likelihood", "probability", "prob"), "confidence"),
    **dict.fromkeys(("visibility", "vis"), "visibility"),
    "presence": "presence",
}
# Single letters mean a channel only where no whole word does.
_LETTERS = {"c": "confidence", "s": "confidence", "v": "visibility", "p": "presence"}
_SIDE_WORDS = {
    **dict.fromkeys(("left", "lefthand", "lhand", "lh"), "left"),
    **dict.fromkeys(("right", "righthand", "rhand", "rh"), "right"),
}
_SIDE_LETTERS = {"l": "left", "r": "right"}

_WORDS = re.compile(r"[^\W\d_]+|\d{1,6}")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
# MediaPipe writes INDEX_FINGER_TIP, Create ML indexTip, Vision VNHLKITIP.
_FINGERS = {"thumb": "thumb", "index": "index", "middle": "middle", "ring": "ring"} | dict.fromkeys(
    ("little", "pinky", "pinkie"), "little"
)
_JOINT = re.compile(r"(thumb|index|middle|ring|little|pinky|pinkie)(?:finger)?(cmc|mcp|mp|pip|dip|ip|tip)|wrist")
_VISION = re.compile(r"vnhlk(?:(wri)|([timrp])(cmc|mcp|mp|pip|dip|ip|tip))")
_VISION_FINGERS = {"t": "thumb", "i": "index", "m": "middle", "r": "ring", "p": "little"}
_JOINT_NUMBERS = {name.lower(): joint for joint, name in enumerate(JOINTS)}

# So many columns of x or y without a joint that is known are joints under names that are not known.
_MANY = 10


@dataclass(frozen=True)
class NamedColumns:
    """Columns of joints in their order.

    Attributes:
        by_side: side (left, right, or empty where names tell none) to channel (x, y, z, confidence, visibility,
            presence) to 21 columns, from the wrist on.
        left_out: columns that are no joints.
    """

    by_side: dict[str, dict[str, list[str]]]
    left_out: list[str] = field(default_factory=list)


def joint_number(name: str) -> int | None:
    """The joint that a name names (MediaPipe's, Create ML's or Vision's, in any case), None if it names none."""
    found = _find_joint("".join(_words(name)))
    return found[0] if found and not found[1] else None


def named_columns(names: Sequence[str]) -> NamedColumns | None:
    """The order of columns whose names have an axis and a number or a joint's name; None where names have no axis.

    Raises:
        UnusableError: names have axes, but there is no reading or more than one.
    """
    readings = _readings(names)
    groups: _Groups = defaultdict(list)
    for reading in readings:
        if reading.channel and (reading.joint is not None or reading.numbers):
            named = reading.joint is not None
            groups[reading.side, reading.words, len(reading.numbers), named].append(reading)
    channels = [{reading.channel for reading in group} for group in groups.values()]
    if not any({"x", "y"} <= some for some in channels):
        _check_axes(readings, channels)
        return None
    by_side, taken = _complete(groups)
    return NamedColumns(by_side, [name for name in names if name not in taken])


def numbered_columns(names: Sequence[str], channels: int, joint_by_joint: bool) -> list[str] | None:
    """The order of columns whose names have numbers but no axis (c0, 0_2, WRIST_1), None where they have no meaning.

    Args:
        names: as many as there are numbers in a row.
        channels: how many numbers a joint has.
        joint_by_joint: whether the declared layout has all numbers of one joint one after another.

    Returns:
        the columns in the declared layout.

    Raises:
        UnusableError: the names contradict the declared layout, or there is more than one reading.
    """
    readings = _readings(names)
    if all(reading.joint is not None and len(reading.numbers) == 1 for reading in readings):
        return _by_cell(readings, [(reading.joint or 0, reading.numbers[0]) for reading in readings], joint_by_joint)
    texts = {(reading.side, reading.channel, reading.words, reading.joint) for reading in readings}
    counts = {len(reading.numbers) for reading in readings}
    if len(texts) == 1 and counts == {2}:
        cells = [reading.numbers for reading in readings]
        firsts, seconds = ({cell[place] for cell in cells} for place in (0, 1))
        if (len(firsts), len(seconds)) == (JOINT_COUNT, channels):
            return _by_cell(readings, [(cell[0], cell[1]) for cell in cells], joint_by_joint)
        if (len(firsts), len(seconds)) == (channels, JOINT_COUNT):
            return _by_cell(readings, [(cell[1], cell[0]) for cell in cells], joint_by_joint)
    if counts != {1}:
        return None
    numbers = [reading.numbers[0] for reading in readings]
    if len(texts) == 1:
        return _by_number(readings, numbers)
    if len(texts) == channels and len(set(numbers)) == JOINT_COUNT:
        _check_layout(readings, joint_by_joint)
    return None


@dataclass(frozen=True)
class _Reading:
    """What one name says.

    Attributes:
        name: the column.
        side: left, right or empty.
        channel: x, y, z, confidence, visibility, presence or empty.
        joint: the joint that it names.
        numbers: the numbers in it.
        words: what else is in it.
    """

    name: str
    side: str
    channel: str
    joint: int | None
    numbers: tuple[int, ...]
    words: tuple[str, ...]


# By side, other words, how many numbers, and whether a joint is named: columns of one set of joints.
_Groups = defaultdict[tuple[str, tuple[str, ...], int, bool], list[_Reading]]


def _words(name: str) -> list[str]:
    return [word.lower() for word in _WORDS.findall(_CAMEL.sub(" ", name))]


def _readings(names: Iterable[str]) -> list[_Reading]:
    words = {name: _words(name) for name in names}
    known = {word for some in words.values() for word in some}
    words = {name: [part for word in some for part in _unglued(word, known)] for name, some in words.items()}
    known = {word for some in words.values() for word in some}
    axes, sides = _AXES, _SIDE_WORDS | (_SIDE_LETTERS if set(_SIDE_LETTERS) <= known else {})
    other = next((pair for pair in _OTHER_AXES if set(pair) <= known and not {"x", "y"} & known), None)
    if other and not (other[0] in sides and "right" in known):
        axes = {other[0]: "x", other[1]: "y", "z": "z", "depth": "z"}
        sides = {word: side for word, side in sides.items() if word not in axes}
    return [_reading(name, some, axes, sides) for name, some in words.items()]


def _unglued(word: str, known: set[str]) -> list[str]:
    """A word with an axis at its end or beginning (lmx with lmy, xpos with ypos) as two."""
    if len(word) > 1 and word[-1] in _AXES and {word[:-1] + "x", word[:-1] + "y"} <= known:
        return [word[:-1], word[-1]]
    if len(word) > 1 and word[0] in _AXES and {"x" + word[1:], "y" + word[1:]} <= known:
        return [word[0], word[1:]]
    return [word]


def _reading(name: str, words: list[str], axes: dict[str, str], sides: dict[str, str]) -> _Reading:
    named = {sides[word] for word in words if word in sides}
    side = named.pop() if len(named) == 1 else ""
    if side:
        words = [word for word in words if word not in sides]
    channel = ""
    for meanings in (axes, _CONFIDENCE, _LETTERS):
        places = [place for place, word in enumerate(words) if word in meanings]
        if len(places) == 1:
            channel = meanings[words[places[0]]]
            words = words[: places[0]] + words[places[0] + 1 :]
        if places:
            break
    numbers = tuple(int(word) for word in words if word.isdecimal())
    texts = tuple(word for word in words if not word.isdecimal())
    found = _find_joint("".join(texts))
    if found:
        return _Reading(name, side, channel, found[0], numbers, tuple(filter(None, [found[1]])))
    return _Reading(name, side, channel, None, numbers, texts)


def _find_joint(text: str) -> tuple[int, str] | None:
    """The joint that is named in a text of small letters, and what else the text says."""
    for pattern in (_VISION, _JOINT):
        matches = list(pattern.finditer(text))
        if len(matches) != 1:
            continue
        match = matches[0]
        if pattern is _VISION:
            finger, part = (_VISION_FINGERS[match[2]], match[3]) if match[2] else ("wrist", "")
        else:
            finger, part = (_FINGERS[match[1]], match[2]) if match[1] else ("wrist", "")
        if finger == "thumb" and part == "mcp":  # MediaPipe's name of Create ML's thumbMP
            part = "mp"
        joint = _JOINT_NUMBERS.get(finger + part)
        return None if joint is None else (joint, text[: match.start()] + text[match.end() :])
    return None


def _check_axes(readings: Sequence[_Reading], channels: Sequence[set[str]]) -> None:
    """Refuse names that have axes without x and y of joints that are known."""
    if any(len(some) > 1 and some & set(_AXES) for some in channels):
        some = next(some for some in channels if len(some) > 1 and some & set(_AXES))
        missing = " and ".join(axis for axis in "xy" if axis not in some)
        raise UnusableError(f"names say {', '.join(sorted(some))}, but not {missing}")
    columns = {axis: [reading.name for reading in readings if reading.channel == axis] for axis in "xy"}
    if min(map(len, columns.values())) >= _MANY:
        raise UnusableError(
            f"{printable(columns['x'][0])} and {len(columns['x']) - 1} more have an axis, but no known joint"
        )


def _complete(groups: _Groups) -> tuple[dict[str, dict[str, list[str]]], set[str]]:
    """Side to channel to 21 columns, and all of these columns."""
    complete: defaultdict[str, list[dict[str, list[str]]]] = defaultdict(list)
    words_of_complete = set()
    wrong: list[tuple[int, tuple[str, ...], str]] = []
    for (side, words, *_), group in groups.items():
        if {"x", "y"} <= {reading.channel for reading in group}:
            try:
                channels = _channels(group)
                complete[side].append(channels)
                words_of_complete.add(words)
            except UnusableError as error:
                wrong.append((len(group), words, str(error)))
    for _, words, reason in sorted(wrong, key=lambda one: one[0], reverse=True):
        if not complete or words in words_of_complete:
            raise UnusableError(reason)
    firsts = [printable(one["x"][0]) for several in complete.values() for one in several]
    if len(firsts) > len(complete) or (len(complete) > 1 and "" in complete):
        raise UnusableError(f"{' and '.join(firsts[:3])} are x of the first joint of several hands or of one twice")
    by_side = {side: complete[side][0] for side in ("", *SIDES) if side in complete}
    taken = {column for channels in by_side.values() for columns in channels.values() for column in columns}
    return by_side, taken


def _channels(group: Sequence[_Reading]) -> dict[str, list[str]]:
    """Channel to 21 columns, of one hand."""
    joints = _joints(group)
    places: defaultdict[str, dict[int, str]] = defaultdict(dict)
    for reading, joint in zip(group, joints, strict=True):
        if joint in places[reading.channel]:
            other = places[reading.channel][joint]
            raise UnusableError(
                f"{printable(other)} and {printable(reading.name)} both are {reading.channel} of joint {joint}"
            )
        places[reading.channel][joint] = reading.name
    first = min(places["x"])
    for channel, columns in places.items():
        if set(columns) == set(range(first, first + JOINT_COUNT)) and first in (0, 1):
            continue
        expected = set(range(first, first + JOINT_COUNT)) if first in (0, 1) else set(range(JOINT_COUNT))
        wrong = sorted(set(columns) ^ expected)
        shown = printable(next(iter(columns.values())))
        which = ", ".join(map(str, wrong[:5])) + (" ..." if len(wrong) > 5 else "")
        raise UnusableError(
            f"{channel} ({shown} ...) is there for {len(columns)} joints, {JOINT_COUNT} numbered from"
            f" {min(expected)} on are needed (missing or too many: {which})"
        )
    return {channel: [columns[joint] for joint in sorted(columns)] for channel, columns in places.items()}


def _joints(group: Sequence[_Reading]) -> list[int]:
    """The joint of each: its name, or the one number that differs."""
    if group[0].joint is not None:
        if len({reading.numbers for reading in group}) > 1:
            raise UnusableError(
                f"{printable(group[0].name)}, {printable(group[-1].name)}: several hands without a side"
            )
        return [reading.joint or 0 for reading in group]
    varying = [place for place in range(len(group[0].numbers)) if len({one.numbers[place] for one in group}) > 1]
    if len(varying) != 1:
        raise UnusableError(
            f"{printable(group[0].name)} ... {printable(group[-1].name)}: which number is the joint's is not certain"
        )
    return [reading.numbers[varying[0]] for reading in group]


def _by_cell(readings: Sequence[_Reading], cells: Sequence[tuple[int, int]], joint_by_joint: bool) -> list[str]:
    """Columns by (joint, channel), both numbers."""
    named = {cell: reading.name for cell, reading in zip(cells, readings, strict=True)}
    joints, channels = ({cell[place] for cell in cells} for place in (0, 1))
    starts = [
        set(numbers) in (set(range(len(numbers))), set(range(1, len(numbers) + 1))) for numbers in (joints, channels)
    ]
    if (
        len(named) != len(cells)
        or len(joints) * len(channels) != len(cells)
        or len(joints) != JOINT_COUNT
        or not all(starts)
    ):
        raise UnusableError(
            f"the numbers in {printable(readings[0].name)} ... {printable(readings[-1].name)} have gaps"
        )
    if joint_by_joint:
        return [named[cell] for cell in sorted(named)]
    return [named[cell] for cell in sorted(named, key=lambda cell: (cell[1], cell[0]))]


def _by_number(readings: Sequence[_Reading], numbers: Sequence[int]) -> list[str] | None:
    if list(numbers) == sorted(set(numbers)):
        return None
    if sorted(numbers) not in (list(range(len(numbers))), list(range(1, len(numbers) + 1))):
        raise UnusableError(
            f"the numbers in {printable(readings[0].name)} ... {printable(readings[-1].name)} are out of order and have"
            " gaps"
        )
    return [reading.name for _, reading in sorted(zip(numbers, readings, strict=True), key=lambda pair: pair[0])]


def _check_layout(readings: Sequence[_Reading], joint_by_joint: bool) -> None:
    """Refuse a0, a1 ... b0 ... (channel by channel) where joint by joint is declared, and the reverse."""
    channels = len(readings) // JOINT_COUNT
    rows = [readings[start : start + channels] for start in range(0, len(readings), channels)]
    if not joint_by_joint:
        rows = [list(readings[joint::JOINT_COUNT]) for joint in range(JOINT_COUNT)]
    texts = [[(reading.side, reading.channel, reading.words) for reading in row] for row in rows]
    numbers = [{reading.numbers[0] for reading in row} for row in rows]
    firsts = [min(one) for one in numbers]
    if any(row != texts[0] for row in texts) or any(len(one) > 1 for one in numbers) or firsts != sorted(firsts):
        layout = "joint_channel" if joint_by_joint else "channel_joint"
        raise UnusableError(
            f"the names {printable(readings[0].name)}, {printable(readings[1].name)} ... do not follow each other as"
            f" {layout} means"
        )
