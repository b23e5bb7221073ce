"""A wrong parameter as one line that begins with its full name."""

import shlex
from collections.abc import Container, Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError

from handloom.config.fields import KINDS
from handloom.errors import printable

OF_AN_OLDER_HANDLOOM = (
    "of an older handloom; make one with handloom init NAME, and move data/ and your lines of conf/config.yaml into it"
)
# Full names of parameters of an older handloom, and what they are called now.
RENAMED = {
    "extract_keypoints.borders": "extract_keypoints.tta_paddings",
    "extract_keypoints.turns": "extract_keypoints.tta_rotations",
    "extract_keypoints.look_again": "extract_keypoints.test_time_augmentation",
    **{
        f"train_{kind}.{old}": f"train_{kind}.{new}"
        for kind in KINDS
        for old, new in (
            ("source_shares", "source_weights"),
            ("aligned", "align_to"),
            ("start", "pretrained_weights"),
            ("augmentation.lost_joints", "augmentation.joint_dropout"),
            ("augmentation.lost_frames", "augmentation.hand_dropout"),
        )
    },
    "search.kept_share": "search.percentile",
    "search.prune_from": "search.prune_warmup",
    "cross_validate.with_test_part": "cross_validate.include_test_set",
}
_LONGEST = 120  # characters of a wrong value in its line


def one_line(
    error: ValidationError, section: str = "", own: Container[str] = (), names: Iterable[str] = (), whole: str = ""
) -> str:
    """What pydantic says of wrong parameters: the first mistake, and how many more there are.

    Args:
        error: pydantic's.
        section: the full name of what was checked; empty: all of `params.yaml`, or arguments of a call.
        own: parameters that are called by their own names, without `section`.
        names: the full names of all parameters, to say which one an unknown one is most like.
        whole: what a mistake of the whole is called.
    """
    found = error.errors(include_url=False)
    first = found[0]
    places = _places(first["loc"])
    if section and not (places and places[0] in own):
        places = [section, *places]
    key = ".".join(places) or whole
    got = _got(first["input"])
    more = f" (and {len(found) - 1} more)" if found[1:] else ""
    return _text(first, key, got, names) + more


def _text(first: Any, key: str, got: str, names: Iterable[str]) -> str:
    if first["type"].startswith("union_tag"):
        kinds = str(first.get("ctx", {}).get("expected_tags", "")).replace("'", "")
        there = f"; there are {kinds}" if kinds else "; handloom params --explain lists them all"
        return f"{key}.kind: unknown or missing{there}"
    if first["type"] in ("unexpected_keyword_argument", "extra_forbidden"):
        if key.endswith(".dependencies"):
            return f"{key}: {OF_AN_OLDER_HANDLOOM}"
        return unknown_parameter(key, names) or f"{key}: unknown parameter; handloom params --explain lists them all"
    if first["type"] in ("missing", "missing_argument"):
        return f"{key}: missing; add it to params.yaml"
    if first["type"] == "string_type" and isinstance(first["input"], int | float):
        typed = shlex.quote(f'{key}="{got}"')
        return f"{key}: should be a text (got {got}); quote it: '{got}' in YAML, {typed} on the command line"
    if first["type"] == "dataclass_type":
        return f"{key}: should be a section with parameters (got {got})"
    message = first["msg"][0].lower() + first["msg"][1:]
    return f"{key}: {message} (got {got})"


def unknown_parameter(key: str, names: Iterable[str]) -> str:
    """The line for an unknown parameter that has a new name, or is like a known one; empty: neither."""
    if key in RENAMED:
        return f"{key} is now {RENAMED[key]}"
    similar = nearest(key, names)
    return f"{key}: unknown parameter{similar}" if similar else ""


def _got(value: Any) -> str:
    text = printable(repr(value))
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def _places(location: tuple[int | str, ...]) -> list[str]:
    """Where a mistake is, without the kind of source that pydantic puts after `data.pose` and the name of a member."""
    places: list[str] = []
    kind_follows = False
    for part in location:
        if not kind_follows:
            places.append(str(part))
        of_source = places in (["data", "pose"], ["data", "action"]) or places[-2:-1] == ["sources"]
        kind_follows = of_source and not kind_follows
    return places


def flat(content: Any, before: str = "") -> dict[str, Any]:
    """Every parameter of nested sections by its full name, `split.seed` say, and the sections themselves."""
    names: dict[str, Any] = {}
    if isinstance(content, Mapping):
        for key, value in content.items():
            names[f"{before}{key}"] = value
            names |= flat(value, f"{before}{key}.")
    return names


def nearest(name: str, names: Iterable[str]) -> str:
    """`; did you mean ...` with the names that end so, or the one that is spelt most like it; empty: none is.

    Names end with the whole of a part of a name (`optimizer.lr`). A name in the wrong place (`train_pose.lr`) ends as
    the one in its own place does (`train_pose.optimizer.lr`).
    """
    names = [other for other in names if not name.startswith(f"{other}.") and other != name]
    whole = [other for other in names if other.endswith(f".{name}")]
    place, _, last = name.rpartition(".")
    ends = [other for other in names if other.endswith(f".{last}")]
    same_end = [other for other in ends if other.startswith(f"{place}.")] if place else ends
    found = (whole or same_end)[:2] or get_close_matches(name, names, n=1, cutoff=0.6)
    return f"; did you mean {' or '.join(found)}" if found else ""
