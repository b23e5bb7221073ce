"""Every parameter in words: the page of parameters of the docs, and `handloom params --explain`."""

from collections.abc import Iterator
from types import UnionType
from typing import Any, Literal, NamedTuple, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt, MinLen, MultipleOf
from pydantic.fields import FieldInfo

from handloom.config.data import ActionMember, JoinedPose, PoseMember
from handloom.config.fields import KINDS
from handloom.config.parameters import Parameters, as_plain
from handloom.config.sections import default_training

_BOUNDS = {
    Ge: ("ge", "≥"),
    Gt: ("gt", ">"),
    Le: ("le", "≤"),
    Lt: ("lt", "<"),
    MultipleOf: ("multiple_of", "multiple of"),
}


class Explained(NamedTuple):
    """A parameter in words. `name` is its full name; of a source, its name inside the source."""

    name: str
    values: str
    default: str
    unit: str
    meaning: str


class Group(NamedTuple):
    """Parameters that belong together, and what they are about."""

    title: str
    meaning: str
    parameters: list[Explained]


def explained() -> Iterator[Group]:
    """Every section of `params.yaml`, then every kind of source."""
    for name, field in Parameters.__pydantic_fields__.items():  # type: ignore[attr-defined]
        if name == "data" or name == "train_action":
            continue
        section = field.annotation
        rows = list(_fields(section, f"{name}."))
        if name == "train_pose":
            yield Group("train_pose, train_action", section.__doc__, [_of_both(row) for row in rows])
        else:
            yield Group(name, section.__doc__, rows)
    sources = [*_union(PoseMember), *_union(ActionMember), JoinedPose]
    for source in dict.fromkeys(sources):
        yield Group(f"data.{'/'.join(_kinds(source))}: {source.kind}", source.__doc__, list(_fields(source, "")))


def _kinds(source: Any) -> list[str]:
    if source is JoinedPose:
        return list(KINDS)
    return [kind for kind, union in zip(KINDS, (PoseMember, ActionMember), strict=True) if source in _union(union)]


def _union(annotated: Any) -> tuple[Any, ...]:
    members: tuple[Any, ...] = get_args(get_args(annotated)[0])
    return members


def _of_both(row: Explained) -> Explained:
    """A parameter of both trainings, with both defaults where they differ."""
    name = row.name.removeprefix("train_pose.")
    defaults = []
    for kind in KINDS:
        value: Any = as_plain(default_training(kind))
        for part in name.split("."):
            value = value[part]
        defaults.append(_shown(value))
    return row._replace(name=name, default="; ".join(dict.fromkeys(defaults)))


def _fields(section: Any, before: str) -> Iterator[Explained]:
    for name, field in section.__pydantic_fields__.items():
        if name == "kind":
            continue
        if isinstance(field.default_factory, type):
            yield from _fields(field.default_factory, f"{before}{name}.")
            continue
        extra = field.json_schema_extra or {}
        default = "required" if field.is_required() else _shown(field.get_default(call_default_factory=True))
        yield Explained(f"{before}{name}", _values(field), default, str(extra.get("unit", "")), field.description or "")


def _values(field: FieldInfo) -> str:
    """The type of a parameter and its range."""
    bounds = []
    for one in field.metadata:
        for bound, (attribute, sign) in _BOUNDS.items():
            if isinstance(one, bound):
                bounds.append(f"{sign} {getattr(one, attribute)}")
        if isinstance(one, MinLen):
            bounds.append("not empty")
    return ", ".join([_type(field.annotation), *bounds])


def _type(annotation: Any) -> str:
    origin, inside = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return " / ".join(str(value) if value != "" else "''" for value in inside)
    if origin in (Union, UnionType):
        return " or ".join(_type(one) for one in inside)
    if origin is list:
        return f"list of {_type(inside[0])}"
    if origin is dict:
        return f"{_type(inside[0])} to {_type(inside[1])}"
    if hasattr(annotation, "__metadata__"):
        return _type(inside[0])
    names = {str: "text", int: "whole number", float: "number", bool: "true / false", type(None): "null"}
    return names.get(annotation, getattr(annotation, "__name__", str(annotation)).lower())


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return value or "''"
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{', '.join(_shown(one) for one in value)}]"
    if hasattr(value, "__dataclass_fields__"):
        return "{" + ", ".join(f"{name}: {_shown(one)}" for name, one in as_plain(value).items()) + "}"
    return str(value)
